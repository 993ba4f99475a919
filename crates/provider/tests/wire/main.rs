//! Vendors against a real socket: each test speaks to a small HTTP/1.1 server that answers with recorded
//! shapes, cut and delayed where networks cut and delay.

// Helpers of tests are tests too; clippy's own exception covers only the functions marked so.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod addresses;
mod anthropic;
mod azure;
mod bedrock;
mod broken;
mod compatible;
mod embeddings;
mod gemini;
mod hub;
mod llamacpp;
mod openai;
mod responses;
mod server;
mod sim;
mod structured;
mod tiny;
mod vertex;

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use futures_util::StreamExt;
use gatemark_core::Error;
use gatemark_core::model::{Api, Place, Protocol, Provider, Quirks, SimSettings};
use gatemark_provider::http::Client;
use gatemark_provider::local::Home;
use gatemark_provider::{ChatRequest, Chunk, ChunkStream, Messages, Secret, Vendor, connect};
use serde_json::value::RawValue;

const KEY: &str = "sk-test-key";

fn provider(protocol: Protocol, base_url: &str) -> Provider {
    Provider {
        name: "acme".into(),
        protocol,
        base_url: base_url.into(),
        key_variable: Some("ACME_KEY".into()),
        timeout: Duration::from_secs(30),
        retries: 0,
        concurrency: None,
        resilience: Default::default(),
        api: Api::default(),
        sim: SimSettings::default(),
        local: None,
        place: Place::default(),
        quirks: Quirks::default(),
        allow_private: false,
        structured: Default::default(),
    }
}

fn home() -> Home {
    Home::silent("nowhere".into())
}

/// 2015-08-30T12:36:00Z.
fn clock() -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(1_440_938_160)
}

fn vendor(protocol: Protocol, base_url: &str) -> Arc<dyn Vendor> {
    let key = Some(Secret::new(KEY.into()));
    connect(&provider(protocol, base_url), key, &Client::new().unwrap(), &home(), clock).unwrap()
}

fn raw(text: &str) -> Box<RawValue> {
    RawValue::from_string(text.into()).unwrap()
}

fn request(fields: &[(&str, &str)]) -> ChatRequest {
    ChatRequest {
        model: "m-1".into(),
        messages: Messages::Raw(raw(r#"[{"role":"user","content":"hi"}]"#)),
        fields: fields.iter().map(|(key, value)| (key.to_string(), raw(value))).collect(),
        ..ChatRequest::default()
    }
}

/// Everything that comes out of a stream, and how it ended.
async fn drain(mut stream: ChunkStream) -> (Vec<Chunk>, Option<Error>) {
    let mut chunks = Vec::new();
    let mut end = None;
    while let Some(item) = stream.next().await {
        assert!(end.is_none(), "something follows an error");
        match item {
            Ok(chunk) => chunks.push(chunk),
            Err(error) => end = Some(error),
        }
    }
    (chunks, end)
}

fn text(chunks: &[Chunk]) -> String {
    chunks.iter().map(|chunk| chunk.text.as_str()).collect()
}
