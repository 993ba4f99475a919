//! What a recorded experiment shows: per metric and arm, with the sentence a person needs.
//!
//! It takes calls recorded anywhere, in the order of their times. Calls of one unit are not independent, so
//! fixed intervals have errors clustered by unit, and anytime-valid ones count one call of each unit (for
//! metrics between 0 and 1) or the variance between buckets of units (for others). Every metric of every
//! candidate is a question asked of the same data, so p-values are corrected together by Holm's method.

mod metric;
mod sentence;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde::{Deserialize, Serialize};

use crate::stats::multiple::holm;
use crate::stats::proportion::Interval;
use crate::stats::sequential::evidence::p_value;
use crate::stats::sequential::ratio::{self, Phase};

pub use sentence::PEEKING;

/// A call.
#[derive(Debug, Clone, PartialEq)]
pub struct Record {
    /// Its arm.
    pub arm: String,
    /// Who made it: a user, a conversation, or the call itself.
    pub unit: String,
    /// The chance by which its unit came to the candidate and not to control, if the line says so.
    pub share: Option<f64>,
    /// Its metrics; one that is missing was not measured.
    pub values: BTreeMap<String, f64>,
}

/// By which rule verdicts are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rule {
    /// Valid for any number of looks.
    Anytime,
    /// Valid for one look that was planned before.
    Fixed,
}

/// What was planned.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// The arm that others are compared with.
    pub control: String,
    /// Planned weights of arms, in any unit; empty if not known.
    pub weights: BTreeMap<String, f64>,
    /// Level, 0 to 1.
    pub alpha: f64,
    /// How much worse is still as good: of metrics between 0 and 1 the difference, of others the fraction of
    /// control's mean.
    pub margin: f64,
    /// Metrics of which less is better.
    pub lower: BTreeSet<String>,
    /// The rule.
    pub rule: Rule,
}

/// How a metric varies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scale {
    /// 0 or 1.
    Share,
    /// Between 0 and 1.
    Score,
    /// Anything else.
    Amount,
}

/// What can be said of one metric of one candidate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Finding {
    /// The candidate is worse.
    Worse,
    /// The candidate is better.
    Better,
    /// It is not worse by the margin.
    NotWorse,
    /// None of these.
    Undecided,
    /// The arms do not have the units that they should, so nothing can be believed.
    Blocked,
}

/// An interval and p-value.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Inference {
    /// For candidate − control.
    pub interval: Option<Interval>,
    /// Two-sided, of "no difference".
    pub p_value: f64,
    /// The same after Holm's correction over all metrics and candidates.
    pub adjusted: f64,
}

/// One metric of one candidate.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Compared {
    /// The metric.
    pub metric: String,
    /// The arm that is compared with control.
    pub candidate: String,
    /// How it varies.
    pub scale: Scale,
    /// Whether less is better.
    pub lower_is_better: bool,
    /// Control's mean over calls.
    pub control_mean: f64,
    /// The candidate's.
    pub candidate_mean: f64,
    /// Candidate − control.
    pub estimate: f64,
    /// Calls and units of control that have it.
    pub control_size: Size,
    /// Those of the candidate.
    pub candidate_size: Size,
    /// For one look, with errors clustered by unit.
    pub fixed: Inference,
    /// For any number of looks.
    pub anytime: Inference,
    /// e-value against "worse by the margin or more".
    pub e_not_worse: f64,
    /// How probable it is that the candidate is worse, by a flat prior.
    pub probability_of_harm: f64,
    /// What follows by the rule.
    pub finding: Finding,
    /// The same for a person.
    pub sentence: String,
}

/// How much was seen.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Size {
    /// Calls.
    pub calls: usize,
    /// Units.
    pub units: usize,
}

/// The sample-ratio check over units.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct RatioCheck {
    /// Sequential e-value, at most 10³⁰⁰.
    pub e_value: f64,
    /// 1 over it.
    pub p_value: f64,
    /// χ²-test's p-value for one look.
    pub chi_square_p_value: Option<f64>,
    /// Whether the e-value reached 1000.
    pub mismatch: bool,
}

/// The whole.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Analysis {
    /// The arm compared with.
    pub control: String,
    /// The rule.
    pub rule: Rule,
    /// Level.
    pub alpha: f64,
    /// Margin of "not worse".
    pub margin: f64,
    /// Calls and units by arm.
    pub arms: BTreeMap<String, Size>,
    /// `None` if no weights were planned.
    pub sample_ratio: Option<RatioCheck>,
    /// By metric, then candidate.
    pub metrics: Vec<Compared>,
    /// What a reader should know.
    pub notes: Vec<String>,
}

