//! One POST of JSON, and what its answer means.

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderName, HeaderValue, USER_AGENT};
use http::{HeaderMap, StatusCode, Uri};
use serde_json::Value;

use crate::http::{Client, Failure, whole};

/// Longest answer that is read, in bytes.
const LONGEST: usize = 64 * 1024;
/// Most of an answer that is repeated, in characters.
const REPEATED: usize = 200;

/// Why a message did not arrive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Undelivered {
    /// For people; holds no address and no secret.
    pub message: String,
    /// Whether the same message would be refused again.
    pub lasting: bool,
}

impl Undelivered {
    /// What trying again may mend.
    pub(super) fn passing(message: impl Into<String>) -> Self {
        Self { message: message.into(), lasting: false }
    }

    /// What trying again does not mend.
    pub(super) fn lasting(message: impl Into<String>) -> Self {
        Self { message: message.into(), lasting: true }
    }
}

/// What goes with a body.
pub(super) type Headers = Vec<(&'static str, String)>;

/// Where a request goes, and what it says beside its body.
pub(super) struct Target<'a> {
    pub(super) client: &'a Client,
    pub(super) url: &'a str,
    pub(super) headers: Headers,
}

impl Target<'_> {
    /// Sends `body` and reads what the receiver makes of it.
    pub(super) async fn post(self, body: &Value) -> Result<(), Undelivered> {
        let body = serde_json::to_vec(body)
            .map_err(|_| Undelivered::lasting("the message cannot be written as JSON"))?;
        self.post_bytes(body).await
    }

    /// The same for a body that is written already.
    pub(super) async fn post_bytes(self, body: Vec<u8>) -> Result<(), Undelivered> {
        // The address may hold a secret, so it is not repeated.
        let uri: Uri =
            self.url.parse().map_err(|_| Undelivered::lasting("its address is not a URL"))?;
        if !matches!(uri.scheme_str(), Some("http" | "https")) || uri.host().is_none() {
            return Err(Undelivered::lasting("its address is no http:// or https:// URL"));
        }
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert(USER_AGENT, HeaderValue::from_static("gatemark"));
        for (name, value) in self.headers {
            let value = HeaderValue::from_str(&value)
                .map_err(|_| Undelivered::lasting(format!("`{name}` holds what no header may")))?;
            headers.insert(HeaderName::from_static(name), value);
        }
        let sent = self.client.post(uri, headers, Bytes::from(body)).await;
        let response = sent.map_err(|failure| explain(&failure))?;
        let status = response.status;
        let said = whole(response.body, LONGEST).await;
        if status.is_success() {
            return Ok(());
        }
        let said = said.map(|body| String::from_utf8_lossy(&body).into_owned()).unwrap_or_default();
        let said: String =
            said.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(REPEATED).collect();
        let message = format!("the receiver answered {}: {said}", status.as_u16());
        Err(Undelivered { message, lasting: is_lasting(status) })
    }
}

/// What a receiver answers that will answer the same again: it does not want this message, or it is not there.
fn is_lasting(status: StatusCode) -> bool {
    let passing = [
        StatusCode::REQUEST_TIMEOUT,
        StatusCode::CONFLICT,
        StatusCode::TOO_EARLY,
        StatusCode::TOO_MANY_REQUESTS,
    ];
    !status.is_server_error() && !passing.contains(&status)
}

fn explain(failure: &Failure) -> Undelivered {
    match failure {
        Failure::Forbidden(found) if found.by_choice => {
            Undelivered::lasting(format!("{found}: say `allow_private: true` if it is meant"))
        }
        Failure::Forbidden(found) => Undelivered::lasting(found.to_string()),
        Failure::Connect(cause) => {
            Undelivered::passing(format!("no connection: {}", root(&**cause)))
        }
        Failure::Broken(cause) => {
            Undelivered::passing(format!("the connection broke: {}", root(&**cause)))
        }
        Failure::TooLarge(_) => Undelivered::passing("its answer was too long"),
    }
}

/// The innermost cause, which says what happened.
fn root(error: &(dyn std::error::Error + 'static)) -> String {
    let mut innermost = error;
    while let Some(cause) = innermost.source() {
        innermost = cause;
    }
    innermost.to_string()
}
