//! Anytime-valid inference from an estimate and its variance: for costs and other outcomes without a bound.
//!
//! A normal mixture over effects turns any estimate that is normal in the limit into a confidence sequence
//! (Waudby-Smith, Arbour, Sinha, Kennedy & Ramdas, Ann. Statist. 52 (2024)); the mixture SPRT (Robbins 1970;
//! Johari, Koomen, Pekelis & Walsh, Oper. Res. 70 (2022)) is the same object. Unlike betting it holds in
//! the limit only: with few failures or few expensive calls the variance is understated, which is why
//! [`super::contrast`] never takes less than the variance of both arms together.

use crate::stats::distribution::ln_normal_cdf;
use crate::stats::proportion::Interval;

/// ρ² of the mixture that gives the narrowest interval after `units` observations at level `alpha`:
/// (−2 ln α + ln(−2 ln α + 1))/units. It has to be chosen before. For one side give 2α.
pub fn mixture_for(units: f64, alpha: f64) -> f64 {
    let log = -2.0 * alpha.min(0.999).ln();
    (log + (log + 1.0).ln()) / units.max(1.0)
}

/// Half the width of the two-sided confidence sequence for an estimate from `n` units with variance
/// `variance`: √(V·2(nρ² + 1)/(nρ²)·ln(√(nρ² + 1)/α)). Infinite for none.
pub fn half_width(n: f64, variance: f64, rho2: f64, alpha: f64) -> f64 {
    if n <= 0.0 {
        return f64::INFINITY;
    }
    let time = n * rho2;
    (variance * 2.0 * (time + 1.0) / time * ((time + 1.0).sqrt() / alpha).ln()).sqrt()
}

/// Distance of a one-sided bound from the estimate: √(V·2(nρ² + 1)/(nρ²)·ln(1 + √(nρ² + 1)/(2α))).
pub fn bound_width(n: f64, variance: f64, rho2: f64, alpha: f64) -> f64 {
    if n <= 0.0 {
        return f64::INFINITY;
    }
    let time = n * rho2;
    let log = ((time + 1.0).sqrt() / (2.0 * alpha)).ln_1p();
    (variance * 2.0 * (time + 1.0) / time * log).sqrt()
}

/// estimate ± [`half_width`].
pub fn interval(estimate: f64, n: f64, variance: f64, rho2: f64, alpha: f64) -> Interval {
    let half = half_width(n, variance, rho2, alpha);
    Interval { low: estimate - half, high: estimate + half }
}

/// ln of the asymptotic e-value against "the effect is 0 or less", from an `estimate` with variance
/// `variance` after `n` units: ln(2/√(nρ² + 1)) + z²·nρ²/(2(nρ² + 1)) + ln Φ(z·√(nρ²/(nρ² + 1))), with
/// z = estimate/√V. It mixes over positive effects only.
///
/// A variance of 0 says that nothing was learned, not that all is certain: the answer is 0.
pub fn log_e_one_sided(estimate: f64, n: f64, variance: f64, rho2: f64) -> f64 {
    if n <= 0.0 || variance <= 0.0 || !estimate.is_finite() {
        return 0.0;
    }
    let time = n * rho2;
    let z = estimate / variance.sqrt();
    let shrunk = time / (time + 1.0);
    let tail = ln_normal_cdf(z * shrunk.sqrt());
    (2.0 / (time + 1.0).sqrt()).ln() + 0.5 * z * z * shrunk + tail
}

/// ln of the mixture SPRT's e-value against "the effect is `null`", with the mixture's variance τ²:
/// ½ ln(V/(V + τ²)) + τ²(d − θ₀)²/(2V(V + τ²)). 0 for a variance of 0.
pub fn mixture_sprt(estimate: f64, null: f64, variance: f64, tau2: f64) -> f64 {
    if variance <= 0.0 {
        return 0.0;
    }
    let whole = variance + tau2;
    0.5 * (variance / whole).ln() + tau2 * (estimate - null).powi(2) / (2.0 * variance * whole)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::random::SplitMix;

    #[test]
    fn the_interval_is_the_mixture_turned_round() {
        let (n, variance, rho2, alpha) = (500.0, 0.002, 0.01, 0.05);
        let half = half_width(n, variance, rho2, alpha);
        let tau2 = rho2 * n * variance;
        assert!((mixture_sprt(half, 0.0, variance, tau2) - f64::ln(1.0 / alpha)).abs() < 1e-9);
    }

    #[test]
    fn the_bound_is_no_narrower_than_the_one_sided_mixture() {
        for n in [10.0, 1e3, 1e6] {
            let bound = bound_width(n, 1.0 / n, 0.01, 0.05);
            assert!(log_e_one_sided(bound, n, 1.0 / n, 0.01) >= f64::ln(20.0) - 1e-9);
        }
    }

    #[test]
    fn nothing_varied_nothing_learned() {
        assert_eq!(log_e_one_sided(1.0, 100.0, 0.0, 0.01), 0.0);
        assert_eq!(mixture_sprt(1.0, 0.0, 0.0, 1.0), 0.0);
        assert!(half_width(0.0, 1.0, 0.01, 0.05).is_infinite());
    }

    /// An effect far on the other side is no evidence, at any distance.
    #[test]
    fn the_other_side_is_no_evidence() {
        for z in [-1.0, -8.0, -30.0, -40.0, -1e3, -1e6] {
            assert!(log_e_one_sided(z, 1000.0, 1.0, 0.01) < 0.0, "{z}");
        }
    }

    /// The tuning is near the narrowest there is.
    #[test]
    fn the_mixture_is_narrowest_where_it_was_chosen_for() {
        let width = |rho2| half_width(1000.0, 1.0, rho2, 0.05);
        let best = width(mixture_for(1000.0, 0.05));
        assert!([0.2, 0.5, 2.0, 5.0].iter().all(|by| width(mixture_for(1000.0, 0.05) * by) > best));
    }

    #[test]
    fn it_holds_at_all_times_together() {
        let mut random = SplitMix::new(12);
        let (runs, mut missed) = (400, 0);
        for _ in 0..runs {
            let (mut sum, mut squares, mut out) = (0.0, 0.0, false);
            for n in 1..=2000 {
                let value = random.unit().powi(2) - 1.0 / 3.0;
                sum += value;
                squares += value * value;
                let n = f64::from(n);
                let (mean, variance) = (sum / n, (squares - sum * sum / n) / (n * n));
                let interval = interval(mean, n, variance, mixture_for(500.0, 0.05), 0.05);
                out |= n > 100.0 && (interval.low > 0.0 || interval.high < 0.0);
            }
            missed += i32::from(out);
        }
        assert!(f64::from(missed) / f64::from(runs) <= 0.06, "{missed}");
    }
}
