//! Servers and networks that misbehave.

use std::time::Duration;

use gatemark_core::model::Protocol;
use gatemark_core::{Error, Kind};
use gatemark_provider::http::Client;
use gatemark_provider::{Secret, connect};

use crate::server::{End, Reply, Server};
use crate::{KEY, drain, provider, request, text, vendor};

const STREAM: &str = include_str!("../fixtures/openai/stream.sse");
const ANSWER: &str = include_str!("../fixtures/openai/answer.json");

async fn complete(reply: Reply) -> Error {
    let server = Server::start(vec![reply]).await;
    let error = vendor(Protocol::Openai, &server.url).complete(&request(&[])).await.unwrap_err();
    assert!(!format!("{error:?}").contains(KEY), "{error:?}");
    assert_eq!(error.vendor().unwrap().provider, "acme");
    error
}

async fn stream(reply: Reply) -> (String, Error) {
    let server = Server::start(vec![reply]).await;
    let stream = vendor(Protocol::Openai, &server.url).stream(&request(&[])).await.unwrap();
    let (chunks, error) = drain(stream).await;
    (text(&chunks), error.expect("an error"))
}

#[tokio::test]
async fn a_cut_stream_is_an_error() {
    let half = &STREAM[..STREAM.find("!").unwrap() - 40];
    let (text, error) = stream(Reply::begun(half, 64)).await;
    assert_eq!(text, "Grüße,\n\"Welt\"");
    assert_eq!(error.kind(), Kind::VendorFailed);
    assert!(error.message().contains("broke the connection"), "{error}");
}

#[tokio::test]
async fn a_stream_that_ends_cleanly_but_early_is_an_error() {
    let half: String = STREAM.split_inclusive("\n\n").take(3).collect();
    let (text, error) = stream(Reply::events(&half, 64)).await;
    assert_eq!(text, "Grüße,\n\"Welt\"");
    assert!(error.message().contains("ended its stream early"), "{error}");
    assert_eq!(error.kind(), Kind::VendorFailed);
    let (text, error) = stream(Reply::events("", 64)).await;
    assert_eq!((text.as_str(), error.kind()), ("", Kind::VendorFailed));
}

#[tokio::test]
async fn garbage_in_a_stream_is_an_error() {
    let (_, error) = stream(Reply::events("data: {\"choices\":\n\n", 64)).await;
    assert!(error.message().contains("cannot be read"), "{error}");
}

#[tokio::test]
async fn a_stalled_stream_can_be_left() {
    let reply = Reply::begun(&STREAM[..STREAM.len() / 2], 64).then(End::Stall);
    let server = Server::start(vec![reply]).await;
    let stream = vendor(Protocol::Openai, &server.url).stream(&request(&[])).await.unwrap();
    assert!(tokio::time::timeout(Duration::from_millis(50), drain(stream)).await.is_err());
}

#[tokio::test]
async fn a_page_is_no_answer() {
    let page = "<html><body>\n<h1>Welcome to the proxy</h1></body></html>";
    let html = "content-type: text/html\r\n";
    let error = complete(Reply::whole("200 OK", html, page)).await;
    assert_eq!(error.kind(), Kind::VendorFailed);
    assert!(error.message().contains("<h1>Welcome to the proxy</h1>"), "{error}");
    let server = Server::start(vec![Reply::whole("200 OK", html, page)]).await;
    let error = vendor(Protocol::Openai, &server.url).stream(&request(&[])).await.err().unwrap();
    assert!(error.message().contains("Welcome"), "{error}");
    let error = complete(Reply::whole("502 Bad Gateway", html, page)).await;
    assert_eq!((error.kind(), error.vendor().unwrap().status), (Kind::VendorFailed, 502));
}

#[tokio::test]
async fn a_body_shorter_than_announced() {
    let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", ANSWER.len() + 5);
    let pieces = vec![head.into_bytes(), ANSWER.as_bytes().to_vec()];
    let error = complete(Reply { pieces, end: End::Close }).await;
    assert_eq!(error.kind(), Kind::VendorFailed);
    assert!(error.message().contains("before its answer was complete"), "{error}");
}

#[tokio::test]
async fn a_body_over_the_bound_is_not_read() {
    let head = "HTTP/1.1 200 OK\r\ncontent-length: 99999999999\r\n\r\n".to_string();
    let pieces = std::iter::once(head.into_bytes()).chain(vec![vec![b' '; 1 << 20]; 40]);
    let error = complete(Reply { pieces: pieces.collect(), end: End::Close }).await;
    assert!(error.message().contains("more than 33554432 bytes"), "{error}");
}

#[tokio::test]
async fn not_even_http() {
    let reply = Reply { pieces: vec![b"SSH-2.0-OpenSSH\r\n".to_vec()], end: End::Close };
    assert_eq!(complete(reply).await.kind(), Kind::VendorFailed);
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let elsewhere = Server::start(vec![Reply::json("200 OK", ANSWER)]).await;
    let location = format!("location: {}/chat/completions\r\n", elsewhere.url);
    let error = complete(Reply::whole("307 Temporary Redirect", &location, "")).await;
    assert_eq!((error.kind(), error.vendor().unwrap().status), (Kind::VendorFailed, 307));
    assert!(error.message().contains("base_url"), "{error}");
    assert_eq!(elsewhere.connections(), 0);
}

#[tokio::test]
async fn compression_that_nobody_asked_for() {
    let error = complete(Reply::whole("200 OK", "content-encoding: gzip\r\n", "\x1f")).await;
    assert!(error.message().contains("gzip"), "{error}");
}

#[tokio::test]
async fn nobody_listens() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let error = vendor(Protocol::Openai, &url).complete(&request(&[])).await.unwrap_err();
    assert_eq!((error.kind(), error.vendor().unwrap().status), (Kind::VendorFailed, 0));
    assert!(error.message().contains("cannot be reached"), "{error}");
}

#[tokio::test]
async fn what_cannot_be_connected_to() {
    let client = Client::new().unwrap();
    let key = || Some(Secret::new(KEY.into()));
    for url in ["", "nonsense", "ftp://x", "https://h/v1?x=y", "http://"] {
        let error =
            connect(&provider(Protocol::Openai, url), key(), &client, &crate::home(), crate::clock)
                .err();
        assert_eq!(error.map(|e| e.kind()), Some(Kind::Invalid), "{url}");
    }
    let broken = Some(Secret::new("a\nb".into()));
    let error = connect(
        &provider(Protocol::Openai, "http://h"),
        broken,
        &client,
        &crate::home(),
        crate::clock,
    )
    .err()
    .unwrap();
    assert!(!format!("{error:?}").contains("a\nb"));
    for protocol in [
        Protocol::Openai,
        Protocol::Anthropic,
        Protocol::Gemini,
        Protocol::Azure,
        Protocol::Bedrock,
        Protocol::Vertex,
    ] {
        let keyless =
            connect(&provider(protocol, "http://h"), None, &client, &crate::home(), crate::clock)
                .unwrap();
        let error = keyless.complete(&request(&[])).await.unwrap_err();
        assert_eq!(error.kind(), Kind::Unavailable);
        assert!(error.message().contains("ACME_KEY"), "{error}");
    }
}
