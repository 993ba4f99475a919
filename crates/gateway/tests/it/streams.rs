//! Streamed answers.

use futures_util::StreamExt;
use gatemark_core::call::Outcome;
use gatemark_core::error::{Error, Kind};
use gatemark_gateway::{Body, Reply, SseStream};
use serde_json::json;

use crate::bench::{Act, ask, bench};

fn frames(reply: Reply) -> SseStream {
    match reply.body {
        Body::Stream(frames) => frames,
        Body::Whole(_) => panic!("not a stream"),
    }
}

async fn all(reply: Reply) -> String {
    let frames: Vec<_> = frames(reply).collect().await;
    frames.iter().map(|frame| String::from_utf8_lossy(frame).into_owned()).collect()
}

#[tokio::test]
async fn a_stream_is_relayed_and_judged_at_its_end() {
    let output = json!({"schema": {"type": "object", "required": ["action"]}});
    let bench = bench(output, vec![Act::Streams(vec![r#"{"act"#, r#"ion":1}"#], None)]);
    let reply = bench.gateway.call(ask(json!({"text": "x"}), true)).await.unwrap();
    assert_eq!(reply.facts.outcome, None);
    let sent = all(reply).await;
    assert!(sent.ends_with("data: [DONE]\n\n"), "{sent}");
    assert_eq!(sent.matches("data: ").count(), 3);
    let record = &bench.records().await[0];
    assert_eq!(record.outcome, Outcome::Ok);
    assert_eq!(record.output.as_deref(), Some(r#"{"action":1}"#));
    assert!(record.usage.estimated && record.usage.output > 0 && record.first_token_us.is_some());
}

#[tokio::test]
async fn a_broken_stream_does_not_look_whole() {
    let cut = Error::new(Kind::VendorFailed, "the vendor broke off");
    let bench = bench(json!({}), vec![Act::Streams(vec!["half"], Some(cut))]);
    let sent = all(bench.gateway.call(ask(json!({"text": "x"}), true)).await.unwrap()).await;
    assert!(sent.contains(r#""message":"the vendor broke off""#), "{sent}");
    assert!(sent.ends_with("data: [DONE]\n\n"));
    let record = &bench.records().await[0];
    assert_eq!((record.outcome, record.error.as_deref()), (Outcome::Error, Some("vendor_failed")));
    assert!(record.usage.output > 0, "what was generated is paid for");
}

#[tokio::test]
async fn a_stream_that_fails_before_its_first_event_is_tried_again() {
    let down = Error::new(Kind::VendorFailed, "503");
    let bench = bench(json!({}), vec![Act::Fails(down), Act::Streams(vec!["ok"], None)]);
    let sent = all(bench.gateway.call(ask(json!({"text": "x"}), true)).await.unwrap()).await;
    assert!(sent.contains("ok"));
}

#[tokio::test]
async fn the_fallback_is_streamed_when_the_vendor_is_down() {
    let down = || Act::Fails(Error::new(Kind::VendorFailed, "503"));
    let bench = bench(json!({"fallback": "sorry"}), vec![down(), down()]);
    let reply = bench.gateway.call(ask(json!({"text": "x"}), true)).await.unwrap();
    assert_eq!(reply.facts.outcome, Some(Outcome::Fallback));
    let sent = all(reply).await;
    assert!(sent.contains("sorry") && sent.ends_with("data: [DONE]\n\n"), "{sent}");
}

#[tokio::test]
async fn a_stall_ends_at_the_deadline_as_an_error() {
    let bench = bench(json!({}), vec![Act::Stalls(vec!["begun"])]);
    let sent = all(bench.gateway.call(ask(json!({"text": "x"}), true)).await.unwrap()).await;
    assert!(sent.contains("deadline"), "{sent}");
    assert_eq!(bench.records().await[0].error.as_deref(), Some("timeout"));
}

#[tokio::test]
async fn a_caller_who_goes_away_is_recorded_once_with_what_was_used() {
    let bench = bench(json!({}), vec![Act::Stalls(vec!["some text"])]);
    let mut stream = frames(bench.gateway.call(ask(json!({"text": "x"}), true)).await.unwrap());
    stream.next().await.unwrap();
    drop(stream);
    let records = bench.records().await;
    assert_eq!(records.len(), 1);
    assert_eq!(records[0].outcome, Outcome::Cancelled);
    assert!(records[0].usage.output > 0);
}
