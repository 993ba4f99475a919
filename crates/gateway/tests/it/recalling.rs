//! Test runs that take answers of earlier runs: what those took and cost counts as it was then, so that a case
//! comes out the same whoever answered it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use futures_util::future::BoxFuture;
use futures_util::{FutureExt, future};
use gatemark_core::call::{CallPurpose, Dropped};
use gatemark_core::error::{Error, Kind, Result};
use gatemark_core::id::Digest;
use gatemark_core::model::{Model, Project};
use gatemark_core::money::NanoUsd;
use gatemark_core::prompt::Version;
use gatemark_gateway::{Answers, Body, Incoming, Recall, Release, Remembered, Reply, Target};
use serde_json::{Value, json};

use crate::bench::{Act, Bench, bench_of, caller, project};

const GO: &str = r#"{"action":"go"}"#;
const FENCED: &str = "```json\n{\"action\":\"go\"}\n```";
/// What each of the script's answers costs.
const COST: NanoUsd = NanoUsd(120_000);

/// Answers in memory, in the order in which they were kept.
#[derive(Default)]
struct Kept(Mutex<(HashMap<Digest, Remembered>, Vec<Digest>)>);

impl Answers for Kept {
    fn get<'a>(&'a self, key: &'a Digest) -> BoxFuture<'a, Result<Option<Remembered>>> {
        future::ready(Ok(self.0.lock().unwrap().0.get(key).cloned())).boxed()
    }

    fn put<'a>(&'a self, key: &'a Digest, answer: &'a Remembered) -> BoxFuture<'a, Result<()>> {
        let mut kept = self.0.lock().unwrap();
        kept.0.insert(*key, answer.clone());
        kept.1.push(*key);
        future::ready(Ok(())).boxed()
    }
}

impl Kept {
    /// How long each took, in microseconds.
    fn latencies(&self) -> Vec<u64> {
        let kept = self.0.lock().unwrap();
        kept.1.iter().map(|key| kept.0[key].latency_us).collect()
    }

    /// Has the first answer have taken so long, and forgets the others.
    fn only_first(&self, latency_us: u64) {
        let mut kept = self.0.lock().unwrap();
        let first = kept.1[0];
        kept.1.truncate(1);
        kept.0.retain(|key, _| *key == first);
        kept.0.get_mut(&first).unwrap().latency_us = latency_us;
    }
}

fn release(more: Value) -> Arc<Release> {
    let mut content = json!({
        "variables": {"text": {"type": "string", "trust": "untrusted", "truncate": "tail"}},
        "messages": [{"role": "user", "text": "Sort this: {{ text }}"}],
        "output": {"schema": {"type": "object", "required": ["action"],
            "properties": {"action": {"enum": ["go", "stop"]}}}},
        "models": [{"model": "p/m-2026-01-01", "parameters": {"max_tokens": 100}},
            {"model": "p/other", "parameters": {"max_tokens": 100}}],
        "limits": {"timeout_ms": 300},
    });
    content.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let version = Version {
        prompt: "a/b".parse().unwrap(),
        number: 1,
        semver: semver::Version::new(1, 0, 0),
        hash: Digest::of(b"x"),
        content: serde_json::from_value(content).unwrap(),
        changelog: None,
        author: "ann".into(),
        created_at: 0,
    };
    Arc::new(Release::compile(version).unwrap())
}

/// Goes up where an answer is off format, and repairs nothing.
fn cascade() -> Arc<Release> {
    let mut output = json!({"schema": {"type": "object", "required": ["action"]}});
    output["repair"] = json!(0);
    release(json!({"output": output, "cascade": {"steps": ["p/m-2026-01-01", "p/other"],
        "up_when": {"off_format": true}}}))
}

async fn tested(bench: &Bench, release: &Arc<Release>, kept: &Arc<Kept>, text: &str) -> Reply {
    let variables = json!({"text": text});
    let target = Target::Exact {
        release: release.clone(),
        model: "p/m-2026-01-01".parse().unwrap(),
        variables: variables.as_object().unwrap().clone(),
        recall: Some(Recall { answers: kept.clone(), repeat: 1 }),
    };
    let incoming = Incoming::new(caller(), CallPurpose::Test, target);
    bench.gateway.call(incoming).await.map_err(|failure| failure.error).unwrap()
}

fn said(reply: &Reply) -> &str {
    match &reply.body {
        Body::Whole(answer) => &answer.text,
        Body::Stream(_) => panic!("a stream"),
    }
}

fn vendor(acts: Vec<Act>) -> Bench {
    bench_of(two(None), json!({}), vec![("p", acts)])
}

