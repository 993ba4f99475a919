//! Every figure that a run's rows give, derived one row at a time.

use std::collections::{BTreeMap, HashMap};

use serde::{Deserialize, Serialize};

use super::row::{CheckResult, Row};
use super::tally::{CaseState, Tally};
use super::verdict::Verdict;
use crate::money::NanoUsd;
use crate::stats::classification::{Classification, Confusion};
use crate::stats::quantile::nearest_rank;
use crate::stats::repeats::{pass_at_k, pass_hat_k};

/// The scores of one metric over all rows that have it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Metric {
    /// How many rows have a score.
    pub rows: u64,
    /// Rows whose score could not be found out; each counts as 0 in the mean.
    #[serde(default)]
    pub missing: u64,
    /// Mean score, 0 to 1.
    pub mean: f64,
}

/// Every figure that a run's rows give.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    /// All cases.
    pub total: Tally,
    /// By category.
    pub categories: BTreeMap<String, Tally>,
    /// Median latency in microseconds, over rows that were answered now.
    pub p50_latency_us: u64,
    /// 95th percentile of latency in microseconds, nearest rank, over rows that were answered now.
    pub p95_latency_us: u64,
    /// Rows whose answers were taken from an earlier run.
    #[serde(default)]
    pub cached: u64,
    /// Rows in all: cases times repeats.
    #[serde(default)]
    pub rows: u64,
    /// Rows that did not pass.
    #[serde(default)]
    pub failed_rows: u64,
    /// Rows whose answer could not be judged at all; they count as 0 for every metric.
    #[serde(default)]
    pub unjudged: u64,
    /// Rows that the latency figures rest on: answered by the model, and now.
    #[serde(default)]
    pub timed_rows: u64,
    /// Share of cases that passed, each counted by its weight; only where weights differ.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weighted_accuracy: Option<f64>,
    /// How often each case was asked.
    #[serde(default)]
    pub repeats: u32,
    /// Mean probability that at least one of k tries passes, for k = 1, 2, … up to the repeats.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pass_at: Vec<f64>,
    /// Mean probability that all of k tries pass, likewise.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pass_hat: Vec<f64>,
    /// Mean scores of the metrics that measure more than yes and no.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub metrics: BTreeMap<String, Metric>,
    /// What the `label` check gives over the whole suite.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub classification: Option<Classification>,
    /// Answered rows whose model had no price: while there are any, the figures of cost are too low.
    #[serde(default)]
    pub unpriced: u64,
    /// Mean cost of an answer, rounded up.
    pub mean_cost: NanoUsd,
    /// The dearest answer.
    pub max_cost: NanoUsd,
    /// All answers, also those that an earlier run paid for.
    pub total_cost: NanoUsd,
    /// What this run paid for answers.
    #[serde(default)]
    pub spent: NanoUsd,
    /// What its checks cost: judges and embeddings.
    #[serde(default)]
    pub checks_cost: NanoUsd,
}

impl Summary {
    /// Derives every figure from `rows`.
    pub fn of(rows: &[Row]) -> Self {
        let mut summariser = Summariser::default();
        rows.iter().for_each(|row| summariser.add(row));
        summariser.finish()
    }

    /// Rows that the latency figures rest on.
    pub fn timed(&self) -> u64 {
        self.timed_rows
    }
}

/// Takes rows one by one, in any order, and keeps only what the figures need: some tens of bytes a case.
#[derive(Debug, Default)]
pub struct Summariser {
    categories: HashMap<String, HashMap<String, CaseState>>,
    latencies: Vec<u64>,
    metrics: BTreeMap<String, (u64, u64, f64)>,
    confusion: Confusion,
    summary: Summary,
}

impl Summariser {
    /// Counts a row.
    pub fn add(&mut self, row: &Row) {
        self.add_case(row);
        if row.cached {
            self.summary.cached += 1;
        } else {
            self.summary.spent += row.cost.unwrap_or_default();
            if row.error.is_none() {
                self.latencies.push(row.latency_us);
            }
        }
        self.summary.unjudged += u64::from(!row.is_judged());
        self.summary.rows += 1;
        self.summary.failed_rows += u64::from(row.verdict != Verdict::Pass);
        self.summary.unpriced += u64::from(row.error.is_none() && row.cost.is_none());
        self.summary.total_cost += row.cost.unwrap_or_default();
        self.summary.max_cost = self.summary.max_cost.max(row.cost.unwrap_or_default());
        self.summary.checks_cost += row.checks_cost();
        for check in &row.checks {
            self.add_score(check);
            if let Some(label) = &check.label {
                self.confusion.add(&label.expected, &label.actual);
            }
        }
    }

