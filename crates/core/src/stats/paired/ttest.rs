//! Student's test on differences: do two sides score equally on the same cases.

use crate::stats::distribution::t_two_sided;
use crate::stats::proportion::Interval;
use crate::stats::sample::Sample;

/// The paired t-test of candidate − baseline.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PairedT {
    /// Count, mean and deviation of the differences.
    pub differences: Sample,
    /// d̄/(s/√n); infinite where every difference is the same and not 0.
    pub t: f64,
    /// Two-sided, with n − 1 degrees of freedom; 1 where every difference is 0 (scipy says nan).
    pub p: f64,
}

impl PairedT {
    /// Tests `(candidate, baseline)` pairs; `None` for fewer than two. scipy's `ttest_rel`.
    #[allow(clippy::cast_precision_loss)]
    pub fn of(pairs: &[(f64, f64)]) -> Option<Self> {
        let values: Vec<f64> =
            pairs.iter().map(|(candidate, baseline)| candidate - baseline).collect();
        let differences = Sample::of(&values);
        let error = differences.standard_error()?;
        if differences.mean == 0.0 {
            return Some(Self { differences, t: 0.0, p: 1.0 });
        }
        let t = differences.mean / error;
        let p = t_two_sided(t, (differences.n - 1) as f64);
        Some(Self { differences, t, p })
    }

    /// Two-sided interval for the mean difference.
    pub fn interval(&self, confidence: f64) -> Option<Interval> {
        self.differences.interval(confidence)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn degenerate_cases_are_defined() {
        assert_eq!(PairedT::of(&[(1.0, 0.0)]), None);
        assert_eq!(PairedT::of(&[(1.0, 1.0), (0.5, 0.5)]).unwrap().p, 1.0);
        let constant = PairedT::of(&[(1.0, 0.5), (0.5, 0.0)]).unwrap();
        assert_eq!((constant.t, constant.p), (f64::INFINITY, 0.0));
    }
}
