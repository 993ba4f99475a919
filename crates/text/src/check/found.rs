//! How findings of detectors are told: the rule and the place, and of the text only so much that its
//! author recognises it.

use crate::safety::{BadRule, SafetyFinding};

use super::CheckProblem;

/// Findings named in one message.
const NAMED: usize = 5;
/// Texts shorter than this are masked wholly.
const SHORT: usize = 8;

/// `email at 3-20 (j...), iban at 40-62 (D...) and 2 more`. `head` characters of each text are shown.
pub(super) fn told(answer: &str, findings: &[SafetyFinding], head: usize) -> String {
    let mut parts = vec![];
    let mut rest = answer.chars();
    let mut passed = 0;
    for finding in findings.iter().take(NAMED) {
        let length = finding.end.saturating_sub(finding.start);
        let shown = if length < SHORT { 0 } else { head };
        let from_here = rest.by_ref().skip(finding.start.saturating_sub(passed));
        let text: String = from_here.take(shown).filter(|c| !c.is_control()).collect();
        passed = finding.start + shown;
        parts.push(format!("{} at {}-{} ({text}...)", finding.rule, finding.start, finding.end));
    }
    let more = findings.len().saturating_sub(NAMED);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!("{}{more}", parts.join(", "))
}

/// A built-in rule that does not compile is our mistake, and still no reason to check nothing.
pub(super) fn problem(rule: BadRule) -> CheckProblem {
    CheckProblem::new(rule.to_string())
}
