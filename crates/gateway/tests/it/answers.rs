//! Whole answers.

use std::sync::atomic::Ordering;

use gatemark_core::call::Outcome;
use gatemark_core::error::{Error, Kind};
use gatemark_core::money::NanoUsd;
use gatemark_gateway::{Body, Reply};
use serde_json::{Value, json};

use crate::bench::{Act, ask, bench};

fn text(reply: &Reply) -> String {
    match &reply.body {
        Body::Whole(answer) => answer.text.clone(),
        Body::Stream(_) => panic!("a stream"),
    }
}

fn contract() -> Value {
    json!({
        "schema": {"type": "object", "required": ["action"]},
        "insufficient": "NO_DATA",
        "fallback": {"action": "skip"},
        "repair": 0,
    })
}

#[tokio::test]
async fn an_answer_in_form_is_served_priced_and_recorded() {
    let bench = bench(contract(), vec![Act::Says(r#"{"action":"go"}"#)]);
    let reply = bench.gateway.call(ask(json!({"text": "x"}), false)).await.unwrap();
    assert_eq!(text(&reply), r#"{"action":"go"}"#);
    assert_eq!(reply.facts.outcome, Some(Outcome::Ok));
    // 100 tokens read at $1 and 10 written at $2 a million.
    assert_eq!(reply.facts.cost, Some(NanoUsd(120_000)));
    let records = bench.records().await;
    assert_eq!(records.len(), 1);
    assert_eq!((records[0].number, records[0].cost), (Some(3), NanoUsd(120_000)));
    assert_eq!(records[0].output.as_deref(), Some(r#"{"action":"go"}"#));
    assert!(records[0].input.as_deref().unwrap().contains(r#""text":"x""#));
}

#[tokio::test]
async fn off_format_is_replaced_by_the_fallback_and_still_paid_for() {
    let bench = bench(contract(), vec![Act::Says("Sure! Here you go.")]);
    let reply = bench.gateway.call(ask(json!({"text": "x"}), false)).await.unwrap();
    assert_eq!(text(&reply), r#"{"action":"skip"}"#);
    assert_eq!(reply.facts.outcome, Some(Outcome::Fallback));
    assert_eq!(bench.records().await[0].cost, NanoUsd(120_000));
}

#[tokio::test]
async fn off_format_without_a_fallback_is_passed_on_and_marked() {
    let bench = bench(json!({"schema": {"type": "object"}, "repair": 0}), vec![Act::Says("no")]);
    let reply = bench.gateway.call(ask(json!({"text": "x"}), false)).await.unwrap();
    assert_eq!((text(&reply).as_str(), reply.facts.outcome), ("no", Some(Outcome::OffFormat)));
}

#[tokio::test]
async fn the_insufficient_marker_is_an_outcome_of_its_own() {
    let bench = bench(contract(), vec![Act::Says(" NO_DATA\n")]);
    let reply = bench.gateway.call(ask(json!({"text": "x"}), false)).await.unwrap();
    assert_eq!(reply.facts.outcome, Some(Outcome::Insufficient));
}

#[tokio::test]
async fn a_passing_failure_is_tried_again() {
    let down = Error::new(Kind::VendorFailed, "503");
    let bench = bench(contract(), vec![Act::Fails(down), Act::Says(r#"{"action":"go"}"#)]);
    let reply = bench.gateway.call(ask(json!({"text": "x"}), false)).await.unwrap();
    assert_eq!(reply.facts.outcome, Some(Outcome::Ok));
    let records = bench.records().await;
    let errors: Vec<_> = records[0].attempts.iter().map(|a| a.error.as_deref()).collect();
    assert_eq!(errors, [Some("vendor_failed"), None]);
}

#[tokio::test]
async fn a_rejection_is_not_tried_again() {
    let bad = Error::new(Kind::VendorRejected, "400");
    let bench = bench(json!({}), vec![Act::Fails(bad)]);
    let failure = bench.gateway.call(ask(json!({"text": "x"}), false)).await.unwrap_err();
    assert_eq!(failure.error.kind(), Kind::VendorRejected);
    assert_eq!(bench.script.asked.load(Ordering::SeqCst), 1);
    let records = bench.records().await;
    assert_eq!(records[0].id, failure.call.unwrap());
    assert_eq!((records[0].outcome, records[0].cost), (Outcome::Error, NanoUsd::ZERO));
}

#[tokio::test]
async fn a_rejection_is_the_callers_to_mend_and_not_hidden_by_the_fallback() {
    let bad = Error::new(Kind::VendorRejected, "400");
    let bench = bench(contract(), vec![Act::Fails(bad)]);
    let failure = bench.gateway.call(ask(json!({"text": "x"}), false)).await.unwrap_err();
    assert_eq!(failure.error.kind(), Kind::VendorRejected);
}

#[tokio::test]
async fn a_call_that_may_cost_too_much_is_not_sent() {
    let raw = |text: &str| serde_json::value::RawValue::from_string(text.into()).unwrap();
    let bench = bench(contract(), vec![]);
    let mut call = ask(json!({"text": "x"}), false);
    // The cap is one cent, and a token read costs a ten-thousandth of one.
    let long = "word ".repeat(12_000);
    call.messages = Some(raw(&json!([{"role": "user", "content": long}]).to_string()));
    let failure = bench.gateway.call(call).await.unwrap_err();
    assert_eq!(failure.error.code(), "cost_cap_exceeded");
    assert_eq!(bench.script.asked.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn a_caller_who_leaves_while_the_vendor_works_is_recorded_with_the_attempt() {
    let bench = bench(contract(), vec![Act::Hangs]);
    let call = bench.gateway.call(ask(json!({"text": "x"}), false));
    assert!(tokio::time::timeout(std::time::Duration::from_millis(20), call).await.is_err());
    let record = &bench.records().await[0];
    assert_eq!(record.outcome, Outcome::Cancelled);
    assert_eq!(record.attempts[0].error.as_deref(), Some("cancelled"));
    assert!(record.vendor_us > 0);
}

#[tokio::test]
async fn a_vendor_that_stays_down_is_answered_by_the_fallback() {
    let down = || Act::Fails(Error::new(Kind::VendorFailed, "503"));
    let bench = bench(contract(), vec![down(), down()]);
    let reply = bench.gateway.call(ask(json!({"text": "x"}), false)).await.unwrap();
    assert_eq!(reply.facts.outcome, Some(Outcome::Fallback));
    let record = &bench.records().await[0];
    assert_eq!(record.error.as_deref(), Some("vendor_failed"));
    assert_eq!((record.cost, record.usage.input), (NanoUsd::ZERO, 0));
}

#[tokio::test]
async fn bad_variables_never_reach_the_vendor() {
    let bench = bench(contract(), vec![]);
    let long = "word ".repeat(60);
    for (variables, needle) in [
        (json!({}), "`text` is required"),
        (json!({"text": 3}), "type string"),
        (json!({"text": "x", "txet": "y"}), "did you mean `text`"),
        (json!({"text": long}), "50 tokens"),
    ] {
        let failure = bench.gateway.call(ask(variables, false)).await.unwrap_err();
        assert_eq!(failure.error.kind(), Kind::Invalid);
        assert!(failure.error.message().contains(needle), "{}", failure.error);
    }
    assert_eq!(bench.script.asked.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn what_the_version_fixes_cannot_be_changed_by_a_caller() {
    let raw = |text: &str| serde_json::value::RawValue::from_string(text.into()).unwrap();
    let bench = bench(contract(), vec![Act::Says(r#"{"action":"go"}"#)]);
    let mut call = ask(json!({"text": "x"}), false);
    call.fields = vec![("temperature".into(), raw("0.9"))];
    let failure = bench.gateway.call(call).await.unwrap_err();
    assert_eq!(failure.error.code(), "parameter_fixed");
    let mut call = ask(json!({"text": "x"}), false);
    call.fields = vec![("temperature".into(), raw("0.0")), ("user".into(), raw("\"u\""))];
    assert!(bench.gateway.call(call).await.is_ok());
}

#[tokio::test]
async fn versions_that_were_never_admitted_are_not_served() {
    let bench = bench(contract(), vec![]);
    for (name, code) in [
        ("a/b@9.9.9", "version_not_admitted"),
        ("a/b@2", "version_not_admitted"),
        ("a/b@staging", "environment_not_found"),
        ("a/c", "prompt_not_found"),
    ] {
        let mut call = ask(json!({"text": "x"}), false);
        call.target = gatemark_gateway::Target::Named {
            prompt: gatemark_gateway::PromptRef::parse(name, "model").unwrap(),
            variables: serde_json::Map::new(),
        };
        let failure = bench.gateway.call(call).await.unwrap_err();
        assert_eq!(failure.error.code(), code, "{name}");
    }
}
