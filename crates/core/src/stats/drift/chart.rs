//! Control charts on days' distances from a reference, for falls.
//!
//! Both take z, a day's distance in standard deviations with the week taken out ([`super::reference`]), one a
//! day. The limits are calibrated by simulation (reference of 56 days, days that vary by 0.01 with
//! autocorrelation 0.3, 120 to 200 scores a day); `gatemark-bench statistics` repeats it.

use serde::{Deserialize, Serialize};

/// How many false alarms a series may raise in a year.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Budget {
    /// About one in two years: for a prompt that somebody watches.
    HalfAYear,
    /// About one in twenty years: for a fleet.
    Twentieth,
}

/// An exponentially weighted mean of z: w·z + (1 − w) of what was, w = 0.2. Roberts, Technometrics 1 (1959).
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Ewma {
    value: f64,
}

impl Ewma {
    const WEIGHT: f64 = 0.2;

    /// Takes a day.
    pub fn observe(&mut self, z: f64) {
        if z.is_finite() {
            self.value = Self::WEIGHT * z + (1.0 - Self::WEIGHT) * self.value;
        }
    }

    /// The chart's value; negative is worse.
    pub fn value(&self) -> f64 {
        self.value
    }

    /// Whether it has fallen below the limit: −1.16, for the stricter budget −1.49.
    pub fn alarm(&self, budget: Budget) -> bool {
        let limit = match budget {
            Budget::HalfAYear => 1.16,
            Budget::Twentieth => 1.49,
        };
        self.value < -limit
    }
}

/// A cumulative sum of what z falls short of −1: max(0, s − z − 1). Page, Biometrika 41 (1954). It forgets
/// nothing while a small fall lasts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Cusum {
    sum: f64,
}

impl Cusum {
    const SLACK: f64 = 1.0;

    /// Takes a day.
    pub fn observe(&mut self, z: f64) {
        if z.is_finite() {
            self.sum = (self.sum - z - Self::SLACK).max(0.0);
        }
    }

    /// The chart's value; larger is worse.
    pub fn value(&self) -> f64 {
        self.sum
    }

    /// Whether it has passed the limit: 4.1, for the stricter budget 5.6.
    pub fn alarm(&self, budget: Budget) -> bool {
        let limit = match budget {
            Budget::HalfAYear => 4.1,
            Budget::Twentieth => 5.6,
        };
        self.sum > limit
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fall_is_seen_and_a_rise_is_not() {
        let (mut ewma, mut cusum) = (Ewma::default(), Cusum::default());
        for _ in 0..30 {
            ewma.observe(2.0);
            cusum.observe(2.0);
        }
        assert!(!ewma.alarm(Budget::HalfAYear) && cusum.value() == 0.0);
        let mut days = 0;
        while !ewma.alarm(Budget::Twentieth) || !cusum.alarm(Budget::Twentieth) {
            ewma.observe(-4.0);
            cusum.observe(-4.0);
            days += 1;
        }
        assert!(days <= 6, "{days}");
        ewma.observe(f64::NAN);
        assert!(ewma.value().is_finite());
    }
}
