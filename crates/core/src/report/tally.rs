//! Counts of cases.

use serde::{Deserialize, Serialize};

use super::verdict::Verdict;

/// Counts of one category or of all cases. A case that was asked several times passed if it passed every
/// time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    /// Cases in all.
    pub cases: u64,
    /// Those that passed.
    pub passed: u64,
    /// Those that errored.
    pub errors: u64,
    /// Those without a check.
    pub untested: u64,
    /// Those with contradictory evidence.
    #[serde(default)]
    pub inconclusive: u64,
    /// Those that passed some times and not others.
    #[serde(default)]
    pub flaky: u64,
    /// Those answered in the demanded form.
    pub format_valid: u64,
}

/// What is known of one case after all its repeats.
#[derive(Debug, Clone, Copy)]
pub(super) struct CaseState {
    pub(super) asked: u32,
    pub(super) passed: u32,
    pub(super) worst: Verdict,
    pub(super) format_valid: bool,
    /// The case's weight.
    pub(super) weight: f64,
}

impl CaseState {
    /// Whether it passed some times and not others.
    pub(super) fn is_flaky(self) -> bool {
        self.passed > 0 && self.passed < self.asked
    }
}

impl Tally {
    pub(super) fn add(&mut self, case: CaseState) {
        self.cases += 1;
        self.passed += u64::from(case.worst == Verdict::Pass);
        self.errors += u64::from(case.worst == Verdict::Error);
        self.untested += u64::from(case.worst == Verdict::Untested);
        self.inconclusive += u64::from(case.worst == Verdict::Inconclusive);
        self.flaky += u64::from(case.is_flaky());
        self.format_valid += u64::from(case.format_valid);
    }

    /// Share of cases that passed, 0 to 1; 0 when there are none.
    #[allow(clippy::cast_precision_loss)]
    pub fn accuracy(&self) -> f64 {
        if self.cases == 0 { 0.0 } else { self.passed as f64 / self.cases as f64 }
    }

    /// Share of cases answered in the demanded form, 0 to 1; 0 when there are none.
    #[allow(clippy::cast_precision_loss)]
    pub fn format_validity(&self) -> f64 {
        if self.cases == 0 { 0.0 } else { self.format_valid as f64 / self.cases as f64 }
    }
}
