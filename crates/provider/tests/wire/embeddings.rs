//! Embeddings of the openai and sim vendors.

use gatemark_core::Kind;
use gatemark_core::model::{Protocol, Usage};

use crate::server::{Reply, Server};
use crate::vendor;

fn texts(count: usize) -> Vec<String> {
    (0..count).map(|number| format!("text {number}")).collect()
}

#[tokio::test]
async fn numbers_and_base64_in_any_order() {
    // 1.5 and -2 as little-endian floats.
    let body = r#"{"object":"list","data":[
        {"object":"embedding","index":1,"embedding":"AADAPwAAAMA="},
        {"object":"embedding","index":0,"embedding":[0.25,-1e-3]}],
        "model":"m","usage":{"prompt_tokens":7,"total_tokens":7}}"#;
    let server = Server::start(vec![Reply::json("200 OK", body)]).await;
    let vendor = vendor(Protocol::Openai, &format!("{}/v1", server.url));
    let embedded = vendor.embed("m", &texts(2)).await.unwrap();
    assert_eq!(embedded.vectors, [[0.25, -1e-3], [1.5, -2.0]]);
    assert_eq!(embedded.usage, Some(Usage { input: 7, ..Usage::default() }));
    let sent = server.request(0);
    assert!(sent.starts_with("POST /v1/embeddings HTTP/1.1\r\n"), "{sent}");
    assert!(sent.contains("authorization: Bearer sk-test-key\r\n"), "{sent}");
    assert!(sent.ends_with(r#"{"model":"m","input":["text 0","text 1"]}"#), "{sent}");
    assert!(vendor.embedder("m").await.unwrap().ends_with("/v1 m"));
}

#[tokio::test]
async fn many_texts_go_in_batches() {
    let answer = |count: usize| {
        let data: Vec<String> = (0..count)
            .map(|index| format!(r#"{{"index":{index},"embedding":[{index}]}}"#))
            .collect();
        let usage = r#"{"prompt_tokens":10}"#;
        Reply::json("200 OK", &format!(r#"{{"data":[{}],"usage":{usage}}}"#, data.join(",")))
    };
    let server = Server::start(vec![answer(256), answer(256), answer(3)]).await;
    let embedded = vendor(Protocol::Openai, &server.url).embed("m", &texts(515)).await.unwrap();
    assert_eq!((embedded.vectors.len(), embedded.usage.unwrap().input), (515, 30));
    assert_eq!(embedded.vectors[514], [2.0]);
    assert!(server.request(2).contains("text 514") && !server.request(2).contains("text 511"));
}

#[tokio::test]
async fn answers_that_are_none() {
    let bodies = [
        (r#"{"data":[]}"#, "0 vectors for 1 texts"),
        (r#"{"data":[{"index":0,"embedding":[]}]}"#, "an empty vector"),
        (r#"{"data":[{"index":5,"embedding":[1]}]}"#, "the index 5"),
        (r#"{"data":[{"index":0,"embedding":"AAA="}]}"#, "not of whole numbers"),
        (r#"{"data":[{"index":0,"embedding":"AADAfw=="}]}"#, "not all numbers"),
        (r#"{"data":[{"index":0,"embedding":{"x":1}}]}"#, "invalid type"),
        ("<html>", "expected value"),
        (
            r#"{"error":{"message":"no such model","type":"invalid_request_error"}}"#,
            "no such model",
        ),
    ];
    for (body, wanted) in bodies {
        let server = Server::start(vec![Reply::json("200 OK", body)]).await;
        let vendor = vendor(Protocol::Openai, &server.url);
        let error = vendor.embed("m", &texts(1)).await.unwrap_err();
        assert!(error.to_string().contains(wanted), "{body}: {error}");
    }
    let server =
        Server::start(vec![Reply::json("429 Slow", r#"{"error":{"message":"wait"}}"#)]).await;
    let error = vendor(Protocol::Openai, &server.url).embed("m", &texts(1)).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Limited);
}

#[tokio::test]
async fn sim_embeds_and_others_say_that_they_do_not() {
    let sim = vendor(Protocol::Sim, "");
    let one = sim.embed("any", &texts(2)).await.unwrap();
    assert_eq!(one, sim.embed("any", &texts(2)).await.unwrap());
    assert_ne!(one.vectors[0], one.vectors[1]);
    assert!(one.usage.unwrap().input > 0);
    let none = vendor(Protocol::Anthropic, "http://h");
    let error = none.embed("m", &texts(1)).await.unwrap_err();
    assert_eq!((error.kind(), error.code()), (Kind::Invalid, "no_embeddings"));
    assert!(sim.embed_tokens("m", &texts(1)).await.unwrap_err().message().contains("local"));
}
