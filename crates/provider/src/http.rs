//! The HTTP client that all vendors share.
//!
//! HTTP/1.1 with kept-alive connections: a stream occupies one connection anyway, and vendors' proxies
//! treat it more evenly than multiplexed HTTP/2. Redirects are not followed, because a key must not
//! travel to a host that nobody configured. Whole bodies are bounded, streams are bounded per event.
//! Private addresses are out of reach ([`crate::address`]) unless a provider asks for them; connections of
//! the two sorts are pooled apart.

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
use hyper_util::client::legacy::connect::dns::GaiResolver;
use hyper_util::rt::{TokioExecutor, TokioTimer};

pub use crate::address::Forbidden;
use crate::address::{Guarded, Rule, refusal};

/// Longest whole body that is read, in bytes.
pub const MAX_BODY: usize = 32 * 1024 * 1024;

/// Longest wait for a TCP connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// Shorter than the minute after which common proxies drop idle connections.
const IDLE_TIMEOUT: Duration = Duration::from_secs(50);

/// Connections that are kept.
type Pool = legacy::Client<HttpsConnector<HttpConnector<Guarded>>, Full<Bytes>>;

/// A client; clones share their pools of connections.
#[derive(Clone)]
pub struct Client {
    guarded: Pool,
    open: Pool,
    rule: Rule,
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
    /// The host's address may not be connected to.
    Forbidden(Forbidden),
    /// No connection came about.
    Connect(Box<dyn StdError + Send + Sync>),
    /// The connection broke.
    Broken(Box<dyn StdError + Send + Sync>),
    /// The body is longer than this many bytes.
    TooLarge(usize),
}

impl Client {
    /// A client with Mozilla's root certificates that reaches public addresses and this machine.
    ///
    /// # Errors
    /// `Internal` if the TLS library refuses its own defaults.
    pub fn new() -> Result<Self> {
        let rule = Rule { private: false };
        Ok(Self { guarded: pool(rule)?, open: pool(Rule { private: true })?, rule })
    }

    /// The same client, which also reaches private networks if `private`.
    #[must_use]
    pub fn reaching(&self, private: bool) -> Self {
        Self { rule: Rule { private }, ..self.clone() }
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
        self.rule.check_literal(uri.host().unwrap_or_default()).map_err(Failure::Forbidden)?;
        let pool = if self.rule.private { &self.open } else { &self.guarded };
        let mut request = Request::new(Full::new(body));
        *request.method_mut() = method;
        *request.uri_mut() = uri;
        *request.headers_mut() = headers;
        match pool.request(request).await {
            Ok(response) => {
                let (head, body) = response.into_parts();
                Ok(Response { status: head.status, headers: head.headers, body })
            }
            Err(cause) if cause.is_connect() => Err(match refusal(&cause) {
                Some(forbidden) => Failure::Forbidden(forbidden),
                None => Failure::Connect(cause.into()),
            }),
            Err(cause) => Err(Failure::Broken(cause.into())),
        }
    }
}

fn pool(rule: Rule) -> Result<Pool> {
    let guarded = Guarded { resolver: GaiResolver::new(), rule };
    let mut tcp = HttpConnector::new_with_resolver(guarded);
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
    Ok(legacy::Client::builder(TokioExecutor::new())
        .pool_timer(TokioTimer::new())
        .pool_idle_timeout(IDLE_TIMEOUT)
        .build(tls))
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
