//! A judge as a cascade's sign: when it is asked, what its verdict does, what it costs, and that nothing it does
//! badly keeps an answer below.

use std::collections::HashMap;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};

use futures_util::future::BoxFuture;
use futures_util::{FutureExt, future};
use gatemark_core::budget::{Budget, OnExceed};
use gatemark_core::call::{CallPurpose, CallRecord};
use gatemark_core::cascade::{Judged, Reason};
use gatemark_core::error::{Error, Kind, Result};
use gatemark_core::id::Digest;
use gatemark_core::model::{Model, Project};
use gatemark_core::money::NanoUsd;
use gatemark_core::price::Price;
use gatemark_core::prompt::Version;
use gatemark_core::scope::{Pick, Scope};
use gatemark_core::stop::{StopKind, StopOrder, StopScope, StopServe, Stops};
use gatemark_core::window::{Window, Zone};
use gatemark_gateway::{Answers, Body, Incoming, Recall, Remembered, Reply, Target};
use gatemark_provider::answer::Finish;
use gatemark_provider::request::Messages;
use serde_json::{Value, json};

use crate::bench::{Act, Bench, ask, bench_serving, caller, project};

const LOW: &str = r#"{"action":"low"}"#;
const TOP: &str = r#"{"action":"top"}"#;
const GOOD: &str = r#"{"reason":"right","score":4}"#;
const POOR: &str = r#"{"reason":"wrong","score":3}"#;
/// What each answer of the script's costs at `p/…`; a judge's costs half.
const COST: i64 = 120_000;

/// `p/m-2026-01-01`, then `p/other`; `j/judge` finds an answer good from 4 on its scale from 1 to 5.
fn content(more: Value) -> Value {
    let mut content = json!({
        "variables": {"text": {"type": "string", "trust": "untrusted"}},
        "messages": [{"role": "system", "text": "Be brief."}, {"role": "user", "text": "Sort this: {{ text }}"}],
        "output": {"repair": 0, "insufficient": "NONE", "schema": {"type": "object", "required": ["action"]}},
        "models": [{"model": "p/m-2026-01-01", "parameters": {"max_tokens": 100}},
            {"model": "p/other", "parameters": {"max_tokens": 100}}],
        "cascade": {"steps": ["p/m-2026-01-01", "p/other"], "up_when": {"off_format": true, "judge":
            {"prompt": "judges/rubric", "version": "1.0.0", "model": "j/judge", "below": 4.0,
             "criteria": "Is it right?"}}},
        "limits": {"timeout_ms": 300},
    });
    content.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    content
}

fn judge() -> Version {
    let content = json!({
        "variables": {"answer": {"type": "string", "trust": "untrusted"},
            "input": {"type": "string", "trust": "untrusted"},
            "criteria": {"type": "string", "trust": "trusted"},
            "system": {"type": "string", "trust": "trusted", "default": ""}},
        "messages": [{"role": "user", "text": "{{ criteria }}|{{ system }}|{{ input }}|{{ answer }}"}],
        "output": {"schema": {"type": "object", "required": ["reason", "score"], "properties": {
            "reason": {"type": "string"}, "score": {"type": "integer", "minimum": 1, "maximum": 5}}}},
        "models": [{"model": "j/judge", "parameters": {"max_tokens": 50}}],
        "limits": {},
    });
    Version {
        prompt: "judges/rubric".parse().unwrap(),
        number: 2,
        semver: semver::Version::new(1, 0, 0),
        hash: Digest::of(b"judge"),
        content: serde_json::from_value(content).unwrap(),
        changelog: None,
        author: "ann".into(),
        created_at: 0,
    }
}

/// The project with a price for each model, and a second provider `j`.
fn two() -> Project {
    let mut project = project();
    let first = project.models.values().next().unwrap().clone();
    let other = Model { name: "p/other".parse().unwrap(), ..first.clone() };
    let price = Price::flat(NanoUsd(500_000_000), NanoUsd(1_000_000_000));
    let judge = Model { name: "j/judge".parse().unwrap(), price: Some(price.into()), ..first };
    project.models.extend([(other.name.clone(), other), (judge.name.clone(), judge)]);
    let mut provider = project.providers["p"].clone();
    provider.name = "j".into();
    provider.retries = 0;
    project.providers.insert("j".into(), provider);
    project
}

