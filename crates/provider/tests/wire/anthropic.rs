//! The anthropic vendor.

use gatemark_core::Kind;
use gatemark_core::model::{Protocol, Usage};
use gatemark_provider::chat::write_chunk;
use gatemark_provider::door::Opening;
use gatemark_provider::{Dialect, Finish};
use serde_json::{Value, json};

use crate::server::{Reply, Server};
use crate::{drain, request, text, vendor};

const ANSWER: &str = include_str!("../fixtures/anthropic/answer.json");
const STREAM: &str = include_str!("../fixtures/anthropic/stream.sse");
const STREAM_TOOLS: &str = include_str!("../fixtures/anthropic/stream_tools.sse");
const STREAM_ERROR: &str = include_str!("../fixtures/anthropic/stream_error.sse");
const OVERLOADED: &str = include_str!("../fixtures/anthropic/error_529.json");

fn usage(output: u64) -> Option<Usage> {
    Some(Usage { input: 1125, cached_input: 1000, cache_write: 100, output, ..Usage::default() })
}

#[tokio::test]
async fn a_whole_answer() {
    for base in ["", "/v1"] {
        let server = Server::start(vec![Reply::json("200 OK", ANSWER)]).await;
        let vendor = vendor(Protocol::Anthropic, &format!("{}{base}", server.url));
        let answer = vendor.complete(&request(&[("max_tokens", "64")])).await.unwrap();
        let raw = answer.raw.unwrap();
        assert_eq!((raw.dialect, &raw.bytes[..]), (Dialect::Messages, ANSWER.as_bytes()));
        assert_eq!(answer.text, "Let me look.");
        assert_eq!(answer.finish, Finish::ToolCalls);
        let calls: Value = serde_json::from_str(answer.tool_calls.unwrap().get()).unwrap();
        assert_eq!(calls[0]["id"], "toolu_1");
        assert_eq!(calls[0]["type"], "function");
        assert_eq!(calls[0]["function"]["name"], "lookup");
        let arguments = calls[0]["function"]["arguments"].as_str().unwrap();
        assert!(arguments.contains("7.50"), "number formatting is kept: {arguments}");
        assert_eq!(answer.usage, usage(89));
        let sent = server.request(0);
        assert!(sent.starts_with("POST /v1/messages HTTP/1.1\r\n"), "{sent}");
        assert!(sent.contains("x-api-key: sk-test-key\r\n"), "{sent}");
        assert!(sent.contains("anthropic-version: 2023-06-01\r\n"), "{sent}");
    }
}

#[tokio::test]
async fn a_stream_chopped_anywhere() {
    for size in [1, 11, 4096] {
        let server = Server::start(vec![Reply::events(STREAM, size)]).await;
        let vendor = vendor(Protocol::Anthropic, &server.url);
        let (chunks, error) = drain(vendor.stream(&request(&[])).await.unwrap()).await;
        assert!(error.is_none(), "{error:?}");
        assert_eq!(text(&chunks), "Grüße, Welt");
        let events = STREAM.lines().filter_map(|line| line.strip_prefix("data: "));
        let raws = chunks.iter().map(|chunk| &chunk.raw.as_ref().unwrap().bytes);
        assert!(raws.eq(events), "every event passes as it came");
        let said: Vec<_> = chunks.iter().filter(|chunk| !chunk.is_silent()).collect();
        assert_eq!(said[said.len() - 2].finish, Some(Finish::Stop));
        assert_eq!(said.last().unwrap().usage, usage(15));
        assert!(server.request(0).contains("\"stream\":true"));
    }
}

#[tokio::test]
async fn streamed_tools() {
    let server = Server::start(vec![Reply::events(STREAM_TOOLS, 100)]).await;
    let vendor = vendor(Protocol::Anthropic, &server.url);
    let (chunks, error) = drain(vendor.stream(&request(&[])).await.unwrap()).await;
    assert!(error.is_none(), "{error:?}");
    assert_eq!(text(&chunks), "Let me look.");
    let calls = chunks.iter().filter_map(|chunk| chunk.tool_calls.as_deref());
    let calls: Vec<Value> = calls.map(|raw| serde_json::from_str(raw.get()).unwrap()).collect();
    let begun = |index: u64, id: &str, name: &str| {
        json!([{"index": index, "id": id, "type": "function",
            "function": {"name": name, "arguments": ""}}])
    };
    let more = |index: u64, text: &str| json!([{"index": index, "function": {"arguments": text}}]);
    let wanted = [
        begun(0, "toolu_1", "lookup"),
        more(0, "{\"order\""),
        more(0, ": 7}"),
        begun(1, "toolu_2", "now"),
        more(1, "{}"),
    ];
    assert_eq!(calls, wanted);
    let finish = chunks.iter().find(|chunk| chunk.finish.is_some()).unwrap();
    assert_eq!(finish.finish, Some(Finish::ToolCalls));
    let opening = Opening::default();
    let written: Value = serde_json::from_slice(&write_chunk(finish, &opening, false)).unwrap();
    let choice = json!({"index": 0, "delta": {}, "logprobs": null, "finish_reason": "tool_calls"});
    assert_eq!(written["choices"][0], choice);
}

#[tokio::test]
async fn errors() {
    let early: String = STREAM.split_inclusive("\n\n").take(7).collect();
    let server = Server::start(vec![
        Reply::events(STREAM_ERROR, 40),
        Reply::events(&early, 40),
        Reply::json("529 Overloaded", OVERLOADED),
        Reply::json("200 OK", OVERLOADED),
    ])
    .await;
    let vendor = vendor(Protocol::Anthropic, &server.url);
    let asked = request(&[]);

    let (chunks, error) = drain(vendor.stream(&asked).await.unwrap()).await;
    assert_eq!(text(&chunks), "Gr");
    let error = error.unwrap();
    assert_eq!((error.kind(), error.vendor().unwrap().status), (Kind::VendorFailed, 529));
    assert_eq!(error.vendor().unwrap().kind.as_deref(), Some("overloaded_error"));

    let (_, error) = drain(vendor.stream(&asked).await.unwrap()).await;
    assert!(error.unwrap().message().contains("ended its stream early"));

    for _ in 0..2 {
        let error = vendor.complete(&asked).await.unwrap_err();
        assert_eq!((error.kind(), error.vendor().unwrap().status), (Kind::VendorFailed, 529));
    }
}

#[tokio::test]
async fn what_cannot_be_said_is_not_sent() {
    let server = Server::start(vec![]).await;
    let vendor = vendor(Protocol::Anthropic, &server.url);
    let error = vendor.complete(&request(&[("seed", "5")])).await.unwrap_err();
    assert_eq!((error.kind(), error.param()), (Kind::Invalid, Some("seed")));
    assert_eq!(server.connections(), 0);
}
