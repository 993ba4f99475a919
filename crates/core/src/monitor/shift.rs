//! How far a distribution of lengths has moved, from two sketches.

use crate::stats::drift::population::stability_index;
use crate::stats::sketch::{Sketch, snapped};

/// Parts of about equal size into which the earlier values fall.
const BINS: u32 = 10;
/// The least share of a part.
const FLOOR: f64 = 1e-3;

/// The population stability index over the tenths of `before`: 0.1 is a shift by custom, 0.25 a large one. The
/// bins' edges are those of sketches, where counts are exact. `None` if either is empty.
#[allow(clippy::cast_precision_loss)]
pub(super) fn stability(before: &Sketch, now: &Sketch) -> Option<f64> {
    let mut edges: Vec<f64> = (1..BINS)
        .filter_map(|bin| before.quantile(f64::from(bin) / f64::from(BINS)))
        .map(snapped)
        .collect();
    edges.dedup();
    let counts = |sketch: &Sketch| -> Vec<f64> {
        let mut above = vec![sketch.count()];
        above.extend(edges.iter().map(|edge| sketch.above(*edge)));
        above.push(0);
        above
            .windows(2)
            .map(|pair| pair.iter().copied().reduce(|a, b| a - b.min(a)).unwrap_or(0) as f64)
            .collect()
    };
    stability_index(&counts(before), &counts(now), FLOOR)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::random::SplitMix;

    fn lengths(scale: f64, n: u32) -> Sketch {
        let mut random = SplitMix::new(5 + u64::from(n));
        let mut sketch = Sketch::default();
        (0..n).for_each(|_| sketch.add((scale * (1.0 + 4.0 * random.unit())).round()));
        sketch
    }

    #[test]
    fn the_same_lengths_do_not_shift_and_longer_ones_do() {
        let before = lengths(100.0, 2_000);
        assert_eq!(stability(&before, &before), Some(0.0));
        assert!(stability(&before, &lengths(100.0, 1_000)).unwrap() < 0.05);
        assert!(stability(&before, &lengths(150.0, 1_000)).unwrap() > 0.25);
        assert!(stability(&before, &lengths(5.0, 1_000)).unwrap() > 1.0);
        assert_eq!(stability(&before, &Sketch::default()), None);
        assert_eq!(stability(&Sketch::default(), &before), None);
        let mut one = Sketch::default();
        one.add_many(7.0, 500);
        assert_eq!(stability(&one, &one), Some(0.0));
    }
}
