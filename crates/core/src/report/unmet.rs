//! What a suite asks of a report and the report does not show.

use super::summary::Summary;
use crate::suite::Thresholds;

/// Means of decimal fractions miss their bound by less than this.
const ROUNDING: f64 = 1e-9;

impl Thresholds {
    /// Every threshold that `summary` does not reach, in words; empty if all are reached. `accuracy` is
    /// the least share of cases that pass, the suite's own or another's. A category or metric without data
    /// is not reached.
    pub fn unmet(&self, accuracy: Option<f64>, summary: &Summary) -> Vec<String> {
        let mut unmet = vec![];
        let mut need = |what: String, least: f64, found: Option<f64>| match found {
            Some(found) if found + ROUNDING >= least => {}
            Some(found) => {
                unmet.push(format!("{what} is {found:.3}, at least {least:.3} is asked"))
            }
            None => unmet.push(format!("{what} has no data, at least {least:.3} is asked")),
        };
        if let Some(least) = accuracy {
            need("accuracy".into(), least, Some(summary.total.accuracy()));
        }
        for (category, least) in &self.categories {
            let found = summary.categories.get(category).map(super::Tally::accuracy);
            need(format!("accuracy in `{category}`"), *least, found);
        }
        for (metric, least) in &self.scores {
            let found = summary.metrics.get(metric).map(|metric| metric.mean);
            need(format!("mean `{metric}`"), *least, found);
        }
        if let Some(least) = self.macro_f1 {
            // An answer that could not be judged belongs to no class, and leaving it out would flatter.
            let known = summary.classification.as_ref().filter(|_| summary.unjudged == 0);
            let found = known.map(|found| found.macro_f1);
            need("macro-F1".into(), least, found);
        }
        unmet
    }
}
