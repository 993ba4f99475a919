//! One metric of one candidate against control.

use std::collections::{BTreeMap, HashSet};

use super::{Compared, Finding, Inference, Plan, Record, Rule, Scale, Size};
use crate::stats::cluster::ClusteredMean;
use crate::stats::distribution::{normal_cdf, t_quantile, t_two_sided};
use crate::stats::proportion::Interval;
use crate::stats::sequential::clustered::Clustered;
use crate::stats::sequential::difference::{self, Block, Tally};
use crate::stats::sequential::evidence::{average, p_value};
use crate::stats::sequential::{Arm, Claim, Share, Total};

/// Calls of which intervals that hold in the limit are narrowest.
const HORIZON: f64 = 5_000.0;
/// Parts into which time is cut.
const BLOCKS: usize = 20;
/// Outcomes that an expectation of ½ counts as.
const PRIOR: f64 = 20.0;

/// What is asked.
pub(super) struct Question<'a> {
    pub(super) records: &'a [&'a Record],
    pub(super) metric: &'a str,
    pub(super) candidate: &'a str,
    pub(super) plan: &'a Plan,
}

/// A call's part in the question.
struct Row<'a> {
    arm: Arm,
    unit: &'a str,
    share: Share,
    value: f64,
}

/// Anytime-valid figures, with logarithms of e-values.
struct Sequential {
    interval: Interval,
    different: f64,
    not_worse: f64,
}

