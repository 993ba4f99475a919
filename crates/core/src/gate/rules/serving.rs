//! The rule that compares with what serves.

use super::super::evidence::{Evidence, Purpose};
use super::super::policy::Policy;
use super::Rules;
use crate::comparison::{Comparison, NonInferiority, Standing};

impl Rules {
    /// Rollbacks are exempt: what serves is then what one wants to get away from, and statistics must not
    /// delay that.
    pub(super) fn serving(&mut self, policy: &Policy, purpose: Purpose, evidence: &Evidence<'_>) {
        let Some(asked) = policy.not_worse_than_serving else { return };
        if purpose == Purpose::Rollback {
            return;
        }
        let wanted = format!(
            "accuracy at most {} points below the serving version's, with {} % confidence",
            percent(asked.margin),
            percent(asked.confidence)
        );
        let (met, found, fix) = match (evidence.serving, evidence.comparison) {
            _ if evidence.serves_already => (true, "it serves already".to_string(), String::new()),
            (None, _) => (true, "nothing serves there yet".to_string(), String::new()),
            (Some(_), None) => (
                false,
                "no comparison: the serving version or this one has no report on the suite".into(),
                format!("run `gatemark test {}` for both versions", evidence.version.prompt),
            ),
            (Some(_), Some(Err(incomparable))) => (
                false,
                format!("not comparable: {}", incomparable.reason),
                format!(
                    "run `gatemark test {}` for both versions with the same judges",
                    evidence.version.prompt
                ),
            ),
            (Some(_), Some(Ok(comparison))) => {
                let (met, fix) = judged(comparison, asked);
                let found = format!("{}; {}", comparison.judgement(asked), comparison.sight());
                (met, found.trim_end_matches('.').to_string(), fix)
            }
        };
        self.add(13, met, wanted, found, &fix);
    }
}

/// Whether the comparison shows what is asked, and what to do if not.
fn judged(comparison: &Comparison, asked: NonInferiority) -> (bool, String) {
    if comparison.confidence < asked.confidence {
        let fix = "compare again: this comparison was made with less confidence than is asked";
        return (false, fix.to_string());
    }
    match comparison.standing(asked.margin) {
        Standing::NotWorse => (true, String::new()),
        Standing::Worse => (false, format!("look at the lost cases: {}", some(&comparison.lost))),
        Standing::Inconclusive => {
            (false, "add cases or repeats to the suite, or allow a wider margin".to_string())
        }
    }
}

/// The first few of a list.
fn some(names: &[String]) -> String {
    let shown: Vec<&str> = names.iter().take(5).map(String::as_str).collect();
    let more = names.len().saturating_sub(shown.len());
    let rest = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!("{}{rest}", shown.join(", "))
}

/// A share in percent, without a tail of noughts.
fn percent(share: f64) -> String {
    let text = format!("{:.3}", 100.0 * share);
    text.trim_end_matches('0').trim_end_matches('.').to_string()
}
