//! Standard errors where observations come in clusters, e.g. cases taken from the same document.
//!
//! Answers about one document succeed and fail together, so five cases from it are worth less than five
//! cases. The error that ignores this can be a third of the true one.

use std::collections::HashMap;
use std::hash::Hash;

use super::distribution::{t_quantile, t_two_sided};
use super::proportion::Interval;

/// A mean with its clustered standard error.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ClusteredMean {
    /// How many observations.
    pub n: usize,
    /// How many clusters.
    pub clusters: usize,
    /// The mean over observations; 0 for none.
    pub mean: f64,
    /// Its standard error; `None` with fewer than two clusters.
    pub standard_error: Option<f64>,
}

impl ClusteredMean {
    /// The mean of the second parts, clustered by the first.
    ///
    /// SE² = C/(C−1) · Σ_c (Σ_{i∈c} (x_i − x̄))² / n²: Miller, "Adding error bars to evals"
    /// (arXiv:2411.00640), equation 4, times the correction C/(C−1) for a finite number C of clusters,
    /// which the paper leaves out and statsmodels' `cov_type="cluster"` has. With a cluster for each
    /// observation it is s/√n.
    #[allow(clippy::cast_precision_loss)]
    pub fn of<K: Eq + Hash>(observations: impl IntoIterator<Item = (K, f64)>) -> Self {
        // Sums in the order of first appearance: addition of doubles must not depend on a hash's order.
        let mut places: HashMap<K, usize> = HashMap::new();
        let mut sums: Vec<(f64, f64)> = vec![];
        for (cluster, value) in observations {
            let next = sums.len();
            let place = *places.entry(cluster).or_insert(next);
            if place == next {
                sums.push((0.0, 0.0));
            }
            if let Some(sum) = sums.get_mut(place) {
                *sum = (sum.0 + 1.0, sum.1 + value);
            }
        }
        let count: f64 = sums.iter().map(|sum| sum.0).sum();
        let clusters = sums.len();
        let mean = sums.iter().map(|sum| sum.1).sum::<f64>() / count.max(1.0);
        let squares: f64 = sums.iter().map(|sum| (sum.1 - sum.0 * mean).powi(2)).sum();
        let correction = clusters as f64 / (clusters as f64 - 1.0);
        let standard_error = (clusters > 1).then(|| (correction * squares).sqrt() / count);
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        let n = count as usize;
        Self { n, clusters, mean, standard_error }
    }

    /// Two-sided interval x̄ ± t(C−1)·SE; `None` with fewer than two clusters.
    pub fn interval(&self, confidence: f64) -> Option<Interval> {
        let half = t_quantile(0.5 + 0.5 * confidence, self.freedom()) * self.standard_error?;
        Some(Interval { low: self.mean - half, high: self.mean + half })
    }

    /// Two-sided p-value of "the mean is 0", by t with C − 1 degrees of freedom. Where nothing varies: 1 if
    /// the mean is 0, else 0 (scipy says nan and 0). `None` with fewer than two clusters.
    pub fn p_value(&self) -> Option<f64> {
        let error = self.standard_error?;
        if error == 0.0 {
            return Some(if self.mean == 0.0 { 1.0 } else { 0.0 });
        }
        Some(t_two_sided(self.mean / error, self.freedom()))
    }

    #[allow(clippy::cast_precision_loss)]
    fn freedom(&self) -> f64 {
        self.clusters.saturating_sub(1).max(1) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::random::SplitMix;
    use crate::stats::sample::Sample;

    #[test]
    fn single_clusters_give_the_plain_error() {
        let values = [0.1, 0.9, 0.4, 0.4, 0.75];
        let clustered = ClusteredMean::of(values.iter().copied().enumerate());
        let plain = Sample::of(&values);
        assert!((clustered.mean - plain.mean).abs() < 1e-15);
        let (a, b) = (clustered.standard_error.unwrap(), plain.standard_error().unwrap());
        assert!((a - b).abs() < 1e-15);
    }

    #[test]
    fn copies_are_no_evidence() {
        let once = ClusteredMean::of([(0, 1.0), (1, 0.0), (2, 1.0)]);
        let thrice = ClusteredMean::of((0..9).map(|i| (i % 3, if i % 3 == 1 { 0.0 } else { 1.0 })));
        assert!((once.standard_error.unwrap() - thrice.standard_error.unwrap()).abs() < 1e-15);
    }

    #[test]
    fn too_little_says_nothing() {
        let one = ClusteredMean::of([("a", 1.0), ("a", 0.0)]);
        assert_eq!((one.standard_error, one.interval(0.95), one.p_value()), (None, None, None));
        let same = ClusteredMean::of([("a", 0.0), ("b", 0.0)]);
        assert_eq!(same.p_value(), Some(1.0));
    }

    /// 30 clusters of 5 whose members share most of their value: the plain interval would cover about
    /// 65 % of the time.
    #[test]
    fn the_interval_covers() {
        let mut random = SplitMix::new(11);
        let runs = 2000;
        let mut covered = 0;
        for _ in 0..runs {
            let mut values = vec![];
            for cluster in 0..30 {
                let shared = random.unit() - 0.5;
                values.extend((0..5).map(|_| (cluster, shared + 0.3 * (random.unit() - 0.5))));
            }
            let interval = ClusteredMean::of(values).interval(0.95).unwrap();
            covered += i32::from(interval.low <= 0.0 && 0.0 <= interval.high);
        }
        let share = f64::from(covered) / f64::from(runs);
        assert!((0.93..=0.97).contains(&share), "{share}");
    }
}
