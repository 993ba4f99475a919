//! From an error to an HTTP answer: the one place where kinds become statuses.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use gatemark_core::error::{Error, Kind};
use gatemark_gateway::Failure;
use gatemark_provider::chat;

/// An error on its way out, in the shape that OpenAI's clients understand.
pub(crate) struct Problem {
    error: Error,
    call: Option<String>,
}

/// What handlers return.
pub(crate) type Answer<T> = Result<T, Problem>;

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        Self { error, call: None }
    }
}

impl From<Failure> for Problem {
    fn from(failure: Failure) -> Self {
        Self { error: failure.error, call: failure.call }
    }
}

/// A vendor's own refusal keeps its status; everything else follows its kind.
fn status(error: &Error) -> StatusCode {
    if let Some(said) = error.vendor()
        && let Some(status) = faithful(said.status, error.kind())
    {
        return status;
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

/// The vendor's status where it means the same to our caller as it did to us. Not so for 401 and 403
/// (our key, not the caller's), nor for a redirect or for an error inside a 200.
fn faithful(said: u16, kind: Kind) -> Option<StatusCode> {
    let ours = matches!(said, 401 | 403);
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
        let mut response = (status, chat::write_error(&self.error)).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        if let Some(wait) = self.error.wait() {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(wait.as_secs().max(1)));
        }
        if let Some(call) = self.call.and_then(|call| HeaderValue::from_str(&call).ok()) {
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
    fn every_kind_has_an_error_status() {
        for kind in Kind::ALL {
            assert!(status(&Error::new(kind, "x")).as_u16() >= 400, "{kind:?}");
        }
    }
}
