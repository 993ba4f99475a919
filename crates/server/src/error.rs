//! From an error to an HTTP answer: the one place where kinds become statuses.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use gatemark_core::error::{Error, Kind};
use gatemark_core::throttle::Rates;
use gatemark_gateway::Failure;
use gatemark_provider::{Dialect, door};
use serde::Serialize;
use serde_json::{Map, Value};

use crate::account;

/// An error on its way out, in the shape that OpenAI's clients understand unless the door is another's.
pub(crate) struct Problem {
    dialect: Dialect,
    error: Error,
    call: Option<String>,
    rates: Box<Rates>,
    beside: Option<Box<(&'static str, Value)>>,
    /// The scope of the stop that the call met.
    stopped: Option<String>,
    /// What guards made of the call's texts.
    guard: Option<&'static str>,
}

/// The code of an answer to a method that a path does not take; HTTP has a status for it, [`Kind`] none.
const METHOD_NOT_ALLOWED: &str = "method_not_allowed";

impl Problem {
    /// An answer to a method that the path does not take.
    pub(crate) fn method_not_allowed(message: String) -> Self {
        Self::from(Error::invalid(message).coded(METHOD_NOT_ALLOWED))
    }

    /// Adds a member to the answer, beside `error`.
    pub(crate) fn beside(mut self, name: &'static str, value: &impl Serialize) -> Self {
        self.beside = serde_json::to_value(value).ok().map(|value| Box::new((name, value)));
        self
    }

    /// The same for callers who speak `dialect`.
    pub(crate) fn told_in(self, dialect: Dialect) -> Self {
        Self { dialect, ..self }
    }

    fn body(&self) -> Bytes {
        let bytes = door::write_error(self.dialect, &self.error, self.call.as_deref());
        let Some((name, value)) = self.beside.as_deref() else { return bytes };
        let Ok(mut whole) = serde_json::from_slice::<Map<String, Value>>(&bytes) else {
            return bytes;
        };
        whole.insert((*name).to_string(), value.clone());
        serde_json::to_vec(&whole).map_or(bytes, Bytes::from)
    }
}

/// What handlers return.
pub(crate) type Answer<T> = Result<T, Problem>;

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        Self {
            dialect: Dialect::Chat,
            error,
            call: None,
            rates: Box::default(),
            beside: None,
            stopped: None,
            guard: None,
        }
    }
}

impl From<Failure> for Problem {
    fn from(failure: Failure) -> Self {
        let rates = Box::new(failure.rates);
        Self {
            dialect: Dialect::Chat,
            error: failure.error,
            call: failure.call,
            rates,
            beside: None,
            stopped: failure.stopped,
            guard: failure.guard.and_then(|guard| guard.word()),
        }
    }
}

/// A vendor's own refusal keeps its status; everything else follows its kind.
fn status(error: &Error) -> StatusCode {
    if let Some(said) = error.vendor()
        && let Some(status) = faithful(said.status, error.kind())
    {
        return status;
    }
    if error.code() == METHOD_NOT_ALLOWED {
        return StatusCode::METHOD_NOT_ALLOWED;
    }
    match error.kind() {
        Kind::Invalid => StatusCode::BAD_REQUEST,
        Kind::Unauthenticated => StatusCode::UNAUTHORIZED,
        Kind::Forbidden => StatusCode::FORBIDDEN,
        Kind::NotFound => StatusCode::NOT_FOUND,
        Kind::Conflict | Kind::Refused => StatusCode::CONFLICT,
        Kind::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        Kind::Limited => StatusCode::TOO_MANY_REQUESTS,
        Kind::VendorRejected => StatusCode::BAD_REQUEST,
        Kind::VendorFailed => StatusCode::BAD_GATEWAY,
        Kind::Timeout => StatusCode::GATEWAY_TIMEOUT,
        Kind::Cancelled => StatusCode::REQUEST_TIMEOUT,
        Kind::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        Kind::Internal => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

/// The vendor's status where it means the same to our caller as it did to us. Not so for 401, 402 and 403
/// (our key and account, not the caller's), nor for a redirect or for an error inside a 200.
fn faithful(said: u16, kind: Kind) -> Option<StatusCode> {
    let ours = matches!(said, 401..=403);
    let is_error = (400..600).contains(&said);
    let by_vendor =
        matches!(kind, Kind::VendorRejected | Kind::VendorFailed | Kind::Limited | Kind::Timeout);
    if is_error && by_vendor && !ours { StatusCode::from_u16(said).ok() } else { None }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = status(&self.error);
        if status.is_server_error() {
            let cause = std::error::Error::source(&self.error);
            tracing::warn!(error = %self.error, ?cause, call = self.call, "answered {status}");
        }
        let mut response = (status, self.body()).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        if let Some(wait) = self.error.wait() {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(wait.as_secs().max(1)));
        }
        account::rates(headers, &self.rates);
        // Clients try again after some seconds; a budget's window is longer.
        if self.error.code() == "budget_exceeded" {
            headers.insert("x-should-retry", HeaderValue::from_static("false"));
        }
        // Whoever stopped it ends the stop; asking again before does not.
        if let Some(scope) = self.stopped.and_then(|scope| HeaderValue::from_str(&scope).ok()) {
            headers.insert("x-gatemark-stopped", scope);
            headers.insert("x-should-retry", HeaderValue::from_static("false"));
        }
        if let Some(word) = self.guard {
            headers.insert("x-gatemark-guard", HeaderValue::from_static(word));
        }
        if let Some(call) = self.call.and_then(|call| HeaderValue::from_str(&call).ok()) {
            headers.insert("request-id", call.clone());
            headers.insert("x-gatemark-call-id", call);
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use gatemark_core::error::VendorSaid;

    fn vendor(kind: Kind, said: u16) -> u16 {
        let said = VendorSaid { status: said, ..VendorSaid::default() };
        status(&Error::new(kind, "x").from_vendor(said)).as_u16()
    }

    #[test]
    fn vendors_are_passed_on_faithfully_except_for_our_own_keys() {
        assert_eq!(vendor(Kind::VendorRejected, 422), 422);
        assert_eq!(vendor(Kind::Limited, 429), 429);
        assert_eq!(vendor(Kind::VendorFailed, 529), 529);
        assert_eq!(vendor(Kind::VendorFailed, 401), 502);
        assert_eq!(vendor(Kind::VendorFailed, 200), 502);
    }

    #[test]
    fn members_beside_the_error() {
        let problem = Problem::from(Error::new(Kind::Refused, "no").coded("gate_refused"));
        let body: Value =
            serde_json::from_slice(&problem.beside("gate", &["rule"]).body()).unwrap();
        assert_eq!(body["error"]["code"], "gate_refused");
        assert_eq!(body["gate"][0], "rule");
    }

    #[test]
    fn wrong_methods_have_a_status_of_their_own() {
        let problem = Problem::method_not_allowed("x does not take PUT".to_string());
        assert_eq!(status(&problem.error).as_u16(), 405);
    }

    #[test]
    fn every_kind_has_an_error_status() {
        for kind in Kind::ALL {
            assert!(status(&Error::new(kind, "x")).as_u16() >= 400, "{kind:?}");
        }
    }
}
