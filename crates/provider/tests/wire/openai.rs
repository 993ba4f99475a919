//! The openai vendor on well-formed answers and errors.

use gatemark_core::Kind;
use gatemark_core::model::{Protocol, Usage};
use gatemark_core::prompt::Role;
use gatemark_provider::{Finish, Messages, Turn};

use crate::server::{End, Reply, Server};
use crate::{drain, request, text, vendor};

const ANSWER: &str = include_str!("../fixtures/openai/answer.json");
const TOOLS: &str = include_str!("../fixtures/openai/tools.json");
const STREAM: &str = include_str!("../fixtures/openai/stream.sse");
const USAGE_LAST: &str = include_str!("../fixtures/openai/stream_usage_last.sse");
const STREAM_TOOLS: &str = include_str!("../fixtures/openai/stream_tools.sse");
const STREAM_ERROR: &str = include_str!("../fixtures/openai/stream_error.sse");

const USAGE: Usage = Usage {
    input: 20,
    cached_input: 16,
    cache_write: 0,
    cache_write_1h: 0,
    audio_input: 0,
    output: 6,
    reasoning: 0,
    audio_output: 0,
    estimated: false,
};

#[tokio::test]
async fn a_whole_answer_passes_as_it_is() {
    let replies = vec![Reply::json("200 OK", ANSWER), Reply::json("200 OK", TOOLS)];
    let server = Server::start(replies).await;
    let vendor = vendor(Protocol::Openai, &format!("{}/v1/", server.url));
    let mut asked = request(&[("temperature", "0.30"), ("top_logprobs", "2")]);
    let answer = vendor.complete(&asked).await.unwrap();
    assert_eq!(answer.raw.unwrap().bytes, ANSWER.as_bytes());
    assert_eq!(answer.text, "Grüße! \"Quoted\" text.");
    assert_eq!((answer.id.as_str(), answer.finish), ("chatcmpl-A1b2C3", Finish::Stop));
    assert_eq!(answer.model, "gpt-4o-2024-08-06");
    let usage =
        Usage { input: 1219, cached_input: 1024, output: 10, reasoning: 4, ..Usage::default() };
    assert_eq!(answer.usage, Some(usage));
    let sent = server.request(0);
    assert!(sent.starts_with("POST /v1/chat/completions HTTP/1.1\r\n"), "{sent}");
    assert!(sent.contains("authorization: Bearer sk-test-key\r\n"), "{sent}");
    assert!(sent.contains("accept-encoding: identity\r\n"), "{sent}");
    let body = r#"{"model":"m-1","messages":[{"role":"user","content":"hi"}],"temperature":0.30,"top_logprobs":2}"#;
    assert!(sent.ends_with(&format!("\r\n\r\n{body}")), "{sent}");

    asked.messages = Messages::Turns(vec![Turn { role: Role::User, text: "a\"b".into() }]);
    let answer = vendor.complete(&asked).await.unwrap();
    assert!(server.request(1).contains(r#"[{"role":"user","content":"a\"b"}]"#));
    assert_eq!((answer.text.as_str(), answer.finish), ("", Finish::ToolCalls));
    assert!(answer.tool_calls.unwrap().get().contains("call_1"));
    assert_eq!(server.connections(), 1, "the connection is kept");
}

#[tokio::test]
async fn a_stream_chopped_anywhere() {
    for size in [1, 7, 64, 100_000] {
        let server = Server::start(vec![Reply::events(STREAM, size)]).await;
        let vendor = vendor(Protocol::Openai, &server.url);
        let stream = vendor.stream(&request(&[])).await.unwrap();
        let (chunks, error) = drain(stream).await;
        assert!(error.is_none(), "{error:?}");
        assert_eq!(text(&chunks), "Grüße,\n\"Welt\"!");
        let finishes: Vec<_> = chunks.iter().filter_map(|c| c.finish.clone()).collect();
        assert_eq!(finishes, [Finish::Stop]);
        let last = chunks.last().unwrap();
        assert_eq!((last.usage, last.usage_only), (Some(USAGE), true));
        assert!(chunks[..chunks.len() - 1].iter().all(|c| !c.usage_only && c.usage.is_none()));
        let raws: Vec<_> = chunks.iter().map(|c| c.raw.clone().unwrap().bytes).collect();
        let wanted: Vec<_> = STREAM.lines().filter_map(|l| l.strip_prefix("data: ")).collect();
        assert_eq!(raws, wanted[..wanted.len() - 1]);
        let sent = server.request(0);
        assert!(sent.ends_with(r#""stream":true,"stream_options":{"include_usage":true}}"#));
        assert!(sent.contains("accept: text/event-stream\r\n"));
    }
}

#[tokio::test]
async fn usage_in_the_last_chunk_with_choices() {
    let server = Server::start(vec![Reply::events(USAGE_LAST, 50)]).await;
    let stream = vendor(Protocol::Openai, &server.url).stream(&request(&[])).await.unwrap();
    let (chunks, error) = drain(stream).await;
    assert!(error.is_none());
    assert_eq!(text(&chunks), "one two");
    let last = chunks.last().unwrap();
    assert_eq!((last.usage, last.usage_only), (Some(USAGE), false));
    assert_eq!(last.finish, Some(Finish::Length));
}

#[tokio::test]
async fn streamed_tool_calls() {
    let server = Server::start(vec![Reply::events(STREAM_TOOLS, 33)]).await;
    let stream = vendor(Protocol::Openai, &server.url).stream(&request(&[])).await.unwrap();
    let (chunks, _) = drain(stream).await;
    let calls: Vec<_> = chunks.iter().filter_map(|c| c.tool_calls.as_deref()).collect();
    assert_eq!(calls.len(), 3);
    assert_eq!(calls[2].get(), r#"[{"index":0,"function":{"arguments":": 7}"}}]"#);
    assert_eq!(chunks[3].finish, Some(Finish::ToolCalls));
}

#[tokio::test]
async fn a_finished_stream_needs_no_marker_and_connections_are_reused() {
    let unmarked = STREAM.replace("data: [DONE]\n\n", "");
    let replies = vec![
        Reply::events(STREAM, 90),
        Reply::events(STREAM, 4096),
        Reply::events(&unmarked, 4096),
        Reply::json("200 OK", ANSWER),
    ];
    let server = Server::start(replies).await;
    let vendor = vendor(Protocol::Openai, &server.url);
    for _ in 0..3 {
        let (chunks, error) = drain(vendor.stream(&request(&[])).await.unwrap()).await;
        assert!(error.is_none());
        assert_eq!(chunks.len(), 6);
    }
    vendor.complete(&request(&[])).await.unwrap();
    assert_eq!(server.connections(), 1);
}

#[tokio::test]
async fn a_stream_that_lingers_after_its_end_ends() {
    let reply = Reply::begun(STREAM, 4096).then(End::Stall);
    let server = Server::start(vec![reply]).await;
    let stream = vendor(Protocol::Openai, &server.url).stream(&request(&[])).await.unwrap();
    let (chunks, error) = drain(stream).await;
    assert_eq!((chunks.len(), error.is_none()), (6, true));
}

#[tokio::test]
async fn a_server_that_cannot_stream() {
    let server = Server::start(vec![Reply::json("200 OK", ANSWER)]).await;
    let stream = vendor(Protocol::Openai, &server.url).stream(&request(&[])).await.unwrap();
    let (chunks, error) = drain(stream).await;
    assert!(error.is_none());
    assert_eq!(text(&chunks), "Grüße! \"Quoted\" text.");
    assert!(chunks.last().unwrap().usage_only && chunks.iter().all(|c| c.raw.is_none()));
}

#[tokio::test]
async fn an_error_inside_a_stream() {
    let server = Server::start(vec![Reply::events(STREAM_ERROR, 40)]).await;
    let stream = vendor(Protocol::Openai, &server.url).stream(&request(&[])).await.unwrap();
    let (chunks, error) = drain(stream).await;
    assert_eq!(text(&chunks), "par");
    let error = error.unwrap();
    assert_eq!(error.kind(), Kind::VendorFailed);
    assert_eq!(error.vendor().unwrap().kind.as_deref(), Some("server_error"));
    assert!(error.message().contains("The server had an error"), "{error}");
}

#[tokio::test]
async fn errors_keep_the_vendors_words() {
    let error_400 = include_str!("../fixtures/openai/error_400.json");
    let error_401 = include_str!("../fixtures/openai/error_401.json");
    let error_429 = include_str!("../fixtures/openai/error_429.json");
    let wait = "retry-after: 20\r\ncontent-type: application/json\r\n";
    let server = Server::start(vec![
        Reply::json("400 Bad Request", error_400),
        Reply::json("401 Unauthorized", error_401),
        Reply::whole("429 Too Many Requests", wait, error_429),
        Reply::json("200 OK", error_400),
    ])
    .await;
    let vendor = vendor(Protocol::Openai, &server.url);
    let asked = request(&[]);

    let error = vendor.complete(&asked).await.unwrap_err();
    let said = error.vendor().unwrap();
    assert_eq!((error.kind(), said.status), (Kind::VendorRejected, 400));
    assert_eq!(said.code.as_deref(), Some("context_length_exceeded"));
    assert_eq!(said.param.as_deref(), Some("messages"));
    assert!(error.message().contains("maximum context length"), "{error}");

    let error = vendor.stream(&asked).await.err().unwrap();
    assert_eq!(error.kind(), Kind::VendorFailed);
    assert!(!error.message().contains("sk-"), "{error}");
    assert_eq!(error.vendor().unwrap().code.as_deref(), Some("invalid_api_key"));

    let error = vendor.complete(&asked).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Limited);
    assert_eq!(error.wait(), Some(std::time::Duration::from_secs(20)));

    let error = vendor.complete(&asked).await.unwrap_err();
    assert_eq!((error.kind(), error.vendor().unwrap().status), (Kind::VendorRejected, 400));
    assert_eq!(server.connections(), 1, "errors keep the connection too");
}
