//! Level rules: is a figure over or under a fixed limit.
//!
//! A window's share compared with a limit as it stands is above 5 % in 55 of 100,000 calls at a true 4 %. So
//! the rule fires when an interval lies beyond the limit, and says what it knows: yes, no, or not enough data.

use serde::{Deserialize, Serialize};

use crate::stats::proportion::{Interval, wilson_of_share};

/// What a rule says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Finding {
    /// Fewer observations than the rule needs: neither good nor bad.
    NoData,
    /// Not beyond the limit, as far as can be told.
    Fine,
    /// The estimate is beyond the limit, its interval not wholly.
    Suspected,
    /// The whole interval is beyond the limit.
    Breached,
}

/// Which side of the limit is bad.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Bad {
    /// Above it: error rates, costs, latencies.
    Above,
    /// Below it: success, quality.
    Below,
}

/// A limit for a mean of outcomes in 0..=1 over a window.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Rule {
    /// The limit.
    pub limit: f64,
    /// Its bad side.
    pub bad: Bad,
    /// Observations below which nothing is said.
    pub least: u64,
    /// Normal quantile of Wilson's one-sided bound; 2.326 (99 %) gives 0.5 false alarms in 100,000 calls at
    /// a true rate of 4 % against a limit of 5 % with windows of 500.
    pub z: f64,
}

impl Rule {
    /// What a window with the mean `mean` of `n` outcomes says.
    #[allow(clippy::cast_precision_loss)]
    pub fn judge(&self, mean: f64, n: u64) -> Finding {
        if n < self.least.max(1) || mean.is_nan() {
            return Finding::NoData;
        }
        let interval = wilson_of_share(mean.clamp(0.0, 1.0), n as f64, self.z);
        self.of_interval(mean, interval)
    }

    /// The same for an estimate with an interval of any kind: a quantile's, a cost's.
    pub fn of_interval(&self, estimate: f64, interval: Interval) -> Finding {
        let (beyond, wholly) = match self.bad {
            Bad::Above => (estimate > self.limit, interval.low > self.limit),
            Bad::Below => (estimate < self.limit, interval.high < self.limit),
        };
        match (beyond, wholly) {
            (_, true) => Finding::Breached,
            (true, false) => Finding::Suspected,
            _ => Finding::Fine,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_calls_suspect_and_many_prove() {
        let rule = Rule { limit: 0.05, bad: Bad::Above, least: 20, z: 2.326 };
        assert_eq!(rule.judge(0.5, 10), Finding::NoData);
        assert_eq!(rule.judge(0.06, 100), Finding::Suspected);
        assert_eq!(rule.judge(0.06, 10_000), Finding::Breached);
        assert_eq!(rule.judge(0.04, 10_000), Finding::Fine);
        assert_eq!(rule.judge(f64::NAN, 10_000), Finding::NoData);
        let quality = Rule { limit: 0.8, bad: Bad::Below, ..rule };
        assert_eq!(quality.judge(0.7, 1000), Finding::Breached);
    }
}
