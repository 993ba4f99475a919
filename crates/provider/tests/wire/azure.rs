//! OpenAI's models at Azure.

use std::sync::Arc;

use gatemark_core::Kind;
use gatemark_core::model::{Protocol, Usage};
use gatemark_provider::http::Client;
use gatemark_provider::{Finish, Secret, Vendor, connect};

use crate::server::{Reply, Server};
use crate::{KEY, drain, provider, request, text};

const ANSWER: &str = include_str!("../fixtures/openai/answer.json");
const STREAM: &str = include_str!("../fixtures/azure/stream.sse");
const FILTERED: &str = include_str!("../fixtures/azure/error_filter.json");

fn vendor(base_url: &str, version: Option<&str>) -> Arc<dyn Vendor> {
    let mut provider = provider(Protocol::Azure, base_url);
    provider.place.api_version = version.map(str::to_string);
    let key = Some(Secret::new(KEY.into()));
    connect(&provider, key, &Client::new().unwrap(), &crate::home(), crate::clock).unwrap()
}

#[tokio::test]
async fn both_forms_of_paths() {
    for (root, version, path) in [
        ("", Some("2024-10-21"), "/openai/deployments/m-1/chat/completions?api-version=2024-10-21"),
        ("", None, "/openai/v1/chat/completions"),
        ("/openai/v1/", None, "/openai/v1/chat/completions"),
    ] {
        let server = Server::start(vec![Reply::json("200 OK", ANSWER)]).await;
        let vendor = vendor(&format!("{}{root}", server.url), version);
        let answer = vendor.complete(&request(&[("temperature", "0.50")])).await.unwrap();
        assert_eq!(
            answer.raw.map(|raw| raw.bytes).as_deref(),
            Some(ANSWER.as_bytes()),
            "bytes pass through"
        );
        let sent = server.request(0);
        assert!(sent.starts_with(&format!("POST {path} HTTP/1.1\r\n")), "{sent}");
        assert!(sent.contains("api-key: sk-test-key\r\n") && !sent.contains("Bearer"), "{sent}");
        assert!(sent.contains("\"model\":\"m-1\"") && sent.contains("0.50"), "{sent}");
    }
}

#[tokio::test]
async fn a_stream_without_the_filters_own_events() {
    for size in [1, 13, 4096] {
        let server = Server::start(vec![Reply::events(STREAM, size)]).await;
        let vendor = vendor(&server.url, Some("2024-10-21"));
        let (chunks, error) = drain(vendor.stream(&request(&[])).await.unwrap()).await;
        assert!(error.is_none(), "{error:?}");
        assert_eq!((text(&chunks).as_str(), chunks.len()), ("Grüße", 4));
        assert_eq!(chunks[2].finish, Some(Finish::Stop));
        let usage =
            Usage { input: 11, cached_input: 4, output: 3, reasoning: 1, ..Usage::default() };
        assert_eq!((chunks[3].usage, chunks[3].usage_only), (Some(usage), true));
        let raw = |rank: usize| {
            String::from_utf8(chunks[rank].raw.clone().unwrap().bytes.to_vec()).unwrap()
        };
        assert!(raw(1).contains("content_filter_results"), "verdicts on words stay");
        assert!(server.request(0).contains("\"include_usage\":true"));
    }
}

#[tokio::test]
async fn errors() {
    let cut: String = STREAM.split_inclusive("\n\n").take(3).collect();
    let server = Server::start(vec![
        Reply::json("400 Bad Request", FILTERED),
        Reply::json("401 Unauthorized", r#"{"error":{"code":"401","message":"Access denied"}}"#),
        Reply::whole(
            "429 Too Many",
            "retry-after: 3\r\n",
            r#"{"error":{"code":"429","message":"slow"}}"#,
        ),
        Reply::events(&cut, 99),
    ])
    .await;
    let vendor = vendor(&server.url, None);
    let asked = request(&[]);
    let error = vendor.complete(&asked).await.unwrap_err();
    assert_eq!(error.kind(), Kind::VendorRejected);
    assert_eq!(error.vendor().unwrap().code.as_deref(), Some("content_filter"));
    assert_eq!(vendor.complete(&asked).await.unwrap_err().kind(), Kind::VendorFailed);
    let error = vendor.complete(&asked).await.unwrap_err();
    assert_eq!((error.kind(), error.wait().map(|wait| wait.as_secs())), (Kind::Limited, Some(3)));
    let (_, error) = drain(vendor.stream(&asked).await.unwrap()).await;
    assert!(error.unwrap().message().contains("ended its stream early"));
}

#[tokio::test]
async fn embeddings() {
    let body = r#"{"data":[{"index":0,"embedding":[1,2]}],"usage":{"prompt_tokens":3}}"#;
    let server = Server::start(vec![Reply::json("200 OK", body)]).await;
    let vendor = vendor(&server.url, Some("2024-10-21"));
    let embedded = vendor.embed("emb/1", &["a".to_string()]).await.unwrap();
    assert_eq!(embedded.vectors, [[1.0, 2.0]]);
    let path = "POST /openai/deployments/emb%2F1/embeddings?api-version=2024-10-21 ";
    assert!(server.request(0).starts_with(path), "{}", server.request(0));
}
