//! What a row cost, and when a run ends before its last row because its verdict is decided.

use std::collections::HashSet;

use gatemark_core::money::NanoUsd;
use gatemark_core::report::{Row, Verdict};

use super::plan::Plan;

/// What a row cost this run.
pub(super) fn paid(row: &Row) -> NanoUsd {
    row.paid() + row.checks_cost()
}

/// Whether the threshold on accuracy can still be reached.
#[derive(Debug)]
pub(super) struct Verdicts {
    /// Most cases that may fail, if there is a threshold.
    allowed: Option<usize>,
    lost: HashSet<u64>,
    cases: u64,
}

impl Verdicts {
    pub(super) fn of(plan: &Plan) -> Self {
        let cases = plan.suite.cases.len();
        let allowed = plan.threshold.map(|threshold| most_failures(cases, threshold));
        Self { allowed, lost: HashSet::new(), cases: cases as u64 }
    }

    /// Counts the row at `ordinal`.
    pub(super) fn note(&mut self, ordinal: u64, verdict: Verdict) {
        if verdict != Verdict::Pass {
            self.lost.insert(ordinal % self.cases.max(1));
        }
    }

    /// Why nothing that is still to come can change the verdict.
    pub(super) fn decided(&self) -> Option<String> {
        let allowed = self.allowed?;
        (self.lost.len() > allowed).then(|| {
            format!(
                "decided: {} of {} cases have not passed, and the threshold allows {allowed}",
                self.lost.len(),
                self.cases
            )
        })
    }
}

/// Most of `cases` that may fail while the share that passes is still at least `threshold`.
#[allow(clippy::cast_precision_loss)]
fn most_failures(cases: usize, threshold: f64) -> usize {
    (0..=cases)
        .rev()
        .find(|failed| (cases - failed) as f64 / cases.max(1) as f64 >= threshold)
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_many_failures_as_the_threshold_allows() {
        assert_eq!(most_failures(50, 0.95), 2);
        assert_eq!(most_failures(20, 0.95), 1);
        assert_eq!(most_failures(10, 1.0), 0);
        assert_eq!(most_failures(10, 0.0), 10);
        assert_eq!(most_failures(0, 0.5), 0);
    }
}
