//! What a guardrail has seen, and how it takes what comes.

use serde::{Deserialize, Deserializer, Serialize};

use super::{Against, Better, Guardrail, Measure};
use crate::stats::sequential::{
    Arm, Bound, Claim, Comparison, Contrast, Level, Moments, Share, Total,
};

/// Units of control after which its own mean weighs as much as what was expected of it.
const PRIOR: f64 = 100.0;

/// The stored form. Form 1, which has names where 2 has places, is read too; any other number is refused: evidence that
/// is read wrongly reverts or passes wrongly.
const VERSION: u8 = 2;

fn known_version<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u8, D::Error> {
    let version = u8::deserialize(deserializer)?;
    if (1..=VERSION).contains(&version) {
        // As what it will be written.
        return Ok(VERSION);
    }
    let told = format!("evidence has the form {version}, and this release knows 1 to {VERSION}");
    Err(serde::de::Error::custom(told))
}

/// What was seen so far: about half a kilobyte as JSON.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Evidence {
    #[serde(deserialize_with = "known_version")]
    version: u8,
    /// What control's mean was expected to be, in the measure's unit.
    pub(super) expected: f64,
    pub(super) tests: Tests,
    pub(super) contrast: Contrast,
}

/// The two games; `Amount` has none, for its tests need only the sums.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Tests {
    Compared { harm: Comparison, safe: Comparison },
    Limited { harm: Level, safe: Level },
    Sums,
}

impl Evidence {
    /// Nothing seen yet. `expected` is control's mean before the rollout, in the measure's unit (for `Slow`
    /// the share of calls above the limit); without it, and if it is wrong, more calls are needed, and
    /// everything stays valid.
    #[must_use]
    pub fn new(guardrail: &Guardrail, expected: Option<f64>) -> Self {
        let scale = Scale::of(guardrail);
        let middle = match (guardrail.measure, guardrail.better()) {
            (Measure::Amount { cap }, _) => cap / 10.0,
            (Measure::Score { low, high, .. }, _) => low + (high - low) / 2.0,
            (Measure::Slow { .. }, _) | (_, Better::Lower) => 0.1,
            _ => 0.9,
        };
        let expected = expected.filter(|mean| mean.is_finite()).unwrap_or(middle);
        let (tolerance, margin) =
            (guardrail.tolerance / scale.range, guardrail.margin() / scale.range);
        let tests = match (guardrail.measure, guardrail.against) {
            (Measure::Amount { .. }, _) => Tests::Sums,
            (_, Against::Control) => {
                let test = |claim| Comparison::new(claim, scale.good(expected));
                let (harm, safe) = (Claim::NotWorse(tolerance), Claim::Worse(margin));
                Tests::Compared { harm: test(harm), safe: test(safe) }
            }
            (_, Against::Limit(limit)) => {
                let inside = |x: f64| x.clamp(1e-6, 1.0 - 1e-6);
                let limit = scale.good(limit);
                let harm = Level::new(Bound::AtLeast(inside(limit - tolerance)));
                let safe = Level::new(Bound::AtMost(inside(limit - margin)));
                Tests::Limited { harm, safe }
            }
        };
        Self { version: VERSION, expected, tests, contrast: Contrast::default() }
    }

    /// Takes one unit's raw value; `share` is the chance by which it came to the candidate. What is no
    /// number is left out: give a missing answer the value of a failure.
    pub fn observe(&mut self, guardrail: &Guardrail, arm: Arm, value: f64, share: Share) {
        let Some(outcome) = guardrail.outcome(value) else { return };
        let scale = Scale::of(guardrail);
        let centre = self.centre();
        match &mut self.tests {
            Tests::Compared { harm, safe } => {
                for test in [harm, safe] {
                    test.recentre(scale.good(centre));
                    test.observe(arm, scale.good(outcome), share);
                }
            }
            Tests::Limited { harm, safe } if arm == Arm::Candidate => {
                harm.observe(scale.good(outcome));
                safe.observe(scale.good(outcome));
            }
            _ => {}
        }
        self.contrast.observe(arm, outcome, share, centre);
    }

    /// Takes units that were counted together while the share was `share`: a minute's sums of
    /// [`Guardrail::outcome`]s by arm.
    ///
    /// The same as one by one for `Share`, `Slow` and `Amount`, but for the centre, which moves between
    /// sums; for scores between their bounds it is valid and weaker: give those one by one.
    pub fn absorb(
        &mut self,
        guardrail: &Guardrail,
        share: Share,
        control: Moments,
        candidate: Moments,
    ) {
        let scale = Scale::of(guardrail);
        let centre = self.centre();
        let (c, t) = (scale.total(control), scale.total(candidate));
        match &mut self.tests {
            Tests::Compared { harm, safe } => {
                for test in [harm, safe] {
                    test.recentre(scale.good(centre));
                    test.absorb(share, c, t);
                }
            }
            Tests::Limited { harm, safe } => {
                harm.absorb(t);
                safe.absorb(t);
            }
            Tests::Sums => {}
        }
        self.contrast.absorb(control, candidate, share, centre);
    }

    /// What control's mean was expected to be, in the measure's unit.
    pub fn expected(&self) -> f64 {
        self.expected
    }

    /// Scored units of control and of the candidate.
    pub fn units(&self) -> (u64, u64) {
        (self.contrast.control.n, self.contrast.candidate.n)
    }

    /// Control's mean as known so far: of what was seen and, as 100 units, of what was expected. It never
    /// depends on what is about to be taken.
    #[allow(clippy::cast_precision_loss)]
    fn centre(&self) -> f64 {
        let seen = self.contrast.control;
        (PRIOR * self.expected + seen.sum) / (PRIOR + seen.n as f64)
    }
}

/// A measure's unit mapped to 0..=1 with larger better.
struct Scale {
    low: f64,
    range: f64,
    better: Better,
}

impl Scale {
    fn of(guardrail: &Guardrail) -> Self {
        let (low, range) = match guardrail.measure {
            Measure::Score { low, high, .. } => (low, high - low),
            _ => (0.0, 1.0),
        };
        Self { low, range, better: guardrail.better() }
    }

    fn good(&self, value: f64) -> f64 {
        let part = (value - self.low) / self.range;
        match self.better {
            Better::Higher => part,
            Better::Lower => 1.0 - part,
        }
    }

    #[allow(clippy::cast_precision_loss)]
    fn total(&self, moments: Moments) -> Total {
        let n = moments.n as f64;
        let parts = (moments.sum - n * self.low) / self.range;
        let sum = match self.better {
            Better::Higher => parts,
            Better::Lower => n - parts,
        };
        Total { n: moments.n, sum }
    }
}
