//! An interval for the difference of two shares on the same cases.
//!
//! Of the good methods Tango's was chosen, over Newcombe's method 10, because it is a test turned round:
//! its lower bound is above −d exactly when the score test refutes "worse by d or more", which is the
//! question that the gate asks. It needs no continuity correction and stands zeros.

use super::mcnemar::Discordant;
use crate::stats::distribution::{normal_quantile, root};
use crate::stats::proportion::Interval;

/// Tango's score interval for (gained − lost)/cases, two-sided; the whole range −1 to 1 for no cases.
///
/// The bounds solve (b − c − nΔ)/√(n(2q + Δ(1 − Δ))) = ±z, where b is gained, c lost, and q the share of
/// lost cases that is likeliest if the difference is Δ: (√(B² − 8nC) − B)/4n with
/// B = (2n − b + c)Δ − b − c and C = −cΔ(1 − Δ). Tango, Statist. Med. 17 (1998), 891–908.
#[allow(clippy::cast_precision_loss)]
pub fn tango(pairs: Discordant, confidence: f64) -> Interval {
    if pairs.cases == 0 {
        return Interval { low: -1.0, high: 1.0 };
    }
    let (b, c, n) = (pairs.gained as f64, pairs.lost as f64, pairs.cases as f64);
    let z = normal_quantile(0.5 + 0.5 * confidence);
    let estimate = pairs.difference();
    Interval {
        low: root(-1.0, estimate, |delta| z - score(b, c, n, delta)),
        high: root(estimate, 1.0, |delta| -z - score(b, c, n, delta)),
    }
}

/// The statistic: falls as `delta` rises, 0 at the estimate.
fn score(b: f64, c: f64, n: f64, delta: f64) -> f64 {
    let linear = (2.0 * n - b + c) * delta - b - c;
    let constant = -c * delta * (1.0 - delta);
    let lost = ((linear * linear - 8.0 * n * constant).max(0.0).sqrt() - linear) / (4.0 * n);
    let variance = n * (2.0 * lost + delta * (1.0 - delta));
    let distance = b - c - n * delta;
    if variance > 0.0 {
        distance / variance.sqrt()
    } else if distance == 0.0 {
        0.0
    } else {
        distance.signum() * f64::INFINITY
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::random::SplitMix;
    use proptest::prelude::*;

    #[test]
    fn known_and_degenerate() {
        let close = |found: f64, wanted: f64| assert!((found - wanted).abs() < 5e-4, "{found}");
        // Nothing differs in n cases: ±z²/(n + z²).
        let none = tango(Discordant { gained: 0, lost: 0, cases: 50 }, 0.95);
        let wanted = 1.959_964_f64.powi(2) / (50.0 + 1.959_964_f64.powi(2));
        close(none.high, wanted);
        close(none.low, -wanted);
        let all = tango(Discordant { gained: 5, lost: 0, cases: 5 }, 0.95);
        close(all.high, 1.0);
        assert_eq!(tango(Discordant::default(), 0.95), Interval { low: -1.0, high: 1.0 });
    }

    proptest! {
        #[test]
        fn contains_the_estimate_and_turns_with_the_sides(b in 0_u64..40, c in 0_u64..40, both in 0_u64..200) {
            let pairs = Discordant { gained: b, lost: c, cases: b + c + both };
            let turned = Discordant { gained: c, lost: b, ..pairs };
            let (found, mirror) = (tango(pairs, 0.95), tango(turned, 0.95));
            prop_assert!(found.low <= pairs.difference() && pairs.difference() <= found.high);
            prop_assert!((found.low + mirror.high).abs() < 1e-9);
            prop_assert!(found.low >= -1.0 && found.high <= 1.0);
        }
    }

    /// Simulated coverage over few and many cases, rare and frequent differences.
    #[test]
    fn the_interval_covers() {
        let mut random = SplitMix::new(21);
        for (n, gained, lost) in
            [(30, 0.05, 0.05), (50, 0.02, 0.10), (100, 0.15, 0.05), (400, 0.01, 0.03)]
        {
            let (runs, mut covered) = (3000, 0);
            for _ in 0..runs {
                let mut pairs = Discordant { cases: n, ..Discordant::default() };
                for _ in 0..n {
                    let draw = random.unit();
                    pairs.gained += u64::from(draw < gained);
                    pairs.lost += u64::from(draw >= gained && draw < gained + lost);
                }
                let found = tango(pairs, 0.95);
                let truth = gained - lost;
                covered += u64::from(found.low <= truth && truth <= found.high);
            }
            let share = covered as f64 / f64::from(runs);
            assert!((0.935..=0.98).contains(&share), "{n} cases: {share}");
        }
    }
}
