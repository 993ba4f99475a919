//! What a comparison found.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::difference::Difference;
use super::verdict::Standing;

/// Candidate and baseline on the cases that both were asked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Comparison {
    /// Confidence of every interval and bound, 0 to 1.
    pub confidence: f64,
    /// Cases that both sides were asked.
    pub cases: u64,
    /// Sources that these come from; as many as cases if each has its own.
    pub clusters: u64,
    /// Cases that only the candidate was asked; left out of every figure.
    pub only_candidate: u64,
    /// Cases that only the baseline was asked; likewise.
    pub only_baseline: u64,
    /// Share of tries that pass.
    pub accuracy: Accuracy,
    /// Metrics that measure more than yes and no, over the cases where both sides have them.
    pub metrics: BTreeMap<String, MetricChange>,
    /// By the candidate's category.
    pub categories: BTreeMap<String, CategoryChange>,
    /// Cases that passed every time before and do not now, by id.
    pub lost: Vec<String>,
    /// Cases that pass every time now and did not before, by id.
    pub gained: Vec<String>,
    /// Candidate's mean latency by the baseline's, over cases that both answered in their run and not from
    /// a cache.
    pub latency_ratio: Option<f64>,
    /// Candidate's mean cost by the baseline's, over cases whose price is known on both sides.
    pub cost_ratio: Option<f64>,
    /// The smallest true loss of accuracy that these cases would show, at `confidence` and power 0.8.
    pub detectable: f64,
}

/// Accuracy on both sides.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Accuracy {
    /// Candidate's.
    pub candidate: f64,
    /// Baseline's.
    pub baseline: f64,
    /// Candidate − baseline.
    pub difference: Difference,
    /// The p-value after Holm's correction, over accuracy and all metrics.
    pub p_adjusted: f64,
}

/// A metric's mean score on both sides.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MetricChange {
    /// Cases where both sides have it.
    pub cases: u64,
    /// Candidate's mean.
    pub candidate: f64,
    /// Baseline's mean.
    pub baseline: f64,
    /// Candidate − baseline.
    pub difference: Difference,
    /// The p-value after Holm's correction, over accuracy and all metrics.
    pub p_adjusted: f64,
}

/// Accuracy of one category on both sides.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CategoryChange {
    /// Cases that both sides were asked.
    pub cases: u64,
    /// Candidate's.
    pub candidate: f64,
    /// Baseline's.
    pub baseline: f64,
    /// Candidate − baseline. Not corrected for the number of categories: for looking, not for deciding.
    pub difference: Difference,
}

impl Comparison {
    /// Where the candidate's accuracy stands against `margin`, 0 to 1.
    pub fn standing(&self, margin: f64) -> Standing {
        if self.cases == 0 {
            return Standing::Inconclusive;
        }
        Standing::of(self.accuracy.difference.bounds, margin)
    }
}
