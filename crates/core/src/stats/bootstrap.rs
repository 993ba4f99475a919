//! Bootstrap intervals for a mean: no shape of distribution is assumed.
//!
//! Drawing and reading off are separate functions, so that the second can be compared with scipy on the
//! same replicates; the random streams of two libraries are never the same.

use super::distribution::{normal_cdf, normal_quantile};
use super::proportion::Interval;
use super::random::SplitMix;

/// Means of `resamples` samples of the size of `values`, drawn from them with replacement, ascending;
/// empty for no values. Efron, Ann. Statist. 7 (1979).
#[allow(clippy::cast_precision_loss)]
pub fn means(values: &[f64], resamples: usize, seed: u64) -> Vec<f64> {
    if values.is_empty() {
        return vec![];
    }
    let mut random = SplitMix::new(seed);
    let mut draw = || values.get(random.below(values.len())).copied().unwrap_or_default();
    let mut found: Vec<f64> = (0..resamples)
        .map(|_| (0..values.len()).map(|_| draw()).sum::<f64>() / values.len() as f64)
        .collect();
    found.sort_by(f64::total_cmp);
    found
}

/// The percentile interval: the (1−c)/2 and (1+c)/2 quantiles of the ascending `replicates`, linear
/// between neighbours (definition 7 of Hyndman & Fan 1996). `None` without replicates.
pub fn percentile(replicates: &[f64], confidence: f64) -> Option<Interval> {
    let tail = 0.5 - 0.5 * confidence;
    Some(Interval { low: quantile(replicates, tail)?, high: quantile(replicates, 1.0 - tail)? })
}

/// The bias-corrected and accelerated interval for the mean of `values` from its ascending `replicates`:
/// quantiles at Φ(z₀ + (z₀ ± z)/(1 − a(z₀ ± z))) with z₀ = Φ⁻¹ of the share of replicates below the
/// mean (those equal to it count half) and a = Σd³ / 6(Σd²)^1.5 over deviations d from the mean, which is
/// what the jackknife gives for a mean. Efron, JASA 82 (1987).
///
/// `None` where it is not defined: all values equal, or every replicate on one side of the mean.
#[allow(clippy::cast_precision_loss)]
pub fn bca(values: &[f64], replicates: &[f64], confidence: f64) -> Option<Interval> {
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    let below = replicates.iter().filter(|replicate| **replicate < mean).count();
    let up_to = replicates.iter().filter(|replicate| **replicate <= mean).count();
    let bias = normal_quantile((below + up_to) as f64 / (2.0 * replicates.len() as f64));
    let power = |exponent| values.iter().map(|value| (value - mean).powi(exponent)).sum::<f64>();
    let acceleration = power(3) / (6.0 * power(2).powf(1.5));
    if !bias.is_finite() || !acceleration.is_finite() {
        return None;
    }
    let z = normal_quantile(0.5 - 0.5 * confidence);
    let level = |z: f64| normal_cdf(bias + (bias + z) / (1.0 - acceleration * (bias + z)));
    Some(Interval { low: quantile(replicates, level(z))?, high: quantile(replicates, level(-z))? })
}

#[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss)]
fn quantile(sorted: &[f64], q: f64) -> Option<f64> {
    let place = q.clamp(0.0, 1.0) * sorted.len().saturating_sub(1) as f64;
    let lower = *sorted.get(place.floor() as usize)?;
    let upper = sorted.get(place.ceil() as usize).copied().unwrap_or(lower);
    Some(lower + (upper - lower) * place.fract())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repeatable_and_defined() {
        let values = [0.0, 0.25, 0.5, 1.0, 1.0];
        assert_eq!(means(&values, 50, 3), means(&values, 50, 3));
        assert_ne!(means(&values, 50, 3), means(&values, 50, 4));
        assert_eq!(percentile(&means(&[], 50, 3), 0.95), None);
        assert_eq!(bca(&[1.0, 1.0], &means(&[1.0, 1.0], 50, 3), 0.95), None);
        let interval = percentile(&[0.0, 1.0, 2.0], 0.5).unwrap();
        assert_eq!((interval.low, interval.high), (0.5, 1.5));
    }

    /// Squares of uniforms are skewed; with 40 of them both intervals should cover about as promised.
    #[test]
    fn the_intervals_cover() {
        let mut random = SplitMix::new(5);
        let (runs, truth) = (600, 1.0 / 3.0);
        let mut covered = [0, 0];
        for run in 0..runs {
            let values: Vec<f64> = (0..40).map(|_| random.unit().powi(2)).collect();
            let replicates = means(&values, 500, run);
            let holds = |interval: Interval| interval.low <= truth && truth <= interval.high;
            covered[0] += u64::from(holds(percentile(&replicates, 0.9).unwrap()));
            covered[1] += u64::from(holds(bca(&values, &replicates, 0.9).unwrap()));
        }
        for count in covered {
            let share = count as f64 / runs as f64;
            assert!((0.86..=0.94).contains(&share), "{share}");
        }
    }
}
