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
