//! The sign test.

/// Two-sided p-value of the exact sign test: how likely a split at least as uneven as `wins` to `losses`
/// is if both sides are equally good. Ties are left out. 1 if there is neither.
///
/// min(1, 2·P(X ≤ min(wins, losses))) with X ~ Binomial(wins + losses, 1/2); Dixon and Mood, JASA 41
/// (1946), 557–566. Sums are taken over logarithms, so large counts do not overflow.
#[allow(clippy::cast_precision_loss)]
pub fn sign_test(wins: u64, losses: u64) -> f64 {
    let n = wins.saturating_add(losses);
    let fewer = wins.min(losses);
    if n == 0 || wins == losses {
        return 1.0;
    }
    // ln of C(n, k) / 2^n, from k = 0 up.
    let mut ln_term = -(n as f64) * std::f64::consts::LN_2;
    let mut sum = ln_term.exp();
    for k in 0..fewer {
        ln_term += ((n - k) as f64).ln() - ((k + 1) as f64).ln();
        sum += ln_term.exp();
    }
    (2.0 * sum).min(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Values of scipy 1.17.1 `binomtest(wins, wins + losses).pvalue`.
    #[test]
    fn equals_the_reference() {
        for (wins, losses, p) in [
            (8, 2, 0.109_375),
            (2, 8, 0.109_375),
            (0, 5, 0.0625),
            (15, 3, 0.007_537_841_796_875),
            (60, 40, 0.056_887_933_640_980_81),
            (1100, 900, 8.457_089_535_503_81e-6),
        ] {
            let got = sign_test(wins, losses);
            assert!((got - p).abs() < 1e-9, "{wins}:{losses}: {got}");
        }
    }

    #[test]
    fn nothing_to_tell_apart_is_no_evidence() {
        assert_eq!((sign_test(0, 0), sign_test(7, 7)), (1.0, 1.0));
    }
}
