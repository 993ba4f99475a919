//! The HTTP client that all vendors share.
//!
//! HTTP/1.1 with kept-alive connections: a stream occupies one connection anyway, and vendors' proxies
//! treat it more evenly than multiplexed HTTP/2. Redirects are not followed, because a key must not
//! travel to a host that nobody configured. Whole bodies are bounded, streams are bounded per event.

use std::error::Error as StdError;
use std::time::Duration;

use bytes::Bytes;
use gatemark_core::{Error, Result};
use http::{HeaderMap, Method, Request, StatusCode, Uri};
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::body::Incoming;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};

/// Longest whole body that is read, in bytes.
pub const MAX_BODY: usize = 32 * 1024 * 1024;

/// Longest wait for a TCP connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// Shorter than the minute after which common proxies drop idle connections.
const IDLE_TIMEOUT: Duration = Duration::from_secs(50);

/// A client; clones share one pool of connections.
#[derive(Clone)]
pub struct Client {
    inner: legacy::Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
}

/// The head of an answer and its body, not yet read.
pub struct Response {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body; reading it to the end returns the connection to the pool.
    pub body: Incoming,
}

/// Why there is no (whole) answer.
#[derive(Debug)]
pub enum Failure {
    /// No connection came about.
    Connect(Box<dyn StdError + Send + Sync>),
    /// The connection broke.
    Broken(Box<dyn StdError + Send + Sync>),
    /// The body is longer than this many bytes.
    TooLarge(usize),
}

impl Client {
    /// A client with Mozilla's root certificates.
    ///
    /// # Errors
    /// `Internal` if the TLS library refuses its own defaults.
    pub fn new() -> Result<Self> {
        let mut tcp = HttpConnector::new();
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        tcp.set_connect_timeout(Some(CONNECT_TIMEOUT));
        tcp.set_keepalive(Some(Duration::from_secs(30)));
        let tls = HttpsConnectorBuilder::new()
            .with_provider_and_webpki_roots(rustls::crypto::ring::default_provider())
            .map_err(|cause| Error::internal("cannot set up TLS").because(cause))?
            .https_or_http()
            .enable_http1()
            .wrap_connector(tcp);
        let inner = legacy::Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(IDLE_TIMEOUT)
            .build(tls);
        Ok(Self { inner })
    }

    /// Sends a POST and waits for the head of the answer.
    ///
    /// # Errors
    /// [`Failure::Connect`] or [`Failure::Broken`].
    pub async fn post(
        &self,
        uri: Uri,
        headers: HeaderMap,
        body: Bytes,
    ) -> std::result::Result<Response, Failure> {
        self.send(Method::POST, uri, headers, body).await
    }

    /// Sends a GET and waits for the head of the answer.
    ///
    /// # Errors
    /// As [`Client::post`].
    pub async fn get(
        &self,
        uri: Uri,
        headers: HeaderMap,
    ) -> std::result::Result<Response, Failure> {
        self.send(Method::GET, uri, headers, Bytes::new()).await
    }

    async fn send(
        &self,
        method: Method,
        uri: Uri,
        headers: HeaderMap,
        body: Bytes,
    ) -> std::result::Result<Response, Failure> {
        let mut request = Request::new(Full::new(body));
        *request.method_mut() = method;
        *request.uri_mut() = uri;
        *request.headers_mut() = headers;
        match self.inner.request(request).await {
            Ok(response) => {
                let (head, body) = response.into_parts();
                Ok(Response { status: head.status, headers: head.headers, body })
            }
            Err(cause) if cause.is_connect() => Err(Failure::Connect(cause.into())),
            Err(cause) => Err(Failure::Broken(cause.into())),
        }
    }
}

/// Reads a body to its end.
///
/// # Errors
/// [`Failure::TooLarge`] beyond `limit` bytes, [`Failure::Broken`] if it ends before its announced end.
pub async fn whole(body: Incoming, limit: usize) -> std::result::Result<Bytes, Failure> {
    if http_body::Body::size_hint(&body).lower() > u64::try_from(limit).unwrap_or(u64::MAX) {
        return Err(Failure::TooLarge(limit));
    }
    match Limited::new(body, limit).collect().await {
        Ok(collected) => Ok(collected.to_bytes()),
        Err(cause) if cause.is::<LengthLimitError>() => Err(Failure::TooLarge(limit)),
        Err(cause) => Err(Failure::Broken(cause)),
    }
}
