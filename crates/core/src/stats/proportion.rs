//! Intervals for a share of successes.

/// A two-sided interval, both ends in `0..=1`.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Interval {
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

/// The 97.5 % point of the standard normal distribution.
pub const Z_95: f64 = 1.959_963_984_540_054;

/// Wilson's score interval for `successes` out of `n` at the normal quantile `z`; the whole range when
/// `n` is 0. Holds its level for small samples and extreme shares, where the normal approximation does not.
///
/// (p + z²/2n ± z·√(p(1−p)/n + z²/4n²)) / (1 + z²/n); Wilson, JASA 22 (1927), 209–212.
#[allow(clippy::cast_precision_loss)]
pub fn wilson(successes: u64, n: u64, z: f64) -> Interval {
    if n == 0 {
        return Interval { low: 0.0, high: 1.0 };
    }
    let count = n as f64;
    let p = successes.min(n) as f64 / count;
    let z2 = z * z;
    let centre = p + z2 / (2.0 * count);
    let half = z * (p * (1.0 - p) / count + z2 / (4.0 * count * count)).sqrt();
    let scale = 1.0 + z2 / count;
    Interval {
        low: ((centre - half) / scale).clamp(0.0, 1.0),
        high: ((centre + half) / scale).clamp(0.0, 1.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Values of statsmodels 0.15.0 `proportion_confint(k, n, 0.05, "wilson")`.
    #[test]
    fn equals_the_reference() {
        for (k, n, low, high) in [
            (47, 50, 0.837_829_083_111_618_2, 0.979_385_029_651_026),
            (0, 30, 0.0, 0.113_513_393_173_968_8),
            (500, 1000, 0.469_069_600_368_104_2, 0.530_930_399_631_895_8),
        ] {
            let got = wilson(k, n, Z_95);
            assert!(
                (got.low - low).abs() < 1e-12 && (got.high - high).abs() < 1e-12,
                "{k}/{n}: {got:?}"
            );
        }
    }

    #[test]
    fn no_data_says_nothing() {
        assert_eq!(wilson(0, 0, Z_95), Interval { low: 0.0, high: 1.0 });
    }
}
