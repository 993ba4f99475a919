//! Answers off format: repaired, replaced, broken off; and those that a person looks at.

use futures_util::StreamExt;
use gatemark_core::call::Outcome;
use gatemark_core::error::{Error, Kind};
use gatemark_core::money::NanoUsd;
use gatemark_core::online::ALL;
use gatemark_core::review::Reviewing;
use gatemark_gateway::{Body, Reply};
use gatemark_provider::request::{ChatRequest, Messages};
use serde_json::{Value, json};

use crate::bench::{Act, Bench, ask, bench, bench_of, project};

const GO: &str = r#"{"action":"go","sure":0.9}"#;
const UNSURE: &str = r#"{"action":"go","sure":0.2}"#;
const FENCED: &str = "```json\n{\"action\":\"go\"}\n```";
/// What each of the script's answers costs.
const COST: NanoUsd = NanoUsd(120_000);

fn contract(more: Value) -> Value {
    let mut output = json!({"schema": {"type": "object", "required": ["action"],
        "properties": {"action": {"enum": ["go", "stop"]}, "sure": {"type": "number"}}}});
    output.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    output
}

async fn called(bench: &Bench, stream: bool) -> Result<(Reply, String), Error> {
    let mut reply = bench
        .gateway
        .call(ask(json!({"text": "x"}), stream))
        .await
        .map_err(|failure| failure.error)?;
    let said = match &mut reply.body {
        Body::Whole(answer) => answer.text.clone(),
        Body::Stream(frames) => {
            let frames: Vec<_> = frames.collect().await;
            frames.iter().map(|frame| String::from_utf8_lossy(frame).into_owned()).collect()
        }
    };
    Ok((reply, said))
}

fn turns(request: &ChatRequest) -> Vec<String> {
    match &request.messages {
        Messages::Turns(turns) => {
            turns.iter().map(|turn| format!("{}: {}", turn.role.word(), turn.text)).collect()
        }
        Messages::Raw(raw) => vec![raw.get().to_string()],
    }
}

#[tokio::test]
async fn the_model_is_shown_its_fault_once() {
    let bench = bench(contract(json!({})), vec![Act::Says(FENCED), Act::Says(GO)]);
    let (reply, said) = called(&bench, false).await.unwrap();
    assert_eq!((said.as_str(), reply.facts.outcome), (GO, Some(Outcome::Ok)));
    assert!(reply.facts.repaired);
    assert_eq!(reply.facts.cost, Some(NanoUsd(2 * COST.0)));
    let sent = bench.script.requests.lock().unwrap().iter().map(turns).collect::<Vec<_>>();
    assert_eq!(sent.len(), 2);
    assert_eq!(sent[1][..1], sent[0][..]);
    assert_eq!(sent[1][1], format!("assistant: {FENCED}"));
    assert!(sent[1][2].starts_with("user: Your answer cannot be used: "), "{}", sent[1][2]);
    assert!(sent[1][2].contains("code fence") && sent[1][2].contains("\"required\":[\"action\"]"));
    let record = &bench.records().await[0];
    assert_eq!((record.repaired, record.attempts.len()), (Some(true), 2));
    assert_eq!((record.cost.0, record.usage.input, record.usage.output), (2 * COST.0, 200, 20));
    assert_eq!(record.output.as_deref(), Some(GO));
}

