//! P-values of several questions asked of the same data.

/// Holm's adjusted p-values, in the order given: the chance of even one false alarm stays below the
/// level. For gates.
///
/// With p sorted upwards, p̃_(i) = max_{j≤i} min(1, (m − j + 1)·p_(j)); Holm, Scand. J. Statist. 6 (1979).
#[allow(clippy::cast_precision_loss)]
pub fn holm(p: &[f64]) -> Vec<f64> {
    let mut adjusted = vec![0.0; p.len()];
    let mut least = 0.0_f64;
    for (rank, place) in order(p).into_iter().enumerate() {
        least = least.max(((p.len() - rank) as f64 * at(p, place)).min(1.0));
        set(&mut adjusted, place, least);
    }
    adjusted
}

/// Benjamini and Hochberg's adjusted p-values, in the order given: the expected share of false alarms
/// among alarms stays below the level, for independent or positively dependent tests. For exploration.
///
/// p̃_(i) = min_{j≥i} min(1, m·p_(j)/j); Benjamini & Hochberg, J. R. Statist. Soc. B 57 (1995).
#[allow(clippy::cast_precision_loss)]
pub fn benjamini_hochberg(p: &[f64]) -> Vec<f64> {
    let mut adjusted = vec![0.0; p.len()];
    let mut most = 1.0_f64;
    for (rank, place) in order(p).into_iter().enumerate().rev() {
        most = most.min(p.len() as f64 * at(p, place) / (rank + 1) as f64);
        set(&mut adjusted, place, most);
    }
    adjusted
}

/// Places by rising p-value.
fn order(p: &[f64]) -> Vec<usize> {
    let mut places: Vec<usize> = (0..p.len()).collect();
    places.sort_by(|a, b| at(p, *a).total_cmp(&at(p, *b)));
    places
}

fn at(values: &[f64], place: usize) -> f64 {
    values.get(place).copied().unwrap_or(1.0)
}

fn set(values: &mut [f64], place: usize, value: f64) {
    if let Some(slot) = values.get_mut(place) {
        *slot = value;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn by_hand() {
        let close = |found: Vec<f64>, wanted: [f64; 3]| {
            assert!(found.iter().zip(wanted).all(|(a, b)| (a - b).abs() < 1e-12), "{found:?}");
        };
        close(holm(&[0.04, 0.01, 0.03]), [0.06, 0.03, 0.06]);
        close(benjamini_hochberg(&[0.04, 0.01, 0.03]), [0.04, 0.03, 0.04]);
        assert!(holm(&[]).is_empty());
    }

    proptest! {
        #[test]
        fn adjusting_never_lowers_and_holm_is_stricter(p in prop::collection::vec(0.0..=1.0_f64, 1..20)) {
            for ((raw, holm), bh) in p.iter().zip(holm(&p)).zip(benjamini_hochberg(&p)) {
                prop_assert!(*raw <= bh + 1e-15 && bh <= holm + 1e-15 && holm <= 1.0);
            }
        }
    }
}
