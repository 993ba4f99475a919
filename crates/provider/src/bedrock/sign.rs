//! Signature version 4 of Amazon's services.
//!
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv.html>, calculated by Amazon's own crate. What is
//! signed is what is sent: the host is written here, because the signature covers it.

use std::time::SystemTime;

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign as signed};
use aws_sigv4::sign::v4;
use aws_smithy_runtime_api::client::identity::Identity;
use gatemark_core::{Error, Result};
use http::{HeaderName, HeaderValue, header};

use crate::line::Target;
use crate::secret::Secret;

/// The service's name in the signature's scope.
const SERVICE: &str = "bedrock";

/// Adds the headers that sign a POST of `body` at the time `now`.
pub(super) fn sign(
    target: &mut Target,
    body: &[u8],
    key: &Secret,
    region: &str,
    now: SystemTime,
) -> Result<()> {
    let failed = || Error::internal("a request could not be signed");
    let host = target.uri.authority().map(ToString::to_string).ok_or_else(failed)?;
    let host = HeaderValue::from_str(&host).map_err(|cause| failed().because(cause))?;
    target.headers.insert(header::HOST, host);
    target.headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    let texts = target.headers.iter();
    let texts: Vec<_> =
        texts.filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?))).collect();
    let headers =
        headers("POST", &target.uri.to_string(), &texts, body, key, (region, SERVICE), now)?;
    for (name, value) in headers {
        let name = HeaderName::from_static(name);
        let mut value = HeaderValue::from_str(&value).map_err(|cause| failed().because(cause))?;
        value.set_sensitive(true);
        target.headers.insert(name, value);
    }
    Ok(())
}

/// The headers to add, for a request with the headers `signed_too`.
fn headers(
    method: &str,
    uri: &str,
    signed_too: &[(&str, &str)],
    body: &[u8],
    key: &Secret,
    (region, service): (&str, &str),
    now: SystemTime,
) -> Result<Vec<(&'static str, String)>> {
    let unsigned = || Error::internal("a request could not be signed");
    let signing = key.signs().ok_or_else(unsigned)?;
    let session = signing.session.clone();
    let credentials = Credentials::new(&signing.id, key.expose(), session, None, "gatemark");
    let identity = Identity::from(credentials);
    let params = v4::SigningParams::builder()
        .identity(&identity)
        .region(region)
        .name(service)
        .time(now)
        .settings(SigningSettings::default())
        .build()
        .map_err(|cause| unsigned().because(cause))?
        .into();
    let body = SignableBody::Bytes(body);
    let request = SignableRequest::new(method, uri, signed_too.iter().copied(), body)
        .map_err(|cause| unsigned().because(cause))?;
    let output = signed(request, &params).map_err(|cause| unsigned().because(cause))?;
    let (headers, _) = output.into_parts().0.into_parts();
    Ok(headers.into_iter().map(|header| (header.name(), header.value().to_string())).collect())
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use super::*;

    /// 2015-08-30T12:36:00Z, the time of Amazon's published examples.
    fn then() -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(1_440_938_160)
    }

    fn example_key(session: Option<&str>) -> Secret {
        Secret::signing("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", session)
    }

    fn authorization(method: &str, path: &str) -> String {
        let uri = format!("https://example.amazonaws.com{path}");
        let host = [("host", "example.amazonaws.com")];
        let scope = ("us-east-1", "service");
        let headers = headers(method, &uri, &host, b"", &example_key(None), scope, then()).unwrap();
        let found = headers.iter().find(|(name, _)| *name == "authorization");
        found.unwrap().1.clone()
    }

    /// Vectors of Amazon's signature test suite: the signatures are theirs.
    #[test]
    fn the_published_vectors() {
        let head = "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, \
                    SignedHeaders=host;x-amz-date, Signature=";
        for (method, path, signature) in [
            ("GET", "/", "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"),
            ("POST", "/", "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"),
            (
                "GET",
                "/?Param2=value2&Param1=value1",
                "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500",
            ),
        ] {
            assert_eq!(
                authorization(method, path),
                format!("{head}{signature}"),
                "{method} {path}"
            );
        }
    }

    #[test]
    fn a_request_to_bedrock() {
        let uri = "https://bedrock-runtime.eu-west-1.amazonaws.com/model/a.b-v1%3A0/converse";
        let mut target = Target { uri: uri.parse().unwrap(), headers: http::HeaderMap::new() };
        sign(&mut target, b"{}", &example_key(Some("session")), "eu-west-1", then()).unwrap();
        let text = |name: &str| target.headers[name].to_str().unwrap().to_string();
        assert_eq!(text("host"), "bedrock-runtime.eu-west-1.amazonaws.com");
        assert_eq!(text("x-amz-date"), "20150830T123600Z");
        assert_eq!(text("x-amz-security-token"), "session");
        let authorization = text("authorization");
        let scope = "Credential=AKIDEXAMPLE/20150830/eu-west-1/bedrock/aws4_request";
        assert!(authorization.contains(scope), "{authorization}");
        let names = "SignedHeaders=content-type;host;x-amz-date;x-amz-security-token";
        assert!(authorization.contains(names), "{authorization}");
        assert!(target.headers["authorization"].is_sensitive());
    }
}
