//! The z-test for two shares.

use super::Alternative;
use crate::stats::proportion::Counted;

/// The test's figures.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TwoProportions {
    /// p_a − p_b.
    pub difference: f64,
    /// Standard error of the difference: with the common share if pooled.
    pub standard_error: f64,
    /// (difference − null)/standard error.
    pub z: f64,
    /// For the alternative asked.
    pub p: f64,
}

/// Tests "p_a − p_b = `null`" by z = (p_a − p_b − null)/SE.
///
/// With `pooled`, SE² = p(1 − p)(1/n_a + 1/n_b) with the common share p, as statsmodels'
/// `proportions_ztest` does for null 0 (Fleiss, "Statistical Methods for Rates and Proportions", ch. 2);
/// otherwise p_a(1 − p_a)/n_a + p_b(1 − p_b)/n_b, the one for a null other than 0. `None` if a side is
/// empty. Where nothing varies p is 1 if the difference is the null, else 0 (the reference says nan).
#[allow(clippy::cast_precision_loss)]
pub fn two_proportions(
    a: Counted,
    b: Counted,
    null: f64,
    pooled: bool,
    alternative: Alternative,
) -> Option<TwoProportions> {
    if a.n == 0 || b.n == 0 {
        return None;
    }
    let (n, m) = (a.n as f64, b.n as f64);
    let (x, y) = (a.successes.min(a.n) as f64, b.successes.min(b.n) as f64);
    let (p_a, p_b) = (x / n, y / m);
    let variance = if pooled {
        let p = (x + y) / (n + m);
        p * (1.0 - p) * (1.0 / n + 1.0 / m)
    } else {
        p_a * (1.0 - p_a) / n + p_b * (1.0 - p_b) / m
    };
    let (difference, standard_error) = (p_a - p_b, variance.sqrt());
    let distance = difference - null;
    let z = if distance == 0.0 { 0.0 } else { distance / standard_error };
    Some(TwoProportions { difference, standard_error, z, p: alternative.normal(z) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn nothing_varies() {
        let all = Counted { successes: 5, n: 5 };
        let none = Counted { successes: 0, n: 5 };
        let test = |a, b| two_proportions(a, b, 0.0, true, Alternative::TwoSided);
        assert_eq!(test(all, all).unwrap().p, 1.0);
        assert!(test(all, none).unwrap().p < 0.01);
        let apart = two_proportions(all, none, 0.0, false, Alternative::TwoSided).unwrap();
        assert_eq!((apart.z, apart.p), (f64::INFINITY, 0.0));
        assert_eq!(test(Counted { successes: 0, n: 0 }, all), None);
    }

    proptest! {
        #[test]
        fn sides_mirror(x in 0_u64..50, y in 0_u64..50) {
            let (a, b) = (Counted { successes: x, n: 50 }, Counted { successes: y, n: 50 });
            let test = |a, b, alternative| two_proportions(a, b, 0.0, true, alternative).unwrap();
            let greater = test(a, b, Alternative::Greater).p;
            prop_assert!((greater - test(b, a, Alternative::Less).p).abs() < 1e-12);
            let both = test(a, b, Alternative::TwoSided).p;
            prop_assert!((both - (2.0 * greater.min(1.0 - greater)).min(1.0)).abs() < 1e-9);
        }
    }
}
