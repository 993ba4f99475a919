//! Guardrails of a rollout: what is measured, what counts as harm, and what the evidence says so far.
//!
//! A guardrail runs two tests at once over the same calls, both valid after every call. One tries to refute
//! that the candidate is no worse: if it can, the rollout reverts, without a least number of calls. The other
//! tries to refute that the candidate is worse by the margin: if it can, and enough units were scored, the
//! guardrail passes. Until then it holds; without data it holds too, and says so.
//!
//! A [`Guardrail`] is configuration, an [`Evidence`] is plain data of half a kilobyte that a controller stores; the
//! same stored evidence and the same calls give the same verdict. Wealth consists of integers and survives text
//! to the bit; the sums beside it are doubles, of which reading JSON may move the last bit.
//!
//! What it promises needs three things from whoever feeds it: the share is the chance by which units were
//! assigned at that moment; a unit that makes several calls counts with **one** of them, its first that was
//! scored; every call that should have an outcome has one, whatever its arm (a missing answer is a failure).

mod evidence;
mod verdict;

use serde::{Deserialize, Serialize};

pub use crate::stats::sequential::{Arm, Moments, Share};
pub use evidence::Evidence;
pub use verdict::{Decision, Together, Verdict, Why, together};

/// Which direction is good.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Better {
    /// Success, quality.
    Higher,
    /// Errors, retries, fallbacks.
    Lower,
}

/// What is measured on a call.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Measure {
    /// Yes or no, as 1 or 0.
    Share {
        /// Whether a 1 is good.
        better: Better,
    },
    /// A score with known bounds; what lies outside is clamped.
    Score {
        /// The least possible score.
        low: f64,
        /// The greatest.
        high: f64,
        /// Whether much is good.
        better: Better,
    },
    /// A latency, judged by whether it is above `limit`: a quantile of control before the rollout (frozen;
    /// "p95 got worse" is "more than control's share above control's p95"), or twice that. Less is better.
    Slow {
        /// In the unit of the values given.
        limit: f64,
    },
    /// A cost or another amount without a bound; above `cap` it counts as `cap`. Less is better.
    ///
    /// Its tests hold in the limit only (see `stats::sequential::asymptotic`).
    Amount {
        /// Best the 99.9 % quantile of control before the rollout.
        cap: f64,
    },
}

/// With what the candidate is compared.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Against {
    /// With control, over the same time.
    Control,
    /// With a fixed mean in the measure's unit: success 0.95; for `Slow` the share of calls that may be above
    /// the limit, 0.05 for a p95.
    Limit(f64),
}

/// What it takes to pass.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Goal {
    /// Not worse by this or more. In the measure's unit; for `Slow` a share of calls; for `Amount` a
    /// fraction of what the candidate is compared with (0.1 is 10 % dearer).
    NonInferior(f64),
    /// Better.
    Superior,
}

/// A guardrail.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Guardrail {
    /// What is measured.
    pub measure: Measure,
    /// With what it is compared.
    pub against: Against,
    /// How much worse is not yet harm; in the unit of [`Goal::NonInferior`]. 0 is usual: 0.03 takes twice as
    /// long to stop a candidate that is 10 points worse.
    pub tolerance: f64,
    /// What it takes to pass.
    pub goal: Goal,
    /// The chance of ever reverting a candidate that is not worse, at most; 0.0175 is usual.
    pub alpha_revert: f64,
    /// The chance of ever passing a candidate that does not reach the goal, at most; 0.05 is usual for
    /// non-inferiority and 0.015 for superiority.
    pub alpha_pass: f64,
    /// Scored units of the candidate before it may pass; 500 is usual. A revert needs none.
    pub least: u64,
}

impl Guardrail {
    /// The usual levels and least number of units: reverts at 0.0175, passes at 0.05 if not worse by `margin`.
    #[must_use]
    pub fn non_inferior(measure: Measure, margin: f64) -> Self {
        Self {
            measure,
            against: Against::Control,
            tolerance: 0.0,
            goal: Goal::NonInferior(margin),
            alpha_revert: 0.0175,
            alpha_pass: 0.05,
            least: 500,
        }
    }

    /// The same, passing only if better, at 0.015.
    #[must_use]
    pub fn superior(measure: Measure) -> Self {
        Self { goal: Goal::Superior, alpha_pass: 0.015, ..Self::non_inferior(measure, 0.0) }
    }

    /// What a call's raw value counts as: 1 or 0 for `Slow`, at most the cap for `Amount`, within its bounds
    /// for others. Sums that go to [`Evidence::absorb`] are of these. `None` for what is no number.
    pub fn outcome(&self, value: f64) -> Option<f64> {
        if value.is_nan() {
            return None;
        }
        Some(match self.measure {
            Measure::Share { .. } => value.clamp(0.0, 1.0),
            Measure::Score { low, high, .. } => value.clamp(low, high),
            Measure::Slow { limit } => f64::from(u8::from(value > limit)),
            Measure::Amount { cap } => value.min(cap),
        })
    }

    /// What is wrong with it: fields with what to do. Empty for a guardrail that can be used.
    pub fn problems(&self) -> Vec<(&'static str, String)> {
        let mut found = vec![];
        let inside = |x: f64| x > 0.0 && x < 1.0;
        for (field, alpha) in [("alpha_revert", self.alpha_revert), ("alpha_pass", self.alpha_pass)]
        {
            if !inside(alpha) {
                found.push((field, format!("is {alpha}: write a chance between 0 and 1")));
            }
        }
        if let Measure::Score { low, high, .. } = self.measure
            && !(low < high && (high - low).is_finite())
        {
            found.push(("measure", format!("has the bounds {low} and {high}: low must be less")));
        }
        if let Measure::Slow { limit: x } | Measure::Amount { cap: x } = self.measure
            && !(x > 0.0 && x.is_finite())
        {
            found.push(("measure", format!("has the limit {x}: it must be above 0")));
        }
        if let Against::Limit(limit) = self.against
            && !self.possible(limit)
        {
            found.push(("against", format!("{limit} is no possible mean of the measure")));
        }
        let margin = match self.goal {
            Goal::NonInferior(margin) => margin,
            Goal::Superior => 1.0,
        };
        if !(margin > 0.0 && margin.is_finite()) {
            found.push(("goal", format!("has the margin {margin}: it must be above 0")));
        }
        if !(self.tolerance >= 0.0 && self.tolerance.is_finite()) {
            found.push(("tolerance", format!("is {}: 0 or more", self.tolerance)));
        }
        found
    }

    /// Whether a mean lies strictly inside the measure's range.
    fn possible(&self, mean: f64) -> bool {
        match self.measure {
            Measure::Share { .. } | Measure::Slow { .. } => mean > 0.0 && mean < 1.0,
            Measure::Score { low, high, .. } => mean > low && mean < high,
            Measure::Amount { cap } => mean > 0.0 && mean < cap,
        }
    }

    fn better(&self) -> Better {
        match self.measure {
            Measure::Share { better } | Measure::Score { better, .. } => better,
            Measure::Slow { .. } | Measure::Amount { .. } => Better::Lower,
        }
    }

    fn margin(&self) -> f64 {
        match self.goal {
            Goal::NonInferior(margin) => margin,
            Goal::Superior => 0.0,
        }
    }
}

#[cfg(test)]
mod tests;
