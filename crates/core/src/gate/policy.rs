//! What an environment asks for.

use serde::{Deserialize, Serialize};

use crate::comparison::NonInferiority;
use crate::money::NanoUsd;
use crate::redteam::Demand;

/// The rules of one environment. A rule that is `None`, `false`, 0 or empty is not applied.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Policy {
    /// Least number of cases in the suite.
    pub min_cases: usize,
    /// Categories that the suite must have.
    pub categories: Vec<String>,
    /// Least share of cases that pass, 0 to 1; a suite's own threshold takes its place.
    pub accuracy: Option<f64>,
    /// Least share of answers in the demanded form, 0 to 1.
    pub format_validity: Option<f64>,
    /// Longest 95th percentile of latency, in milliseconds; a version's timeout below it takes its place.
    pub p95_latency_ms: Option<u64>,
    /// Dearest call in the report; a version's own cap below it takes its place.
    pub cost_per_call: Option<NanoUsd>,
    /// Whether the model must be pinned to an immutable id.
    pub pinned_model: bool,
    /// Whether the version must define a static fallback.
    pub fallback: bool,
    /// Whether the version must say why it exists.
    pub changelog: bool,
    /// Approvals needed from people other than the author.
    pub approvals: usize,
    /// How much less accurate than the serving version, at most, and how surely.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_worse_than_serving: Option<NonInferiority>,
    /// What a red team's report has to show.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub redteam: Option<Demand>,
}

impl Policy {
    /// What production asks for unless the project says otherwise.
    pub fn production() -> Self {
        Self {
            min_cases: 50,
            categories: ["happy", "edge", "adversarial"].map(String::from).to_vec(),
            accuracy: Some(0.95),
            format_validity: Some(0.99),
            p95_latency_ms: Some(10_000),
            cost_per_call: Some(NanoUsd(50_000_000)),
            pinned_model: true,
            fallback: true,
            changelog: true,
            approvals: 1,
            not_worse_than_serving: None,
            redteam: None,
        }
    }

    /// No rules: for places where nobody is hurt.
    pub fn open() -> Self {
        Self {
            min_cases: 0,
            categories: vec![],
            accuracy: None,
            format_validity: None,
            p95_latency_ms: None,
            cost_per_call: None,
            pinned_model: false,
            fallback: false,
            changelog: false,
            approvals: 0,
            not_worse_than_serving: None,
            redteam: None,
        }
    }

    /// Whether some rule needs a report.
    pub fn asks_for_evidence(&self) -> bool {
        self.accuracy.is_some()
            || self.format_validity.is_some()
            || self.p95_latency_ms.is_some()
            || self.cost_per_call.is_some()
            || self.not_worse_than_serving.is_some()
    }
}
