//! Every error about the other end of the wire is built here, for all protocols alike.
//!
//! Who has to act decides the kind: a request that the vendor finds wrong is the caller's
//! (`VendorRejected`, not sent again); a key that it refuses is the operator's (`VendorFailed`, so that a
//! fallback is tried, and without the vendor's own text, which tends to quote part of the key).

use std::time::Duration;

use bytes::Bytes;
use gatemark_core::error::VendorSaid;
use gatemark_core::{Error, Kind};
use http::{HeaderMap, StatusCode, header};
use serde_json::{Map, Value};

use crate::events::Trouble;
use crate::google;
use crate::http::{Failure, Forbidden};
use crate::secret::Secret;
use crate::unreadable::Unreadable;

/// Longest quotation from a vendor in a message, in characters.
const EXCERPT: usize = 300;
/// Longest wait that we take a vendor's word for.
const LONGEST_WAIT: Duration = Duration::from_secs(24 * 3600);

/// The other end: a configured provider, and the key that it must never be quoted with.
#[derive(Debug, Clone)]
pub(crate) struct Peer {
    name: String,
    key: Option<Secret>,
}

/// An error object, whatever its dialect.
#[derive(Debug, Default, PartialEq)]
struct Complaint {
    message: String,
    kind: Option<String>,
    code: Option<String>,
    param: Option<String>,
}

impl Peer {
    pub(crate) fn new(name: &str, key: Option<Secret>) -> Self {
        Self { name: name.to_string(), key }
    }

    /// The vendor failed with no usable answer; `what` completes "provider `x` …".
    pub(crate) fn failed(&self, status: u16, what: &str) -> Error {
        let message = format!("provider `{}` {}", self.name, self.shortened(what));
        Error::new(Kind::VendorFailed, message).from_vendor(self.said(status, Complaint::default()))
    }

    /// The transport failed.
    pub(crate) fn unreachable(&self, failure: Failure) -> Error {
        match failure {
            Failure::Forbidden(forbidden) => self.forbidden(forbidden),
            Failure::Connect(cause) => self.failed(0, "cannot be reached").because(cause),
            Failure::Broken(cause) => {
                self.failed(0, "broke the connection before its answer was complete").because(cause)
            }
            Failure::TooLarge(limit) => self
                .failed(0, &format!("answered more than {limit} bytes"))
                .coded("answer_too_large"),
        }
    }

    fn forbidden(&self, forbidden: Forbidden) -> Error {
        let Forbidden { address, by_choice } = forbidden;
        let advice = if by_choice {
            "a private address: if it is meant, write `allow_private: true` for the provider in gatemark.yaml"
        } else {
            "an address that no vendor has: correct its base_url"
        };
        let message = format!("provider `{}` is not connected to {address}, {advice}", self.name);
        Error::new(Kind::Unavailable, message).coded("private_address")
    }

    /// A stream failed.
    pub(crate) fn interrupted(&self, trouble: Trouble) -> Error {
        match trouble {
            Trouble::Transport(failure) => self.unreachable(failure),
            Trouble::Stream(cause) => {
                self.failed(200, "sent a stream that cannot be read").because(cause)
            }
        }
    }

    /// A stream ended without saying that it was complete.
    pub(crate) fn ended_early(&self) -> Error {
        self.failed(200, "ended its stream early: the answer is incomplete")
    }

    /// An answer with a good status that is none.
    pub(crate) fn unreadable(&self, body: &[u8], why: Unreadable) -> Error {
        match why {
            Unreadable::Says(error) => {
                self.complained(&serde_json::from_str(error.get()).unwrap_or(Value::Null))
            }
            Unreadable::Odd(why) => {
                let body = excerpt(body);
                self.failed(200, &format!("sent an answer that cannot be read ({why}): {body}"))
            }
        }
    }

    /// An answer with a status that is not good.
    pub(crate) fn refused(&self, status: StatusCode, headers: &HeaderMap, body: &Bytes) -> Error {
        let status = status.as_u16();
        let status = if google::refuses_key(status, body) { 401 } else { status };
        if (300..400).contains(&status) {
            let what = "redirects elsewhere, which is not followed: correct its base_url";
            return self.failed(status, what);
        }
        let mut complaint = match serde_json::from_slice::<Value>(body) {
            Ok(value) => complaint(&value),
            Err(_) => Complaint { message: excerpt(body), ..Complaint::default() },
        };
        complaint.kind = complaint.kind.or_else(|| amazons_kind(headers));
        let error = self.with_status(status, complaint);
        match wait(headers).or_else(|| google::wait(body)) {
            Some(wait) => error.retry_after(wait),
            None => error,
        }
    }

