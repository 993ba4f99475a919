//! The difference of one figure between two sides, with its uncertainty.

use serde::{Deserialize, Serialize};

use crate::stats::cluster::ClusteredMean;
use crate::stats::distribution::normal_quantile;
use crate::stats::paired::{Discordant, tango};
use crate::stats::proportion::Interval;

/// How a difference was judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "by")]
pub enum Method {
    /// Every case asked once and from a source of its own: Tango's score interval and `McNemar`'s exact
    /// test.
    Mcnemar(Discordant),
    /// Per-case differences by Student's t, with standard errors clustered by source.
    PairedT {
        /// How many independent sources.
        clusters: usize,
    },
}

/// Candidate − baseline.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Difference {
    /// The estimate.
    pub estimate: f64,
    /// Two-sided interval at the comparison's confidence.
    pub interval: Interval,
    /// Both one-sided bounds, each at the comparison's confidence by itself; what a margin is compared with.
    pub bounds: Interval,
    /// Two-sided p-value of "no difference"; 1 where there is too little data for a test.
    pub p: f64,
    /// How it was judged.
    pub method: Method,
}

impl Difference {
    /// Of two shares over cases that were asked once each and come from sources of their own.
    pub fn of_single_tries(pairs: Discordant, confidence: f64) -> Self {
        Self {
            estimate: pairs.difference(),
            interval: tango(pairs, confidence),
            bounds: tango(pairs, one_sided(confidence)),
            p: pairs.test().exact,
            method: Method::Mcnemar(pairs),
        }
    }

    /// Of figures in 0 to 1, from (source, candidate − baseline) of each case.
    ///
    /// Where few cases differ, the standard error that the data show is near 0 and a t interval would
    /// claim certainty. An interval is therefore never narrower, to either side, than z²/(C + z²): what
    /// Tango's method says about C cases of which none differs.
    pub fn of_means(differences: &[(&str, f64)], confidence: f64) -> Self {
        let mean = ClusteredMean::of(differences.iter().copied());
        Self {
            estimate: mean.mean,
            interval: floored(&mean, confidence),
            bounds: floored(&mean, one_sided(confidence)),
            p: mean.p_value().unwrap_or(1.0),
            method: Method::PairedT { clusters: mean.clusters },
        }
    }

    /// The smallest true loss that such data would show four times in five: (z(confidence) + z(0.8)) times
    /// the standard error that the two-sided interval implies, its width by 2z.
    pub fn detectable(&self, confidence: f64) -> f64 {
        let z = normal_quantile(0.5 + 0.5 * confidence);
        let error = (self.interval.high - self.interval.low) / (2.0 * z);
        (error * (normal_quantile(confidence) + normal_quantile(0.8))).min(1.0)
    }
}

/// The two-sided level of which one end is a one-sided bound at `confidence`.
fn one_sided(confidence: f64) -> f64 {
    2.0 * confidence - 1.0
}

#[allow(clippy::cast_precision_loss)]
fn floored(mean: &ClusteredMean, confidence: f64) -> Interval {
    let Some(found) = mean.interval(confidence) else { return Interval { low: -1.0, high: 1.0 } };
    let z2 = normal_quantile(0.5 + 0.5 * confidence).powi(2);
    let least = z2 / (mean.clusters as f64 + z2);
    Interval {
        low: found.low.min(mean.mean - least).max(-1.0),
        high: found.high.max(mean.mean + least).min(1.0),
    }
}
