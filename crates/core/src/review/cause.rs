//! Why a person looks at a call, in words that are kept with it.
//!
//! A reason is one line of text. What it begins with says of which kind it is, so that whoever finds a reason (the
//! gateway, a guard) needs to know no more than the text; a version's own condition is the text itself.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize};

/// Most reasons kept with one call.
pub const MOST_REASONS: usize = 8;
/// Longest reason, in characters.
const LONGEST: usize = 300;

/// The reason of a call that was drawn.
pub const SAMPLED: &str = "sample";
const GUARD: &str = "guard: ";
const FALLBACK: &str = "fallback: ";

/// How soon somebody should look: what is more pressing is greater.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Priority {
    /// Whenever there is time.
    Low,
    /// In its turn.
    Normal,
    /// Before all others.
    High,
}

impl Priority {
    /// Every priority, the least pressing first.
    pub const ALL: [Self; 3] = [Self::Low, Self::Normal, Self::High];

    /// The word in answers and tables.
    pub fn word(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Normal => "normal",
            Self::High => "high",
        }
    }

    /// The stored number, 0 to 2.
    pub fn level(self) -> i64 {
        match self {
            Self::Low => 0,
            Self::Normal => 1,
            Self::High => 2,
        }
    }

    /// The priority of a stored number.
    pub fn from_level(level: i64) -> Option<Self> {
        Self::ALL.into_iter().find(|priority| priority.level() == level)
    }
}

/// Of which kind a reason is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Cause {
    /// It was drawn.
    Sample,
    /// The static fallback took the answer's place.
    Fallback,
    /// The version's own condition held for the answer.
    Condition,
    /// A guard found something.
    Guard,
}

impl Cause {
    /// Every cause, the least pressing first.
    pub const ALL: [Self; 4] = [Self::Sample, Self::Fallback, Self::Condition, Self::Guard];

    /// The kind of a reason.
    pub fn of(reason: &str) -> Self {
        match reason {
            SAMPLED => Self::Sample,
            // A guard that cannot name a rule says no more than that.
            _ if reason.starts_with(GUARD) || reason == GUARD.trim_end_matches(": ") => Self::Guard,
            _ if reason.starts_with(FALLBACK) => Self::Fallback,
            _ => Self::Condition,
        }
    }

    /// The most pressing kind among reasons; that of a condition if there is none.
    pub fn most_pressing<'a>(reasons: impl IntoIterator<Item = &'a String>) -> Self {
        reasons.into_iter().map(|reason| Self::of(reason)).max().unwrap_or(Self::Condition)
    }

    /// How soon somebody should look for this alone.
    pub fn priority(self) -> Priority {
        match self {
            Self::Sample => Priority::Low,
            Self::Fallback | Self::Condition => Priority::Normal,
            Self::Guard => Priority::High,
        }
    }

    /// The stored word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Sample => "sample",
            Self::Fallback => "fallback",
            Self::Condition => "condition",
            Self::Guard => "guard",
        }
    }

    /// The cause that `word` names.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|cause| cause.word() == word)
    }

    /// The reason for what a guard's rule found.
    pub fn guard(rule: &str) -> String {
        format!("{GUARD}{rule}")
    }

    /// The reason for a fallback that was served because of `why`, a short code.
    pub fn fallback(why: &str) -> String {
        format!("{FALLBACK}{why}")
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// Reads reasons from where records keep them: a list, or one text, as there was before there could be several.
///
/// # Errors
/// Those of the deserialiser.
pub fn read_reasons<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Written {
        One(String),
        Several(Vec<String>),
    }
    Ok(match Option::<Written>::deserialize(from)? {
        None => vec![],
        Some(Written::One(reason)) => vec![reason],
        Some(Written::Several(reasons)) => reasons,
    })
}

/// Adds a reason, as one line of bounded length, unless it is there or there are enough.
pub fn add_reason(reasons: &mut Vec<String>, reason: &str) {
    let line: Vec<&str> = reason.split_whitespace().collect();
    let line: String = line.join(" ").chars().take(LONGEST).collect();
    if !line.is_empty() && reasons.len() < MOST_REASONS && !reasons.contains(&line) {
        reasons.push(line);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_says_its_kind() {
        let kinds = [
            (SAMPLED.to_string(), Cause::Sample),
            (Cause::fallback("off_format"), Cause::Fallback),
            (Cause::guard("override-instructions"), Cause::Guard),
            ("guard".to_string(), Cause::Guard),
            ("guarded == true".to_string(), Cause::Condition),
            ("confidence < 0.7".to_string(), Cause::Condition),
            ("sample == 'x'".to_string(), Cause::Condition),
        ];
        for (reason, kind) in &kinds {
            assert_eq!(Cause::of(reason), *kind, "{reason}");
        }
        let all: Vec<String> = kinds.into_iter().map(|(reason, _)| reason).collect();
        assert_eq!(Cause::most_pressing(&all), Cause::Guard);
        assert_eq!(Cause::most_pressing(&all[..2]).priority(), Priority::Normal);
        assert_eq!(Cause::most_pressing(&[]), Cause::Condition);
    }

    #[test]
    fn words_and_levels_come_back() {
        for cause in Cause::ALL {
            assert_eq!(Cause::from_word(cause.word()), Some(cause));
            assert_eq!(serde_json::to_value(cause).unwrap(), cause.word());
        }
        for priority in Priority::ALL {
            assert_eq!(Priority::from_level(priority.level()), Some(priority));
            assert_eq!(serde_json::to_value(priority).unwrap(), priority.word());
        }
        assert!(Priority::High > Priority::Normal && Priority::Normal > Priority::Low);
    }

    #[test]
    fn reasons_are_lines_and_bounded() {
        let mut reasons = vec![];
        add_reason(&mut reasons, "a\n  b");
        add_reason(&mut reasons, "a b");
        add_reason(&mut reasons, " ");
        assert_eq!(reasons, ["a b"]);
        for number in 0..20 {
            add_reason(&mut reasons, &format!("{number} {}", "é".repeat(1_000)));
        }
        assert_eq!(reasons.len(), MOST_REASONS);
        assert!(reasons.iter().all(|reason| reason.chars().count() <= LONGEST));
    }
}
