//! What a suite can see: the smallest true difference that it would find, and how many cases another
//! would take.
//!
//! All formulas are the normal approximation, two-sided unless `alpha` is doubled, and for planning:
//! they say how large a suite should be, not what a result means.

use super::distribution::{normal_quantile, root};

/// What is wanted of a comparison.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Aim {
    /// Chance of an alarm where nothing differs, 0 to 1.
    pub alpha: f64,
    /// Chance of finding a difference of the size asked about, 0 to 1.
    pub power: f64,
}

impl Aim {
    /// The usual one: level 0.05 two-sided, power 0.8.
    pub const USUAL: Self = Self { alpha: 0.05, power: 0.8 };

    /// z(1 − α/2) + z(power).
    fn distance(self) -> f64 {
        normal_quantile(1.0 - 0.5 * self.alpha) + normal_quantile(self.power)
    }
}

/// Smallest difference of two shares near `p` that `n` cases on each side, different ones, would show:
/// (z(1−α/2) + z(power))·√(2p(1−p)/n); Fleiss, "Statistical Methods for Rates and Proportions", ch. 4.
#[allow(clippy::cast_precision_loss)]
pub fn detectable_unpaired(n: u64, p: f64, aim: Aim) -> f64 {
    detectable_paired(n, p, 0.0, aim)
}

/// The same where both sides answer the same cases and their results correlate by `rho` (0.3 to 0.7
/// between strong models): the variance shrinks by 1 − ρ; Miller (arXiv:2411.00640), section 5. 1 for no
/// cases.
#[allow(clippy::cast_precision_loss)]
pub fn detectable_paired(n: u64, p: f64, rho: f64, aim: Aim) -> f64 {
    if n == 0 {
        return 1.0;
    }
    aim.distance() * (2.0 * p * (1.0 - p) * (1.0 - rho) / n as f64).sqrt()
}

/// Smallest difference that `n` shared cases would show if the share `discordance` of them comes out
/// differently: the δ at which [`cases_for_discordance`] asks for `n`. It cannot exceed `discordance`,
/// which is returned where even that would not be seen.
#[allow(clippy::cast_precision_loss)]
pub fn detectable_discordant(n: u64, discordance: f64, aim: Aim) -> f64 {
    root(0.0, discordance, |delta| n as f64 - connor(discordance, delta, aim))
}

/// Cases on each side for the difference `delta` of two shares near `p`, different cases; rounded up.
pub fn cases_unpaired(delta: f64, p: f64, aim: Aim) -> u64 {
    cases_paired(delta, p, 0.0, aim)
}

/// The same with shared cases and correlation `rho`.
pub fn cases_paired(delta: f64, p: f64, rho: f64, aim: Aim) -> u64 {
    whole(2.0 * p * (1.0 - p) * (1.0 - rho) * (aim.distance() / delta).powi(2))
}

/// Shared cases for the difference `delta` if the share `discordance` ≥ δ comes out differently:
/// (z(1−α/2)·√ψ + z(power)·√(ψ − δ²))²/δ², rounded up; Connor, Biometrics 43 (1987), 207–211.
pub fn cases_for_discordance(delta: f64, discordance: f64, aim: Aim) -> u64 {
    whole(connor(discordance, delta, aim))
}

fn connor(psi: f64, delta: f64, aim: Aim) -> f64 {
    let null = normal_quantile(1.0 - 0.5 * aim.alpha) * psi.sqrt();
    let alternative = normal_quantile(aim.power) * (psi - delta * delta).max(0.0).sqrt();
    ((null + alternative) / delta).powi(2)
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
fn whole(cases: f64) -> u64 {
    cases.ceil() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Percentage points at p = 0.8: suites' sizes, unpaired, paired with ρ = 0.5.
    #[test]
    fn the_table_of_suite_sizes() {
        for (n, unpaired, paired) in [
            (50, 22.4, 15.8),
            (100, 15.8, 11.2),
            (200, 11.2, 7.9),
            (500, 7.1, 5.0),
            (1000, 5.0, 3.5),
            (2000, 3.5, 2.5),
            (5000, 2.2, 1.6),
        ] {
            let points = |found: f64| (found * 1000.0).round() / 10.0;
            assert_eq!(points(detectable_unpaired(n, 0.8, Aim::USUAL)), unpaired);
            assert_eq!(points(detectable_paired(n, 0.8, 0.5, Aim::USUAL)), paired);
        }
    }

    #[test]
    fn sizes_and_effects_invert() {
        assert_eq!(
            cases_unpaired(detectable_unpaired(200, 0.9, Aim::USUAL) + 1e-9, 0.9, Aim::USUAL),
            200
        );
        let seen = detectable_discordant(200, 0.1, Aim::USUAL);
        assert!((0.05..0.07).contains(&seen), "{seen}");
        assert_eq!(cases_for_discordance(seen + 1e-9, 0.1, Aim::USUAL), 200);
        assert_eq!(detectable_paired(0, 0.8, 0.5, Aim::USUAL), 1.0);
        assert!((detectable_discordant(3, 0.1, Aim::USUAL) - 0.1).abs() < 1e-12);
    }

    /// The promised power is there: the exact test finds the difference about as often as planned.
    #[test]
    fn the_planned_power_is_had() {
        use crate::stats::paired::Discordant;
        use crate::stats::random::SplitMix;
        let (psi, delta) = (0.2, 0.1);
        let n = cases_for_discordance(delta, psi, Aim::USUAL);
        let mut random = SplitMix::new(2);
        let (runs, mut found) = (2000, 0);
        for _ in 0..runs {
            let mut pairs = Discordant { cases: n, ..Discordant::default() };
            for _ in 0..n {
                let draw = random.unit();
                pairs.gained += u64::from(draw < (psi - delta) / 2.0);
                pairs.lost += u64::from(draw >= (psi - delta) / 2.0 && draw < psi);
            }
            found += u64::from(pairs.test().mid <= 0.05);
        }
        let share = found as f64 / f64::from(runs);
        assert!((0.75..=0.85).contains(&share), "{n} cases: {share}");
    }
}