fn bench_in(project: Project, more: Value, p: Vec<Act>, j: Vec<Act>) -> Bench {
    let bench = bench_serving(project, content(more), vec![("p", p), ("j", j)], false);
    let snapshot = bench.gateway.snapshot();
    let pointers = snapshot.pointers(&"a/b".parse().unwrap()).unwrap();
    let release = &pointers.values().next().unwrap().current;
    assert!(release.wants_judge().is_some());
    release.set_judge(&judge()).unwrap();
    assert!(release.wants_judge().is_none());
    bench
}

fn bench(p: Vec<Act>, j: Vec<Act>) -> Bench {
    bench_in(two(), json!({}), p, j)
}

async fn called(bench: &Bench) -> (String, CallRecord) {
    let reply = bench.gateway.call(ask(json!({"text": "x"}), false)).await;
    let reply = reply.map_err(|failure| failure.error).unwrap();
    let text = said(&reply).to_string();
    drop(reply);
    (text, bench.records().await.pop().unwrap())
}

fn said(reply: &Reply) -> &str {
    match &reply.body {
        Body::Whole(answer) => &answer.text,
        Body::Stream(_) => panic!("a stream"),
    }
}

fn asked(bench: &Bench, provider: &str) -> u32 {
    bench.scripts[provider].asked.load(Ordering::SeqCst)
}

