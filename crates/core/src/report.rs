//! Evidence: what a suite found out about one version on one model.
//!
//! Rows come first and every figure is derived from them, so that a summary cannot disagree with what it
//! summarises. A case that errored or that nothing checked counts against the version: the gate fails
//! closed.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::id::{Digest, ModelName, PromptName};
use crate::money::NanoUsd;
use crate::stats::quantile::nearest_rank;

/// How a check, or a case as a whole, came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// Every check holds.
    Pass,
    /// Some check does not hold.
    Fail,
    /// It could not be found out: the call or a check failed.
    Error,
    /// Nothing was checked.
    Untested,
}

impl Verdict {
    /// The verdict on a case from those on its checks: the worst of them, `Untested` if there are none.
    pub fn of_case(checks: impl IntoIterator<Item = Verdict>) -> Verdict {
        checks.into_iter().max().unwrap_or(Verdict::Untested)
    }
}

/// How one check came out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CheckResult {
    /// The check in short, e.g. `not contains "sorry"`.
    pub check: String,
    /// How it came out.
    pub verdict: Verdict,
    /// Expected and found, when it did not pass.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
}

/// One case of one run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// The case's id in its suite.
    pub case: String,
    /// The case's category.
    pub category: String,
    /// How the case came out.
    pub verdict: Verdict,
    /// Whether the model itself answered in the form that the version demands.
    pub format_valid: bool,
    /// What was answered; empty if nothing was.
    pub actual: String,
    /// Each check.
    pub checks: Vec<CheckResult>,
    /// Why there is no answer, if there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// From the call's start to its end, in microseconds.
    pub latency_us: u64,
    /// What the call cost; `None` if the model's price is unknown.
    pub cost: Option<NanoUsd>,
    /// The call's id in the call log.
    pub call: String,
}

/// Counts of one category or of all cases.
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
    /// Those answered in the demanded form.
    pub format_valid: u64,
}

impl Tally {
    fn add(&mut self, row: &Row) {
        self.cases += 1;
        self.passed += u64::from(row.verdict == Verdict::Pass);
        self.errors += u64::from(row.verdict == Verdict::Error);
        self.untested += u64::from(row.verdict == Verdict::Untested);
        self.format_valid += u64::from(row.format_valid);
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

/// Every figure that a run's rows give.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    /// All cases.
    pub total: Tally,
    /// By category.
    pub categories: BTreeMap<String, Tally>,
    /// Median latency in microseconds.
    pub p50_latency_us: u64,
    /// 95th percentile of latency in microseconds, nearest rank.
    pub p95_latency_us: u64,
    /// Answered cases whose model had no price: while there are any, the figures of cost are too low.
    #[serde(default)]
    pub unpriced: u64,
    /// Mean cost of a call, rounded up.
    pub mean_cost: NanoUsd,
    /// The dearest call.
    pub max_cost: NanoUsd,
    /// All calls.
    pub total_cost: NanoUsd,
}

impl Summary {
    /// Derives every figure from `rows`.
    pub fn of(rows: &[Row]) -> Self {
        let mut summary = Self::default();
        for row in rows {
            summary.total.add(row);
            summary.categories.entry(row.category.clone()).or_default().add(row);
        }
        let latencies: Vec<u64> = rows.iter().map(|row| row.latency_us).collect();
        summary.p50_latency_us = nearest_rank(&latencies, 0.50).unwrap_or(0);
        summary.p95_latency_us = nearest_rank(&latencies, 0.95).unwrap_or(0);
        let costs = || rows.iter().filter_map(|row| row.cost);
        summary.total_cost = costs().sum();
        summary.max_cost = costs().max().unwrap_or_default();
        let unpriced = rows.iter().filter(|row| row.error.is_none() && row.cost.is_none()).count();
        summary.unpriced = unpriced as u64;
        let count = i64::try_from(rows.len().max(1)).unwrap_or(i64::MAX);
        let rounded_up = summary.total_cost.0.saturating_add(count - 1) / count;
        summary.mean_cost = NanoUsd(rounded_up);
        summary
    }
}

/// One run of a suite, bound to exactly what it tested.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// Unique.
    pub id: String,
    /// The prompt.
    pub prompt: PromptName,
    /// The version's number, for people.
    pub number: u32,
    /// The version's hash.
    pub version: Digest,
    /// The suite's hash.
    pub suite: Digest,
    /// The model that answered.
    pub model: ModelName,
    /// Who ran it.
    pub actor: String,
    /// When it ended, in microseconds since 1970.
    pub finished_at: i64,
    /// What it found.
    pub summary: Summary,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(category: &str, verdict: Verdict, latency_us: u64, cost: i64) -> Row {
        Row {
            case: "c".into(),
            category: category.into(),
            verdict,
            format_valid: verdict == Verdict::Pass,
            actual: String::new(),
            checks: vec![],
            error: None,
            latency_us,
            cost: Some(NanoUsd(cost)),
            call: String::new(),
        }
    }

    #[test]
    fn figures_come_from_rows() {
        let rows = [
            row("happy", Verdict::Pass, 10, 3),
            row("happy", Verdict::Error, 20, 0),
            row("edge", Verdict::Untested, 30, 1),
        ];
        let summary = Summary::of(&rows);
        assert_eq!(summary.total.cases, 3);
        assert_eq!(summary.total.passed, 1);
        assert_eq!(summary.categories["happy"].errors, 1);
        assert_eq!(summary.p95_latency_us, 30);
        assert_eq!((summary.mean_cost, summary.max_cost), (NanoUsd(2), NanoUsd(3)));
    }

    #[test]
    fn a_case_is_as_good_as_its_worst_check() {
        use Verdict::{Error, Fail, Pass, Untested};
        assert_eq!(Verdict::of_case([Pass, Pass]), Pass);
        assert_eq!(Verdict::of_case([Pass, Fail]), Fail);
        assert_eq!(Verdict::of_case([Fail, Error]), Error);
        assert_eq!(Verdict::of_case([]), Untested);
    }
}
