//! Google's Gemini.

use gatemark_core::Kind;
use gatemark_core::model::{Protocol, Usage};
use gatemark_provider::Finish;
use serde_json::{Value, json};

use crate::server::{Reply, Server};
use crate::{drain, request, text, vendor};

const ANSWER: &str = include_str!("../fixtures/gemini/answer.json");
const STREAM: &str = include_str!("../fixtures/gemini/stream.sse");
const STREAM_TOOLS: &str = include_str!("../fixtures/gemini/stream_tools.sse");
const QUOTA: &str = include_str!("../fixtures/gemini/error_429.json");
const KEY_REFUSED: &str = include_str!("../fixtures/gemini/error_key.json");

#[tokio::test]
async fn a_whole_answer() {
    for (root, path) in [("", "/v1beta"), ("/v1beta", "/v1beta"), ("/v1/", "/v1")] {
        let server = Server::start(vec![Reply::json("200 OK", ANSWER)]).await;
        let vendor = vendor(Protocol::Gemini, &format!("{}{root}", server.url));
        let answer = vendor.complete(&request(&[("max_tokens", "64")])).await.unwrap();
        assert_eq!((answer.text.as_str(), &answer.finish), ("Let me look.", &Finish::ToolCalls));
        assert_eq!(answer.reasoning, "The order number is what matters.");
        assert_eq!((answer.id.as_str(), answer.model.as_str()), ("r9f-AbC", "gemini-2.5-flash"));
        let calls: Value = serde_json::from_str(answer.tool_calls.unwrap().get()).unwrap();
        assert_eq!(calls[0]["id"], "call_r9f-AbC_0__sig__Cs-_QUI");
        assert_eq!(calls[0]["function"]["name"], "lookup");
        let arguments = calls[0]["function"]["arguments"].as_str().unwrap();
        assert!(arguments.contains("7.50"), "number formatting is kept: {arguments}");
        assert_eq!(calls[1]["id"], "call_r9f-AbC_1");
        let usage = Usage {
            input: 1125,
            cached_input: 1000,
            output: 89,
            reasoning: 60,
            ..Usage::default()
        };
        assert_eq!(answer.usage, Some(usage));
        let sent = server.request(0);
        let line = format!("POST {path}/models/m-1:generateContent HTTP/1.1\r\n");
        assert!(sent.starts_with(&line), "{sent}");
        assert!(sent.contains("x-goog-api-key: sk-test-key\r\n"), "{sent}");
        assert!(sent.contains(r#""generationConfig":{"maxOutputTokens":64}"#), "{sent}");
    }
}

#[tokio::test]
async fn a_stream_chopped_anywhere() {
    for size in [1, 11, 4096] {
        let server = Server::start(vec![Reply::events(STREAM, size)]).await;
        let vendor = vendor(Protocol::Gemini, &server.url);
        let (chunks, error) = drain(vendor.stream(&request(&[])).await.unwrap()).await;
        assert!(error.is_none(), "{error:?}");
        assert_eq!((text(&chunks).as_str(), chunks.len()), ("Grüße, Welt", 5));
        assert_eq!(chunks[1].reasoning, "pondering");
        assert_eq!(chunks[3].finish, Some(Finish::Stop));
        let usage = Usage { input: 12, output: 15, reasoning: 10, ..Usage::default() };
        assert_eq!((chunks[4].usage, chunks[4].usage_only), (Some(usage), true));
        assert!(
            server.request(0).starts_with("POST /v1beta/models/m-1:streamGenerateContent?alt=sse ")
        );
    }
}

#[tokio::test]
async fn streamed_tools_by_a_model_that_repeats_its_reason() {
    let server = Server::start(vec![Reply::events(STREAM_TOOLS, 100)]).await;
    let vendor = vendor(Protocol::Gemini, &server.url);
    let (chunks, error) = drain(vendor.stream(&request(&[])).await.unwrap()).await;
    assert!(error.is_none(), "{error:?}");
    let calls = chunks.iter().filter_map(|chunk| chunk.tool_calls.as_deref());
    let calls: Vec<Value> = calls.map(|raw| serde_json::from_str(raw.get()).unwrap()).collect();
    let call = |index: u64, id: &str, name: &str, arguments: &str| {
        json!([{"index": index, "id": id, "type": "function",
            "function": {"name": name, "arguments": arguments}}])
    };
    let wanted = [
        call(0, "call_r2_0__sig__QUI-", "lookup", r#"{"order": 7}"#),
        call(1, "own-1", "now", "{}"),
    ];
    assert_eq!(calls, wanted);
    let ends: Vec<_> = chunks.iter().filter_map(|chunk| chunk.finish.clone()).collect();
    assert_eq!(ends, [Finish::ToolCalls]);
    assert_eq!(chunks.last().unwrap().usage.unwrap().output, 9);
}

#[tokio::test]
async fn blocked_prompts_are_the_filters_answer() {
    let blocked = r#"{"promptFeedback":{"blockReason":"PROHIBITED_CONTENT"},"usageMetadata":{"promptTokenCount":8,"totalTokenCount":8}}"#;
    let event = format!("data: {blocked}\n\n");
    let server =
        Server::start(vec![Reply::json("200 OK", blocked), Reply::events(&event, 4096)]).await;
    let vendor = vendor(Protocol::Gemini, &server.url);
    let answer = vendor.complete(&request(&[])).await.unwrap();
    assert_eq!((answer.finish, answer.usage.unwrap().input), (Finish::ContentFilter, 8));
    let (chunks, error) = drain(vendor.stream(&request(&[])).await.unwrap()).await;
    assert!(error.is_none(), "{error:?}");
    assert_eq!(chunks[0].finish, Some(Finish::ContentFilter));
}

#[tokio::test]
async fn errors() {
    let cut: String = STREAM.split_inclusive("\r\n\r\n").take(2).collect();
    let inside = format!("{cut}data: {}\n\n", QUOTA.replace('\n', " "));
    let server = Server::start(vec![
        Reply::json("429 Too Many Requests", QUOTA),
        Reply::json("400 Bad Request", KEY_REFUSED),
        Reply::json(
            "404 Not Found",
            r#"{"error":{"code":404,"message":"no m-1","status":"NOT_FOUND"}}"#,
        ),
        Reply::json("200 OK", r#"{"candidates":[]}"#),
        Reply::events(&cut, 40),
        Reply::events(&inside, 40),
    ])
    .await;
    let vendor = vendor(Protocol::Gemini, &server.url);
    let asked = request(&[]);
    let error = vendor.complete(&asked).await.unwrap_err();
    assert_eq!((error.kind(), error.wait().map(|w| w.as_secs())), (Kind::Limited, Some(34)));
    assert_eq!(error.vendor().unwrap().kind.as_deref(), Some("RESOURCE_EXHAUSTED"));
    let error = vendor.complete(&asked).await.unwrap_err();
    assert_eq!(error.kind(), Kind::VendorFailed, "the key is the operator's");
    assert!(error.message().contains("refuses the gateway's key"), "{error}");
    assert_eq!(vendor.complete(&asked).await.unwrap_err().kind(), Kind::VendorRejected);
    let error = vendor.complete(&asked).await.unwrap_err();
    assert!(error.message().contains("cannot be read"), "{error}");
    let (chunks, error) = drain(vendor.stream(&asked).await.unwrap()).await;
    assert_eq!(text(&chunks), "Grüße, Welt");
    assert!(error.unwrap().message().contains("ended its stream early"));
    let (_, error) = drain(vendor.stream(&asked).await.unwrap()).await;
    assert_eq!(error.unwrap().kind(), Kind::Limited);
}

#[tokio::test]
async fn embeddings_in_batches() {
    let batch = |count: usize| {
        let one = json!({"values": [0.5, 1.5]});
        json!({"embeddings": vec![one; count]}).to_string()
    };
    let replies = vec![Reply::json("200 OK", &batch(100)), Reply::json("200 OK", &batch(3))];
    let server = Server::start(replies).await;
    let texts: Vec<String> = (0..103).map(|rank| rank.to_string()).collect();
    let embedded = vendor(Protocol::Gemini, &server.url).embed("e-1", &texts).await.unwrap();
    assert_eq!((embedded.vectors.len(), embedded.vectors[102].as_slice()), (103, &[0.5, 1.5][..]));
    let sent = server.request(1);
    assert!(sent.starts_with("POST /v1beta/models/e-1:batchEmbedContents "), "{sent}");
    assert!(
        sent.contains(r#"{"model":"models/e-1","content":{"parts":[{"text":"100"}]}}"#),
        "{sent}"
    );
}

#[tokio::test]
async fn a_models_name_stays_in_its_place() {
    let server = Server::start(vec![Reply::json("200 OK", ANSWER)]).await;
    let mut asked = request(&[]);
    asked.model = "../../v1/x?key=1#".into();
    vendor(Protocol::Gemini, &server.url).complete(&asked).await.unwrap();
    let path = "POST /v1beta/models/..%2F..%2Fv1%2Fx%3Fkey%3D1%23:generateContent ";
    assert!(server.request(0).starts_with(path), "{}", server.request(0));
}