#[tokio::test]
async fn an_answer_that_the_judge_finds_good_stays() {
    let bench = bench(vec![Act::Says(LOW)], vec![Act::Says(GOOD)]);
    let (text, record) = called(&bench).await;
    let climb = record.cascade.clone().unwrap();
    assert_eq!((text.as_str(), climb.step, climb.why.len()), (LOW, 1, 0));
    let cost = Some(NanoUsd(COST / 2));
    assert_eq!(climb.judged, [Judged { step: 1, score: Some(4.0), cost }]);
    // The judge is paid by the call and is told apart; it is not who answered.
    assert_eq!((record.cost, record.model.as_str()), (NanoUsd(COST + COST / 2), "p/m-2026-01-01"));
    let marks: Vec<(&str, bool)> =
        record.attempts.iter().map(|at| (at.model.as_str(), at.judge)).collect();
    assert_eq!(marks, [("p/m-2026-01-01", false), ("j/judge", true)]);
    assert!(!record.is_retried());
    assert_eq!((record.usage.input, record.usage.output), (100, 10));
    // Asking the top alone would have cost as much as the first step did.
    assert_eq!(climb.saved, Some(NanoUsd(-COST / 2)));
    assert_eq!(record.input.as_deref(), Some(r#"{"variables":{"text":"x"}}"#));
    let requests = bench.scripts["j"].requests.lock().unwrap();
    let Messages::Turns(turns) = &requests[0].messages else { panic!("not turns") };
    assert_eq!(turns[0].text, format!("Is it right?|Be brief.\n|x|{LOW}"));
}

#[tokio::test]
async fn an_answer_under_the_threshold_goes_up() {
    let bench = bench(vec![Act::Says(LOW), Act::Says(TOP)], vec![Act::Says(POOR)]);
    let (text, record) = called(&bench).await;
    let climb = record.cascade.clone().unwrap();
    assert_eq!((text.as_str(), climb.step, climb.why), (TOP, 2, vec![Reason::Judge]));
    assert_eq!(climb.judged[0].score, Some(3.0));
    assert_eq!((record.cost, record.model.as_str()), (NanoUsd(2 * COST + COST / 2), "p/other"));
    assert!(!record.is_retried());
}

#[tokio::test(start_paused = true)]
async fn whoever_gives_no_verdict_vouches_for_nothing() {
    let down = || Error::new(Kind::VendorRejected, "no");
    for (act, paid) in [
        (Act::Says("fine"), true),
        (Act::Says(r#"{"reason":"x","score":9}"#), true),
        (Act::Says(r#"{"reason":"x","score":5} {"reason":"x","score":1}"#), true),
        (Act::Ends("", Finish::ToolCalls), true),
        (Act::Fails(down()), false),
        (Act::Hangs, false),
        // It has half of the time: the step above must have some.
        (Act::SaysLate(160, GOOD), false),
    ] {
        let bench = bench(vec![Act::Says(LOW), Act::SaysLate(100, TOP)], vec![act]);
        let (text, record) = called(&bench).await;
        let climb = record.cascade.unwrap();
        assert_eq!((text.as_str(), climb.why), (TOP, vec![Reason::Judge]));
        assert_eq!((climb.judged.len(), climb.judged[0].score), (1, None));
        let judging = if paid { COST / 2 } else { 0 };
        assert_eq!(record.cost, NanoUsd(2 * COST + judging));
    }
}

#[tokio::test]
async fn a_judge_is_asked_only_where_no_other_sign_is() {
    // Off format goes up without it, and the last step is not judged.
    let off = bench(vec![Act::Says("no"), Act::Says(TOP)], vec![]);
    let (text, record) = called(&off).await;
    assert_eq!((text.as_str(), record.cascade.unwrap().why), (TOP, vec![Reason::OffFormat]));
    // The marker is what was agreed on, and a call of a tool is no answer yet.
    for act in [Act::Says("NONE"), Act::Ends("", Finish::ToolCalls)] {
        let bench = bench(vec![act], vec![]);
        called(&bench).await;
        assert_eq!(asked(&bench, "j"), 0);
    }
}

#[tokio::test]
async fn a_judge_that_is_stopped_is_not_asked() {
    let bench = bench(vec![Act::Says(LOW), Act::Says(TOP)], vec![]);
    let order = StopOrder {
        id: "o".into(),
        scope: StopScope::Prompt("judges/rubric".parse().unwrap()),
        kind: StopKind::Stop,
        serve: StopServe::Fallback,
        reason: None,
        actor: "ann".into(),
        at: 1,
    };
    let mut stops = Stops::default();
    stops.add(order);
    bench.gateway.set_stops(stops);
    let (text, record) = called(&bench).await;
    assert_eq!((text.as_str(), record.cascade.unwrap().why), (TOP, vec![Reason::Judge]));
    assert_eq!(asked(&bench, "j"), 0);
}

#[tokio::test]
async fn the_cap_is_of_all_together() {
    // Room for the first answer, and for nobody else: then it stands, whatever it is worth.
    let tight = json!({"limits": {"timeout_ms": 300, "cost_per_call": 200_000},
        "models": [{"model": "p/m-2026-01-01", "parameters": {"max_tokens": 10}},
            {"model": "p/other", "parameters": {"max_tokens": 100}}]});
    let mut project = two();
    let price = Price::flat(NanoUsd(5_000_000_000), NanoUsd(10_000_000_000));
    let dear = project.models.values_mut().find(|model| model.name.as_str() == "j/judge");
    dear.unwrap().price = Some(price.into());
    let bench = bench_in(project, tight, vec![Act::Says(LOW)], vec![]);
    let (text, record) = called(&bench).await;
    assert_eq!((text.as_str(), record.cost), (LOW, NanoUsd(COST)));
    assert_eq!(asked(&bench, "j"), 0);
    let wide = json!({"limits": {"timeout_ms": 300, "cost_per_call": 2_000_000}});
    let bench = bench_in(two(), wide, vec![Act::Says(LOW)], vec![Act::Says(GOOD)]);
    assert_eq!(called(&bench).await.1.cost, NanoUsd(COST + COST / 2));
}

#[tokio::test]
async fn budgets_about_the_prompt_pay_its_judge() {
    let mut project = two();
    project.budgets = vec![Arc::new(Budget {
        name: "b".into(),
        scope: Scope { prompt: Some(Pick::Is("a/b".into())), ..Scope::default() },
        amount: NanoUsd(100_000_000),
        window: Window::Total,
        zone: Zone::utc(),
        warn_at: vec![],
        on_exceed: OnExceed::Stop,
    })];
    let bench =
        bench_in(project, json!({}), vec![Act::Says(LOW), Act::Says(TOP)], vec![Act::Says(POOR)]);
    let (_, record) = called(&bench).await;
    let standing = bench.gateway.budgets().remove(0).standing;
    assert_eq!((standing.spent, standing.reserved), (record.cost, NanoUsd::ZERO));
    assert_eq!(record.cost, NanoUsd(2 * COST + COST / 2));
}

/// Answers in memory.
#[derive(Default)]
struct Kept(Mutex<HashMap<Digest, Remembered>>);

impl Answers for Kept {
    fn get<'a>(&'a self, key: &'a Digest) -> BoxFuture<'a, Result<Option<Remembered>>> {
        future::ready(Ok(self.0.lock().unwrap().get(key).cloned())).boxed()
    }

    fn put<'a>(&'a self, key: &'a Digest, answer: &'a Remembered) -> BoxFuture<'a, Result<()>> {
        self.0.lock().unwrap().insert(*key, answer.clone());
        future::ready(Ok(())).boxed()
    }
}

async fn tested(bench: &Bench, kept: &Arc<Kept>) -> Reply {
    let snapshot = bench.gateway.snapshot();
    let pointers = snapshot.pointers(&"a/b".parse().unwrap()).unwrap();
    let target = Target::Exact {
        release: pointers.values().next().unwrap().current.clone(),
        model: "p/m-2026-01-01".parse().unwrap(),
        variables: json!({"text": "x"}).as_object().unwrap().clone(),
        recall: Some(Recall { answers: kept.clone(), repeat: 1 }),
    };
    let incoming = Incoming::new(caller(), CallPurpose::Test, target);
    bench.gateway.call(incoming).await.map_err(|failure| failure.error).unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_case_takes_the_same_way_in_every_run() {
    for (reply, end) in [(GOOD, LOW), (POOR, TOP)] {
        let kept = Arc::new(Kept::default());
        let p = vec![Act::SaysLate(40, LOW), Act::SaysLate(50, TOP)];
        let bench = bench(p, vec![Act::SaysLate(30, reply)]);
        let first = tested(&bench, &kept).await;
        let before = (asked(&bench, "p"), asked(&bench, "j"));
        let again = tested(&bench, &kept).await;
        assert_eq!((asked(&bench, "p"), asked(&bench, "j")), before, "nobody is asked twice");
        assert_eq!((said(&first), said(&again)), (end, end));
        assert_eq!(again.facts.cascade, first.facts.cascade);
        assert_eq!((again.facts.cost, again.facts.worth), (Some(NanoUsd::ZERO), first.facts.worth));
        let took = if end == TOP { 120_000 } else { 70_000 };
        let recalled = again.facts.recalled_us.unwrap();
        assert!((took..took + 6_000).contains(&recalled), "{recalled}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_time_of_a_judge_counts_beside_an_answer_of_an_earlier_run() {
    let kept = Arc::new(Kept::default());
    let fail = Act::Fails(Error::new(Kind::VendorRejected, "no"));
    let p = vec![Act::SaysLate(40, LOW), Act::SaysLate(50, TOP)];
    let bench = bench(p, vec![fail, Act::SaysLate(30, GOOD)]);
    let up = tested(&bench, &kept).await;
    assert_eq!((said(&up), up.facts.cost), (TOP, Some(NanoUsd(2 * COST))));
    // Now the judge replies, about the answer that is known.
    let stays = tested(&bench, &kept).await;
    assert_eq!((said(&stays), stays.facts.cost), (LOW, Some(NanoUsd(COST / 2))));
    assert_eq!(stays.facts.worth, Some(NanoUsd(COST + COST / 2)));
    let recalled = stays.facts.recalled_us.unwrap();
    assert!((70_000..76_000).contains(&recalled), "{recalled}");
}
