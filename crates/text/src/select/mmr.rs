//! Maximal marginal relevance (Carbonell and Goldstein 1998): one by one, the candidate with the greatest
//! λ · nearness to the query − (1 − λ) · nearness to what is chosen already, where λ = 1 − diversity.

/// What is to be chosen.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Wanted {
    /// Most candidates.
    pub k: usize,
    /// 1 − λ, from 0 to 1.
    pub diversity: f64,
    /// Most tokens together.
    pub max_tokens: Option<u64>,
}

/// The places of the chosen candidates, in the order in which they were chosen. `near` says how near each
/// is to the query, `between` how near two are to each other, and `sizes` how many tokens each has. One
/// that does not fit is passed over, so that a shorter one may take its place.
pub fn choose(
    near: &[f64],
    between: impl Fn(usize, usize) -> f64,
    sizes: &[u64],
    wanted: Wanted,
) -> Vec<usize> {
    let lambda = 1.0 - wanted.diversity.clamp(0.0, 1.0);
    let mut room = wanted.max_tokens.unwrap_or(u64::MAX);
    let mut chosen: Vec<usize> = vec![];
    // How near each is to the nearest of those chosen.
    let mut nearest = vec![f64::NEG_INFINITY; near.len()];
    let size = |index: usize| sizes.get(index).copied().unwrap_or_default();
    while chosen.len() < wanted.k {
        let mut best: Option<(usize, f64)> = None;
        for (index, (near, nearest)) in near.iter().zip(&nearest).enumerate() {
            if chosen.contains(&index) || size(index) > room {
                continue;
            }
            let alike = if chosen.is_empty() { 0.0 } else { *nearest };
            let worth = lambda * near - (1.0 - lambda) * alike;
            // Only a greater one wins, so that of equals the first stays.
            if best.is_none_or(|(_, most)| worth > most) {
                best = Some((index, worth));
            }
        }
        let Some((index, _)) = best else { break };
        room -= size(index);
        chosen.push(index);
        for (other, nearest) in nearest.iter_mut().enumerate() {
            *nearest = nearest.max(between(index, other));
        }
    }
    chosen
}

/// Cosine of the angle between two vectors of the same length; 0 if one of them is zero.
pub fn cosine(a: &[f32], b: &[f32]) -> f64 {
    let (mut dot, mut left, mut right) = (0.0, 0.0, 0.0);
    for (a, b) in a.iter().zip(b) {
        let (a, b) = (f64::from(*a), f64::from(*b));
        dot += a * b;
        left += a * a;
        right += b * b;
    }
    if left == 0.0 || right == 0.0 { 0.0 } else { dot / (left.sqrt() * right.sqrt()) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// 0 and 1 are nearly the same and near, 2 is less near and unlike them, 3 is far.
    const NEAR: [f64; 4] = [0.9, 0.89, 0.6, 0.1];

    fn between(a: usize, b: usize) -> f64 {
        if a == b || a.max(b) == 1 { 1.0 } else { 0.0 }
    }

    fn chosen(k: usize, diversity: f64, max_tokens: Option<u64>) -> Vec<usize> {
        choose(&NEAR, between, &[5, 5, 5, 50], Wanted { k, diversity, max_tokens })
    }

    #[test]
    fn diversity_passes_over_a_twin() {
        assert_eq!(chosen(2, 0.0, None), [0, 1]);
        assert_eq!(chosen(2, 0.5, None), [0, 2]);
        assert_eq!(chosen(9, 0.0, None), [0, 1, 2, 3]);
        assert!(chosen(0, 0.0, None).is_empty());
    }

    #[test]
    fn what_does_not_fit_is_passed_over() {
        assert_eq!(chosen(3, 0.0, Some(10)), [0, 1]);
        assert_eq!(chosen(4, 0.0, Some(30)), [0, 1, 2]);
        let first_is_long = choose(
            &NEAR,
            between,
            &[50, 5, 5, 5],
            Wanted { k: 1, diversity: 0.0, max_tokens: Some(10) },
        );
        assert_eq!(first_is_long, [1]);
    }

    #[test]
    fn ties_go_to_the_first() {
        let wanted = Wanted { k: 2, diversity: 0.3, max_tokens: None };
        assert_eq!(choose(&[0.5; 4], |_, _| 0.5, &[1; 4], wanted), [0, 1]);
    }

    proptest! {
        #[test]
        fn bounds_hold_and_without_diversity_the_nearest_are_chosen(
            near in prop::collection::vec(0.0f64..1.0, 0..12),
            k in 0usize..6,
            tokens in 0u64..40,
        ) {
            let sizes: Vec<u64> = (0..near.len() as u64).map(|index| index % 7 + 1).collect();
            let alike = |a: usize, b: usize| 1.0 / (1.0 + a.abs_diff(b) as f64);
            for diversity in [0.0, 0.4, 1.0] {
                let wanted = Wanted { k, diversity, max_tokens: Some(tokens) };
                let chosen = choose(&near, alike, &sizes, wanted);
                prop_assert!(chosen.len() <= k);
                prop_assert!(chosen.iter().map(|index| sizes[*index]).sum::<u64>() <= tokens);
                let mut unique = chosen.clone();
                unique.sort_unstable();
                unique.dedup();
                prop_assert_eq!(unique.len(), chosen.len());
            }
            let all = Wanted { k, diversity: 0.0, max_tokens: None };
            let chosen = choose(&near, alike, &sizes, all);
            let mut sorted: Vec<usize> = (0..near.len()).collect();
            sorted.sort_by(|a, b| near[*b].total_cmp(&near[*a]));
            sorted.truncate(k);
            prop_assert_eq!(chosen, sorted);
        }
    }
}
