//! One vendor's endpoint: where requests go, with which headers, and what counts as an answer at all.

use std::sync::Arc;

use bytes::Bytes;
use gatemark_core::model::Provider;
use gatemark_core::{Error, Result};
use http::uri::InvalidUri;
use http::{HeaderMap, HeaderValue, Uri, header};

use crate::events::BodyEvents;
use crate::http::{Client, MAX_BODY, Response, whole};
use crate::peer::Peer;
use crate::secret::Secret;

/// Longest error body that is read, in bytes.
const MAX_ERROR: usize = 256 * 1024;

/// A header's name and value.
pub(crate) type Header = (&'static str, String);

/// An endpoint, or the root of several.
pub(crate) struct Line {
    client: Client,
    root: String,
    uri: Uri,
    whole_headers: HeaderMap,
    stream_headers: HeaderMap,
    pub(crate) peer: Arc<Peer>,
}

/// Where one request goes, if not to the endpoint itself, and the headers that it alone carries.
pub(crate) struct Target {
    pub(crate) uri: Uri,
    pub(crate) headers: HeaderMap,
}

/// What a request for a stream got.
pub(crate) enum Opened {
    /// A stream.
    Events(BodyEvents),
    /// A whole body of JSON or a page, because the server cannot stream or failed with a good status.
    Whole(Bytes),
}

impl Line {
    /// The endpoint `path` under the provider's base URL. `secrets` are headers that carry the key.
    ///
    /// # Errors
    /// `Invalid` if the base URL or the key cannot be used.
    pub(crate) fn new(
        provider: &Provider,
        key: Option<&Secret>,
        path: &str,
        secrets: Vec<(&'static str, String)>,
        client: &Client,
    ) -> Result<Self> {
        let uri = endpoint(provider, path)?;
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        let agent = concat!("gatemark/", env!("CARGO_PKG_VERSION"));
        headers.insert(header::USER_AGENT, HeaderValue::from_static(agent));
        for (name, value) in secrets {
            let mut value = HeaderValue::from_str(&value).map_err(|_| {
                let name = &provider.name;
                Error::invalid(format!("the key of provider `{name}` holds control characters"))
            })?;
            value.set_sensitive(true);
            headers.insert(name, value);
        }
        let accepting = |kind: &'static str| {
            let mut headers = headers.clone();
            headers.insert(header::ACCEPT, HeaderValue::from_static(kind));
            headers
        };
        Ok(Self {
            client: client.clone(),
            root: provider.base_url.trim_end_matches('/').to_string(),
            uri,
            whole_headers: accepting("application/json"),
            stream_headers: accepting("text/event-stream"),
            peer: Arc::new(Peer::new(&provider.name, key.cloned())),
        })
    }

    /// Adds a header that is no secret.
    pub(crate) fn with_header(mut self, name: &'static str, value: &'static str) -> Self {
        for headers in [&mut self.whole_headers, &mut self.stream_headers] {
            headers.insert(name, HeaderValue::from_static(value));
        }
        self
    }

    /// The endpoint `path` (with its query) under the same root. Names in it are encoded already.
    ///
    /// # Errors
    /// `Invalid` if it is none, which encoded names do not let happen.
    pub(crate) fn target(&self, path: &str) -> Result<Target> {
        let uri = format!("{}{path}", self.root).parse().map_err(|cause: InvalidUri| {
            Error::invalid("the model's name cannot be part of a URL").at("model").because(cause)
        })?;
        Ok(Target { uri, headers: HeaderMap::new() })
    }

    /// Sends `body` and reads the whole answer, provided its status is good.
    pub(crate) async fn whole(&self, body: Bytes) -> Result<Bytes> {
        self.whole_with(body, &[]).await
    }

    /// As [`Line::whole`], with headers of the caller's.
    pub(crate) async fn whole_with(&self, body: Bytes, more: &[Header]) -> Result<Bytes> {
        self.whole_at(self.itself(more)?, body).await
    }

    /// As [`Line::whole`], elsewhere.
    pub(crate) async fn whole_at(&self, target: Target, body: Bytes) -> Result<Bytes> {
        let response = self.send(target, body, &self.whole_headers).await?;
        self.read(response.body, MAX_BODY).await
    }

    /// Sends `body` and waits until the answer begins, provided its status is good.
    pub(crate) async fn open(&self, body: Bytes) -> Result<Opened> {
        self.open_with(body, &[]).await
    }

    /// As [`Line::open`], with headers of the caller's.
    pub(crate) async fn open_with(&self, body: Bytes, more: &[Header]) -> Result<Opened> {
        self.open_at(self.itself(more)?, body).await
    }

    /// As [`Line::open`], elsewhere.
    pub(crate) async fn open_at(&self, target: Target, body: Bytes) -> Result<Opened> {
        let response = self.send(target, body, &self.stream_headers).await?;
        let kind = response.headers.get(header::CONTENT_TYPE).map(HeaderValue::as_bytes);
        let kind = kind.unwrap_or_default().to_ascii_lowercase();
        if kind.starts_with(b"application/json") || kind.starts_with(b"text/html") {
            return Ok(Opened::Whole(self.read(response.body, MAX_BODY).await?));
        }
        let framed = kind.starts_with(b"application/vnd.amazon.eventstream");
        let events = if framed { BodyEvents::framed } else { BodyEvents::new };
        Ok(Opened::Events(events(response.body)))
    }

    /// The endpoint itself with what the caller adds, which cannot replace a header of ours.
    fn itself(&self, more: &[Header]) -> Result<Target> {
        let mut headers = HeaderMap::new();
        for (name, value) in more.iter().filter(|(name, _)| !self.whole_headers.contains_key(*name))
        {
            let value = HeaderValue::from_str(value).map_err(|_| {
                let why = format!("the header `{name}` holds characters that no header may hold");
                Error::invalid(why)
            })?;
            headers.entry(*name).or_insert(value);
        }
        Ok(Target { uri: self.uri.clone(), headers })
    }

    async fn send(&self, target: Target, body: Bytes, ours: &HeaderMap) -> Result<Response> {
        let mut headers = ours.clone();
        headers.extend(target.headers);
        let sent = self.client.post(target.uri, headers, body).await;
        let response = sent.map_err(|failure| self.peer.unreachable(failure))?;
        let encoding = response.headers.get(header::CONTENT_ENCODING).map(HeaderValue::as_bytes);
        if let Some(encoding) = encoding.filter(|name| !name.eq_ignore_ascii_case(b"identity")) {
            let encoding = String::from_utf8_lossy(encoding);
            let what = format!("answered in the encoding {encoding:?}, though asked for none");
            return Err(self.peer.failed(response.status.as_u16(), &what));
        }
        if !response.status.is_success() {
            // The status says enough if the body cannot be read.
            let text = whole(response.body, MAX_ERROR).await.unwrap_or_default();
            return Err(self.peer.refused(response.status, &response.headers, &text));
        }
        Ok(response)
    }

    async fn read(&self, body: hyper::body::Incoming, limit: usize) -> Result<Bytes> {
        whole(body, limit).await.map_err(|failure| self.peer.unreachable(failure))
    }
}

fn endpoint(provider: &Provider, path: &str) -> Result<Uri> {
    let base = provider.base_url.trim_end_matches('/');
    let unusable = || {
        let name = &provider.name;
        let message = format!(
            "base_url {base:?} of provider `{name}` is not usable: write it like https://host/v1, \
             without a query"
        );
        Error::invalid(message).at("base_url")
    };
    let uri: Uri = format!("{base}{path}").parse().map_err(|_| unusable())?;
    let web = matches!(uri.scheme_str(), Some("http" | "https"));
    if web && uri.host().is_some() && uri.query().is_none() { Ok(uri) } else { Err(unusable()) }
}
