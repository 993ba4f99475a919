//! Errors in the shape that client libraries of chat completions understand.

use bytes::Bytes;
use gatemark_core::{Error, Kind};
use serde::Serialize;

#[derive(Serialize)]
struct Envelope<'a> {
    error: Fault<'a>,
}

#[derive(Serialize)]
struct Fault<'a> {
    message: &'a str,
    r#type: &'a str,
    param: Option<&'a str>,
    code: Option<&'a str>,
}

/// The `type` that client libraries know for `kind`.
fn kind_type(kind: Kind) -> &'static str {
    match kind {
        Kind::Invalid | Kind::TooLarge => "invalid_request_error",
        Kind::Unauthenticated => "authentication_error",
        Kind::Forbidden => "permission_error",
        Kind::NotFound => "not_found_error",
        Kind::Conflict => "conflict_error",
        Kind::Refused => "refused_error",
        Kind::Limited => "rate_limit_error",
        Kind::VendorRejected | Kind::VendorFailed => "vendor_error",
        Kind::Timeout => "timeout_error",
        Kind::Cancelled => "cancelled_error",
        Kind::Unavailable | Kind::Internal => "server_error",
    }
}

/// Writes `{"error": {"message", "type", "param", "code"}}`. What the vendor said about type, code and
/// field goes before our own words, except where it refused the gateway's key: that is not the caller's
/// key, and its code would send the caller looking in the wrong place.
pub fn write_error(error: &Error) -> Bytes {
    let about_caller = |status: u16| status != 401 && status != 403;
    let vendor = error.vendor().filter(|said| about_caller(said.status));
    let envelope = Envelope {
        error: Fault {
            message: error.message(),
            r#type: vendor
                .and_then(|said| said.kind.as_deref())
                .unwrap_or_else(|| kind_type(error.kind())),
            param: vendor.and_then(|said| said.param.as_deref()).or(error.param()),
            code: vendor.and_then(|said| said.code.as_deref()).or(Some(error.code())),
        },
    };
    // Strings and options of strings always serialise.
    serde_json::to_vec(&envelope).unwrap_or_default().into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use gatemark_core::error::VendorSaid;

    fn written(error: &Error) -> String {
        String::from_utf8(write_error(error).to_vec()).unwrap()
    }

    #[test]
    fn our_own() {
        let error = Error::invalid("no \"x\"").at("model").coded("prompt_not_found");
        let wanted = r#"{"error":{"message":"no \"x\"","type":"invalid_request_error","param":"model","code":"prompt_not_found"}}"#;
        assert_eq!(written(&error), wanted);
    }

    #[test]
    fn the_vendors_words_go_first_unless_about_our_key() {
        let said = |status| VendorSaid {
            provider: "openai".into(),
            status,
            kind: Some("tokens".into()),
            code: Some("rate_limit_exceeded".into()),
            param: None,
        };
        let limited = Error::new(Kind::Limited, "slow").from_vendor(said(429));
        let wanted = r#"{"error":{"message":"slow","type":"tokens","param":null,"code":"rate_limit_exceeded"}}"#;
        assert_eq!(written(&limited), wanted);
        let refused = Error::new(Kind::VendorFailed, "key").from_vendor(said(401));
        assert!(written(&refused).contains(r#""type":"vendor_error""#));
        assert!(written(&refused).contains(r#""code":"vendor_failed""#));
    }
}
