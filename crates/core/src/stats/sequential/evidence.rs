//! E-values put together. All take and give logarithms.
//!
//! An e-value is a non-negative number whose mean is at most 1 if the null hypothesis is true, so it reaches
//! 1/α with chance α at most. Means of e-values are e-values, however they depend on each other, which makes
//! several guardrails one test: "any of five p-values below 0.05" falsely reverts half of all good candidates.
//! Vovk & Wang, Ann. Statist. 49 (2021).

/// ln of the mean: evidence that not all hypotheses are true. 0 for none.
#[allow(clippy::cast_precision_loss)]
pub fn average(logs: &[f64]) -> f64 {
    let most = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    if logs.is_empty() || most.is_infinite() {
        return if logs.is_empty() { 0.0 } else { most };
    }
    let sum: f64 = logs.iter().map(|log| (log - most).exp()).sum();
    most + (sum / logs.len() as f64).ln()
}

/// ln of the largest over their number: Bonferroni's correction. Never above [`average`]. 0 for none.
#[allow(clippy::cast_precision_loss)]
pub fn bonferroni(logs: &[f64]) -> f64 {
    let most = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    if logs.is_empty() { 0.0 } else { most - (logs.len() as f64).ln() }
}

/// ln of the product: for parts of the data that follow each other, each with a game of its own.
pub fn product(logs: &[f64]) -> f64 {
    logs.iter().sum()
}

/// The p-value min(1, 1/E). With the largest E so far it is valid at all times together.
pub fn p_value(log: f64) -> f64 {
    (-log).exp().min(1.0)
}

/// The e-BH procedure: which hypotheses to refute so that the expected share of false ones among them is
/// at most `alpha`, however they depend on each other: the k largest, for the largest k with
/// e_(k) ≥ K/(αk). Wang & Ramdas, J. R. Statist. Soc. B 84 (2022).
#[allow(clippy::cast_precision_loss)]
pub fn e_bh(logs: &[f64], alpha: f64) -> Vec<bool> {
    let mut falling = logs.to_vec();
    falling.sort_by(|a, b| b.total_cmp(a));
    let all = logs.len() as f64;
    let needed = |k: usize| (all / (alpha * (k + 1) as f64)).ln();
    let last = falling.iter().enumerate().rev().find(|(k, log)| **log >= needed(*k));
    let Some((_, threshold)) = last else { return vec![false; logs.len()] };
    logs.iter().map(|log| log >= threshold).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn by_hand() {
        let logs = [f64::ln(1.0), f64::ln(39.0)];
        assert!((average(&logs) - f64::ln(20.0)).abs() < 1e-12);
        assert!((bonferroni(&logs) - f64::ln(19.5)).abs() < 1e-12);
        assert_eq!((average(&[]), bonferroni(&[]), product(&[])), (0.0, 0.0, 0.0));
        assert_eq!(p_value(-3.0), 1.0);
        assert_eq!(average(&[f64::INFINITY, 0.0]), f64::INFINITY);
        // K = 3, α = 0.05: 60, 30 and 20 are needed.
        let e = |values: [f64; 3]| e_bh(&values.map(f64::ln), 0.05);
        assert_eq!(e([61.0, 1.0, 29.0]), [true, false, false]);
        assert_eq!(e([31.0, 1.0, 31.0]), [true, false, true]);
        assert_eq!(e([20.5, 20.5, 20.5]), [true, true, true]);
        assert_eq!(e([19.0, 19.0, 19.0]), [false, false, false]);
    }

    proptest! {
        #[test]
        fn the_mean_is_the_stronger_and_order_does_not_matter(mut logs in prop::collection::vec(-20.0..20.0_f64, 1..12)) {
            let (mean, most) = (average(&logs), bonferroni(&logs));
            prop_assert!(most <= mean + 1e-12);
            logs.reverse();
            prop_assert!((average(&logs) - mean).abs() < 1e-12);
        }
    }
}
