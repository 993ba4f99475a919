//! Test cases for a prompt. Like a version's content, a suite is immutable and known by its hash.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// A check as its author wrote it: a metric's name and its parameters. What the names mean is known to
/// `gatemark_text::check`; here they are data, so that a new metric needs no change in this crate.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CheckSpec {
    /// The metric, e.g. `equals`.
    pub metric: String,
    /// Whether the verdict is turned round (`not:`).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub negated: bool,
    /// How much the check's score counts in its case's score, at least 0; 1 if absent. A check of weight
    /// 0 is shown and never decides.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weight: Option<f64>,
    /// The metric's parameters.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub parameters: Value,
}

/// One input with what is expected of the answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Case {
    /// Unique in its suite.
    pub id: String,
    /// `happy`, `edge`, `adversarial` or an own word.
    pub category: String,
    /// `easy`, `hard` or an own word.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub difficulty: Option<String>,
    /// Own words to select and group cases by.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// What the case was taken from. Cases that share a source are not independent evidence: intervals
    /// are computed over sources.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// How much the case counts in weighted figures, at least 0; 1 if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weight: Option<f64>,
    /// Least weighted mean of its checks' scores, 0 to 1. Without it every check must hold.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub threshold: Option<f64>,
    /// Values for the prompt's variables.
    pub variables: Map<String, Value>,
    /// The wanted answer, for checks that compare with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected: Option<Value>,
    /// Checks of this case, beside the suite's.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub checks: Vec<CheckSpec>,
}

/// What a report must reach, where it differs from the environment's policy.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Thresholds {
    /// Share of cases that must pass, 0 to 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accuracy: Option<f64>,
    /// The same for single categories.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub categories: BTreeMap<String, f64>,
    /// Least mean score of a metric over all rows that have it, 0 to 1.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub scores: BTreeMap<String, f64>,
    /// Least macro-averaged F1 of the `label` check over the suite, 0 to 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub macro_f1: Option<f64>,
}

/// A suite.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Suite {
    /// What a report must reach.
    pub thresholds: Thresholds,
    /// How often each case is asked; 1 if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repeats: Option<u32>,
    /// Checks that every case gets.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub checks: Vec<CheckSpec>,
    /// The cases, in the author's order.
    pub cases: Vec<Case>,
}

impl Suite {
    /// Every check of `case`: the suite's, then its own.
    pub fn checks_of<'a>(&'a self, case: &'a Case) -> impl Iterator<Item = &'a CheckSpec> {
        self.checks.iter().chain(&case.checks)
    }

    /// How many cases each category has.
    pub fn categories(&self) -> BTreeMap<&str, usize> {
        let names: BTreeSet<&str> = self.cases.iter().map(|case| case.category.as_str()).collect();
        names
            .into_iter()
            .map(|name| (name, self.cases.iter().filter(|case| case.category == name).count()))
            .collect()
    }
}