/// Analyses calls in the order of their times. Arms without planned weights are taken by the units that they
/// have; then there is nothing to check the ratio against, which is noted.
pub fn analyse(records: &[Record], plan: &Plan) -> Analysis {
    let mut notes = vec![];
    let (records, moved) = settled(records);
    if moved > 0 {
        notes.push(format!(
            "{moved} calls left out: their units had been in another arm before. Units must stay in their arm"
        ));
    }
    let arms = sizes(&records);
    let sample_ratio = check(&arms, plan);
    let weights = weights(&arms, plan, &records, &mut notes);
    let metrics: BTreeSet<&String> =
        records.iter().flat_map(|record| record.values.keys()).collect();
    let mut compared = vec![];
    for metric in metrics {
        for candidate in arms.keys().filter(|arm| **arm != plan.control) {
            let question = metric::Question { records: &records, metric, candidate, plan };
            compared.extend(question.compare(&weights));
        }
    }
    correct(&mut compared);
    let blocked = sample_ratio.is_some_and(|check| check.mismatch);
    for one in &mut compared {
        one.finding = if blocked { Finding::Blocked } else { metric::finding(one, plan) };
        one.sentence = sentence::of(one, plan);
    }
    let few = arms.values().any(|size| size.units < 500);
    if few {
        notes.push("fewer than 500 units in an arm: enough to revert, too few to promote".into());
    }
    if plan.rule == Rule::Fixed {
        notes.push(PEEKING.into());
    }
    let (control, rule) = (plan.control.clone(), plan.rule);
    let (alpha, margin) = (plan.alpha, plan.margin);
    Analysis { control, rule, alpha, margin, arms, sample_ratio, metrics: compared, notes }
}

/// Calls whose units are in the arm where they were first, and how many are not.
fn settled(records: &[Record]) -> (Vec<&Record>, usize) {
    let mut first: HashMap<&str, &str> = HashMap::new();
    let mut kept = Vec::with_capacity(records.len());
    for record in records {
        if *first.entry(&record.unit).or_insert(&record.arm) == record.arm {
            kept.push(record);
        }
    }
    let moved = records.len() - kept.len();
    (kept, moved)
}

fn sizes(records: &[&Record]) -> BTreeMap<String, Size> {
    let mut units: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    let mut arms: BTreeMap<String, Size> = BTreeMap::new();
    for record in records {
        arms.entry(record.arm.clone()).or_default().calls += 1;
        units.entry(&record.arm).or_default().insert(&record.unit);
    }
    for (arm, units) in units {
        arms.entry(arm.to_string()).or_default().units = units.len();
    }
    arms
}

fn check(arms: &BTreeMap<String, Size>, plan: &Plan) -> Option<RatioCheck> {
    if plan.weights.is_empty() {
        return None;
    }
    // An arm that was planned and has no unit counts, and so does one that was not planned.
    let names: BTreeSet<&String> = arms.keys().chain(plan.weights.keys()).collect();
    let phase = Phase {
        weights: names.iter().map(|n| plan.weights.get(*n).copied().unwrap_or(0.0)).collect(),
        counts: names.iter().map(|n| arms.get(*n).map_or(0, |size| size.units as u64)).collect(),
    };
    let chi_square_p_value = ratio::chi_square(&phase).map(|(_, p)| p);
    let log_e = ratio::log_e(&[phase]);
    let e_value = log_e.min(690.0).exp();
    let mismatch = log_e >= 1000_f64.ln();
    Some(RatioCheck { e_value, p_value: p_value(log_e), chi_square_p_value, mismatch })
}

#[allow(clippy::cast_precision_loss)]
fn weights(
    arms: &BTreeMap<String, Size>,
    plan: &Plan,
    records: &[&Record],
    notes: &mut Vec<String>,
) -> BTreeMap<String, f64> {
    if !plan.weights.is_empty() {
        return plan.weights.clone();
    }
    if records.iter().any(|record| record.share.is_none()) {
        notes.push(
            "no planned weights: shares are taken from the data, and the ratio of units is not checked"
                .into(),
        );
    }
    arms.iter().map(|(arm, size)| (arm.clone(), size.units as f64)).collect()
}

/// Holm over all questions, for both kinds of p-values.
fn correct(compared: &mut [Compared]) {
    let fixed: Vec<f64> = compared.iter().map(|one| one.fixed.p_value).collect();
    let anytime: Vec<f64> = compared.iter().map(|one| one.anytime.p_value).collect();
    for ((one, fixed), anytime) in compared.iter_mut().zip(holm(&fixed)).zip(holm(&anytime)) {
        one.fixed.adjusted = fixed;
        one.anytime.adjusted = anytime;
    }
}

#[cfg(test)]
mod tests;