    /// An error object inside an answer whose status was good. The status that goes into the error is
    /// the one that the vendor would have used had it known in time.
    pub(crate) fn complained(&self, error: &Value) -> Error {
        let complaint = complaint(error);
        let number = complaint.code.as_deref().and_then(|code| code.parse::<u16>().ok());
        let word = complaint.kind.as_deref().or(complaint.code.as_deref()).unwrap_or_default();
        let status = match (number, word) {
            (Some(status @ 400..=599), _) => status,
            (_, "overloaded_error") => 529,
            (_, word) if word.starts_with("rate_limit") => 429,
            (_, "invalid_request_error" | "BadRequestError" | "INVALID_ARGUMENT") => 400,
            (_, "authentication_error") => 401,
            (_, "permission_error") => 403,
            (_, "not_found_error") => 404,
            (_, "request_too_large") => 413,
            (_, "timeout_error") => 504,
            _ => 500,
        };
        self.with_status(status, complaint)
    }

    fn with_status(&self, status: u16, complaint: Complaint) -> Error {
        let name = &self.name;
        let words = self.shortened(&complaint.message);
        let words = if words.is_empty() { "no reason given".to_string() } else { words };
        let (kind, message) = match status {
            401 | 403 => (
                Kind::VendorFailed,
                format!(
                    "provider `{name}` refuses the gateway's key ({status}); its operator must act"
                ),
            ),
            408 | 504 => {
                (Kind::Timeout, format!("provider `{name}` timed out ({status}): {words}"))
            }
            429 => (Kind::Limited, format!("provider `{name}` limits requests (429): {words}")),
            402 | 409 | 424 | 425 | 500.. => {
                (Kind::VendorFailed, format!("provider `{name}` failed ({status}): {words}"))
            }
            400..500 => (
                Kind::VendorRejected,
                format!("provider `{name}` refuses the request ({status}): {words}"),
            ),
            _ => (
                Kind::VendorFailed,
                format!("provider `{name}` answered with the odd status {status}: {words}"),
            ),
        };
        Error::new(kind, message).from_vendor(self.said(status, complaint))
    }

    fn said(&self, status: u16, complaint: Complaint) -> VendorSaid {
        let clean = |text: Option<String>| text.map(|text| self.shortened(&text));
        let (kind, code, param) =
            (clean(complaint.kind), clean(complaint.code), clean(complaint.param));
        VendorSaid { provider: self.name.clone(), status, kind, code, param }
    }

    /// `text` in one line, bounded, and without the key should the vendor have quoted it.
    fn shortened(&self, text: &str) -> String {
        let key = self.key.as_ref().map(Secret::expose).filter(|key| !key.is_empty());
        let text = key.map_or_else(|| text.to_string(), |key| text.replace(key, "***"));
        short(&text)
    }
}

/// One line of at most [`EXCERPT`] characters.
fn short(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(EXCERPT) {
        Some((cut, _)) => format!("{}…", line.get(..cut).unwrap_or_default()),
        None => line,
    }
}

/// The beginning of a body, longer than what is shown of it: a key is looked for before the text is cut.
fn excerpt(body: &[u8]) -> String {
    let head = body.get(..EXCERPT * 64).unwrap_or(body);
    String::from_utf8_lossy(head).into_owned()
}

/// Reads an error in the dialects seen: `{"error": {…}}`, the inner object alone, `{"error": "text"}`,
/// `{"detail": …}`, a text, or an array of one of these.
fn complaint(value: &Value) -> Complaint {
    match value {
        Value::Array(items) => items.first().map(complaint).unwrap_or_default(),
        Value::String(text) => Complaint { message: text.clone(), ..Complaint::default() },
        Value::Object(object) => {
            match object.get("error").filter(|inner| inner.is_object() || inner.is_string()) {
                Some(inner) => complaint(inner),
                None => complaint_of(object),
            }
        }
        _ => Complaint::default(),
    }
}

/// The type of an error as Amazon's services tell it: in a header, with a link behind a colon.
fn amazons_kind(headers: &HeaderMap) -> Option<String> {
    let kind = headers.get("x-amzn-errortype")?.to_str().ok()?;
    Some(kind.split(':').next().unwrap_or_default().to_string())
}

fn complaint_of(object: &Map<String, Value>) -> Complaint {
    let word = |key: &str| match object.get(key) {
        Some(Value::String(text)) => Some(text.clone()),
        Some(Value::Number(number)) => Some(number.to_string()),
        _ => None,
    };
    let detail = || object.get("detail").map(|detail| detail.to_string());
    Complaint {
        message: word("message").or_else(|| word("detail")).or_else(detail).unwrap_or_default(),
        kind: word("type").or_else(|| word("status")),
        code: word("code"),
        param: word("param"),
    }
}

