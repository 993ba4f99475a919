//! Has the input changed: lengths, languages, variables. It informs; it is no reason to page anybody.

/// The population stability index of two distributions over the same bins: Σ(q − p)·ln(q/p), with shares
/// below `floor` taken as `floor`, so that an empty bin does not make it infinite. By custom 0.1 is a shift
/// and 0.25 a large one (Siddiqi, "Credit Risk Scorecards", 2006); it grows with few observations.
///
/// Counts or shares; each side is divided by its sum. `None` for different numbers of bins, none, or a side
/// that sums to 0 or holds what is negative or no number.
pub fn stability_index(expected: &[f64], actual: &[f64], floor: f64) -> Option<f64> {
    let share = |values: &[f64]| -> Option<Vec<f64>> {
        let sum: f64 = values.iter().sum();
        let good = sum > 0.0 && sum.is_finite() && values.iter().all(|value| *value >= 0.0);
        good.then(|| values.iter().map(|value| (value / sum).max(floor)).collect())
    };
    if expected.len() != actual.len() {
        return None;
    }
    let (p, q) = (share(expected)?, share(actual)?);
    Some(p.iter().zip(&q).map(|(p, q)| (q - p) * (q / p).ln()).sum())
}

/// Counts of `values` in bins up to each of the rising `edges`, and of what is above the last: one more
/// than there are edges.
pub fn binned(values: &[f64], edges: &[f64]) -> Vec<f64> {
    let mut counts = vec![0.0; edges.len() + 1];
    for value in values {
        let place = edges.partition_point(|edge| edge < value);
        if let Some(count) = counts.get_mut(place) {
            *count += 1.0;
        }
    }
    counts
}

/// Edges that part `values` into `bins` of about equal size: their quantiles, linear between neighbours,
/// without repetitions.
#[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss)]
pub fn edges(values: &[f64], bins: usize) -> Vec<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let last = sorted.len().saturating_sub(1) as f64;
    let at = |place: f64| -> Option<f64> {
        let lower = *sorted.get(place.floor() as usize)?;
        let upper = sorted.get(place.ceil() as usize).copied().unwrap_or(lower);
        Some(lower + (upper - lower) * place.fract())
    };
    let mut edges: Vec<f64> =
        (1..bins).filter_map(|bin| at(last * bin as f64 / bins as f64)).collect();
    edges.dedup();
    edges
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn by_hand() {
        let psi = stability_index(&[50.0, 50.0], &[0.25, 0.75], 1e-4).unwrap();
        assert!((psi - (0.25 * 2.0_f64.ln() + 0.25 * 1.5_f64.ln())).abs() < 1e-12);
        assert_eq!(stability_index(&[1.0], &[1.0, 2.0], 1e-4), None);
        assert_eq!(stability_index(&[0.0], &[0.0], 1e-4), None);
        assert!(stability_index(&[1.0, 0.0], &[0.0, 1.0], 1e-4).unwrap().is_finite());
        assert_eq!(edges(&[1.0, 2.0, 3.0, 4.0, 5.0], 4), [2.0, 3.0, 4.0]);
        assert_eq!(binned(&[1.0, 2.0, 2.5, 9.0], &[2.0, 3.0, 4.0]), [2.0, 1.0, 0.0, 1.0]);
    }

    proptest! {
        #[test]
        fn symmetric_and_not_negative(p in prop::collection::vec(1.0..100.0_f64, 4), q in prop::collection::vec(1.0..100.0_f64, 4)) {
            let (there, back) = (stability_index(&p, &q, 1e-6).unwrap(), stability_index(&q, &p, 1e-6).unwrap());
            prop_assert!(there >= 0.0 && (there - back).abs() < 1e-12);
        }
    }
}