impl Question<'_> {
    /// The figures, without correction and finding; `None` unless both arms have the metric.
    pub(super) fn compare(&self, weights: &BTreeMap<String, f64>) -> Option<Compared> {
        let rows = self.rows(weights);
        let scale = scale(&rows);
        let mean = |arm: Arm| {
            let of = rows.iter().filter(|row| row.arm == arm);
            ClusteredMean::of(of.map(|row| (row.unit, row.value)))
        };
        let (control, candidate) = (mean(Arm::Control), mean(Arm::Candidate));
        if control.n == 0 || candidate.n == 0 {
            return None;
        }
        let lower = self.plan.lower.contains(self.metric);
        let fixed = fixed(&candidate, &control, self.plan.alpha);
        let sequential = match scale {
            Scale::Amount => self.of_amounts(&rows, control.mean, lower),
            _ => self.of_bounded(&rows, lower),
        };
        let estimate = candidate.mean - control.mean;
        let bad = if lower { estimate } else { -estimate };
        let error = errors(&candidate, &control);
        let probability_of_harm = match error {
            Some(error) if error > 0.0 => normal_cdf(bad / error),
            _ if scale == Scale::Share => unvaried(&candidate, &control, lower),
            _ => 0.5,
        };
        let p_value = p_value(sequential.different);
        let size = |mean: ClusteredMean| Size { calls: mean.n, units: mean.clusters };
        Some(Compared {
            metric: self.metric.to_string(),
            candidate: self.candidate.to_string(),
            scale,
            lower_is_better: lower,
            control_mean: control.mean,
            candidate_mean: candidate.mean,
            estimate,
            control_size: size(control),
            candidate_size: size(candidate),
            fixed,
            anytime: Inference { interval: Some(sequential.interval), p_value, adjusted: p_value },
            e_not_worse: sequential.not_worse.min(690.0).exp(),
            probability_of_harm,
            finding: Finding::Undecided,
            sentence: String::new(),
        })
    }

    fn rows(&self, weights: &BTreeMap<String, f64>) -> Vec<Row<'_>> {
        let weight = |arm: &str| weights.get(arm).copied().unwrap_or(0.0);
        let (a, b) = (weight(self.candidate), weight(&self.plan.control));
        let planned = a / (a + b);
        let row = |record: &&'_ Record| -> Option<(Arm, f64, f64)> {
            let arm = match record.arm.as_str() {
                arm if arm == self.plan.control => Arm::Control,
                arm if arm == self.candidate => Arm::Candidate,
                _ => return None,
            };
            Some((arm, *record.values.get(self.metric)?, record.share.unwrap_or(planned)))
        };
        let rows = self.records.iter().filter_map(|record| {
            let (arm, value, share) = row(record)?;
            // A share that cannot be is one that nobody planned: as if both were alike.
            let share = Share::new(share).or_else(|| Share::new(0.5))?;
            Some(Row { arm, unit: &record.unit, share, value })
        });
        rows.collect()
    }

    /// One call of each unit, in blocks of time.
    #[allow(clippy::cast_precision_loss)]
    fn of_bounded(&self, rows: &[Row<'_>], lower: bool) -> Sequential {
        let mut seen = HashSet::new();
        let first: Vec<&Row<'_>> = rows.iter().filter(|row| seen.insert(row.unit)).collect();
        let length = first.len().div_ceil(BLOCKS).max(1);
        let mut blocks: Vec<Block> = vec![];
        let mut control = Total::default();
        for chunk in first.chunks(length) {
            for part in chunk.chunk_by(|a, b| a.share == b.share) {
                let Some(start) = part.first() else { continue };
                let centre = (0.5 * PRIOR + control.sum) / (PRIOR + control.n as f64);
                let mut tallies = [Tally::default(), Tally::default()];
                for row in part {
                    let good = if lower { 1.0 - row.value } else { row.value };
                    if let Some(tally) = tallies.get_mut(usize::from(row.arm == Arm::Candidate)) {
                        tally.add(good);
                    }
                    if row.arm == Arm::Control {
                        control.add(good);
                    }
                }
                let [control, candidate] = tallies;
                blocks.push(Block { share: start.share, centre, control, candidate });
            }
        }
        let found = difference::interval(&blocks, self.plan.alpha);
        let turned = Interval { low: -found.high, high: -found.low };
        let log = |claim| difference::log_e(&blocks, claim);
        Sequential {
            interval: if lower { turned } else { found },
            different: average(&[log(Claim::NotWorse(0.0)), log(Claim::Worse(0.0))]),
            not_worse: log(Claim::Worse(self.plan.margin)),
        }
    }

    /// All calls, with the variance between buckets of units.
    fn of_amounts(&self, rows: &[Row<'_>], control: f64, lower: bool) -> Sequential {
        let mut clustered = Clustered::default();
        for row in rows {
            clustered.observe(hash(row.unit), row.arm, row.value, row.share, control);
        }
        let everything = Interval { low: f64::MIN, high: f64::MAX };
        let Some(estimate) = clustered.estimate() else {
            return Sequential { interval: everything, different: 0.0, not_worse: 0.0 };
        };
        let alpha = self.plan.alpha;
        let margin = self.plan.margin * control.abs();
        Sequential {
            interval: estimate.interval(alpha, HORIZON),
            different: average(&[
                estimate.log_e_above(0.0, alpha, HORIZON),
                estimate.log_e_below(0.0, alpha, HORIZON),
            ]),
            not_worse: if lower {
                estimate.log_e_below(margin, alpha, HORIZON)
            } else {
                estimate.log_e_above(-margin, alpha, HORIZON)
            },
        }
    }
}

/// The probability of harm where no unit of an arm differs from another, as with 20 failures of 20 against none of
/// 20: with one success and one failure added to each arm (Agresti & Caffo, Am. Stat. 54 (2000)), so that few
/// units do not look like certainty.
#[allow(clippy::cast_precision_loss)]
fn unvaried(candidate: &ClusteredMean, control: &ClusteredMean, lower: bool) -> f64 {
    let smooth = |mean: &ClusteredMean| {
        let n = mean.clusters as f64 + 2.0;
        let share = (mean.mean * mean.clusters as f64 + 1.0) / n;
        (share, share * (1.0 - share) / n)
    };
    let ((a, u), (b, v)) = (smooth(candidate), smooth(control));
    let bad = if lower { a - b } else { b - a };
    normal_cdf(bad / (u + v).sqrt())
}

/// What follows from the figures by the plan's rule.
pub(super) fn finding(one: &Compared, plan: &Plan) -> Finding {
    let adjusted = match plan.rule {
        Rule::Anytime => one.anytime.adjusted,
        Rule::Fixed => one.fixed.adjusted,
    };
    let better = (one.estimate < 0.0) == one.lower_is_better;
    let not_worse = match plan.rule {
        Rule::Anytime => one.e_not_worse >= 1.0 / plan.alpha,
        Rule::Fixed => one.fixed.interval.is_some_and(|interval| {
            let whole = one.control_mean.abs();
            let by = if one.scale == Scale::Amount { plan.margin * whole } else { plan.margin };
            if one.lower_is_better { interval.high < by } else { interval.low > -by }
        }),
    };
    if adjusted <= plan.alpha {
        if better { Finding::Better } else { Finding::Worse }
    } else if not_worse {
        Finding::NotWorse
    } else {
        Finding::Undecided
    }
}

fn scale(rows: &[Row<'_>]) -> Scale {
    if rows.iter().all(|row| row.value == 0.0 || row.value == 1.0) {
        Scale::Share
    } else if rows.iter().all(|row| (0.0..=1.0).contains(&row.value)) {
        Scale::Score
    } else {
        Scale::Amount
    }
}

fn errors(a: &ClusteredMean, b: &ClusteredMean) -> Option<f64> {
    Some(a.standard_error?.hypot(b.standard_error?))
}

/// Welch's test on clustered errors, with Satterthwaite's degrees of freedom from the numbers of units.
#[allow(clippy::cast_precision_loss)]
fn fixed(a: &ClusteredMean, b: &ClusteredMean, alpha: f64) -> Inference {
    let none = Inference { interval: None, p_value: 1.0, adjusted: 1.0 };
    let (Some(error), Some(u), Some(v)) = (errors(a, b), a.standard_error, b.standard_error) else {
        return none;
    };
    let estimate = a.mean - b.mean;
    if error == 0.0 {
        return none;
    }
    let (u, v) = (u * u, v * v);
    let freedom = |mean: &ClusteredMean| mean.clusters as f64 - 1.0;
    let freedom = (u + v).powi(2) / (u * u / freedom(a) + v * v / freedom(b));
    let half = t_quantile(1.0 - 0.5 * alpha, freedom) * error;
    let interval = Interval { low: estimate - half, high: estimate + half };
    let p_value = t_two_sided(estimate / error, freedom);
    Inference { interval: Some(interval), p_value, adjusted: p_value }
}

/// FNV-1a with a last mixing, so that its low bits depend on every byte.
fn hash(unit: &str) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for byte in unit.bytes() {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    }
    hash ^= hash >> 33;
    hash = hash.wrapping_mul(0xff51_afd7_ed55_8ccd);
    hash ^ (hash >> 33)
}
