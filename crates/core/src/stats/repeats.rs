//! What repeating a case says about a single try of it.

/// The unbiased estimate of the probability that at least one of `k` tries passes, from `passed` of
/// `tries`: 1 − C(n−c, k)/C(n, k). `None` if `k` is 0 or exceeds `tries`.
///
/// Chen et al., "Evaluating large language models trained on code" (2021), equation 1.
pub fn pass_at_k(tries: u32, passed: u32, k: u32) -> Option<f64> {
    let failed = tries.checked_sub(passed)?;
    ratio_of_choices(failed, tries, k).map(|none| 1.0 - none)
}

/// The unbiased estimate of the probability that all of `k` tries pass: C(c, k)/C(n, k). `None` if `k` is
/// 0 or exceeds `tries`.
///
/// Yao et al., "τ-bench" (2024), section 3.
pub fn pass_hat_k(tries: u32, passed: u32, k: u32) -> Option<f64> {
    ratio_of_choices(passed.min(tries), tries, k)
}

/// C(part, k)/C(whole, k) as a product of ratios, which overflows for no counts.
fn ratio_of_choices(part: u32, whole: u32, k: u32) -> Option<f64> {
    if k == 0 || k > whole {
        return None;
    }
    if k > part {
        return Some(0.0);
    }
    Some((0..k).map(|i| f64::from(part - i) / f64::from(whole - i)).product())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_hand() {
        assert_eq!(pass_at_k(4, 2, 2), Some(1.0 - 1.0 / 6.0));
        assert_eq!(pass_hat_k(4, 2, 2), Some(0.5 * (1.0 / 3.0)));
        assert_eq!(pass_at_k(3, 0, 3), Some(0.0));
        assert_eq!(pass_hat_k(3, 3, 3), Some(1.0));
        assert_eq!(pass_at_k(3, 3, 4), None);
        assert_eq!(pass_hat_k(3, 3, 0), None);
    }
}
