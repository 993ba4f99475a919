//! Mean and spread of a sample of numbers.

use super::distribution::t_quantile;
use super::proportion::Interval;

/// Count, mean and standard deviation.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sample {
    /// How many values.
    pub n: usize,
    /// Their mean; 0 for none.
    pub mean: f64,
    /// Their standard deviation with divisor n − 1; `None` for fewer than two.
    pub sd: Option<f64>,
}

impl Sample {
    /// The figures of `values`, in two passes (squares of differences, not differences of squares).
    #[allow(clippy::cast_precision_loss)]
    pub fn of(values: &[f64]) -> Self {
        let n = values.len();
        if n == 0 {
            return Self { n, mean: 0.0, sd: None };
        }
        let mean = values.iter().sum::<f64>() / n as f64;
        let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
        let sd = (n > 1).then(|| (squares / (n - 1) as f64).sqrt());
        Self { n, mean, sd }
    }

    /// Standard error of the mean, sd/√n.
    #[allow(clippy::cast_precision_loss)]
    pub fn standard_error(&self) -> Option<f64> {
        self.sd.map(|sd| sd / (self.n as f64).sqrt())
    }

    /// Student's two-sided interval for the mean, x̄ ± t(n−1)·s/√n ("Student", Biometrika 6 (1908));
    /// `None` for fewer than two values.
    #[allow(clippy::cast_precision_loss)]
    pub fn interval(&self, confidence: f64) -> Option<Interval> {
        let error = self.standard_error()?;
        let half = t_quantile(0.5 + 0.5 * confidence, (self.n - 1) as f64) * error;
        Some(Interval { low: self.mean - half, high: self.mean + half })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_hand() {
        let sample = Sample::of(&[1.0, 2.0, 3.0, 4.0]);
        assert_eq!((sample.n, sample.mean), (4, 2.5));
        assert!((sample.sd.unwrap() - (5.0_f64 / 3.0).sqrt()).abs() < 1e-15);
        assert_eq!(Sample::of(&[1.0]).interval(0.95), None);
        assert_eq!(Sample::of(&[]), Sample { n: 0, mean: 0.0, sd: None });
    }
}
