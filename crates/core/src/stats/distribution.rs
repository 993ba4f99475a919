//! Distribution functions and their inverses, on top of `statrs`' special functions.
//!
//! Inverses are found by bisection of the distribution function: it cannot fail to converge, ends at the
//! closest representable value, and costs microseconds where milliseconds would do.

use statrs::function::beta::checked_beta_reg;
use statrs::function::gamma::{checked_gamma_ur, ln_gamma};

/// Halvings after which an interval of doubles of any size cannot shrink further.
const HALVINGS: usize = 200;

/// Φ(x) of the standard normal distribution: Q(½, x²/2)/2 for x ≤ 0, with the regularised upper incomplete
/// gamma function Q, which here is exact to the last bits (`statrs`' erfc is to 4e-11).
pub fn normal_cdf(x: f64) -> f64 {
    if x.is_infinite() {
        return if x > 0.0 { 1.0 } else { 0.0 };
    }
    let tail = 0.5 * checked_gamma_ur(0.5, 0.5 * x * x).unwrap_or(f64::NAN);
    let tail = if x == 0.0 { 0.5 } else { tail };
    if x > 0.0 { 1.0 - tail } else { tail }
}

/// ln Φ(x), also where Φ is too small for a double: −x²/2 − ln(−x√(2π)) + ln(1 − 1/x² + 3/x⁴) below −30.
pub fn ln_normal_cdf(x: f64) -> f64 {
    if x >= -30.0 {
        return normal_cdf(x).ln();
    }
    let square = x * x;
    let series = (-1.0 / square + 3.0 / (square * square)).ln_1p();
    -0.5 * square - (-x).ln() - 0.5 * (2.0 * std::f64::consts::PI).ln() + series
}

/// Φ⁻¹(p); −∞ at 0, ∞ at 1.
pub fn normal_quantile(p: f64) -> f64 {
    if p <= 0.0 {
        return f64::NEG_INFINITY;
    }
    if p >= 1.0 {
        return f64::INFINITY;
    }
    // Φ is exact to relative precision in its lower tail only.
    if p > 0.5 {
        return -normal_quantile(1.0 - p);
    }
    root(-40.0, 0.0, |x| normal_cdf(x) - p)
}

/// The regularised incomplete beta function I_x(a, b), the distribution function of Beta(a, b); 0 and 1
/// beyond the range of `x`.
pub fn beta_cdf(a: f64, b: f64, x: f64) -> f64 {
    if x <= 0.0 {
        return 0.0;
    }
    if x >= 1.0 {
        return 1.0;
    }
    checked_beta_reg(a, b, x).unwrap_or(f64::NAN)
}

/// The `p`-quantile of Beta(a, b).
pub fn beta_quantile(a: f64, b: f64, p: f64) -> f64 {
    root(0.0, 1.0, |x| beta_cdf(a, b, x) - p)
}

/// The distribution function of Student's t with `freedom` > 0 degrees of freedom:
/// 1 − I(ν/(ν+t²); ν/2, ½)/2 for t ≥ 0.
pub fn t_cdf(t: f64, freedom: f64) -> f64 {
    let tail = 0.5 * t_two_sided(t, freedom);
    if t > 0.0 { 1.0 - tail } else { tail }
}

/// P(|T| ≥ |t|), the two-sided p-value.
pub fn t_two_sided(t: f64, freedom: f64) -> f64 {
    if t.is_infinite() {
        return 0.0;
    }
    let whole = freedom + t * t;
    // The smaller argument, for around 1 the function says little about t.
    if t * t < freedom {
        1.0 - beta_cdf(0.5, 0.5 * freedom, t * t / whole)
    } else {
        beta_cdf(0.5 * freedom, 0.5, freedom / whole)
    }
}

/// The `p`-quantile of Student's t.
pub fn t_quantile(p: f64, freedom: f64) -> f64 {
    if p > 0.5 {
        return -t_quantile(1.0 - p, freedom);
    }
    if p <= 0.0 {
        return f64::NEG_INFINITY;
    }
    let mut low = -1.0;
    while t_cdf(low, freedom) > p && low > -1e300 {
        low *= 2.0;
    }
    root(low, 0.0, |t| t_cdf(t, freedom) - p)
}

/// P(X = k) for X of Binomial(n, p).
#[allow(clippy::cast_precision_loss)]
pub fn binomial_pmf(k: u64, n: u64, p: f64) -> f64 {
    if k > n {
        return 0.0;
    }
    if p <= 0.0 || p >= 1.0 {
        return f64::from(u8::from(k == if p <= 0.0 { 0 } else { n }));
    }
    let (k, n) = (k as f64, n as f64);
    let choose = ln_gamma(n + 1.0) - ln_gamma(k + 1.0) - ln_gamma(n - k + 1.0);
    (choose + k * p.ln() + (n - k) * (-p).ln_1p()).exp()
}

/// P(X ≤ k) for X of Binomial(n, p): I_{1−p}(n−k, k+1).
#[allow(clippy::cast_precision_loss)]
pub fn binomial_cdf(k: u64, n: u64, p: f64) -> f64 {
    if k >= n {
        return 1.0;
    }
    beta_cdf((n - k) as f64, k as f64 + 1.0, 1.0 - p)
}

/// Where the rising function `f` crosses zero between `low` and `high`; the nearer end if it does not.
pub(super) fn root(low: f64, high: f64, f: impl Fn(f64) -> f64) -> f64 {
    let (mut low, mut high) = (low, high);
    for _ in 0..HALVINGS {
        let middle = low + 0.5 * (high - low);
        if middle <= low || middle >= high {
            break;
        }
        if f(middle) < 0.0 { low = middle } else { high = middle }
    }
    low + 0.5 * (high - low)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_points() {
        assert!((normal_quantile(0.975) - 1.959_963_984_540_054).abs() < 1e-12);
        assert!((t_quantile(0.975, 9.0) - 2.262_157_162_798_205).abs() < 1e-10);
        assert!((binomial_cdf(3, 10, 0.5) - 176.0 / 1024.0).abs() < 1e-12);
        assert!((binomial_pmf(3, 10, 0.5) - 120.0 / 1024.0).abs() < 1e-12);
        assert_eq!(
            (normal_quantile(0.0), normal_quantile(1.0)),
            (f64::NEG_INFINITY, f64::INFINITY)
        );
        assert_eq!((normal_cdf(f64::NEG_INFINITY), normal_cdf(f64::INFINITY)), (0.0, 1.0));
    }

    #[test]
    fn logarithms_of_tails_join() {
        let (near, far) = (normal_cdf(-30.0).ln(), ln_normal_cdf(-30.000_000_001));
        assert!((near - far).abs() < 1e-6, "{near} {far}");
        assert!(ln_normal_cdf(-1e4) < -4.9e7);
    }

    #[test]
    fn inverses_invert() {
        for p in [1e-9, 0.001, 0.3, 0.5, 0.8, 0.999] {
            assert!((normal_cdf(normal_quantile(p)) - p).abs() < 1e-12);
            assert!((beta_cdf(2.0, 7.5, beta_quantile(2.0, 7.5, p)) - p).abs() < 1e-12);
            assert!((t_cdf(t_quantile(p, 3.0), 3.0) - p).abs() < 1e-12);
        }
    }
}
