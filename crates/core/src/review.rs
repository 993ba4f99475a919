//! Answers that a person looks at after they were given.

use serde::{Deserialize, Serialize};

use crate::id::PromptName;

/// What a person found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Finding {
    /// The answer is what it should be.
    Right,
    /// It is not.
    Wrong,
}

impl Finding {
    /// The stored word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Right => "right",
            Self::Wrong => "wrong",
        }
    }
}

/// A call in the queue of those to be looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReviewItem {
    /// The call's id.
    pub call: String,
    /// When the call began, in microseconds since 1970.
    pub at: i64,
    /// The prompt.
    pub prompt: PromptName,
    /// The version's number.
    pub number: u32,
    /// The environment that the version was resolved in.
    pub environment: Option<String>,
    /// The version's condition that held for the answer.
    pub reason: String,
    /// What was found, once someone has looked.
    pub resolved: Option<Resolution>,
}

/// A person's finding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resolution {
    /// What was found.
    pub finding: Finding,
    /// Why, in the person's words.
    pub note: Option<String>,
    /// Who looked.
    pub actor: String,
    /// When, in microseconds since 1970.
    pub at: i64,
}
