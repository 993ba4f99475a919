//! An e-detector: has a rate risen above a limit, watched for ever.
//!
//! A test that was running for a quiet year has lost so much wealth that it would take another year to see a
//! change. This one starts a new test at every observation and adds them up: M ← (M + 1)·(1 + λ(x − p₀)), the
//! Shiryaev–Roberts sum. While the rate is p₀ or less, M − (observations) is a supermartingale, so the mean
//! number of observations to a false alarm at M ≥ c is at least c, whatever the rate does below p₀.
//!
//! Shin, Ramdas & Rinaldo, "E-detectors" (New England J. Statist. Data Sci. 2 (2024)).

use serde::{Deserialize, Serialize};

const BETS: usize = 12;
/// Where floating point would end; far beyond any alarm.
const MOST: f64 = 1e200;

/// The state: twelve sums, one for each bet.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Detector {
    limit: f64,
    sums: [f64; BETS],
}

impl Detector {
    /// A detector of a mean above `limit` (inside 0 to 1), for outcomes in 0..=1. For a mean below a limit
    /// give 1 − limit and 1 − outcomes.
    #[must_use]
    pub fn new(limit: f64) -> Self {
        Self { limit, sums: [0.0; BETS] }
    }

    /// Takes `n` outcomes with the sum `sum`, e.g. a minute's. One at a time is the sharpest; together they
    /// count as if all tests had begun before them: M ← (M + n)·Π(1 + λ(x − p₀)), with the same guarantee.
    #[allow(clippy::cast_precision_loss)]
    pub fn absorb(&mut self, n: u64, sum: f64) {
        let n = n as f64;
        let sum = sum.clamp(0.0, n);
        for (place, total) in self.sums.iter_mut().enumerate() {
            let share = 0.01 * 90_f64.powf(place as f64 / (BETS - 1) as f64);
            let bet = share / self.limit;
            let one = (bet * (1.0 - self.limit)).ln_1p();
            let grown = (*total + n) * (sum * one + (n - sum) * (-share).ln_1p()).exp();
            *total = if grown.is_finite() { grown.min(MOST) } else { MOST };
        }
    }

    /// The mean of the sums.
    #[allow(clippy::cast_precision_loss)]
    pub fn value(&self) -> f64 {
        self.sums.iter().sum::<f64>() / BETS as f64
    }

    /// Whether it fires, if a false alarm may come once in `between` observations on average: a series of
    /// a million calls a year with a budget of 0.05 a year takes 20 million.
    pub fn alarm(&self, between: f64) -> bool {
        self.value() >= between
    }

    /// Starts again, after an alarm was dealt with.
    pub fn reset(&mut self) {
        self.sums = [0.0; BETS];
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::random::SplitMix;

    fn alarm_after(rate: f64, between: f64, most: u64, random: &mut SplitMix) -> Option<u64> {
        let mut detector = Detector::new(0.05);
        (1..=most).find(|_| {
            detector.absorb(1, f64::from(u8::from(random.unit() < rate)));
            detector.alarm(between)
        })
    }

    #[test]
    fn alarms_are_as_rare_as_promised_and_changes_are_found() {
        let mut random = SplitMix::new(8);
        let (runs, c) = (200, 2000.0);
        // A geometric time with mean c or more would give up to 63 % by c.
        let false_alarms =
            (0..runs).filter(|_| alarm_after(0.05, c, 2000, &mut random).is_some()).count();
        assert!(false_alarms < runs * 63 / 100, "{false_alarms}");
        let found: Vec<u64> =
            (0..50).filter_map(|_| alarm_after(0.2, 20_000.0, 1000, &mut random)).collect();
        assert_eq!(found.len(), 50);
        assert!(found.iter().sum::<u64>() / 50 < 120, "{found:?}");
    }

    #[test]
    fn a_long_quiet_time_does_not_deafen_it() {
        let mut detector = Detector::new(0.05);
        (0..10_000).for_each(|_| detector.absorb(1000, 10.0));
        assert!(!detector.alarm(1e6));
        (0..20).for_each(|_| detector.absorb(100, 25.0));
        assert!(detector.alarm(1e6), "{}", detector.value());
        detector.reset();
        assert_eq!(detector.value(), 0.0);
    }
}
