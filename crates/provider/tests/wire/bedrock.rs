//! Amazon Bedrock. The stream's frames are built here, byte by byte after the published format, with nothing of the
//! crate that reads them.

use std::sync::Arc;

use gatemark_core::Kind;
use gatemark_core::model::{Protocol, Usage};
use gatemark_provider::http::Client;
use gatemark_provider::{Finish, Secret, Vendor, connect};
use serde_json::{Value, json};

use crate::server::{End, Reply, Server};
use crate::{drain, provider, request, text};

const ANSWER: &str = include_str!("../fixtures/bedrock/answer.json");
const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";

fn vendor(base_url: &str, key: Secret) -> Arc<dyn Vendor> {
    let mut provider = provider(Protocol::Bedrock, base_url);
    provider.place.region = Some("us-east-1".into());
    connect(&provider, Some(key), &Client::new().unwrap(), &crate::home(), crate::clock).unwrap()
}

fn bearer(base_url: &str) -> Arc<dyn Vendor> {
    vendor(base_url, Secret::new("bedrock-api-key".into()))
}

/// CRC-32 of IEEE 802.3, bit by bit.
fn crc32(bytes: &[u8]) -> [u8; 4] {
    let mut crc = u32::MAX;
    for byte in bytes {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            crc = if crc & 1 == 1 { (crc >> 1) ^ 0xedb8_8320 } else { crc >> 1 };
        }
    }
    (!crc).to_be_bytes()
}

/// A message: headers of type 7 (text) and a payload.
fn frame(headers: &[(&str, &str)], payload: &str) -> Vec<u8> {
    let mut block = vec![];
    for (name, value) in headers {
        block.push(u8::try_from(name.len()).unwrap());
        block.extend(name.as_bytes());
        block.push(7);
        block.extend(u16::try_from(value.len()).unwrap().to_be_bytes());
        block.extend(value.as_bytes());
    }
    let length = |count: usize| u32::try_from(count).unwrap().to_be_bytes();
    let mut out = [length(block.len() + payload.len() + 16), length(block.len())].concat();
    out.extend(crc32(&out));
    out.extend(block);
    out.extend(payload.as_bytes());
    out.extend(crc32(&out));
    out
}

fn event(kind: &str, payload: &Value) -> Vec<u8> {
    let headers =
        [(":event-type", kind), (":content-type", "application/json"), (":message-type", "event")];
    frame(&headers, &payload.to_string())
}

fn exception(kind: &str, message: &str) -> Vec<u8> {
    let headers = [(":exception-type", kind), (":message-type", "exception")];
    frame(&headers, &json!({"message": message}).to_string())
}

/// The frames as a chunked body in pieces of `size` bytes.
fn framed(frames: &[Vec<u8>], size: usize) -> Reply {
    let head = "HTTP/1.1 200 OK\r\ncontent-type: application/vnd.amazon.eventstream\r\n\
                transfer-encoding: chunked\r\n\r\n";
    let mut pieces = vec![head.as_bytes().to_vec()];
    for piece in frames.concat().chunks(size) {
        let mut chunk = format!("{:x}\r\n", piece.len()).into_bytes();
        chunk.extend(piece);
        chunk.extend(b"\r\n");
        pieces.push(chunk);
    }
    pieces.push(b"0\r\n\r\n".to_vec());
    Reply { pieces, end: End::Keep }
}

fn text_delta(text: &str) -> Vec<u8> {
    event(
        "contentBlockDelta",
        &json!({"contentBlockIndex": 0, "delta": {"text": text}, "p": "abcd"}),
    )
}

fn story() -> Vec<Vec<u8>> {
    let usage = json!({"inputTokens": 25, "outputTokens": 15, "totalTokens": 1140,
        "cacheReadInputTokens": 1000, "cacheWriteInputTokens": 100});
    vec![
        event("messageStart", &json!({"role": "assistant"})),
        text_delta("Grüße"),
        event(
            "contentBlockDelta",
            &json!({"contentBlockIndex": 0, "delta": {"reasoningContent": {"text": "hm"}}}),
        ),
        text_delta(", Welt"),
        event("contentBlockStop", &json!({"contentBlockIndex": 0})),
        event("messageStop", &json!({"stopReason": "end_turn"})),
        event("metadata", &json!({"metrics": {"latencyMs": 9}, "usage": usage})),
    ]
}

