//! The sim vendor.

use std::sync::Arc;
use std::time::{Duration, Instant};

use gatemark_core::Kind;
use gatemark_core::model::{Protocol, SimSettings};
use gatemark_provider::http::Client;
use gatemark_provider::{ChatRequest, Finish, Messages, Vendor, connect};

use crate::{drain, provider, raw, request, text};

fn sim(settings: SimSettings) -> Arc<dyn Vendor> {
    let mut provider = provider(Protocol::Sim, "");
    provider.sim = settings;
    connect(&provider, None, &Client::new().unwrap(), &crate::home(), crate::clock).unwrap()
}

fn asking(message: &str, fields: &[(&str, &str)]) -> ChatRequest {
    let messages = serde_json::json!([
        {"role": "system", "content": "Classify the message. Answer with the label only."},
        {"role": "user", "content": "where is my card"},
        {"role": "assistant", "content": "card_arrival"},
        {"role": "user", "content": "what is the rate for euros"},
        {"role": "assistant", "content": "exchange_rate"},
        {"role": "user", "content": [{"type": "text", "text": message}]},
    ]);
    ChatRequest { messages: Messages::Raw(raw(&messages.to_string())), ..request(fields) }
}

#[tokio::test]
async fn answers_and_streams_alike() {
    let sim = sim(SimSettings::default());
    let asked = asking("the card has not come", &[]);
    let whole = sim.complete(&asked).await.unwrap();
    assert_eq!(whole.text, "card_arrival");
    let usage = whole.usage.unwrap();
    assert!(usage.input > 30 && usage.output > 0 && !usage.estimated, "{usage:?}");
    let (chunks, error) = drain(sim.stream(&asked).await.unwrap()).await;
    assert!(error.is_none());
    assert_eq!(text(&chunks), whole.text);
    assert_eq!(chunks.last().unwrap().usage, Some(usage));
    assert!(chunks.last().unwrap().usage_only);
    assert_eq!(chunks[chunks.len() - 2].finish, Some(Finish::Stop));
}

#[tokio::test]
async fn tokens_are_bounded() {
    let sim = sim(SimSettings::default());
    let asked = asking("the card has not come", &[("max_tokens", "1")]);
    let answer = sim.complete(&asked).await.unwrap();
    assert_eq!(answer.finish, Finish::Length);
    assert!("card_arrival".starts_with(&answer.text), "{}", answer.text);
    assert!(answer.usage.unwrap().output <= 1);
    let asked = asking("x", &[("max_tokens", "-1")]);
    assert_eq!(sim.complete(&asked).await.unwrap_err().param(), Some("max_tokens"));
}

#[tokio::test]
async fn failures_are_the_same_every_time() {
    let sim = sim(SimSettings { error_rate: 0.5, ..SimSettings::default() });
    let mut failed = 0;
    for rank in 0..40 {
        let asked = asking(&format!("message {rank}"), &[]);
        let first = sim.complete(&asked).await;
        let again = sim.stream(&asked).await;
        assert_eq!(first.is_err(), again.is_err());
        if let Err(error) = first {
            assert_eq!((error.kind(), error.vendor().unwrap().status), (Kind::VendorFailed, 500));
            failed += 1;
        }
    }
    assert!((8..=32).contains(&failed), "{failed}");
}

#[tokio::test]
async fn malformed_answers_differ_from_good_ones() {
    let schema = r#"{"type":"json_schema","json_schema":{"name":"x","schema":{"type":"object","properties":{"label":{"type":"string","enum":["card_arrival","exchange_rate"]}},"required":["label"]}}}"#;
    let asked = asking("the card has not come", &[("response_format", schema)]);
    let good = sim(SimSettings::default()).complete(&asked).await.unwrap().text;
    let value: serde_json::Value = serde_json::from_str(&good).unwrap();
    assert_eq!(value["label"], "card_arrival");
    let broken = SimSettings { malformed_rate: 1.0, ..SimSettings::default() };
    assert_ne!(sim(broken).complete(&asked).await.unwrap().text, good);
}

#[tokio::test]
async fn latency_is_spread_over_a_stream() {
    let sim = sim(SimSettings { latency_ms: 20, ..SimSettings::default() });
    let asked = asking("the card has not come", &[]);
    let begun = Instant::now();
    let stream = sim.stream(&asked).await.unwrap();
    let (chunks, _) = drain(stream).await;
    assert!(chunks.len() >= 3 && begun.elapsed() >= Duration::from_millis(20));
}

#[tokio::test]
async fn only_text_is_read() {
    let messages = r#"[{"role":"user","content":[{"type":"image_url","image_url":{"url":"x"}}]}]"#;
    let asked = ChatRequest { messages: Messages::Raw(raw(messages)), ..request(&[]) };
    let error = sim(SimSettings::default()).complete(&asked).await.unwrap_err();
    assert_eq!((error.kind(), error.param()), (Kind::Invalid, Some("messages[0].content")));
}