/// The project with a price for its second model, which may read so many tokens.
fn two(max_input: Option<u64>) -> Project {
    let mut project = project();
    let first = project.models.values().next().unwrap().clone();
    let other = Model { name: "p/other".parse().unwrap(), max_input, ..first };
    project.models.insert(other.name.clone(), other);
    project
}

#[tokio::test(start_paused = true)]
async fn each_step_of_a_cascade_took_its_own_time() {
    let (release, kept) = (cascade(), Arc::new(Kept::default()));
    let bench = vendor(vec![Act::SaysLate(40, FENCED), Act::SaysLate(50, GO)]);
    let first = tested(&bench, &release, &kept, "x").await;
    assert_eq!((said(&first), first.facts.cascade), (GO, Some((2, 2))));
    let near = |found: u64, ms: u64| (ms * 1_000..ms * 1_000 + 4_000).contains(&found);
    let took = kept.latencies();
    assert!(near(took[0], 40) && near(took[1], 50), "{took:?}");
    let again = tested(&bench, &release, &kept, "x").await;
    assert!(near(again.facts.recalled_us.unwrap(), 90), "{:?}", again.facts.recalled_us);
    assert_eq!((again.facts.cost, again.facts.worth), (Some(NanoUsd::ZERO), first.facts.worth));
}

#[tokio::test(start_paused = true)]
async fn a_step_has_the_time_that_it_had() {
    let (release, kept) = (cascade(), Arc::new(Kept::default()));
    let bench =
        vendor(vec![Act::SaysLate(40, FENCED), Act::SaysLate(50, GO), Act::SaysLate(50, GO)]);
    tested(&bench, &release, &kept, "x").await;
    // Had the first step taken 290 of the 300 ms, the second would not have answered in time.
    kept.only_first(290_000);
    let late = tested(&bench, &release, &kept, "x").await;
    assert_eq!((said(&late), late.facts.cascade), (FENCED, Some((1, 2))));
}

#[tokio::test(start_paused = true)]
async fn a_repair_has_the_time_that_it_had() {
    let (release, kept) = (release(json!({})), Arc::new(Kept::default()));
    let bench =
        vendor(vec![Act::SaysLate(40, FENCED), Act::SaysLate(50, GO), Act::SaysLate(50, GO)]);
    let first = tested(&bench, &release, &kept, "x").await;
    assert!(first.facts.repaired && said(&first) == GO);
    assert_eq!(first.facts.cost, Some(NanoUsd(2 * COST.0)));
    let again = tested(&bench, &release, &kept, "x").await;
    let took = again.facts.recalled_us.unwrap();
    assert!((90_000..98_000).contains(&took), "both answers' time: {took}");
    assert_eq!((again.facts.cost, again.facts.worth), (Some(NanoUsd::ZERO), first.facts.worth));
    kept.only_first(290_000);
    let late = tested(&bench, &release, &kept, "x").await;
    assert!(!late.facts.repaired && said(&late) == FENCED);
}

#[tokio::test]
async fn a_repair_is_within_the_cap_with_what_the_first_answer_cost_then() {
    // What the second request may cost fits the cap alone, and not together with the first answer.
    let limits = json!({"limits": {"timeout_ms": 300, "cost_per_call": 350_000}});
    let (release, kept) = (release(limits), Arc::new(Kept::default()));
    let bench = vendor(vec![Act::Says(FENCED)]);
    for _ in 0..2 {
        let reply = tested(&bench, &release, &kept, "x").await;
        assert!(!reply.facts.repaired && said(&reply) == FENCED);
    }
    let wide = json!({"limits": {"timeout_ms": 300, "cost_per_call": 900_000}});
    let bench = vendor(vec![Act::Says(GO)]);
    let reply = tested(&bench, &self::release(wide), &kept, "x").await;
    assert!(reply.facts.repaired, "the second request alone is what the cap was too small for");
}

// Counting tokens takes a while where nothing is optimised, and no time of a paused clock.
#[tokio::test(start_paused = true)]
async fn a_record_says_what_was_left_out_for_the_model_that_answered() {
    let text = "word ".repeat(200);
    let down = || Error::new(Kind::VendorRejected, "no");
    for (above, answered, left_out) in
        [(Act::Fails(down()), FENCED, false), (Act::Says(GO), GO, true)]
    {
        let acts = vec![("p", vec![Act::Says(FENCED), above])];
        let bench = bench_of(two(Some(220)), json!({}), acts);
        let kept = Arc::new(Kept::default());
        let reply = tested(&bench, &cascade(), &kept, &text).await;
        assert_eq!(said(&reply), answered);
        let dropped: Vec<Dropped> = bench.records().await[0].dropped.clone();
        assert_eq!(!dropped.is_empty(), left_out, "{dropped:?}");
    }
}
