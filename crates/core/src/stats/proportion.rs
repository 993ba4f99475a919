//! Intervals for a share of successes, and for the difference of two independent ones.

use super::distribution::beta_quantile;

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
    wilson_of_share(successes.min(n) as f64 / n as f64, n as f64, z)
}

/// The same for a share `p` in `0..=1` that rests on `count` > 0 independent observations, which need not
/// be whole: cases that depend on each other weigh less than their number.
pub fn wilson_of_share(p: f64, count: f64, z: f64) -> Interval {
    let z2 = z * z;
    let centre = p + z2 / (2.0 * count);
    let half = z * (p * (1.0 - p) / count + z2 / (4.0 * count * count)).sqrt();
    let scale = 1.0 + z2 / count;
    Interval {
        low: ((centre - half) / scale).clamp(0.0, 1.0),
        high: ((centre + half) / scale).clamp(0.0, 1.0),
    }
}

/// Clopper and Pearson's interval: never covers less than `confidence`, usually more. The ends are the
/// (1−c)/2 quantile of Beta(k, n−k+1) and the (1+c)/2 quantile of Beta(k+1, n−k); the whole range when `n`
/// is 0. Biometrika 26 (1934), 404–413.
#[allow(clippy::cast_precision_loss)]
pub fn clopper_pearson(successes: u64, n: u64, confidence: f64) -> Interval {
    let k = successes.min(n);
    let (some, rest) = (k as f64, (n - k) as f64);
    let tail = 0.5 - 0.5 * confidence;
    Interval {
        low: if k == 0 { 0.0 } else { beta_quantile(some, rest + 1.0, tail) },
        high: if k == n { 1.0 } else { beta_quantile(some + 1.0, rest, 1.0 - tail) },
    }
}

/// The largest rate of failure that `n` tries without one leave possible: 1 − α^(1/n), exact and
/// one-sided, with α = 1 − `confidence`; 1 when `n` is 0. Thirty clean safety cases prove a rate below
/// 9.5 %, no less.
#[allow(clippy::cast_precision_loss)]
pub fn most_after_no_failure(n: u64, confidence: f64) -> f64 {
    if n == 0 { 1.0 } else { 1.0 - (1.0 - confidence).powf(1.0 / n as f64) }
}

/// The same at 95 % by heart: 3/n, a little larger; at most 1. Hanley & Lippman-Hand, JAMA 249 (1983).
#[allow(clippy::cast_precision_loss)]
pub fn rule_of_three(n: u64) -> f64 {
    (3.0 / n.max(1) as f64).min(1.0)
}

/// Successes out of `n`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counted {
    /// How many succeeded.
    pub successes: u64,
    /// Of how many.
    pub n: u64,
}

/// Newcombe's interval for `a` − `b` of independent samples, at the normal quantile `z`: with Wilson
/// intervals (l, u) of both shares, d − √((p_a − l_a)² + (u_b − p_b)²) to
/// d + √((u_a − p_a)² + (p_b − l_b)²); −1 to 1 if either is empty. Method 10 of Newcombe, Statist. Med.
/// 17 (1998), 873–890.
#[allow(clippy::cast_precision_loss)]
pub fn newcombe(a: Counted, b: Counted, z: f64) -> Interval {
    if a.n == 0 || b.n == 0 {
        return Interval { low: -1.0, high: 1.0 };
    }
    let share = |side: Counted| side.successes.min(side.n) as f64 / side.n as f64;
    let (p_a, p_b) = (share(a), share(b));
    let (in_a, in_b) = (wilson(a.successes, a.n, z), wilson(b.successes, b.n, z));
    let difference = p_a - p_b;
    Interval {
        low: difference - (p_a - in_a.low).hypot(in_b.high - p_b),
        high: difference + (in_a.high - p_a).hypot(p_b - in_b.low),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::random::SplitMix;

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

    #[test]
    fn no_failure_proves_little() {
        assert!((most_after_no_failure(30, 0.95) - 0.095).abs() < 5e-4);
        assert_eq!(
            (most_after_no_failure(0, 0.95), rule_of_three(0), rule_of_three(30)),
            (1.0, 1.0, 0.1)
        );
        // The exact bound is the one-sided end of Clopper and Pearson's interval.
        let exact = clopper_pearson(0, 30, 0.9).high;
        assert!((exact - most_after_no_failure(30, 0.95)).abs() < 1e-12);
    }

    #[test]
    fn degenerate_cases_are_the_whole_range() {
        assert_eq!(clopper_pearson(0, 0, 0.95), Interval { low: 0.0, high: 1.0 });
        let (none, some) = (Counted { successes: 0, n: 0 }, Counted { successes: 1, n: 2 });
        assert_eq!(newcombe(none, some, Z_95), Interval { low: -1.0, high: 1.0 });
    }

    /// Simulated coverage at 95 %: Wilson on average, Clopper and Pearson always, Newcombe on average.
    #[test]
    fn the_intervals_cover() {
        let mut random = SplitMix::new(8);
        let mut count = |n: u64, p: f64| (0..n).filter(|_| random.unit() < p).count() as u64;
        let runs = 2000;
        for (n, p, q) in [(20, 0.9, 0.7), (50, 0.97, 0.9), (200, 0.5, 0.6)] {
            let mut covered = [0_u32; 3];
            for _ in 0..runs {
                let (a, b) = (count(n, p), count(n, q));
                let holds = |found: Interval, truth: f64| found.low <= truth && truth <= found.high;
                covered[0] += u32::from(holds(wilson(a, n, Z_95), p));
                covered[1] += u32::from(holds(clopper_pearson(a, n, 0.95), p));
                let sides = (Counted { successes: a, n }, Counted { successes: b, n });
                covered[2] += u32::from(holds(newcombe(sides.0, sides.1, Z_95), p - q));
            }
            let shares = covered.map(|covered| f64::from(covered) / f64::from(runs));
            assert!(shares[0] > 0.91 && shares[1] > 0.945 && shares[2] > 0.93, "{n}: {shares:?}");
        }
    }
}