fn usage(output: u64) -> Option<Usage> {
    Some(Usage { input: 1125, cached_input: 1000, cache_write: 100, output, ..Usage::default() })
}

#[tokio::test]
async fn a_whole_answer_with_a_bearer_token() {
    let server = Server::start(vec![Reply::json("200 OK", ANSWER)]).await;
    let mut asked = request(&[("max_tokens", "64")]);
    asked.model = "anthropic.claude-x-v1:0".into();
    let answer = bearer(&server.url).complete(&asked).await.unwrap();
    assert_eq!((answer.text.as_str(), &answer.finish), ("Let me look.", &Finish::ToolCalls));
    let calls: Value = serde_json::from_str(answer.tool_calls.unwrap().get()).unwrap();
    assert_eq!(
        (&calls[0]["id"], &calls[0]["function"]["name"]),
        (&json!("tooluse_1"), &json!("lookup"))
    );
    assert!(calls[0]["function"]["arguments"].as_str().unwrap().contains("7.50"));
    assert_eq!(answer.reasoning, "The number matters.");
    assert_eq!(answer.usage, usage(89));
    let sent = server.request(0);
    assert!(
        sent.starts_with("POST /model/anthropic.claude-x-v1%3A0/converse HTTP/1.1\r\n"),
        "{sent}"
    );
    assert!(sent.contains("authorization: Bearer bedrock-api-key\r\n"), "{sent}");
    assert!(!sent.contains("x-amz-date"), "{sent}");
    assert!(sent.contains(r#""inferenceConfig":{"maxTokens":64}"#), "{sent}");
}

#[tokio::test]
async fn signed_requests_say_when_and_what() {
    let server = Server::start(vec![Reply::json("200 OK", ANSWER)]).await;
    let key = Secret::signing("AKIDEXAMPLE", SECRET, Some("session-token"));
    vendor(&server.url, key).complete(&request(&[])).await.unwrap();
    let sent = server.request(0);
    assert!(sent.contains("x-amz-date: 20150830T123600Z\r\n"), "{sent}");
    assert!(sent.contains("x-amz-security-token: session-token\r\n"), "{sent}");
    let wanted = "authorization: AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/bedrock/aws4_request, ";
    assert!(sent.contains(wanted), "{sent}");
    let host = format!("host: {}\r\n", server.url.trim_start_matches("http://"));
    assert_eq!(sent.matches("host: ").count(), 1);
    assert!(sent.contains(&host), "{sent}");
    assert!(!sent.contains(SECRET));
}

#[tokio::test]
async fn a_stream_chopped_anywhere() {
    for size in [1, 11, 4096] {
        let server = Server::start(vec![framed(&story(), size)]).await;
        let (chunks, error) = drain(bearer(&server.url).stream(&request(&[])).await.unwrap()).await;
        assert!(error.is_none(), "{error:?}");
        assert_eq!((text(&chunks).as_str(), chunks.len()), ("Grüße, Welt", 5));
        assert_eq!(chunks[1].reasoning, "hm");
        assert_eq!(chunks[3].finish, Some(Finish::Stop));
        assert_eq!((chunks[4].usage, chunks[4].usage_only), (usage(15), true));
        let sent = server.request(0);
        assert!(sent.starts_with("POST /model/m-1/converse-stream "), "{sent}");
        assert!(sent.contains("accept: application/vnd.amazon.eventstream\r\n"), "{sent}");
    }
}

#[tokio::test]
async fn streamed_tools() {
    let start = |index: u64, id: &str, name: &str| {
        let start = json!({"toolUse": {"toolUseId": id, "name": name}});
        event("contentBlockStart", &json!({"contentBlockIndex": index, "start": start}))
    };
    let more = |index: u64, input: &str| {
        let delta = json!({"toolUse": {"input": input}});
        event("contentBlockDelta", &json!({"contentBlockIndex": index, "delta": delta}))
    };
    let stop = |index: u64| event("contentBlockStop", &json!({"contentBlockIndex": index}));
    let frames = vec![
        text_delta("Let me look."),
        stop(0),
        start(1, "t1", "lookup"),
        more(1, "{\"order\""),
        more(1, ": 7}"),
        stop(1),
        start(2, "t2", "now"),
        stop(2),
        event("messageStop", &json!({"stopReason": "tool_use"})),
    ];
    let server = Server::start(vec![framed(&frames, 100)]).await;
    let (chunks, error) = drain(bearer(&server.url).stream(&request(&[])).await.unwrap()).await;
    assert!(error.is_none(), "the tokens may be missing: {error:?}");
    let calls = chunks.iter().filter_map(|chunk| chunk.tool_calls.as_deref());
    let calls: Vec<Value> = calls.map(|raw| serde_json::from_str(raw.get()).unwrap()).collect();
    let begun = |index: u64, id: &str, name: &str| {
        json!([{"index": index, "id": id, "type": "function",
            "function": {"name": name, "arguments": ""}}])
    };
    let more = |index: u64, text: &str| json!([{"index": index, "function": {"arguments": text}}]);
    let wanted = [
        begun(0, "t1", "lookup"),
        more(0, "{\"order\""),
        more(0, ": 7}"),
        begun(1, "t2", "now"),
        more(1, "{}"),
    ];
    assert_eq!(calls, wanted);
    assert_eq!(chunks.last().unwrap().finish, Some(Finish::ToolCalls));
}

#[tokio::test]
async fn errors_inside_streams() {
    let mut flipped = story();
    flipped[3][30] ^= 1;
    let cases: Vec<(Vec<Vec<u8>>, Kind, u16, &str)> = vec![
        (
            [&story()[..2], &[exception("throttlingException", "slow")]].concat(),
            Kind::Limited,
            429,
            "slow",
        ),
        (
            [&story()[..2], &[exception("internalServerException", "oops")]].concat(),
            Kind::VendorFailed,
            500,
            "oops",
        ),
        (
            [&story()[..2], &[exception("modelStreamErrorException", "m")]].concat(),
            Kind::VendorFailed,
            424,
            "m",
        ),
        (
            [&story()[..2], &[exception("validationException", "bad")]].concat(),
            Kind::VendorRejected,
            400,
            "bad",
        ),
        (story()[..4].to_vec(), Kind::VendorFailed, 200, "ended its stream early"),
        (flipped, Kind::VendorFailed, 200, "cannot be read"),
    ];
    for (frames, kind, status, words) in cases {
        let server = Server::start(vec![framed(&frames, 64)]).await;
        let stream = bearer(&server.url).stream(&request(&[])).await.unwrap();
        let (chunks, error) = drain(stream).await;
        assert!(text(&chunks).starts_with("Grüße"));
        let error = error.unwrap();
        assert_eq!((error.kind(), error.vendor().unwrap().status), (kind, status), "{error}");
        assert!(error.message().contains(words), "{error}");
    }
}

#[tokio::test]
async fn errors_instead_of_answers() {
    for (status, kind, wanted) in [
        (
            "400 Bad Request",
            "ValidationException:http://internal.amazon.com/",
            Kind::VendorRejected,
        ),
        ("403 Forbidden", "AccessDeniedException", Kind::VendorFailed),
        ("424 Failed Dependency", "ModelErrorException", Kind::VendorFailed),
        ("429 Too Many Requests", "ThrottlingException", Kind::Limited),
        ("408 Request Timeout", "ModelTimeoutException", Kind::Timeout),
        ("503 Service Unavailable", "ServiceUnavailableException", Kind::VendorFailed),
    ] {
        let headers = format!("x-amzn-errortype: {kind}\r\ncontent-type: application/json\r\n");
        let body = r#"{"message":"as said"}"#;
        let server = Server::start(vec![Reply::whole(status, &headers, body)]).await;
        let error = bearer(&server.url).complete(&request(&[])).await.unwrap_err();
        assert_eq!(error.kind(), wanted, "{status}");
        assert_eq!(error.vendor().unwrap().kind.as_deref(), kind.split(':').next());
    }
}

#[tokio::test]
async fn embeddings_one_by_one() {
    let one = r#"{"embedding":[1,2],"inputTextTokenCount":3}"#;
    let server = Server::start(vec![Reply::json("200 OK", one), Reply::json("200 OK", one)]).await;
    let texts = ["a".to_string(), "b".to_string()];
    let embedded = bearer(&server.url).embed("amazon.titan-embed-text-v2:0", &texts).await.unwrap();
    assert_eq!((embedded.vectors.len(), embedded.usage.unwrap().input), (2, 6));
    let sent = server.request(1);
    assert!(sent.starts_with("POST /model/amazon.titan-embed-text-v2%3A0/invoke "), "{sent}");
    assert!(sent.ends_with(r#"{"inputText":"b"}"#), "{sent}");
}
