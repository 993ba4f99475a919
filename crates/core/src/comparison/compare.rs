//! From two sides' outcomes to what a comparison says.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde::{Deserialize, Serialize};

use super::difference::Difference;
use super::figures::{Accuracy, CategoryChange, Comparison, MetricChange};
use super::outcome::Outcome;
use crate::report::Report;
use crate::stats::multiple::holm;
use crate::stats::paired::Discordant;

/// Why two reports cannot be compared.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Incomparable {
    /// In words.
    pub reason: String,
}

/// What comparing two reports gave.
pub type Compared = Result<Comparison, Incomparable>;

/// Whether verdicts of the two reports mean the same: both runs ended, and the same judges judged.
/// Suites may differ; cases are matched by id, and their checks are the author's to keep.
pub fn comparable(candidate: &Report, baseline: &Report) -> Result<(), Incomparable> {
    for (side, report) in [("candidate", candidate), ("baseline", baseline)] {
        if let Some(why) = &report.stopped {
            let reason = format!("the {side}'s run {} stopped before its end: {why}", report.id);
            return Err(Incomparable { reason });
        }
    }
    // What the baseline did not get answered would make any candidate look good.
    let unknown = baseline.summary.total.errors + baseline.summary.total.untested;
    if unknown > 0 {
        let reason = format!(
            "{unknown} cases of the baseline's report {} could not be judged: test that version again",
            baseline.id
        );
        return Err(Incomparable { reason });
    }
    let judges = |report: &Report| report.judges.iter().cloned().collect::<BTreeSet<String>>();
    let (ours, theirs) = (judges(candidate), judges(baseline));
    if ours != theirs {
        let list = |judges: BTreeSet<String>| match judges.len() {
            0 => "none".to_string(),
            _ => judges.into_iter().collect::<Vec<_>>().join(", "),
        };
        let reason = format!(
            "different judges: the candidate was judged by {}, the baseline by {}",
            list(ours),
            list(theirs)
        );
        return Err(Incomparable { reason });
    }
    Ok(())
}

/// A case on both sides.
struct Pair {
    candidate: Outcome,
    baseline: Outcome,
}

impl Pair {
    /// What its evidence hangs together with: its source, else itself.
    fn cluster(&self) -> &str {
        let source = self.candidate.source.as_deref().or(self.baseline.source.as_deref());
        source.unwrap_or(&self.candidate.case)
    }

    fn is_single(&self) -> bool {
        self.candidate.tries == 1 && self.baseline.tries == 1
    }
}

/// Compares two sides by case id; `confidence` from 0.5 to below 1.
pub fn compare(
    candidate: impl IntoIterator<Item = Outcome>,
    baseline: impl IntoIterator<Item = Outcome>,
    confidence: f64,
) -> Comparison {
    let mut waiting: HashMap<String, Outcome> =
        baseline.into_iter().map(|outcome| (outcome.case.clone(), outcome)).collect();
    let mut pairs = vec![];
    let mut only_candidate = 0;
    for outcome in candidate {
        match waiting.remove(&outcome.case) {
            Some(before) => pairs.push(Pair { candidate: outcome, baseline: before }),
            None => only_candidate += 1,
        }
    }
    pairs.sort_by(|a, b| a.candidate.case.cmp(&b.candidate.case));
    let all: Vec<&Pair> = pairs.iter().collect();
    let flips = |before: fn(&Pair) -> &Outcome, after: fn(&Pair) -> &Outcome| -> Vec<String> {
        let flipped = all.iter().filter(|pair| before(pair).holds() && !after(pair).holds());
        flipped.map(|pair| pair.candidate.case.clone()).collect()
    };
    let difference = passing(&all, confidence);
    let mut comparison = Comparison {
        confidence,
        cases: pairs.len() as u64,
        clusters: clusters(&all) as u64,
        only_candidate,
        only_baseline: waiting.len() as u64,
        accuracy: Accuracy {
            candidate: mean(all.iter().map(|pair| pair.candidate.share())),
            baseline: mean(all.iter().map(|pair| pair.baseline.share())),
            p_adjusted: difference.p,
            difference,
        },
        metrics: metrics(&all, confidence),
        categories: categories(&all, confidence),
        lost: flips(|pair| &pair.baseline, |pair| &pair.candidate),
        gained: flips(|pair| &pair.candidate, |pair| &pair.baseline),
        latency_ratio: ratio(&all, |outcome| outcome.latency_us),
        cost_ratio: ratio(&all, |outcome| outcome.cost),
        detectable: difference.detectable(confidence),
    };
    adjust(&mut comparison);
    comparison
}

