//! Free tags that people put on calls.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// Longest label, in bytes.
const LONGEST: usize = 48;

/// A tag: 1 to 48 lower-case letters, digits, `-`, `_`, `.`, `:` and `/`, beginning with a letter or digit. So that
/// labels are the same word whoever writes them, and rows can be grouped by them.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Label(String);

impl Label {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Label {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-_.:/".contains(c);
        let begins = text.starts_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit());
        if begins && text.len() <= LONGEST && text.chars().all(fits) {
            return Ok(Self(text.to_string()));
        }
        let shown: String = text.chars().take(LONGEST).collect();
        let message = format!(
            "{shown:?} is no label: write 1 to {LONGEST} lower-case letters, digits, `-`, `_`, `.`, `:` or `/`, \
             beginning with a letter or digit"
        );
        Err(Error::invalid(message).at("labels"))
    }
}

impl TryFrom<String> for Label {
    type Error = Error;

    fn try_from(text: String) -> Result<Self> {
        text.parse()
    }
}

impl From<Label> for String {
    fn from(label: Label) -> Self {
        label.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_words() {
        for good in ["a", "tone:rude", "policy/refunds.v2", "x_1-2", &"x".repeat(LONGEST)] {
            assert_eq!(good.parse::<Label>().unwrap().as_str(), good);
        }
        for bad in ["", "A", "two words", "-x", "é", "a,b", &"x".repeat(LONGEST + 1)] {
            assert!(bad.parse::<Label>().is_err(), "{bad}");
            assert!(serde_json::from_value::<Label>(bad.into()).is_err(), "{bad}");
        }
    }
}
