//! Errors in the shape that client libraries of the messages API understand.

use bytes::Bytes;
use gatemark_core::{Error, Kind};
use serde::Serialize;

#[derive(Serialize)]
struct Envelope<'a> {
    r#type: &'static str,
    error: Fault<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    request_id: Option<&'a str>,
}

#[derive(Serialize)]
struct Fault<'a> {
    r#type: &'a str,
    message: &'a str,
    /// Ours; the API has no such fields, and clients pass over what they do not know.
    code: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    param: Option<&'a str>,
}

/// The API's word for `kind`.
fn kind_type(kind: Kind) -> &'static str {
    match kind {
        Kind::Invalid | Kind::Conflict | Kind::Refused | Kind::VendorRejected => {
            "invalid_request_error"
        }
        Kind::TooLarge => "request_too_large",
        Kind::Unauthenticated => "authentication_error",
        Kind::Forbidden => "permission_error",
        Kind::NotFound => "not_found_error",
        Kind::Limited => "rate_limit_error",
        Kind::Timeout | Kind::Cancelled => "timeout_error",
        Kind::Unavailable => "overloaded_error",
        Kind::VendorFailed | Kind::Internal => "api_error",
    }
}

/// The API's word for a status that a vendor answered, as it documents them.
fn status_type(status: u16) -> Option<&'static str> {
    Some(match status {
        400 | 422 => "invalid_request_error",
        402 => "billing_error",
        404 => "not_found_error",
        413 => "request_too_large",
        429 => "rate_limit_error",
        503 | 529 => "overloaded_error",
        504 => "timeout_error",
        _ => return None,
    })
}

/// Writes `{"type": "error", "error": {"type", "message"}, "request_id"}`; `call` is the call's id. A vendor's
/// refusal of the gateway's own key is told as the gateway's failure.
pub fn write_error(error: &Error, call: Option<&str>) -> Bytes {
    let about_caller = |status: u16| status != 401 && status != 403;
    let vendor = error.vendor().filter(|said| about_caller(said.status));
    let said = vendor.and_then(|said| status_type(said.status));
    let envelope = Envelope {
        r#type: "error",
        error: Fault {
            r#type: said.unwrap_or_else(|| kind_type(error.kind())),
            message: error.message(),
            code: vendor.and_then(|said| said.code.as_deref()).unwrap_or(error.code()),
            param: vendor.and_then(|said| said.param.as_deref()).or(error.param()),
        },
        request_id: call,
    };
    // Strings and options of strings always serialise.
    serde_json::to_vec(&envelope).unwrap_or_default().into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use gatemark_core::error::VendorSaid;

    fn written(error: &Error, call: Option<&str>) -> String {
        String::from_utf8(write_error(error, call).to_vec()).unwrap()
    }

    #[test]
    fn our_own() {
        let error = Error::invalid("no \"x\"").at("model").coded("prompt_not_found");
        let wanted = r#"{"type":"error","error":{"type":"invalid_request_error","message":"no \"x\"","code":"prompt_not_found","param":"model"},"request_id":"c1"}"#;
        assert_eq!(written(&error, Some("c1")), wanted);
    }

    #[test]
    fn every_kind_has_a_word_of_the_api() {
        let words = [
            "invalid_request_error",
            "authentication_error",
            "permission_error",
            "not_found_error",
            "request_too_large",
            "rate_limit_error",
            "timeout_error",
            "overloaded_error",
            "api_error",
        ];
        for kind in Kind::ALL {
            assert!(words.contains(&kind_type(kind)), "{kind:?}");
        }
    }

    #[test]
    fn a_vendors_status_decides_unless_it_is_about_our_key() {
        let said = |kind, status| {
            let said = VendorSaid { status, ..VendorSaid::default() };
            written(&Error::new(kind, "x").from_vendor(said), None)
        };
        assert!(said(Kind::VendorFailed, 529).contains("overloaded_error"));
        assert!(said(Kind::VendorFailed, 401).contains("api_error"));
        assert!(said(Kind::Limited, 429).contains("rate_limit_error"));
    }
}
