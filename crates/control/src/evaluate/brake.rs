//! When a run ends before its last row: the money is spent, or the verdict is decided.

use std::collections::HashSet;
use std::sync::Mutex;
use std::sync::PoisonError;

use gatemark_core::money::NanoUsd;
use gatemark_core::report::{Row, Verdict};

use super::plan::Plan;

/// A cap on what all runs of a request spend together.
#[derive(Debug)]
pub(super) struct Money {
    cap: Option<NanoUsd>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    spent: NanoUsd,
    dearest: NanoUsd,
    under_way: i64,
}

impl Money {
    /// `expected` is what one row may cost, as far as is known before any has.
    pub(super) fn up_to(cap: Option<NanoUsd>, expected: NanoUsd) -> Self {
        let state = State { dearest: expected, ..State::default() };
        Self { cap, state: Mutex::new(state) }
    }

    /// A row that an earlier go at the same run has paid for.
    pub(super) fn count(&self, row: &Row) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.spent += paid(row);
    }

    /// Whether one more row may be asked. Rows under way are taken to cost what the dearest one did, so
    /// that many at once do not overshoot the cap by many rows.
    pub(super) fn admit(&self) -> bool {
        let Some(cap) = self.cap else { return true };
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let promised = state.dearest.0.saturating_mul(state.under_way + 1);
        let fits = state.spent.0.saturating_add(promised) <= cap.0 && state.spent < cap;
        state.under_way += i64::from(fits);
        fits
    }

    /// A row that was admitted has ended.
    pub(super) fn settle(&self, row: &Row) {
        let paid = paid(row);
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.spent += paid;
        state.dearest = state.dearest.max(paid);
        state.under_way -= 1;
    }

    pub(super) fn spent(&self) -> NanoUsd {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).spent
    }
}

/// What a row cost this run.
fn paid(row: &Row) -> NanoUsd {
    let answer = if row.cached { NanoUsd::ZERO } else { row.cost.unwrap_or_default() };
    answer + row.checks_cost()
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

    #[test]
    fn rows_under_way_count_against_the_cap() {
        let money = Money::up_to(Some(NanoUsd(100)), NanoUsd(40));
        let row = |cost| Row {
            cost: Some(NanoUsd(cost)),
            ..super::super::case::unasked("c", "happy", 1, "test")
        };
        assert!(money.admit());
        assert!(money.admit());
        assert!(!money.admit(), "two under way and a third may cost 120");
        money.settle(&row(40));
        money.settle(&row(0));
        assert!(money.admit());
        assert!(!money.admit(), "40 spent, 40 under way, 40 more would pass 100");
        money.settle(&row(40));
        assert!(!money.admit());
        assert_eq!(money.spent(), NanoUsd(80));
        assert!(Money::up_to(None, NanoUsd::ZERO).admit());
    }
}
