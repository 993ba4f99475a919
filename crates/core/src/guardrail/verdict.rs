//! What the evidence says: hold, revert or pass.

use serde::{Deserialize, Serialize};

use super::evidence::{Evidence, Tests};
use super::{Against, Better, Guardrail};
use crate::stats::proportion::Interval;
use crate::stats::sequential::contrast::Estimate;
use crate::stats::sequential::evidence::{average, p_value};

/// Units of both arms after which intervals are narrowest.
const HORIZON: f64 = 5_000.0;
/// The candidate's units before tests that hold in the limit say anything.
const LIMIT_FROM: u64 = 20;

/// What to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Decision {
    /// Neither is shown.
    Hold,
    /// The candidate is worse.
    Revert,
    /// The candidate reaches the goal.
    Pass,
}

/// Why.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Why {
    /// No unit of the candidate (or, compared with control, of control) was scored. Missing data is not good.
    NoData,
    /// The goal is shown, and fewer units are scored than a pass needs.
    TooFew,
    /// There is not enough evidence for either.
    Undecided,
    /// Harm is shown.
    Harm,
    /// The goal is shown.
    Reached,
}

/// A guardrail's verdict with its figures, in the measure's unit (for `Slow`, shares above the limit).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Verdict {
    /// What to do.
    pub decision: Decision,
    /// Why.
    pub why: Why,
    /// Control's plain mean.
    pub control: Option<f64>,
    /// The candidate's plain mean.
    pub candidate: Option<f64>,
    /// Scored units of control.
    pub control_units: u64,
    /// Scored units of the candidate.
    pub candidate_units: u64,
    /// Candidate − control (or − limit), weighed by shares so that a ramp does not bias it.
    pub difference: Option<f64>,
    /// The confidence sequence of that at 95 %, in the limit.
    pub interval: Option<Interval>,
    /// ln of the e-value against "not worse": a revert from ln(1/alpha_revert).
    pub log_e_harm: f64,
    /// ln of the e-value against "does not reach the goal".
    pub log_e_safe: f64,
    /// The anytime-valid p-value of harm as of now, 1/E.
    pub p_harm: f64,
    /// How probable harm is by a flat prior. For showing; nothing is decided by it.
    pub probability_of_harm: f64,
}

impl Guardrail {
    /// The verdict on what was seen so far. It may be asked after every call. A controller keeps the first
    /// revert or pass: evidence may fall again, and that does not undo it.
    pub fn judge(&self, evidence: &Evidence) -> Verdict {
        let contrast = &evidence.contrast;
        let estimate = self.estimate(evidence);
        let (log_e_harm, log_e_safe) = self.evidence(evidence);
        let (control_units, candidate_units) = evidence.units();
        let seen = candidate_units > 0 && (control_units > 0 || self.against != Against::Control);
        let reached = log_e_safe >= -self.alpha_pass.ln();
        let (decision, why) = if !seen {
            (Decision::Hold, Why::NoData)
        } else if log_e_harm >= -self.alpha_revert.ln() {
            (Decision::Revert, Why::Harm)
        } else if reached && candidate_units < self.least {
            (Decision::Hold, Why::TooFew)
        } else if reached {
            (Decision::Pass, Why::Reached)
        } else {
            (Decision::Hold, Why::Undecided)
        };
        let below = estimate.map_or(0.5, |estimate| estimate.probability_below_zero());
        Verdict {
            decision,
            why,
            control: contrast.control.mean(),
            candidate: contrast.candidate.mean(),
            control_units,
            candidate_units,
            difference: estimate.map(|estimate| estimate.difference),
            interval: estimate.map(|estimate| estimate.interval(0.05, HORIZON)),
            log_e_harm,
            log_e_safe,
            p_harm: p_value(log_e_harm),
            probability_of_harm: match self.better() {
                Better::Higher => below,
                Better::Lower => 1.0 - below,
            },
        }
    }

    /// Whether [`Guardrail::judge`] would say revert or pass, without the figures: for a look after every
    /// call of a simulation.
    pub fn decision(&self, evidence: &Evidence) -> Decision {
        let Tests::Compared { harm, safe } = &evidence.tests else {
            return self.judge(evidence).decision;
        };
        let (control, candidate) = evidence.units();
        if control == 0 || candidate == 0 {
            Decision::Hold
        } else if harm.refutes(self.alpha_revert) {
            Decision::Revert
        } else if candidate >= self.least && safe.refutes(self.alpha_pass) {
            Decision::Pass
        } else {
            Decision::Hold
        }
    }

    fn estimate(&self, evidence: &Evidence) -> Option<Estimate> {
        match self.against {
            Against::Control => evidence.contrast.estimate(),
            Against::Limit(limit) => above(evidence, limit),
        }
    }

    /// ln of both e-values.
    fn evidence(&self, evidence: &Evidence) -> (f64, f64) {
        match &evidence.tests {
            Tests::Compared { harm, safe } => (harm.log_e(), safe.log_e()),
            Tests::Limited { harm, safe } => (harm.log_e(), safe.log_e()),
            Tests::Sums => {
                if evidence.contrast.candidate.n < LIMIT_FROM {
                    return (0.0, 0.0);
                }
                let beyond = |factor: f64| match self.against {
                    Against::Control => evidence.contrast.scaled(factor),
                    Against::Limit(limit) => above(evidence, factor * limit),
                };
                let harm = beyond(1.0 + self.tolerance);
                let safe = beyond(1.0 + self.margin());
                (
                    harm.map_or(0.0, |e| e.log_e_above(0.0, self.alpha_revert, HORIZON)),
                    safe.map_or(0.0, |e| e.log_e_below(0.0, self.alpha_pass, HORIZON)),
                )
            }
        }
    }
}

/// The candidate's mean − `limit`.
#[allow(clippy::cast_precision_loss)]
fn above(evidence: &Evidence, limit: f64) -> Option<Estimate> {
    let moments = evidence.contrast.candidate;
    let mean = moments.mean()?;
    let n = moments.n as f64;
    let variance = (moments.squares / n - mean * mean).max(0.0) / n;
    Some(Estimate { difference: mean - limit, variance, n: moments.n })
}

/// What several guardrails say together.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Together {
    /// Revert if the mean of the e-values of harm is enough; pass if all pass.
    pub decision: Decision,
    /// ln of the mean e-value.
    pub log_e_harm: f64,
    /// The place of the guardrail with the most evidence of harm.
    pub worst: Option<usize>,
}

/// Puts verdicts together at level `alpha`, best 0.05 for several and a guardrail's own for one.
///
/// The chance of ever reverting a candidate that is worse in nothing is at most `alpha`, however many
/// guardrails there are and however they depend on each other; for passing, all goals have to be reached, which
/// needs no correction (an intersection–union test: Berger, Technometrics 24 (1982)). Holds without any.
pub fn together(verdicts: &[Verdict], alpha: f64) -> Together {
    let logs: Vec<f64> = verdicts.iter().map(|verdict| verdict.log_e_harm).collect();
    let log_e_harm = average(&logs);
    let worst = (0..logs.len()).max_by(|a, b| {
        let log = |place: &usize| logs.get(*place).copied().unwrap_or(f64::NEG_INFINITY);
        log(a).total_cmp(&log(b))
    });
    let all = !verdicts.is_empty() && verdicts.iter().all(|v| v.decision == Decision::Pass);
    let decision = if log_e_harm >= -alpha.ln() {
        Decision::Revert
    } else if all {
        Decision::Pass
    } else {
        Decision::Hold
    };
    Together { decision, log_e_harm, worst }
}
