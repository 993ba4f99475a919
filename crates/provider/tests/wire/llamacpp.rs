//! What llama.cpp's server answered (its Python edition, version 0.3.36, with a small model of random weights), recorded
//! word for word. `crates/cli/tests/it/llama.rs` asks such a server itself.

use std::sync::Arc;

use gatemark_core::Kind;
use gatemark_core::model::{Protocol, Structured, Usage};
use gatemark_provider::door::{Opening, Writer};
use gatemark_provider::http::Client;
use gatemark_provider::{Dialect, Finish, Form, Vendor, connect, gather};
use serde_json::{Value, json};

use crate::server::{Reply, Server};
use crate::{drain, provider, request, text};

const ANSWER: &str = include_str!("../fixtures/llamacpp/answer.json");
const STREAM: &str = include_str!("../fixtures/llamacpp/stream.sse");
const TOOL: &str = include_str!("../fixtures/llamacpp/stream_tool.sse");
const TOO_LONG: &str = include_str!("../fixtures/llamacpp/error_400.json");

fn vendor(url: &str, mode: Option<Structured>) -> Arc<dyn Vendor> {
    let mut provider = provider(Protocol::Openai, url);
    provider.key_variable = None;
    provider.structured.default = mode;
    connect(&provider, None, &Client::new().unwrap(), &crate::home(), crate::clock).unwrap()
}

#[tokio::test]
async fn a_whole_answer() {
    let server = Server::start(vec![Reply::json("200 OK", ANSWER)]).await;
    let answer = vendor(&server.url, None).complete(&request(&[])).await.unwrap();
    assert_eq!(answer.text, "*sys val id upnameli osystem model whicalso");
    assert_eq!((answer.finish, answer.model.as_str()), (Finish::Length, "tiny"));
    assert_eq!(answer.usage, Some(Usage { input: 12, output: 12, ..Usage::default() }));
}

/// It tells no usage of streams, also when asked.
#[tokio::test]
async fn a_stream() {
    for size in [1, 57, 4096] {
        let server = Server::start(vec![Reply::events(STREAM, size)]).await;
        let asked = request(&[("stream_options", r#"{"include_usage":true}"#)]);
        let (chunks, error) = drain(vendor(&server.url, None).stream(&asked).await.unwrap()).await;
        assert!(error.is_none(), "{error:?}");
        assert_eq!(text(&chunks), "*sys val id");
        assert_eq!(chunks.last().unwrap().finish, Some(Finish::Length));
        assert!(chunks.iter().all(|chunk| chunk.usage.is_none()));
    }
}

/// Every piece of a call names its id and its tool again: at each door it is one call all the same.
#[tokio::test]
async fn a_call_whose_pieces_repeat_its_name() {
    let server = Server::start(vec![Reply::events(TOOL, 4096)]).await;
    let (chunks, error) =
        drain(vendor(&server.url, None).stream(&request(&[])).await.unwrap()).await;
    assert!(error.is_none(), "{error:?}");
    let whole = gather::whole(&chunks).unwrap();
    let calls: Value = serde_json::from_str(whole.tool_calls.unwrap().get()).unwrap();
    assert_eq!(calls.as_array().unwrap().len(), 1, "{calls}");
    let arguments = calls[0]["function"]["arguments"].as_str().unwrap();
    let arguments: Value = serde_json::from_str(arguments).unwrap();
    assert!(arguments["queue"].is_string() && calls[0]["function"]["name"] == "answer", "{calls}");
    for (dialect, begin) in [
        (Dialect::Messages, "event: content_block_start\n"),
        (Dialect::Responses, "event: response.output_item.added\n"),
    ] {
        let mut writer = Writer::new(dialect, Opening { call: "c".into(), ..Opening::default() });
        let mut out = String::new();
        for chunk in &chunks {
            out += std::str::from_utf8(&writer.chunk(chunk).unwrap().unwrap_or_default()).unwrap();
        }
        out += std::str::from_utf8(&writer.end().unwrap()).unwrap();
        assert_eq!(out.matches(begin).count(), 1, "{out}");
    }
}

/// A forced call is held to its schema by a grammar, so it is the way for this server to keep a version's schema.
#[tokio::test]
async fn a_forced_call_is_the_answer() {
    let schema = json!({"type": "object", "additionalProperties": false, "required": ["queue"],
        "properties": {"queue": {"type": "string", "enum": ["billing", "technical"]}}});
    let server = Server::start(vec![Reply::events(TOOL, 200)]).await;
    let mut asked = request(&[]);
    asked.form = Form::new(&schema, None).unwrap().map(Arc::new);
    let vendor = vendor(&server.url, Some(Structured::Tool));
    let (chunks, error) = drain(vendor.stream(&asked).await.unwrap()).await;
    assert!(error.is_none(), "{error:?}");
    let answer: Value = serde_json::from_str(&text(&chunks)).unwrap();
    assert!(matches!(answer["queue"].as_str(), Some("billing" | "technical")), "{answer}");
    assert_eq!(chunks.last().unwrap().finish, Some(Finish::Stop));
}

#[tokio::test]
async fn a_request_that_is_too_long() {
    let server = Server::start(vec![Reply::json("400 Bad Request", TOO_LONG)]).await;
    let error = vendor(&server.url, None).complete(&request(&[])).await.unwrap_err();
    assert_eq!(error.kind(), Kind::VendorRejected, "{error}");
    let said = error.vendor().unwrap();
    assert_eq!(said.code.as_deref(), Some("context_length_exceeded"));
}