#[tokio::test]
async fn a_second_fault_is_the_end() {
    let fallback = json!({"fallback": {"action": "stop"}});
    let bench = bench(contract(fallback), vec![Act::Says("no"), Act::Says("{}")]);
    let (reply, said) = called(&bench, false).await.unwrap();
    assert_eq!(
        (said.as_str(), reply.facts.outcome),
        (r#"{"action":"stop"}"#, Some(Outcome::Fallback))
    );
    let record = &bench.records().await[0];
    assert_eq!((record.repaired, record.cost.0), (Some(false), 2 * COST.0));
    assert_eq!(record.error.as_deref(), Some("off_format"));
}

#[tokio::test]
async fn a_repair_that_fails_leaves_the_first_answer() {
    let down = || Act::Fails(Error::new(Kind::VendorFailed, "503"));
    let bench = bench(contract(json!({})), vec![Act::Says("no"), down(), down()]);
    let (reply, said) = called(&bench, false).await.unwrap();
    assert_eq!((said.as_str(), reply.facts.outcome), ("no", Some(Outcome::OffFormat)));
    assert_eq!(bench.records().await[0].cost, COST);
}

#[tokio::test]
async fn a_repair_ends_with_the_calls_own_deadline() {
    let bench = bench(contract(json!({})), vec![Act::Says("no"), Act::Hangs]);
    let (reply, said) = called(&bench, false).await.unwrap();
    assert_eq!((said.as_str(), reply.facts.outcome), ("no", Some(Outcome::OffFormat)));
    let record = &bench.records().await[0];
    assert_eq!(record.attempts[1].error.as_deref(), Some("timeout"));
    assert!((300_000..600_000).contains(&record.vendor_us), "{}", record.vendor_us);
}

#[tokio::test]
async fn no_repair_where_the_version_wants_none() {
    let bench = bench(contract(json!({"repair": 0})), vec![Act::Says("no")]);
    let (reply, _) = called(&bench, false).await.unwrap();
    assert_eq!(reply.facts.outcome, Some(Outcome::OffFormat));
    assert_eq!(bench.records().await[0].repaired, None);
}

#[tokio::test]
async fn a_stream_that_begins_wrong_is_repaired_before_anything_leaves() {
    let streams = Act::Streams(vec![" ", "``", "`json\n{"], None);
    let bench = bench(contract(json!({})), vec![streams, Act::Says(GO)]);
    let (reply, said) = called(&bench, true).await.unwrap();
    assert!(reply.facts.repaired);
    assert!(said.contains(r#"\"sure\":0.9"#) && !said.contains("```"), "{said}");
    assert!(said.ends_with("data: [DONE]\n\n"), "{said}");
    let record = &bench.records().await[0];
    assert_eq!((record.outcome, record.repaired), (Outcome::Ok, Some(true)));
}

#[tokio::test]
async fn a_stream_that_begins_wrong_is_replaced_or_refused() {
    let sure = || Act::Streams(vec!["Sure, ", "here"], None);
    let output = contract(json!({"repair": 0, "fallback": {"action": "stop"}}));
    let with = bench(output, vec![sure()]);
    let (reply, said) = called(&with, true).await.unwrap();
    assert_eq!(reply.facts.outcome, Some(Outcome::Fallback));
    assert!(said.contains(r#"{\"action\":\"stop\"}"#), "{said}");
    let without = bench(contract(json!({"repair": 0})), vec![sure()]);
    let error = called(&without, true).await.map(|_| ()).unwrap_err();
    assert_eq!((error.kind(), error.code()), (Kind::VendorFailed, "off_format"));
    let record = &without.records().await[0];
    assert_eq!((record.outcome, record.error.as_deref()), (Outcome::OffFormat, Some("off_format")));
}

#[tokio::test]
async fn a_stream_that_turns_wrong_is_broken_off() {
    let streams = Act::Stalls(vec![r#"{"action""#, r#": "wait"#]);
    let bench = bench(contract(json!({})), vec![streams]);
    let (_, said) = called(&bench, true).await.unwrap();
    assert!(said.contains(r#"{\"action\""#), "what was right has left: {said}");
    assert!(said.contains(r#""code":"off_format""#) && !said.contains("wait\\\""), "{said}");
    assert!(said.contains("/action"), "the place is named: {said}");
    assert!(said.ends_with("data: [DONE]\n\n"), "{said}");
    let record = &bench.records().await[0];
    assert_eq!((record.outcome, record.error.as_deref()), (Outcome::OffFormat, Some("off_format")));
    assert!(record.usage.estimated && record.usage.output > 0);
}

#[tokio::test]
async fn a_held_stream_leaves_only_when_it_is_right() {
    let hold = || contract(json!({"stream": "hold"}));
    let right = bench(hold(), vec![Act::Streams(vec![r#"{"action":"#, r#""go"}"#], None)]);
    let (reply, said) = called(&right, true).await.unwrap();
    assert!(!reply.facts.repaired);
    assert_eq!(said.matches("data: ").count(), 3, "{said}");
    assert_eq!(right.records().await[0].outcome, Outcome::Ok);
    // Only the whole shows that this one lacks what is required.
    let wrong = || Act::Streams(vec![r#"{"sure":"#, "1", "} "], None);
    let repaired = bench(hold(), vec![wrong(), Act::Says(GO)]);
    let (reply, said) = called(&repaired, true).await.unwrap();
    assert!(reply.facts.repaired && said.contains("0.9"), "{said}");
    let refused = bench(hold(), vec![wrong(), Act::Says("no")]);
    let error = called(&refused, true).await.map(|_| ()).unwrap_err();
    assert_eq!(error.code(), "off_format");
}

#[tokio::test]
async fn doubtful_answers_are_put_before_a_person() {
    let review = || contract(json!({"review": {"when": "sure < 0.7"}}));
    for (says, queued) in [(GO, false), (UNSURE, true)] {
        let bench = bench(review(), vec![Act::Says(says)]);
        let (reply, said) = called(&bench, false).await.unwrap();
        assert_eq!((said.as_str(), reply.facts.reviewed), (says, queued));
        let record = &bench.records().await[0];
        let why: &[&str] = if queued { &["sure < 0.7"] } else { &[] };
        assert_eq!(record.review, why);
        assert_eq!(record.outcome, Outcome::Ok);
    }
    let streamed = bench(review(), vec![Act::Streams(vec![UNSURE], None)]);
    called(&streamed, true).await.unwrap();
    assert_eq!(streamed.records().await[0].review, ["sure < 0.7"]);
}

#[tokio::test]
async fn samples_and_fallbacks_are_put_before_a_person() {
    let reviewed = async |share: u32, fallbacks: bool, output: Value, says: Vec<Act>| {
        let mut project = project();
        for place in project.environments.values_mut() {
            place.reviewing = Reviewing { sla_us: None, share, fallbacks };
        }
        let bench = bench_of(project, contract(output), vec![("p", says)]);
        called(&bench, false).await.unwrap();
        bench.records().await.remove(0).review
    };
    let plain = || json!({});
    assert_eq!(reviewed(ALL, true, plain(), vec![Act::Says(GO)]).await, ["sample"]);
    assert!(reviewed(0, true, plain(), vec![Act::Says(GO)]).await.is_empty());
    // What a condition says stands beside it.
    let condition = json!({"review": {"when": "sure < 0.7"}});
    let both = reviewed(ALL, true, condition, vec![Act::Says(UNSURE)]).await;
    assert_eq!(both, ["sure < 0.7", "sample"]);
    // A fallback is no answer that could be drawn.
    let fallback = || json!({"fallback": {"action": "stop"}});
    let wrong = || vec![Act::Says("no"), Act::Says("no")];
    assert_eq!(reviewed(ALL, true, fallback(), wrong()).await, ["fallback: off_format"]);
    assert!(reviewed(ALL, false, fallback(), wrong()).await.is_empty());
}
