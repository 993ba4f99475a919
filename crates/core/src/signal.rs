//! What a monitor saw: one rule, one series, one state.
//!
//! Whoever watches something (a monitor's rule, a rollout's guardrails, a budget, the kill switch) says what it
//! sees in this one shape and decides nothing: whether, when and whom to tell is [`crate::alert`]'s business.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::id::{EnvironmentName, PromptName};

/// What was seen of a series at one look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SignalState {
    /// Nothing is wrong.
    Ok,
    /// The rule is broken.
    Breach,
    /// There is nothing to judge by, which is not the same as nothing wrong.
    NoData,
}

impl SignalState {
    /// The stored word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Breach => "breach",
            Self::NoData => "no_data",
        }
    }
}

/// How much it matters.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Worth knowing.
    Info,
    /// To be looked at in working hours.
    #[default]
    Warning,
    /// To be looked at now.
    Critical,
}

impl Severity {
    /// Every severity, the least first.
    pub const ALL: [Severity; 3] = [Self::Info, Self::Warning, Self::Critical];

    /// Every severity with its word, the least first.
    pub const WORDS: [(&'static str, Severity); 3] =
        [("info", Self::Info), ("warning", Self::Warning), ("critical", Self::Critical)];

    /// The stored word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Critical => "critical",
        }
    }

    /// The severity that `word` names.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|severity| severity.word() == word)
    }
}

/// What a monitor saw: one rule, one series, one state.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Signal {
    /// Rule and series; stays the same from look to look.
    pub key: String,
    /// The rule's name, as in gatemark.yaml.
    pub rule: String,
    /// The prompt that it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prompt: Option<PromptName>,
    /// The environment that it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub environment: Option<EnvironmentName>,
    /// What was seen.
    pub state: SignalState,
    /// How much it matters.
    pub severity: Severity,
    /// What was measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<f64>,
    /// What it was held against.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub threshold: Option<f64>,
    /// What value and threshold are measured in: "ratio", "ms", "usd", "score"; empty if there is none.
    pub unit: String,
    /// The window looked at, e.g. "1h"; empty if there is none.
    pub window: String,
    /// When this state began, in microseconds since 1970.
    pub since: i64,
    /// One sentence for a person.
    pub summary: String,
    /// What else is known (version, arm, model …).
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub context: BTreeMap<String, String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signal_as_it_is_stored() {
        let text = r#"{"key":"low/support/triage","rule":"low","prompt":"support/triage","state":"no_data","severity":"warning","unit":"ratio","window":"1h","since":5,"summary":"no calls"}"#;
        let signal: Signal = serde_json::from_str(text).unwrap();
        assert_eq!((signal.state, signal.since), (SignalState::NoData, 5));
        assert_eq!(serde_json::to_string(&signal).unwrap(), text);
        for severity in Severity::ALL {
            assert_eq!(Severity::from_word(severity.word()), Some(severity));
        }
        assert!(Severity::Critical > Severity::Warning);
    }
}
