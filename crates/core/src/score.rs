//! Judgements on calls, whoever makes them and whenever they come.
//!
//! A judgement is one author's on one call under one name: said again it takes the place of what was said before,
//! so that a client may send it as often as it needs to.

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::rollup::LARGEST;

/// Longest name, author and category, in bytes.
const LONGEST: usize = 64;
/// Longest comment, in bytes.
const LONGEST_COMMENT: usize = 4096;
/// Names that mean something else where scores and what calls show by themselves stand side by side.
const TAKEN: [&str; 10] = [
    "call",
    "success",
    "errors",
    "off_format",
    "fallbacks",
    "retries",
    "latency",
    "cost",
    "prompts",
    "all",
];

/// Who judges.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ScoreSource {
    /// Whoever got the answer.
    User,
    /// Somebody who looks at answers.
    Reviewer,
    /// A check of a suite.
    Check,
    /// A judge.
    Judge,
}

impl ScoreSource {
    /// Every source.
    pub const ALL: [ScoreSource; 4] = [Self::User, Self::Reviewer, Self::Check, Self::Judge];

    /// The stored word.
    pub fn word(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Reviewer => "reviewer",
            Self::Check => "check",
            Self::Judge => "judge",
        }
    }

    /// The source that `word` names.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|source| source.word() == word)
    }
}

/// What is judged: a number, yes or no, or a category.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum ScoreValue {
    /// Yes counts as 1, no as 0.
    Bool(bool),
    /// A number from −1,000,000 to 1,000,000.
    Number(f64),
    /// A word that is kept and not counted.
    Category(String),
}

impl ScoreValue {
    /// As a number; `None` for a category.
    pub fn number(&self) -> Option<f64> {
        match self {
            Self::Bool(yes) => Some(f64::from(u8::from(*yes))),
            Self::Number(number) => Some(*number),
            Self::Category(_) => None,
        }
    }
}

/// A judgement.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Score {
    /// The call's id.
    pub call: String,
    /// Of what: `quality`, `helpful`, one's own.
    pub name: String,
    /// What was said.
    pub value: ScoreValue,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
    /// Who judges.
    pub source: ScoreSource,
    /// Their name: a key's, a person's, a check's.
    pub author: String,
    /// When it was said, in microseconds since 1970.
    pub at: i64,
}

impl Score {
    /// Whether it can be kept.
    ///
    /// # Errors
    /// `Invalid` with the field that does not fit.
    pub fn check(&self) -> Result<()> {
        let Self { name, author, value, comment, .. } = self;
        let plain = |c: char| c.is_ascii_alphanumeric() || "_-.:/".contains(c);
        if name.is_empty() || name.len() > LONGEST || !name.chars().all(plain) {
            let message = "a score's name is 1 to 64 letters, digits, `_`, `-`, `.`, `:` or `/`";
            return Err(Error::invalid(message).at("name"));
        }
        if TAKEN.contains(&name.as_str()) {
            let message =
                format!("`{name}` is what calls show by themselves: name the score otherwise");
            return Err(Error::invalid(message).at("name"));
        }
        if author.is_empty() || author.len() > LONGEST || author.chars().any(char::is_control) {
            return Err(Error::invalid("an author is 1 to 64 bytes of text").at("author"));
        }
        match value {
            ScoreValue::Number(number) if !number.is_finite() || number.abs() > LARGEST => {
                let message = "a score is a number from -1000000 to 1000000";
                return Err(Error::invalid(message).at("value"));
            }
            ScoreValue::Category(word)
                if word.is_empty()
                    || word.len() > LONGEST
                    || word.chars().any(char::is_control) =>
            {
                return Err(Error::invalid("a category is 1 to 64 bytes of text").at("value"));
            }
            _ => {}
        }
        if comment.as_ref().is_some_and(|comment| comment.len() > LONGEST_COMMENT) {
            let message = format!("the comment is longer than {LONGEST_COMMENT} bytes");
            return Err(Error::invalid(message).at("comment"));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn score(name: &str, value: ScoreValue) -> Score {
        Score {
            call: "c".into(),
            name: name.into(),
            value,
            comment: None,
            source: ScoreSource::User,
            author: "ann".into(),
            at: 1,
        }
    }

    #[test]
    fn what_does_not_fit_is_named() {
        let bad = |score: Score| score.check().unwrap_err().to_string();
        assert!(score("quality", ScoreValue::Number(0.5)).check().is_ok());
        assert!(score("judge:tone/v2", ScoreValue::Bool(true)).check().is_ok());
        assert!(bad(score("two words", ScoreValue::Bool(true))).contains("name"));
        assert!(bad(score("latency", ScoreValue::Bool(true))).contains("by themselves"));
        assert!(bad(score("q", ScoreValue::Number(f64::NAN))).contains("number"));
        assert!(bad(score("q", ScoreValue::Number(2e6))).contains("number"));
        assert!(bad(score("q", ScoreValue::Category(String::new()))).contains("category"));
        assert!(
            bad(Score { author: "\n".into(), ..score("q", ScoreValue::Bool(true)) })
                .contains("author")
        );
        let long = Some("x".repeat(5_000));
        assert!(
            bad(Score { comment: long, ..score("q", ScoreValue::Bool(true)) }).contains("comment")
        );
    }

    #[test]
    fn values_as_json() {
        let read = |text: &str| serde_json::from_str::<ScoreValue>(text).unwrap();
        assert_eq!(read("true").number(), Some(1.0));
        assert_eq!(read("0").number(), Some(0.0));
        assert_eq!(read("-0.25").number(), Some(-0.25));
        assert_eq!(read("\"rude\""), ScoreValue::Category("rude".into()));
        assert_eq!(read("\"rude\"").number(), None);
    }
}