    /// Metrics become known by their first score; what went wrong before is added then.
    fn add_score(&mut self, check: &CheckResult) {
        let missing = matches!(check.verdict, Verdict::Error | Verdict::Inconclusive);
        let sum = match (check.score, self.metrics.get_mut(&check.metric)) {
            (None, _) if !missing || check.metric.is_empty() => return,
            (_, Some(sum)) => sum,
            (_, None) => self.metrics.entry(check.metric.clone()).or_default(),
        };
        match check.score {
            Some(score) => *sum = (sum.0 + 1, sum.1, sum.2 + score),
            None => sum.1 += 1,
        }
    }

    fn add_case(&mut self, row: &Row) {
        if !self.categories.contains_key(&row.category) {
            self.categories.insert(row.category.clone(), HashMap::new());
        }
        let Some(cases) = self.categories.get_mut(&row.category) else { return };
        let passed = u32::from(row.verdict == Verdict::Pass);
        let asked = u32::from(row.was_asked());
        match cases.get_mut(&row.case) {
            Some(state) => {
                state.asked += asked;
                state.passed += passed;
                // A case that failed and was not asked again has failed.
                if row.was_asked() || state.worst == Verdict::Pass {
                    state.worst = state.worst.max(row.verdict);
                }
                state.format_valid &= row.format_valid;
            }
            None => {
                let (worst, format_valid) = (row.verdict, row.format_valid);
                let weight = row.weight.unwrap_or(1.0);
                let state = CaseState { asked, passed, worst, format_valid, weight };
                cases.insert(row.case.clone(), state);
            }
        }
    }

    /// The figures.
    #[allow(clippy::cast_precision_loss)]
    pub fn finish(self) -> Summary {
        let mut summary = self.summary;
        for (category, cases) in &self.categories {
            let tally = summary.categories.entry(category.clone()).or_default();
            for state in cases.values() {
                tally.add(*state);
                summary.total.add(*state);
                summary.repeats = summary.repeats.max(state.asked);
            }
        }
        let states: Vec<CaseState> =
            self.categories.values().flat_map(|cases| cases.values().copied()).collect();
        summary.timed_rows = self.latencies.len() as u64;
        summary.weighted_accuracy = weighted(&states);
        summary.pass_at = curve(&states, summary.repeats, pass_at_k);
        summary.pass_hat = curve(&states, summary.repeats, pass_hat_k);
        summary.p50_latency_us = nearest_rank(&self.latencies, 0.50).unwrap_or(0);
        summary.p95_latency_us = nearest_rank(&self.latencies, 0.95).unwrap_or(0);
        summary.metrics = self
            .metrics
            .into_iter()
            .filter(|(_, (rows, ..))| *rows > 0)
            .map(|(name, (rows, missing, sum))| {
                let missing = missing + summary.unjudged;
                (name, Metric { rows, missing, mean: sum / (rows + missing) as f64 })
            })
            .collect();
        summary.classification = self.confusion.finish();
        let count = i64::try_from(summary.rows.max(1)).unwrap_or(i64::MAX);
        summary.mean_cost = NanoUsd(summary.total_cost.0.saturating_add(count - 1) / count);
        summary
    }
}

/// The mean over cases of a per-case probability for each k; empty unless cases were repeated. A case
/// that was asked less often than the others (a run that stopped) is left out where k exceeds its tries.
#[allow(clippy::cast_precision_loss)]
fn curve(
    states: &[CaseState],
    repeats: u32,
    probability: fn(u32, u32, u32) -> Option<f64>,
) -> Vec<f64> {
    if repeats < 2 {
        return vec![];
    }
    let mean = |k| {
        let values: Vec<f64> =
            states.iter().filter_map(|s| probability(s.asked, s.passed, k)).collect();
        values.iter().sum::<f64>() / values.len().max(1) as f64
    };
    (1..=repeats).map(mean).collect()
}

/// The share of weight that passed, if weights differ from one another.
#[allow(clippy::float_cmp)]
fn weighted(states: &[CaseState]) -> Option<f64> {
    let first = states.first()?.weight;
    if states.iter().all(|state| state.weight == first) {
        return None;
    }
    let all: f64 = states.iter().map(|state| state.weight).sum();
    let passed = states.iter().filter(|state| state.worst == Verdict::Pass);
    Some(passed.map(|state| state.weight).sum::<f64>() / all.max(f64::MIN_POSITIVE))
}
