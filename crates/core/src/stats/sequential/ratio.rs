//! Do the arms have the numbers of units that they should: the sample-ratio check, after every unit.
//!
//! Where they do not, something loses or moves units, and every other figure is suspect. A χ² test at
//! p < 0.001 looked at every 100 units fires 20 times as often as it says; this does not.
//!
//! Lindon & Malek, "Anytime-valid inference for multinomial count data" (NeurIPS 2022): a Dirichlet prior
//! around the planned shares w against them, ln E = ln Γ(κ) − ln Γ(κ + n) + Σ(ln Γ(κw + s) − ln Γ(κw) −
//! s·ln w). The concentration κ fits deviations of about 1/(2√κ), so three are mixed: 100 (5 points), 1,000
//! and 10,000 (half a point).

use serde::{Deserialize, Serialize};
use statrs::function::gamma::{checked_gamma_ur, ln_gamma};

use super::evidence;

/// Concentrations that are mixed.
const CONCENTRATIONS: [f64; 3] = [100.0, 1_000.0, 10_000.0];

/// Units by arm while the planned shares were the same.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Phase {
    /// Planned weights, in any unit; 0 or more.
    pub weights: Vec<f64>,
    /// **Units** (not calls of sticky units) that came to each arm.
    pub counts: Vec<u64>,
}

/// ln of the e-value against "units come to the arms as planned", over all phases of a ramp: their sum,
/// because each phase's prior is laid out before it. Alarm at ln 1000 for a level of 0.001.
///
/// Arms with weight 0 do not count, unless a unit came to one: then it is infinite.
pub fn log_e(phases: &[Phase]) -> f64 {
    phases.iter().map(of_phase).sum()
}

#[allow(clippy::cast_precision_loss)]
fn of_phase(phase: &Phase) -> f64 {
    let Some(arms) = planned(phase) else { return f64::INFINITY };
    let n: f64 = arms.iter().map(|(_, count)| count).sum();
    if arms.len() < 2 {
        return 0.0;
    }
    let of = |k: f64| -> f64 {
        let parts = arms.iter().map(|(w, s)| ln_gamma(k * w + s) - ln_gamma(k * w) - s * w.ln());
        ln_gamma(k) - ln_gamma(k + n) + parts.sum::<f64>()
    };
    evidence::average(&CONCENTRATIONS.map(of))
}

/// Shares and counts of arms with weight; `None` if a unit came to an arm without.
#[allow(clippy::cast_precision_loss)]
fn planned(phase: &Phase) -> Option<Vec<(f64, f64)>> {
    let whole: f64 = phase.weights.iter().filter(|weight| **weight > 0.0).sum();
    let arms = phase.weights.iter().zip(&phase.counts);
    if arms.clone().any(|(weight, count)| *weight <= 0.0 && *count > 0) {
        return None;
    }
    Some(arms.filter(|(weight, _)| **weight > 0.0).map(|(w, s)| (w / whole, *s as f64)).collect())
}

/// Pearson's χ² and its p-value with (arms − 1) degrees of freedom: for one look that was planned before.
/// `None` without units or with fewer than two arms that have weight.
#[allow(clippy::cast_precision_loss)]
pub fn chi_square(phase: &Phase) -> Option<(f64, f64)> {
    let Some(arms) = planned(phase) else { return Some((f64::INFINITY, 0.0)) };
    let n: f64 = arms.iter().map(|(_, count)| count).sum();
    if arms.len() < 2 || n == 0.0 {
        return None;
    }
    let chi2: f64 = arms.iter().map(|(w, s)| (s - n * w).powi(2) / (n * w)).sum();
    let p = if chi2 == 0.0 {
        1.0
    } else {
        checked_gamma_ur(0.5 * (arms.len() - 1) as f64, 0.5 * chi2).unwrap_or(f64::NAN)
    };
    Some((chi2, p))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn phase(weights: &[f64], counts: &[u64]) -> Phase {
        Phase { weights: weights.to_vec(), counts: counts.to_vec() }
    }

    #[test]
    fn as_planned_is_no_evidence_and_another_is() {
        assert!(log_e(&[phase(&[0.9, 0.1], &[9000, 1000])]) < 0.0);
        assert!(log_e(&[phase(&[1.0, 1.0], &[5000, 5500])]) > f64::ln(1000.0));
        assert_eq!(log_e(&[]), 0.0);
        assert_eq!(log_e(&[phase(&[1.0, 0.0], &[10, 0])]), 0.0);
        assert_eq!(log_e(&[phase(&[1.0, 0.0], &[10, 1])]), f64::INFINITY);
    }

    #[test]
    fn arms_without_weight_cost_no_degree_of_freedom() {
        let two = chi_square(&phase(&[1.0, 1.0], &[52, 48])).unwrap();
        assert_eq!(chi_square(&phase(&[1.0, 1.0, 0.0], &[52, 48, 0])), Some(two));
        assert!((two.0 - 0.16).abs() < 1e-12);
        assert_eq!(chi_square(&phase(&[1.0, 1.0], &[0, 0])), None);
    }
}
