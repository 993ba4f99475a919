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
}

/// A suite.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Suite {
    /// What a report must reach.
    pub thresholds: Thresholds,
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