/// How many sources the pairs come from.
fn clusters(pairs: &[&Pair]) -> usize {
    pairs.iter().map(|pair| pair.cluster()).collect::<BTreeSet<_>>().len()
}

/// The difference in the share of tries that pass.
fn passing(pairs: &[&Pair], confidence: f64) -> Difference {
    if pairs.iter().all(|pair| pair.is_single()) && clusters(pairs) == pairs.len() {
        let differ = |passes: bool| {
            let differs =
                |pair: &&&Pair| pair.candidate.holds() == passes && pair.baseline.holds() != passes;
            pairs.iter().filter(differs).count() as u64
        };
        let cases = pairs.len() as u64;
        let pairs = Discordant { gained: differ(true), lost: differ(false), cases };
        return Difference::of_single_tries(pairs, confidence);
    }
    let differences: Vec<(&str, f64)> = pairs
        .iter()
        .map(|pair| (pair.cluster(), pair.candidate.share() - pair.baseline.share()))
        .collect();
    Difference::of_means(&differences, confidence)
}

fn metrics(pairs: &[&Pair], confidence: f64) -> BTreeMap<String, MetricChange> {
    let names: BTreeSet<&String> =
        pairs.iter().flat_map(|pair| pair.candidate.scores.keys()).collect();
    let change = |name: &String| -> Option<(String, MetricChange)> {
        let scores: Vec<(&str, f64, f64)> = pairs
            .iter()
            .filter_map(|pair| {
                let ours = pair.candidate.scores.get(name)?;
                Some((pair.cluster(), *ours, *pair.baseline.scores.get(name)?))
            })
            .collect();
        if scores.is_empty() {
            return None;
        }
        let differences: Vec<(&str, f64)> =
            scores.iter().map(|(cluster, ours, theirs)| (*cluster, ours - theirs)).collect();
        let difference = Difference::of_means(&differences, confidence);
        let change = MetricChange {
            cases: scores.len() as u64,
            candidate: mean(scores.iter().map(|score| score.1)),
            baseline: mean(scores.iter().map(|score| score.2)),
            p_adjusted: difference.p,
            difference,
        };
        Some((name.clone(), change))
    };
    names.into_iter().filter_map(change).collect()
}

fn categories(pairs: &[&Pair], confidence: f64) -> BTreeMap<String, CategoryChange> {
    let mut groups: BTreeMap<&str, Vec<&Pair>> = BTreeMap::new();
    for pair in pairs {
        groups.entry(&pair.candidate.category).or_default().push(pair);
    }
    let change = |pairs: Vec<&Pair>| CategoryChange {
        cases: pairs.len() as u64,
        candidate: mean(pairs.iter().map(|pair| pair.candidate.share())),
        baseline: mean(pairs.iter().map(|pair| pair.baseline.share())),
        difference: passing(&pairs, confidence),
    };
    groups.into_iter().map(|(name, pairs)| (name.to_string(), change(pairs))).collect()
}

/// Holm's correction over accuracy and every metric.
fn adjust(comparison: &mut Comparison) {
    let mut slots: Vec<&mut f64> = vec![&mut comparison.accuracy.p_adjusted];
    slots.extend(comparison.metrics.values_mut().map(|metric| &mut metric.p_adjusted));
    let raw: Vec<f64> = slots.iter().map(|p| **p).collect();
    for (slot, adjusted) in slots.into_iter().zip(holm(&raw)) {
        *slot = adjusted;
    }
}

/// Candidate's total by the baseline's, over pairs where both have the figure.
fn ratio(pairs: &[&Pair], figure: fn(&Outcome) -> Option<f64>) -> Option<f64> {
    let both =
        pairs.iter().filter_map(|pair| Some((figure(&pair.candidate)?, figure(&pair.baseline)?)));
    let (ours, theirs) = both.fold((0.0, 0.0), |sum, pair| (sum.0 + pair.0, sum.1 + pair.1));
    (theirs > 0.0).then(|| ours / theirs)
}

#[allow(clippy::cast_precision_loss)]
fn mean(values: impl Iterator<Item = f64>) -> f64 {
    let (n, sum) = values.fold((0_u64, 0.0), |(n, sum), value| (n + 1, sum + value));
    sum / n.max(1) as f64
}
