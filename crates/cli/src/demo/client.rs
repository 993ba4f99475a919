//! A small HTTP client, so that the demo's calls go the way of every application's: over a socket.

use bytes::Bytes;
use gatemark_core::error::{Error, Kind, Result};
use http_body_util::{BodyExt, Full};
use hyper::{HeaderMap, Request, header};
use hyper_util::client::legacy::Client as Pool;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;

/// Longest answer read, in bytes; the server is ours.
const LONGEST: usize = 4 << 20;

/// Speaks to one server and keeps its connections.
#[derive(Debug, Clone)]
pub(super) struct Client {
    pool: Pool<HttpConnector, Full<Bytes>>,
    base: String,
}

/// An answer.
#[derive(Debug)]
pub(super) struct Answer {
    /// Whether its status says success.
    pub(super) success: bool,
    headers: HeaderMap,
    pub(super) body: Bytes,
}

impl Answer {
    /// A header's value.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }
}

impl Client {
    /// A client of the server at `base`, such as `http://127.0.0.1:8787`.
    pub(super) fn new(base: &str) -> Self {
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        Self { pool: Pool::builder(TokioExecutor::new()).build(connector), base: base.to_string() }
    }

    /// Posts JSON as `actor`.
    pub(super) async fn post(&self, path: &str, actor: &str, json: String) -> Result<Answer> {
        let request = Request::post(format!("{}{path}", self.base))
            .header(header::CONTENT_TYPE, "application/json")
            .header("x-gatemark-actor", actor)
            .body(Full::new(Bytes::from(json)))
            .map_err(|cause| Error::internal("the request cannot be written").because(cause))?;
        let failed = |cause: Box<dyn std::error::Error + Send + Sync>| {
            let message = format!("the demo's own server at {} did not answer", self.base);
            Error::new(Kind::Unavailable, message).because(cause)
        };
        let response = self.pool.request(request).await.map_err(|cause| failed(cause.into()))?;
        let (parts, body) = response.into_parts();
        let body = http_body_util::Limited::new(body, LONGEST).collect().await.map_err(failed)?;
        let success = parts.status.is_success();
        Ok(Answer { success, headers: parts.headers, body: body.to_bytes() })
    }
}
