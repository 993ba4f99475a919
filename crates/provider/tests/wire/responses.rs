//! OpenAI's responses.

use std::sync::Arc;

use bytes::Bytes;
use gatemark_core::Kind;
use gatemark_core::model::{Api, Protocol, Provider, Usage};
use gatemark_provider::door::{Opening, Writer};
use gatemark_provider::http::Client;
use gatemark_provider::{ChatRequest, Dialect, Finish, Messages, Secret, Vendor, connect};
use serde_json::Value;

use crate::server::{Reply, Server};
use crate::{KEY, clock, drain, home, provider, raw, request, text};

const ANSWER: &str = include_str!("../fixtures/responses/answer.json");
const STREAM: &str = include_str!("../fixtures/responses/stream.sse");
const STREAM_TOOLS: &str = include_str!("../fixtures/responses/stream_tools.sse");
const STREAM_INCOMPLETE: &str = include_str!("../fixtures/responses/stream_incomplete.sse");
const STREAM_FAILED: &str = include_str!("../fixtures/responses/stream_failed.sse");
const STREAM_ERROR: &str = include_str!("../fixtures/responses/stream_error.sse");

fn vendor(api: Api, server: &Server) -> Arc<dyn Vendor> {
    let provider = Provider { api, ..provider(Protocol::Openai, &server.url) };
    connect(&provider, Some(Secret::new(KEY.into())), &Client::new().unwrap(), &home(), clock)
        .unwrap()
}

/// A request in the vendor's own words.
fn own(fields: &[(&str, &str)]) -> ChatRequest {
    let messages = Messages::Raw(raw("\"hi\""));
    ChatRequest { dialect: Dialect::Responses, messages, ..request(fields) }
}

#[tokio::test]
async fn a_whole_answer() {
    let server = Server::start(vec![Reply::json("200 OK", ANSWER)]).await;
    let answer = vendor(Api::Responses, &server).complete(&request(&[("max_tokens", "64")])).await;
    let answer = answer.unwrap();
    let raw = answer.raw.unwrap();
    assert_eq!((raw.dialect, &raw.bytes[..]), (Dialect::Responses, ANSWER.as_bytes()));
    assert_eq!(
        (answer.text.as_str(), answer.reasoning.as_str()),
        ("Let me look.", "First.\n\nThen.")
    );
    assert_eq!(answer.finish, Finish::ToolCalls);
    let calls: Value = serde_json::from_str(answer.tool_calls.unwrap().get()).unwrap();
    assert_eq!(
        (&calls[0]["id"], &calls[0]["function"]["name"]),
        (&"call_1".into(), &"lookup".into())
    );
    assert_eq!(calls[0]["function"]["arguments"], "{\"price\": 7.50}");
    let usage =
        Usage { input: 328, cached_input: 300, output: 52, reasoning: 41, ..Usage::default() };
    assert_eq!(answer.usage, Some(usage));
    let sent = server.request(0);
    assert!(sent.starts_with("POST /responses HTTP/1.1\r\n"), "{sent}");
    let body = r#"{"model":"m-1","input":[{"role":"user","content":"hi"}],"max_output_tokens":64,"store":false}"#;
    assert!(sent.ends_with(body), "{sent}");
}

#[tokio::test]
async fn the_setting_decides_which_interface_is_asked() {
    let own = own(&[("previous_response_id", "\"resp_0\"")]);
    let replies = || vec![Reply::json("200 OK", ANSWER), Reply::json("200 OK", ANSWER)];
    let server = Server::start(replies()).await;
    let both = vendor(Api::Both, &server);
    both.complete(&own).await.unwrap();
    let sent = server.request(0);
    let body = r#"{"model":"m-1","input":"hi","previous_response_id":"resp_0"}"#;
    assert!(sent.starts_with("POST /responses ") && sent.ends_with(body), "{sent}");
    // That answer is none of chat completions.
    assert_eq!(both.complete(&request(&[])).await.unwrap_err().kind(), Kind::VendorFailed);
    assert!(server.request(1).starts_with("POST /chat/completions "));
    let server = Server::start(replies()).await;
    let refused = vendor(Api::Chat, &server).complete(&own).await.unwrap_err();
    assert_eq!(
        (refused.code(), refused.param()),
        ("not_translatable", Some("previous_response_id"))
    );
}

