//! Arguments that several commands take.

use gatemark_core::call::{CallPurpose, Outcome};
use gatemark_core::money::NanoUsd;
use gatemark_gateway::{PromptRef, Selector, clock};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::moment;

/// Reads `service/name[@selector]`.
pub(crate) fn prompt_ref(text: &str) -> Result<PromptRef, String> {
    PromptRef::parse(text, "prompt").map_err(|error| error.message().to_string())
}

/// Reads a selector: a version number, a semantic version or an environment.
pub(crate) fn selector(text: &str) -> Result<Selector, String> {
    Selector::parse(text, "version").map_err(|error| error.message().to_string())
}

/// Reads how long ago something was, or a moment, as microseconds since 1970.
pub(crate) fn moment(text: &str) -> Result<i64, String> {
    moment::parse(text, clock::now_us())
}

/// Reads how many calls may be under way at once.
pub(crate) fn concurrency(text: &str) -> Result<usize, String> {
    let parsed = text.parse().ok().filter(|count| (1..=1024).contains(count));
    parsed.ok_or_else(|| "write a number from 1 to 1024".to_string())
}

/// Reads a confidence in percent.
pub(crate) fn percent(text: &str) -> Result<f64, String> {
    let parsed = text.parse().ok().filter(|percent| (50.0..100.0).contains(percent));
    parsed.ok_or_else(|| "write a number from 50 to below 100".to_string())
}

/// Reads an amount of US dollars such as `2.50`.
pub(crate) fn usd(text: &str) -> Result<NanoUsd, String> {
    NanoUsd::from_usd_text(text)
        .ok_or_else(|| "write an amount of dollars such as 2.50, with at most nine decimals".into())
}

/// Reads how a call ended.
pub(crate) fn outcome(text: &str) -> Result<Outcome, String> {
    let words = ["ok", "insufficient", "off_format", "fallback", "cancelled", "error"];
    word(text, &words)
}

/// Reads why a call was made.
pub(crate) fn purpose(text: &str) -> Result<CallPurpose, String> {
    word(text, &["serve", "test", "shadow", "evaluate"])
}

fn word<T: DeserializeOwned>(text: &str, words: &[&str]) -> Result<T, String> {
    serde_json::from_value(Value::from(text.replace('-', "_")))
        .map_err(|_| format!("write one of {}", words.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_outcome_can_be_asked_for() {
        for outcome_ in [
            Outcome::Ok,
            Outcome::Insufficient,
            Outcome::OffFormat,
            Outcome::Fallback,
            Outcome::Cancelled,
            Outcome::Error,
        ] {
            assert_eq!(outcome(outcome_.word()), Ok(outcome_));
        }
        assert_eq!(outcome("off-format"), Ok(Outcome::OffFormat));
        assert!(outcome("fine").unwrap_err().contains("off_format"));
        assert_eq!(purpose("test"), Ok(CallPurpose::Test));
    }
}
