//! Welch's test: two means without the assumption of equal variances.

use super::Alternative;
use crate::stats::distribution::{t_cdf, t_quantile, t_two_sided};
use crate::stats::proportion::Interval;
use crate::stats::sample::Sample;

/// The test of mean(a) − mean(b).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Welch {
    /// mean(a) − mean(b).
    pub difference: f64,
    /// √(s_a²/n_a + s_b²/n_b).
    pub standard_error: f64,
    /// Their ratio.
    pub t: f64,
    /// Welch and Satterthwaite's degrees of freedom.
    pub freedom: f64,
}

impl Welch {
    /// t = (x̄ − ȳ)/√(s_x²/n + s_y²/m) with ν = (u + v)²/(u²/(n − 1) + v²/(m − 1)) degrees of freedom,
    /// u = s_x²/n and v = s_y²/m. `None` if a side has fewer than two values. Welch, Biometrika 34 (1947).
    #[allow(clippy::cast_precision_loss)]
    pub fn of(a: &[f64], b: &[f64]) -> Option<Self> {
        let (a, b) = (Sample::of(a), Sample::of(b));
        let (u, v) = (a.standard_error()?.powi(2), b.standard_error()?.powi(2));
        let difference = a.mean - b.mean;
        let standard_error = (u + v).sqrt();
        let t = if difference == 0.0 { 0.0 } else { difference / standard_error };
        let parts = u * u / (a.n as f64 - 1.0) + v * v / (b.n as f64 - 1.0);
        let freedom = if parts > 0.0 { (u + v).powi(2) / parts } else { (a.n + b.n) as f64 - 2.0 };
        Some(Self { difference, standard_error, t, freedom })
    }

    /// The p-value. Where nothing varies: 1 if the means are equal, else 0 or 1 by the side (scipy: nan).
    pub fn p(&self, alternative: Alternative) -> f64 {
        match alternative {
            Alternative::TwoSided => t_two_sided(self.t, self.freedom),
            Alternative::Greater => t_cdf(-self.t, self.freedom),
            Alternative::Less => t_cdf(self.t, self.freedom),
        }
    }

    /// Two-sided interval for the difference.
    pub fn interval(&self, confidence: f64) -> Interval {
        let half = t_quantile(0.5 + 0.5 * confidence, self.freedom) * self.standard_error;
        Interval { low: self.difference - half, high: self.difference + half }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_hand() {
        // Means 2 and 4, variances 1 and 4, n = 3 each: t = −2/√(5/3).
        let test = Welch::of(&[1.0, 2.0, 3.0], &[2.0, 4.0, 6.0]).unwrap();
        assert!((test.t + 2.0 / (5.0_f64 / 3.0).sqrt()).abs() < 1e-12);
        assert!((test.freedom - 50.0 / 17.0).abs() < 1e-12);
        assert!((test.p(Alternative::Less) * 2.0 - test.p(Alternative::TwoSided)).abs() < 1e-12);
    }

    #[test]
    fn degenerate_cases_are_defined() {
        assert_eq!(Welch::of(&[1.0], &[1.0, 2.0]), None);
        let same = Welch::of(&[1.0, 1.0], &[1.0, 1.0]).unwrap();
        assert_eq!((same.t, same.p(Alternative::TwoSided)), (0.0, 1.0));
        let apart = Welch::of(&[2.0, 2.0], &[1.0, 1.0]).unwrap();
        assert_eq!((apart.p(Alternative::TwoSided), apart.p(Alternative::Less)), (0.0, 1.0));
    }
}
