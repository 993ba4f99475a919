//! What guards found in one call: the part of its record that says so, without any text.

use serde::{Deserialize, Serialize};

use crate::guard::{Finding, Opinion, Verdict};

/// Most findings that a record keeps; the others are counted.
pub const MOST_FINDINGS: usize = 32;

/// One finding, and where.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Found {
    /// The text: `variables.<name>`, `messages[<index>]` of those that the caller added, or `output`. Places within
    /// a list or object count in its texts one after the other, each on lines of its own.
    pub at: String,
    /// What was found.
    #[serde(flatten)]
    pub finding: Finding,
}

/// What guards made of a call.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Guarded {
    /// The worst of all its texts.
    pub verdict: Verdict,
    /// The greatest score of all its texts.
    pub score: f64,
    /// Whether the verdict had consequences; where one only observes it has none.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub enforced: bool,
    /// The most certain first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub findings: Vec<Found>,
    /// Findings beyond [`MOST_FINDINGS`].
    #[serde(default, skip_serializing_if = "is_zero")]
    pub left_out: usize,
}

#[allow(clippy::trivially_copy_pass_by_ref)]
fn is_zero(count: &usize) -> bool {
    *count == 0
}

impl Default for Guarded {
    /// Nothing found.
    fn default() -> Self {
        Self { verdict: Verdict::Allow, score: 0.0, enforced: false, findings: vec![], left_out: 0 }
    }
}

impl Guarded {
    /// Adds what was found in the text `at`.
    pub fn add(&mut self, at: &str, opinion: Opinion) {
        self.verdict = self.verdict.max(opinion.verdict);
        self.score = self.score.max(opinion.score);
        let found = opinion.findings.into_iter();
        self.findings.extend(found.map(|finding| Found { at: at.to_string(), finding }));
        self.bound();
    }

    /// Adds what was found at another step of the call.
    pub fn join(&mut self, other: Self) {
        self.verdict = self.verdict.max(other.verdict);
        self.score = self.score.max(other.score);
        self.enforced |= other.enforced;
        self.left_out += other.left_out;
        self.findings.extend(other.findings);
        self.bound();
    }

    fn bound(&mut self) {
        self.findings.sort_by(|a, b| b.finding.score.total_cmp(&a.finding.score));
        self.left_out += self.findings.len().saturating_sub(MOST_FINDINGS);
        self.findings.truncate(MOST_FINDINGS);
    }

    /// Whether there is anything to write down.
    pub fn is_empty(&self) -> bool {
        self.verdict == Verdict::Allow && self.findings.is_empty()
    }

    /// The word of headers: `flag` or `block`, if it is one of them.
    pub fn word(&self) -> Option<&'static str> {
        match self.verdict {
            Verdict::Allow => None,
            Verdict::Flag => Some("flag"),
            Verdict::Block => Some("block"),
        }
    }

    /// The rule of the most certain finding, for people: `guard: override-instructions in variables.ticket`.
    pub fn reason(&self) -> String {
        match self.findings.first() {
            Some(found) => format!("guard: {} in {}", found.finding.rule, found.at),
            None => "guard".to_string(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::guard::Layer;

    fn finding(rule: &str, score: f64) -> Finding {
        Finding { layer: Layer::Rules, rule: rule.into(), score, start: 1, end: 4 }
    }

    #[test]
    fn the_worst_of_all_texts_counts_and_the_most_certain_comes_first() {
        let mut guarded = Guarded::default();
        assert!(guarded.is_empty());
        let opinion = |verdict, score, findings| Opinion { verdict, score, findings };
        guarded.add("variables.a", opinion(Verdict::Block, 0.9, vec![finding("x", 0.9)]));
        guarded.add("variables.b", opinion(Verdict::Flag, 0.95, vec![finding("y", 0.95)]));
        assert_eq!((guarded.verdict, guarded.score), (Verdict::Block, 0.95));
        assert_eq!(guarded.reason(), "guard: y in variables.b");
        let written = serde_json::to_value(&guarded).unwrap();
        assert_eq!(written["findings"][1]["at"], "variables.a");
        assert_eq!(written["findings"][1]["layer"], "rules");
        assert_eq!(written.get("enforced"), None);
        assert_eq!(serde_json::from_value::<Guarded>(written).unwrap(), guarded);
    }

    #[test]
    fn findings_are_bounded_and_the_rest_counted() {
        let mut guarded = Guarded::default();
        for turn in 0..3 {
            let findings = (0..20).map(|_| finding("x", f64::from(turn) / 10.0)).collect();
            guarded.add("output", Opinion { verdict: Verdict::Flag, score: 0.2, findings });
        }
        assert_eq!((guarded.findings.len(), guarded.left_out), (MOST_FINDINGS, 60 - MOST_FINDINGS));
        assert_eq!(guarded.findings[0].finding.score, 0.2);
    }
}
