//! Is a mean above or below a fixed limit, for outcomes between 0 and 1; and where the mean is.
//!
//! The one-sample game: bets on ±(y − m). "p95 above 2 s" is such a question too: are more than 5 % of the
//! latencies above 2 s. Turned round over all m it gives a confidence sequence, an interval that holds at all
//! times together.
//!
//! Waudby-Smith & Ramdas, J. R. Statist. Soc. B 86 (2024). From sums alone the tests stay valid for all
//! outcomes in 0..=1 (see [`Gain::total`]) and are exact for 0 and 1.

use serde::{Deserialize, Serialize};

use super::arm::Total;
use super::wealth::{Bets, Gain, Wealth};
use crate::stats::distribution::root;
use crate::stats::proportion::Interval;

/// What is to be refuted about a mean.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Bound {
    /// "The mean is at most this."
    AtMost(f64),
    /// "The mean is at least this."
    AtLeast(f64),
}

impl Bound {
    /// g/|g_min| of an outcome: y/m − 1 against "at most m", (1 − y)/(1 − m) − 1 against "at least m".
    fn ratio(self, outcome: f64) -> f64 {
        match self {
            Self::AtMost(limit) => outcome / limit.max(f64::MIN_POSITIVE) - 1.0,
            Self::AtLeast(limit) => (1.0 - outcome) / (1.0 - limit).max(f64::MIN_POSITIVE) - 1.0,
        }
    }
}

/// The test's state.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Level {
    bound: Bound,
    wealth: Wealth,
}

impl Level {
    /// A test of `bound`, whose limit lies strictly between 0 and 1.
    #[must_use]
    pub fn new(bound: Bound) -> Self {
        Self { bound, wealth: Wealth::default() }
    }

    /// What is being refuted.
    pub fn bound(&self) -> Bound {
        self.bound
    }

    /// Takes one outcome (clamped to 0..=1).
    pub fn observe(&mut self, outcome: f64) {
        let gain = Gain::of(Bets::WIDE, self.bound.ratio(outcome.clamp(0.0, 1.0)));
        self.wealth.gain(&gain);
    }

    /// Takes outcomes that were counted together.
    pub fn absorb(&mut self, total: Total) {
        self.wealth.gain(&gain(self.bound, total));
    }

    /// ln of the e-value against the bound.
    pub fn log_e(&self) -> f64 {
        self.wealth.log_e()
    }

    /// Whether the bound is refuted at level `alpha`, valid at all times together.
    pub fn refutes(&self, alpha: f64) -> bool {
        self.wealth.refutes(alpha)
    }
}

fn gain(bound: Bound, total: Total) -> Gain {
    let (n, sum) = total.bounded();
    Gain::total(Bets::WIDE, &[(bound.ratio(1.0), sum), (bound.ratio(0.0), n - sum)])
}

/// ln of the e-value of `total` against `bound`.
pub fn log_e(bound: Bound, total: Total) -> f64 {
    let mut wealth = Wealth::default();
    wealth.gain(&gain(bound, total));
    wealth.log_e()
}

/// The confidence sequence for the mean: all m that neither side's test refutes at level `alpha`/2. The
/// chance that the true mean is ever outside is at most `alpha`. 0 to 1 without observations.
///
/// Evidence against "at most m" falls as m rises, and that against "at least m" rises, so both ends are
/// found by halving.
pub fn interval(total: Total, alpha: f64) -> Interval {
    let Some(mean) = total.mean() else { return Interval { low: 0.0, high: 1.0 } };
    let mean = mean.clamp(0.0, 1.0);
    let least = (2.0 / alpha).ln();
    Interval {
        low: root(0.0, mean, |m| least - log_e(Bound::AtMost(m), total)),
        high: root(mean, 1.0, |m| log_e(Bound::AtLeast(m), total) - least),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::random::SplitMix;
    use proptest::prelude::*;

    #[test]
    fn no_data_says_nothing() {
        assert_eq!(interval(Total::default(), 0.05), Interval { low: 0.0, high: 1.0 });
    }

    /// Looked at after every one of 2,000 outcomes, the truth is outside in less than 5 % of the runs.
    #[test]
    fn the_interval_covers_at_all_times_together() {
        let mut random = SplitMix::new(3);
        let (runs, mut missed) = (300, 0);
        for _ in 0..runs {
            let mut tests = [Bound::AtMost(0.9), Bound::AtLeast(0.9)].map(Level::new);
            let mut bad = false;
            for _ in 0..2000 {
                let outcome = f64::from(u8::from(random.unit() < 0.9));
                tests.iter_mut().for_each(|test| test.observe(outcome));
                bad |= tests.iter().any(|test| test.refutes(0.025));
            }
            missed += i32::from(bad);
        }
        assert!(f64::from(missed) / f64::from(runs) <= 0.05, "{missed}");
    }

    proptest! {
        #[test]
        fn contains_the_mean_turns_round_and_narrows(n in 1_u64..2000, part in 0.0..=1.0_f64) {
            #[allow(clippy::cast_precision_loss)]
            let sum = (part * n as f64).floor();
            let total = Total { n, sum };
            let found = interval(total, 0.05);
            let mean = total.mean().unwrap();
            prop_assert!(found.low <= mean && mean <= found.high);
            #[allow(clippy::cast_precision_loss)]
            let turned = interval(Total { n, sum: n as f64 - sum }, 0.05);
            prop_assert!((found.low + turned.high - 1.0).abs() < 1e-6);
            let wide = interval(total, 0.01);
            prop_assert!(wide.low <= found.low && found.high <= wide.high);
        }
    }
}
