//! How many units an experiment of two arms needs at one look, from the seed values of a plan.

use super::distribution::normal_quantile;
use super::power::Aim;
use super::two_sample::Alternative;

/// Units needed, before rounding up.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sizes {
    /// Of the first arm.
    pub first: f64,
    /// Of the second arm, ratio times the first.
    pub second: f64,
}

/// For telling the share `p` of the first arm from `q` of the second, with `ratio` = second/first:
/// n = (z(1 − α/2)·√(p̄(1 − p̄)(1 + 1/r)) + z(power)·√(p(1 − p) + q(1 − q)/r))²/(p − q)², with
/// p̄ = (p + rq)/(1 + r). Fleiss, "Statistical Methods for Rates and Proportions", ch. 4; statsmodels'
/// `samplesize_proportions_2indep_onetail`. One-sided takes z(1 − α).
/// `None` if p = q.
pub fn for_shares(p: f64, q: f64, ratio: f64, aim: Aim, alternative: Alternative) -> Option<Sizes> {
    let common = (p + ratio * q) / (1.0 + ratio);
    let null = (common * (1.0 - common) * (1.0 + 1.0 / ratio)).sqrt();
    let real = (p * (1.0 - p) + q * (1.0 - q) / ratio).sqrt();
    sizes(critical(aim, alternative) * null + normal_quantile(aim.power) * real, p - q, ratio)
}

/// For showing that an arm with the share `p` in truth, as the other, is not worse by `margin`:
/// n = (z(1 − α) + z(power))²·p(1 − p)(1 + 1/r)/margin². `None` for a margin of 0.
pub fn for_non_inferiority(p: f64, margin: f64, ratio: f64, aim: Aim) -> Option<Sizes> {
    let deviation = (p * (1.0 - p) * (1.0 + 1.0 / ratio)).sqrt();
    let z = critical(aim, Alternative::Greater) + normal_quantile(aim.power);
    sizes(z * deviation, margin, ratio)
}

/// For telling two means apart that differ by `difference`, with the standard deviation `deviation` in both
/// arms: n = (z(1 − α/2) + z(power))²·σ²(1 + 1/r)/δ². statsmodels' `NormalIndPower`, without the chance of
/// a significant result in the wrong direction. `None` for no difference.
pub fn for_means(
    difference: f64,
    deviation: f64,
    ratio: f64,
    aim: Aim,
    alternative: Alternative,
) -> Option<Sizes> {
    let z = critical(aim, alternative) + normal_quantile(aim.power);
    sizes(z * deviation * (1.0 + 1.0 / ratio).sqrt(), difference, ratio)
}

fn critical(aim: Aim, alternative: Alternative) -> f64 {
    let two = alternative == Alternative::TwoSided;
    normal_quantile(1.0 - if two { 0.5 * aim.alpha } else { aim.alpha })
}

fn sizes(spread: f64, effect: f64, ratio: f64) -> Option<Sizes> {
    let first = (spread / effect).powi(2);
    (effect != 0.0 && first.is_finite()).then_some(Sizes { first, second: ratio * first })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Cohen-like textbook values: 0.90 against 0.88 at 5 % and 80 % needs 3,841 in each arm.
    #[test]
    fn by_hand() {
        let found = for_shares(0.90, 0.88, 1.0, Aim::USUAL, Alternative::TwoSided).unwrap();
        assert!((found.first - 3841.0).abs() < 1.5, "{found:?}");
        let means = for_means(0.5, 1.0, 1.0, Aim::USUAL, Alternative::TwoSided).unwrap();
        assert!((means.first - 62.8).abs() < 0.1, "{means:?}");
        assert_eq!(for_shares(0.9, 0.9, 1.0, Aim::USUAL, Alternative::TwoSided), None);
    }

    #[test]
    fn uneven_arms_need_more_in_all() {
        let all = |ratio| {
            let sizes = for_shares(0.9, 0.85, ratio, Aim::USUAL, Alternative::TwoSided).unwrap();
            sizes.first + sizes.second
        };
        assert!(all(9.0) > 2.0 * all(1.0));
        let margin = for_non_inferiority(0.9, 0.03, 1.0, Aim::USUAL).unwrap();
        assert!((margin.first - 1236.5).abs() < 1.0, "{margin:?}");
    }
}
