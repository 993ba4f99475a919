//! Exact quantiles of small samples.

/// The `q`-quantile (`0..=1`) of `values` by nearest rank: the smallest value with at least `q·n` values
/// at or below it (definition 1 of Hyndman & Fan 1996). `None` for no values.
#[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss)]
pub fn nearest_rank<T: Ord + Copy>(values: &[T], q: f64) -> Option<T> {
    let mut sorted = values.to_vec();
    sorted.sort_unstable();
    let rank = (q.clamp(0.0, 1.0) * sorted.len() as f64).ceil() as usize;
    sorted.get(rank.saturating_sub(1)).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nearest_rank_by_hand() {
        let values: Vec<u32> = (1..=20).collect();
        assert_eq!(nearest_rank(&values, 0.95), Some(19));
        assert_eq!(nearest_rank(&values, 0.0), Some(1));
        assert_eq!(nearest_rank(&values, 1.0), Some(20));
        assert_eq!(nearest_rank::<u32>(&[], 0.5), None);
    }
}
