//! One answer and what its checks found.

use serde::{Deserialize, Serialize};

use super::verdict::Verdict;
use crate::money::NanoUsd;

/// How one check came out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CheckResult {
    /// The check in short, e.g. `not contains "sorry"`.
    pub check: String,
    /// The metric's name; empty in reports that are older than this field.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub metric: String,
    /// How it came out.
    pub verdict: Verdict,
    /// 0 to 1, for metrics that measure more than yes and no. A yes counts as 1 and a no as 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub score: Option<f64>,
    /// The check's weight, where it is not 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weight: Option<f64>,
    /// Expected and found when it did not pass; else what there is to say, e.g. a judge's reason.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// The classes that the `label` check compared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<Labelled>,
    /// What the check itself cost, e.g. a judge's calls.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost: Option<NanoUsd>,
}

impl CheckResult {
    /// A result without score, weight, label or cost.
    pub fn plain(check: impl Into<String>, verdict: Verdict, detail: Option<String>) -> Self {
        let check = check.into();
        let metric = String::new();
        Self { check, metric, verdict, score: None, weight: None, detail, label: None, cost: None }
    }

    /// What it counts in its case's score, 0 to 1. `None` if it could not be found out.
    pub fn counted(&self) -> Option<f64> {
        match self.verdict {
            Verdict::Pass => Some(self.score.unwrap_or(1.0)),
            Verdict::Fail | Verdict::Inconclusive => Some(self.score.unwrap_or(0.0)),
            Verdict::Error | Verdict::Untested => None,
        }
    }
}

/// The class that was wanted and the class that was answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Labelled {
    /// Wanted.
    pub expected: String,
    /// Answered.
    pub actual: String,
}

/// One case of one run, asked once.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// The case's id in its suite.
    pub case: String,
    /// The case's category.
    pub category: String,
    /// Which time it was asked, from 1.
    #[serde(default = "first", skip_serializing_if = "is_first")]
    pub repeat: u32,
    /// How the case came out.
    pub verdict: Verdict,
    /// Weighted mean of its checks' scores, 0 to 1; `None` if some could not be found out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub score: Option<f64>,
    /// Whether the model itself answered in the form that the version demands.
    pub format_valid: bool,
    /// What was answered; empty if nothing was.
    pub actual: String,
    /// Each check.
    pub checks: Vec<CheckResult>,
    /// Why there is no answer, if there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// What the vendor took, in microseconds; of a cached answer, when it was first given. Of a call that
    /// failed, the whole call.
    pub latency_us: u64,
    /// What the answer cost when it was given; `None` if the model's price is unknown.
    pub cost: Option<NanoUsd>,
    /// What was paid for it now, where that is neither its cost nor, for a cached answer, nothing: an answer of
    /// several, some of them given in an earlier run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub paid: Option<NanoUsd>,
    /// The case's weight, where it is not 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weight: Option<f64>,
    /// Whether the answer was given in an earlier run. Nothing was paid for it now, and its latency says
    /// nothing about now.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub cached: bool,
    /// The call's id in the call log.
    pub call: String,
}

fn first() -> u32 {
    1
}

#[allow(clippy::trivially_copy_pass_by_ref)]
fn is_first(repeat: &u32) -> bool {
    *repeat == 1
}

impl Row {
    /// Whether the model was asked; not so if the run stopped before.
    pub fn was_asked(&self) -> bool {
        self.verdict != Verdict::Untested || self.error.is_none()
    }

    /// Whether there was an answer of the model's own that checks looked at.
    pub fn is_judged(&self) -> bool {
        self.checks.iter().any(|check| !check.metric.is_empty())
    }

    /// What was paid for the answer in this run.
    pub fn paid(&self) -> NanoUsd {
        let known = if self.cached { NanoUsd::ZERO } else { self.cost.unwrap_or_default() };
        self.paid.unwrap_or(known)
    }

    /// What its checks cost.
    pub fn checks_cost(&self) -> NanoUsd {
        self.checks.iter().filter_map(|check| check.cost).sum()
    }
}
