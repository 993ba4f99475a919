//! What Google's services say beside the words of an error: a list of typed details.
//!
//! `{"error": {"code", "message", "status", "details": [{"@type": "…RetryInfo", "retryDelay": "34s"},
//! {"@type": "…ErrorInfo", "reason": "API_KEY_INVALID"}]}}`

use std::time::Duration;

use serde::Deserialize;

/// Longest wait that we take its word for.
const LONGEST_WAIT: f64 = 24.0 * 3600.0;

#[derive(Deserialize)]
struct Body {
    error: Reported,
}

#[derive(Deserialize)]
struct Reported {
    #[serde(default)]
    details: Vec<Detail>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Detail {
    #[serde(default)]
    retry_delay: Option<String>,
    #[serde(default)]
    reason: Option<String>,
}

fn details(body: &[u8]) -> Vec<Detail> {
    serde_json::from_slice::<Body>(body).map(|body| body.error.details).unwrap_or_default()
}

/// Whether an error with status 400 is about the key, which others report as 401.
pub(crate) fn refuses_key(status: u16, body: &[u8]) -> bool {
    status == 400
        && details(body).iter().any(|detail| detail.reason.as_deref() == Some("API_KEY_INVALID"))
}

/// How long it asks to wait.
pub(crate) fn wait(body: &[u8]) -> Option<Duration> {
    let delay = details(body).into_iter().find_map(|detail| detail.retry_delay)?;
    let seconds: f64 = delay.strip_suffix('s')?.parse().ok()?;
    Duration::try_from_secs_f64(seconds.min(LONGEST_WAIT)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn details_of_errors() {
        let info =
            br#"{"error":{"code":400,"details":[{"@type":"i","reason":"API_KEY_INVALID"}]}}"#;
        assert!(refuses_key(400, info) && !refuses_key(404, info));
        assert!(!refuses_key(400, br#"{"error":{"message":"API_KEY_INVALID"}}"#));
        let retry = |delay: &str| {
            wait(
                format!(r#"{{"error":{{"details":[{{}},{{"retryDelay":"{delay}"}}]}}}}"#)
                    .as_bytes(),
            )
        };
        assert_eq!(retry("34.5s"), Some(Duration::from_millis(34_500)));
        assert_eq!(retry("1e300s"), Some(Duration::from_secs(24 * 3600)));
        for odd in ["34", "-1s", "NaNs", "s"] {
            assert!(retry(odd).is_none_or(|wait| wait <= Duration::from_secs(86_400)), "{odd}");
        }
        assert_eq!(wait(b"<html>"), None);
    }
}