#[tokio::test]
async fn a_stream_chopped_anywhere() {
    for size in [1, 11, 4096] {
        let server = Server::start(vec![Reply::events(STREAM, size)]).await;
        let vendor = vendor(Api::Both, &server);
        let (chunks, error) = drain(vendor.stream(&own(&[])).await.unwrap()).await;
        assert!(error.is_none(), "{error:?}");
        assert_eq!(text(&chunks), "Grüße, Welt");
        let thoughts: String = chunks.iter().map(|chunk| chunk.reasoning.as_str()).collect();
        assert_eq!(thoughts, "Hm");
        let last = chunks.last().unwrap();
        assert_eq!(last.finish, Some(Finish::Stop));
        let usage =
            Usage { input: 11, cached_input: 3, output: 9, reasoning: 4, ..Usage::default() };
        assert_eq!(last.usage, Some(usage));
        let mut writer = Writer::new(Dialect::Responses, Opening::default());
        let mut frames: Vec<Bytes> =
            chunks.iter().filter_map(|chunk| writer.chunk(chunk).unwrap()).collect();
        frames.push(writer.end().unwrap());
        assert_eq!(frames.concat(), STREAM.as_bytes(), "callers get every event as it came");
        assert!(server.request(0).contains("\"stream\":true"));
    }
}

#[tokio::test]
async fn calls_of_tools_in_pieces_and_at_once() {
    let server = Server::start(vec![Reply::events(STREAM_TOOLS, 4096)]).await;
    let stream = vendor(Api::Responses, &server).stream(&request(&[])).await.unwrap();
    let (chunks, error) = drain(stream).await;
    assert!(error.is_none(), "{error:?}");
    let mut arguments = [String::new(), String::new()];
    for calls in chunks.iter().filter_map(|chunk| chunk.tool_calls.as_deref()) {
        let calls: Value = serde_json::from_str(calls.get()).unwrap();
        let rank = usize::try_from(calls[0]["index"].as_u64().unwrap()).unwrap();
        arguments[rank].push_str(calls[0]["function"]["arguments"].as_str().unwrap());
    }
    assert_eq!(arguments, ["{\"price\": 7.50}", "{}"]);
    assert_eq!(chunks.last().unwrap().finish, Some(Finish::ToolCalls));
}

#[tokio::test]
async fn ends_that_are_none_and_failures() {
    let end = async |events: &str| {
        let server = Server::start(vec![Reply::events(events, 4096)]).await;
        drain(vendor(Api::Both, &server).stream(&own(&[])).await.unwrap()).await
    };
    let (chunks, error) = end(STREAM_INCOMPLETE).await;
    assert!(error.is_none(), "{error:?}");
    assert_eq!(chunks.last().unwrap().finish, Some(Finish::Length));
    let failed = end(STREAM_FAILED).await.1.unwrap();
    assert_eq!(failed.kind(), Kind::Limited, "{failed}");
    assert!(failed.message().contains("Slow down."), "{failed}");
    let refused = end(STREAM_ERROR).await.1.unwrap();
    assert_eq!(refused.kind(), Kind::VendorRejected, "{refused}");
    assert_eq!(refused.vendor().unwrap().code.as_deref(), Some("context_length_exceeded"));
    let cut = STREAM.split("event: response.completed").next().unwrap();
    assert!(end(cut).await.1.unwrap().message().contains("ended its stream early"));
}

#[tokio::test]
async fn whole_failures() {
    let end = async |answer: &str| {
        let server = Server::start(vec![Reply::json("200 OK", answer)]).await;
        vendor(Api::Both, &server).complete(&own(&[])).await.unwrap_err()
    };
    let failed =
        r#"{"id":"r","status":"failed","output":[],"error":{"code":"server_error","message":"m"}}"#;
    assert_eq!(end(failed).await.kind(), Kind::VendorFailed);
    let refused = failed.replace("server_error", "invalid_prompt");
    assert_eq!(end(&refused).await.kind(), Kind::VendorRejected);
    for odd in ["{}", "[]", "<html>", r#"{"status":"failed","output":[]}"#] {
        assert_eq!(end(odd).await.kind(), Kind::VendorFailed, "{odd}");
    }
}

#[tokio::test]
async fn vectors_pass_through() {
    let body = r#"{"object":"list","data":[{"object":"embedding","index":0,"embedding":"AAAA"}],"model":"m","usage":{"prompt_tokens":5,"total_tokens":5}}"#;
    let server =
        Server::start(vec![Reply::json("200 OK", body), Reply::json("200 OK", body)]).await;
    let vendor = vendor(Api::Chat, &server);
    let asked = |input: &str| ChatRequest {
        dialect: Dialect::Embeddings,
        messages: Messages::Raw(raw(input)),
        ..request(&[("dimensions", "1"), ("encoding_format", "\"base64\"")])
    };
    let answer = vendor.complete(&asked("[1, 2]")).await.unwrap();
    assert_eq!(answer.raw.unwrap().bytes, body);
    assert_eq!(answer.usage.map(|usage| (usage.input, usage.output)), Some((5, 0)));
    let sent = server.request(0);
    let wanted = r#"{"model":"m-1","input":[1, 2],"dimensions":1,"encoding_format":"base64"}"#;
    assert!(sent.starts_with("POST /embeddings ") && sent.ends_with(wanted), "{sent}");
    let fewer = vendor.complete(&asked(r#"["a", "b"]"#)).await.unwrap_err();
    assert!(fewer.message().contains("1 vectors for 2 texts"), "{fewer}");
}
