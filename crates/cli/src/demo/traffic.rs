//! Live traffic: held-out messages, sent over HTTP in the format that applications use.

use std::time::{Duration, Instant};

use futures_util::{StreamExt, stream};
use gatemark_core::error::{Error, Result};
use gatemark_core::money::NanoUsd;
use serde_json::{Value, json};

use super::client::Client;
use super::data::Record;

/// Calls under way at once.
const CONCURRENCY: usize = 8;
/// The name under which the demo's application calls.
const CALLER: &str = "demo-application";

/// One call and what came of it.
#[derive(Debug, Clone)]
pub(super) struct Sent {
    /// The call's id.
    pub(super) call: String,
    /// The version that answered, as the header says.
    pub(super) version: String,
    /// Whether the intent is the message's label.
    pub(super) right: bool,
    /// Whether the static fallback answered.
    pub(super) fallback: bool,
    /// From sending to the whole answer, in microseconds.
    pub(super) latency_us: u64,
    /// What the header says it cost.
    pub(super) cost: NanoUsd,
}

/// Sends every message to the prompt, and returns the outcomes in the order of the messages.
pub(super) async fn send(client: &Client, prompt: &str, messages: &[Record]) -> Result<Vec<Sent>> {
    let mut calls =
        stream::iter(messages).map(|message| one(client, prompt, message)).buffered(CONCURRENCY);
    let mut outcomes = Vec::with_capacity(messages.len());
    while let Some(outcome) = calls.next().await {
        outcomes.push(outcome?);
    }
    Ok(outcomes)
}

/// Sends one message.
pub(super) async fn one(client: &Client, prompt: &str, message: &Record) -> Result<Sent> {
    let body =
        json!({"model": format!("gatemark/{prompt}"), "variables": {"message": message.text}});
    let began = Instant::now();
    let answer = client.post("/v1/chat/completions", CALLER, body.to_string()).await?;
    let latency_us = u64::try_from(began.elapsed().as_micros()).unwrap_or(u64::MAX);
    let json: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    if !answer.success {
        let said = json.pointer("/error/message").and_then(Value::as_str).unwrap_or("no reason");
        return Err(Error::internal(format!("the gateway did not answer a live message: {said}")));
    }
    let content = json.pointer("/choices/0/message/content").and_then(Value::as_str);
    let intent = content
        .and_then(|text| serde_json::from_str::<Value>(text).ok())
        .and_then(|answer| answer.get("intent").and_then(Value::as_str).map(str::to_string));
    Ok(Sent {
        call: answer.header("x-gatemark-call-id").unwrap_or_default().to_string(),
        version: answer.header("x-gatemark-version").unwrap_or_default().to_string(),
        right: intent.as_deref() == Some(&message.label),
        fallback: answer.header("x-gatemark-outcome") == Some("fallback"),
        latency_us,
        cost: answer
            .header("x-gatemark-cost-usd")
            .and_then(NanoUsd::from_usd_text)
            .unwrap_or_default(),
    })
}

/// How a rollback went.
#[derive(Debug, Clone)]
pub(super) struct Reverted {
    /// From asking for it to the first answer by the version it went back to.
    pub(super) effective: Duration,
    /// The version that answered then.
    pub(super) version: String,
    /// How many calls it took to see it.
    pub(super) calls: u64,
}

/// Longest wait for a rollback to take effect.
const PATIENCE: Duration = Duration::from_secs(5);

/// Asks the server to go back, as `actor`, and calls until `wanted` answers or patience ends.
pub(super) async fn roll_back(
    client: &Client,
    prompt: &str,
    actor: &str,
    wanted: &str,
    message: &Record,
) -> Result<Reverted> {
    let began = Instant::now();
    let path = format!("/api/v1/prompts/{prompt}/rollback");
    let answer = client.post(&path, actor, "{}".to_string()).await?;
    if !answer.success {
        let said = String::from_utf8_lossy(&answer.body).into_owned();
        return Err(Error::internal(format!("the rollback was not done: {said}")));
    }
    let mut calls = 0;
    loop {
        let sent = one(client, prompt, message).await?;
        calls += 1;
        let effective = began.elapsed();
        if sent.version == wanted || effective > PATIENCE {
            return Ok(Reverted { effective, version: sent.version, calls });
        }
    }
}