/// How long the vendor asks to wait: `retry-after-ms`, or `retry-after` as seconds or as a date. A date
/// is read against the answer's own `date`, which needs no clock here and no agreement of clocks.
fn wait(headers: &HeaderMap) -> Option<Duration> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim);
    let seconds = |text: &str| text.parse::<f64>().ok();
    let exact = text("retry-after-ms").and_then(seconds).map(|ms| ms / 1000.0);
    let wait = exact.or_else(|| {
        let after = text(header::RETRY_AFTER.as_str())?;
        seconds(after).or_else(|| {
            let then = jiff::fmt::rfc2822::parse(after).ok()?;
            let now = jiff::fmt::rfc2822::parse(text(header::DATE.as_str())?).ok()?;
            Some(now.timestamp().duration_until(then.timestamp()).as_secs_f64())
        })
    })?;
    Duration::try_from_secs_f64(wait.max(0.0)).ok().map(|wait| wait.min(LONGEST_WAIT))
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;
    use serde_json::json;

    fn peer() -> Peer {
        Peer::new("acme", Some(Secret::new("sk-secret".into())))
    }

    #[test]
    fn kinds_follow_who_has_to_act() {
        let kind = |status: u16| {
            let status = StatusCode::from_u16(status).unwrap();
            peer().refused(status, &HeaderMap::new(), &Bytes::new()).kind()
        };
        for status in [400, 404, 413, 422] {
            assert_eq!(kind(status), Kind::VendorRejected, "{status}");
        }
        for status in [302, 401, 402, 403, 409, 500, 502, 503, 529] {
            assert_eq!(kind(status), Kind::VendorFailed, "{status}");
        }
        assert_eq!(
            (kind(408), kind(504), kind(429)),
            (Kind::Timeout, Kind::Timeout, Kind::Limited)
        );
    }

    #[test]
    fn the_key_is_never_quoted() {
        let body = Bytes::from_static(br#"{"error":{"message":"bad key sk-secret","code":"c"}}"#);
        for status in [400, 401, 500] {
            let status = StatusCode::from_u16(status).unwrap();
            let error = peer().refused(status, &HeaderMap::new(), &body);
            assert!(!format!("{error:?}").contains("sk-secret"), "{error:?}");
            assert_eq!(error.vendor().unwrap().code.as_deref(), Some("c"));
        }
    }

    #[test]
    fn dialects_of_errors() {
        let message = |value: Value| complaint(&value).message;
        assert_eq!(message(json!({"error": {"message": "m"}})), "m");
        assert_eq!(message(json!({"error": "m"})), "m");
        assert_eq!(message(json!({"object": "error", "message": "m"})), "m");
        assert_eq!(message(json!({"detail": "m"})), "m");
        assert_eq!(message(json!({"detail": [{"msg": "m"}]})), r#"[{"msg":"m"}]"#);
        assert_eq!(message(json!([{"error": {"message": "m"}}])), "m");
        let typed = complaint(&json!({"error": {"type": "t", "code": 400, "param": "p"}}));
        assert_eq!(typed.code.as_deref(), Some("400"));
        assert_eq!((typed.kind.as_deref(), typed.param.as_deref()), (Some("t"), Some("p")));
    }

    #[test]
    fn waits() {
        let of = |pairs: &[(&'static str, &'static str)]| {
            let pairs = pairs
                .iter()
                .map(|(k, v)| (http::HeaderName::from_static(k), HeaderValue::from_static(v)));
            wait(&pairs.collect()).map(|wait| wait.as_millis())
        };
        assert_eq!(of(&[("retry-after", "2")]), Some(2000));
        assert_eq!(of(&[("retry-after", "2"), ("retry-after-ms", "150")]), Some(150));
        let date = ("date", "Wed, 21 Oct 2015 07:27:30 GMT");
        let later = ("retry-after", "Wed, 21 Oct 2015 07:28:00 GMT");
        let earlier = ("retry-after", "Wed, 21 Oct 2015 07:27:00 GMT");
        assert_eq!(of(&[date, later]), Some(30_000));
        assert_eq!(of(&[date, earlier]), Some(0));
        assert_eq!(of(&[later]), None);
        assert_eq!(of(&[("retry-after", "soon")]), None);
        assert_eq!(of(&[("retry-after", "NaN")]), Some(0));
        assert_eq!(of(&[("retry-after", "1e300")]), None);
    }

    #[test]
    fn long_pages_are_shortened() {
        let page = Bytes::from(format!("<html>{}</html>", "x \n".repeat(5000)));
        let error = peer().refused(StatusCode::BAD_GATEWAY, &HeaderMap::new(), &page);
        assert!(error.message().chars().count() < 400, "{error}");
        assert!(error.message().contains("<html>x x"));
    }
}
