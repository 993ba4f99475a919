//! What a person made of a call's answer.

use serde::{Deserialize, Serialize};

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
    /// The word in requests and answers.
    pub fn word(self) -> &'static str {
        match self {
            Self::Right => "right",
            Self::Wrong => "wrong",
        }
    }

    /// The decision that says no more than this.
    pub fn decision(self) -> Decision {
        match self {
            Self::Right => Decision::Approve,
            Self::Wrong => Decision::Reject,
        }
    }
}

/// What a person decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Decision {
    /// The answer is right.
    Approve,
    /// It is wrong, and nobody says what would be right.
    Reject,
    /// It is wrong, and this would be right.
    Edit,
    /// This person cannot tell, and nobody needs to.
    Skip,
}

impl Decision {
    /// Every decision.
    pub const ALL: [Self; 4] = [Self::Approve, Self::Reject, Self::Edit, Self::Skip];

    /// The stored word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Approve => "approve",
            Self::Reject => "reject",
            Self::Edit => "edit",
            Self::Skip => "skip",
        }
    }

    /// The same as what was done.
    pub fn done(self) -> &'static str {
        match self {
            Self::Approve => "approved",
            Self::Reject => "rejected",
            Self::Edit => "edited",
            Self::Skip => "skipped",
        }
    }

    /// The decision that `word` names.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|decision| decision.word() == word)
    }

    /// What it says of the answer as the model gave it; `None` if nothing.
    pub fn finding(self) -> Option<Finding> {
        match self {
            Self::Approve => Some(Finding::Right),
            Self::Reject | Self::Edit => Some(Finding::Wrong),
            Self::Skip => None,
        }
    }
}

/// A person's decision on a call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resolution {
    /// What was decided.
    pub decision: Decision,
    /// What that says of the model's answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finding: Option<Finding>,
    /// The answer as it should have been, of an edit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answer: Option<String>,
    /// Why, in the person's words.
    pub note: Option<String>,
    /// Who decided.
    pub actor: String,
    /// When, in microseconds since 1970.
    pub at: i64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_come_back_and_say_what_they_mean() {
        for decision in Decision::ALL {
            assert_eq!(Decision::from_word(decision.word()), Some(decision));
            assert_eq!(serde_json::to_value(decision).unwrap(), decision.word());
        }
        for finding in [Finding::Right, Finding::Wrong] {
            assert_eq!(finding.decision().finding(), Some(finding));
        }
        assert_eq!(Decision::Edit.finding(), Some(Finding::Wrong));
        assert_eq!(Decision::Skip.finding(), None);
    }
}
