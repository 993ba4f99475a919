//! Servers that are compatible with OpenAI's, with their differences.

use std::sync::Arc;

use gatemark_core::Kind;
use gatemark_core::model::{Protocol, Quirks, Usage};
use gatemark_provider::http::Client;
use gatemark_provider::{Secret, Vendor, connect};

use crate::server::{Reply, Server};
use crate::{KEY, drain, provider, request, text};

fn vendor(base_url: &str, quirks: Quirks) -> Arc<dyn Vendor> {
    let mut provider = provider(Protocol::Openai, base_url);
    provider.quirks = quirks;
    let key = Some(Secret::new(KEY.into()));
    connect(&provider, key, &Client::new().unwrap(), &crate::home(), crate::clock).unwrap()
}

/// Mistral's last chunk holds the usage beside a choice, without being asked for it.
#[tokio::test]
async fn mistral() {
    let stream = "data: {\"id\":\"c\",\"object\":\"chat.completion.chunk\",\"created\":1,\"model\":\"m\",\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"hi\"},\"finish_reason\":null}]}\n\n\
        data: {\"id\":\"c\",\"object\":\"chat.completion.chunk\",\"created\":1,\"model\":\"m\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"\"},\"finish_reason\":\"stop\"}],\"usage\":{\"prompt_tokens\":16,\"total_tokens\":19,\"completion_tokens\":3}}\n\ndata: [DONE]\n\n";
    let server = Server::start(vec![Reply::events(stream, 50)]).await;
    let quirks = Quirks { no_stream_options: true, renamed: &[("seed", "random_seed")] };
    let asked = request(&[("seed", "7"), ("stream_options", r#"{"include_usage":true}"#)]);
    let vendor = vendor(&server.url, quirks);
    let (chunks, error) = drain(vendor.stream(&asked).await.unwrap()).await;
    assert!(error.is_none(), "{error:?}");
    assert_eq!(text(&chunks), "hi");
    assert_eq!(chunks[1].usage, Some(Usage { input: 16, output: 3, ..Usage::default() }));
    let sent = server.request(0);
    assert!(sent.ends_with(r#""random_seed":7,"stream":true}"#), "{sent}");
}

/// Groq tells the usage of a stream under a key of its own.
#[tokio::test]
async fn groq() {
    let stream = "data: {\"id\":\"c\",\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"hi\"},\"finish_reason\":null}],\"x_groq\":{\"id\":\"req_1\"}}\n\n\
        data: {\"id\":\"c\",\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}],\"x_groq\":{\"id\":\"req_1\",\"usage\":{\"prompt_tokens\":36,\"completion_tokens\":2,\"total_tokens\":38,\"prompt_time\":0.01}}}\n\ndata: [DONE]\n\n";
    let broken = "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"h\"}}]}\n\n\
        data: {\"choices\":[],\"x_groq\":{\"error\":\"over capacity\"}}\n\n";
    let server = Server::start(vec![Reply::events(stream, 50), Reply::events(broken, 50)]).await;
    let vendor = vendor(&server.url, Quirks::default());
    let (chunks, error) = drain(vendor.stream(&request(&[])).await.unwrap()).await;
    assert!(error.is_none(), "{error:?}");
    assert_eq!(chunks[1].usage, Some(Usage { input: 36, output: 2, ..Usage::default() }));
    let (chunks, error) = drain(vendor.stream(&request(&[])).await.unwrap()).await;
    assert_eq!(text(&chunks), "h");
    let error = error.unwrap();
    assert_eq!(error.kind(), Kind::VendorFailed);
    assert!(error.message().contains("over capacity"), "{error}");
}

/// OpenRouter sends comments while it waits, and tells failures in a chunk.
#[tokio::test]
async fn openrouter() {
    let stream = ": OPENROUTER PROCESSING\n\ndata: {\"id\":\"g\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"h\"},\"finish_reason\":null}]}\n\n\
        data: {\"id\":\"g\",\"error\":{\"code\":502,\"message\":\"Provider disconnected\"},\"choices\":[{\"index\":0,\"delta\":{\"content\":\"\"},\"finish_reason\":\"error\"}]}\n\n";
    let server = Server::start(vec![Reply::events(stream, 50)]).await;
    let vendor = vendor(&server.url, Quirks::default());
    let (chunks, error) = drain(vendor.stream(&request(&[])).await.unwrap()).await;
    assert_eq!(text(&chunks), "h");
    let error = error.unwrap();
    assert_eq!((error.kind(), error.vendor().unwrap().status), (Kind::VendorFailed, 502));
}

/// DeepSeek reasons apart from the answer and has words of its own for its cache.
#[tokio::test]
async fn deepseek() {
    let answer = r#"{"id":"d","choices":[{"index":0,"message":{"role":"assistant","content":"4","reasoning_content":"2+2"},"finish_reason":"stop"}],"model":"deepseek-reasoner","usage":{"prompt_tokens":100,"completion_tokens":30,"total_tokens":130,"prompt_cache_hit_tokens":64,"prompt_cache_miss_tokens":36,"completion_tokens_details":{"reasoning_tokens":25}}}"#;
    let server = Server::start(vec![Reply::json("200 OK", answer)]).await;
    let quirks =
        Quirks { renamed: &[("max_completion_tokens", "max_tokens")], ..Quirks::default() };
    let vendor = vendor(&server.url, quirks);
    let answer = vendor.complete(&request(&[("max_completion_tokens", "64")])).await.unwrap();
    let usage =
        Usage { input: 100, cached_input: 64, output: 30, reasoning: 25, ..Usage::default() };
    assert_eq!((answer.text.as_str(), answer.usage), ("4", Some(usage)));
    assert!(server.request(0).ends_with("\"max_tokens\":64}"), "{}", server.request(0));
}

/// How vendors end their streams, by their documentation: with a reason in a chunk, then `[DONE]`. Without the
/// reason it is the end of a proxy's patience.
#[tokio::test]
async fn every_vendor_gives_a_reason_before_the_mark() {
    let said =
        "data: {\"id\":\"c\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"hi\"}}]}\n\n";
    let usage = r#""usage":{"prompt_tokens":5,"completion_tokens":2,"total_tokens":7}"#;
    let of_its_own = format!(r#"{{"id":"c","choices":[],{usage}}}"#);
    let null = format!(r#"{{"id":"c","choices":null,{usage}}}"#);
    let ends: [(&str, Vec<String>); 10] = [
        ("openai", vec![r#"{"choices":[{"index":0,"delta":{},"logprobs":null,"finish_reason":"stop"}],"usage":null}"#.into(), of_its_own.clone()]),
        ("mistral", vec![format!(r#"{{"choices":[{{"index":0,"delta":{{"content":""}},"finish_reason":"stop"}}],{usage}}}"#)]),
        ("groq", vec![format!(r#"{{"choices":[{{"index":0,"delta":{{}},"finish_reason":"stop"}}],"x_groq":{{"id":"r",{usage}}}}}"#)]),
        ("together", vec![format!(r#"{{"choices":[{{"index":0,"text":"","delta":{{"token_id":2,"content":""}},"finish_reason":"eos"}}],{usage}}}"#)]),
        ("deepseek", vec![format!(r#"{{"choices":[{{"index":0,"delta":{{"content":"","reasoning_content":null}},"finish_reason":"insufficient_system_resource"}}],{usage}}}"#)]),
        ("openrouter", vec![r#"{"choices":[{"index":0,"delta":{"content":""},"finish_reason":"stop","native_finish_reason":"end_turn"}]}"#.into(), of_its_own.clone()]),
        ("ollama", vec![r#"{"choices":[{"index":0,"delta":{"content":""},"finish_reason":""}]}"#.into(), r#"{"choices":[{"index":0,"delta":{"content":""},"finish_reason":"stop"}]}"#.into()]),
        ("vllm", vec![r#"{"choices":[{"index":0,"delta":{"content":""},"finish_reason":"length","stop_reason":null}]}"#.into(), null]),
        ("llama.cpp", vec![r#"{"choices":[{"finish_reason":"stop","index":0,"delta":{}}],"timings":{"predicted_n":2}}"#.into()]),
        ("azure", vec![r#"{"choices":[{"content_filter_results":{},"delta":{},"finish_reason":"content_filter","index":0}]}"#.into(), of_its_own]),
    ];
    for (name, events) in ends {
        let body = |events: &[String]| {
            let events: String = events.iter().map(|event| format!("data: {event}\n\n")).collect();
            Reply::events(&format!("{said}{events}data: [DONE]\n\n"), 64)
        };
        let unreasoned = |event: &String| {
            !event.contains(r#""finish_reason":""#) || event.contains(r#""finish_reason":"""#)
        };
        let cut: Vec<String> = events.iter().filter(|event| unreasoned(event)).cloned().collect();
        let server = Server::start(vec![body(&events), body(&cut)]).await;
        let vendor = vendor(&server.url, Quirks::default());
        let (chunks, error) = drain(vendor.stream(&request(&[])).await.unwrap()).await;
        assert!(error.is_none(), "{name}: {error:?}");
        assert!(chunks.iter().any(|chunk| chunk.finish.is_some()), "{name}");
        let (chunks, error) = drain(vendor.stream(&request(&[])).await.unwrap()).await;
        assert_eq!(text(&chunks), "hi", "{name}: what came is passed on");
        let error = error.unwrap_or_else(|| panic!("{name}: a stream that was cut looks whole"));
        assert_eq!(error.kind(), Kind::VendorFailed, "{name}");
        assert!(error.message().contains("ended its stream early"), "{name}: {error}");
    }
}

/// What the model refuses in stands in a field of its own.
#[tokio::test]
async fn a_refusal_is_text_that_is_marked() {
    let whole = r#"{"id":"c","model":"m","choices":[{"index":0,"message":{"role":"assistant","content":null,"refusal":"I cannot."},"finish_reason":"stop"}]}"#;
    let stream = "data: {\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":null,\"refusal\":\"I \"}}]}\n\n\
        data: {\"choices\":[{\"index\":0,\"delta\":{\"refusal\":\"cannot.\"}}]}\n\n\
        data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n";
    let server = Server::start(vec![Reply::json("200 OK", whole), Reply::events(stream, 64)]).await;
    let vendor = vendor(&server.url, Quirks::default());
    let answer = vendor.complete(&request(&[])).await.unwrap();
    assert_eq!((answer.text.as_str(), answer.refusal), ("I cannot.", true));
    let (chunks, error) = drain(vendor.stream(&request(&[])).await.unwrap()).await;
    assert!(error.is_none(), "{error:?}");
    assert_eq!(text(&chunks), "I cannot.");
    let marks: Vec<bool> = chunks.iter().map(|chunk| chunk.refusal).collect();
    assert_eq!(marks, [true, true, false]);
}
