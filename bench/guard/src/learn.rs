//! Logistic regression by coordinate descent in the dual (Yu, Huang and Lin, Machine Learning 85, 2011).
//!
//! It needs no learning rate, and the order of its steps comes from the seed alone, so that the same seed
//! and the same samples give the same weights bit by bit. Each sample's own bound carries its weight: a
//! source of many rows is no louder than one of few, and no single row, mislabelled or not, can move the
//! plane by more than its bound.

use gatemark_text::guard::classifier::BUCKETS;

/// A window of a text: its pieces, its side, and how much it counts.
pub(crate) struct Sample<'a> {
    pub(crate) pieces: &'a [u32],
    pub(crate) attack: bool,
    pub(crate) weight: f32,
}

/// What was learnt.
pub(crate) struct Learnt {
    pub(crate) weights: Vec<f32>,
    pub(crate) bias: f32,
}

/// How hard to learn.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Effort {
    /// What an error costs beside a larger weight; more means less regularised.
    pub(crate) cost: f32,
    /// Passes over all samples.
    pub(crate) epochs: usize,
}

pub(crate) fn learn(samples: &[Sample<'_>], effort: Effort, seed: u64) -> Learnt {
    let mut weights = vec![0.0f32; BUCKETS];
    let mut bias = 0.0f32;
    let lengths = lengths(samples);
    let mut duals = vec![0.0f32; samples.len()];
    let mut order: Vec<usize> = (0..samples.len()).collect();
    let mut random = Random::new(seed);
    for _ in 0..effort.epochs {
        random.shuffle(&mut order);
        for &at in &order {
            let (Some(sample), Some(dual)) = (samples.get(at), duals.get_mut(at)) else { continue };
            let bound = effort.cost * sample.weight;
            if sample.pieces.is_empty() || bound <= 0.0 {
                continue;
            }
            let unit = 1.0 / (sample.pieces.len() as f32).sqrt();
            let side = if sample.attack { 1.0 } else { -1.0 };
            let sum: f32 = sample.pieces.iter().map(|piece| weights[*piece as usize]).sum();
            let margin = side * (sum * unit + bias);
            let new = step(lengths[at] + 1.0, margin, *dual, bound);
            let change = (new - *dual) * side;
            *dual = new;
            for piece in sample.pieces {
                weights[*piece as usize] += change * unit;
            }
            bias += change;
        }
    }
    Learnt { weights, bias }
}

/// The dual variable that is best while all others stay: the root of a rising function of its log-odds.
fn step(square: f32, margin: f32, dual: f32, bound: f32) -> f32 {
    let (square, margin, dual, bound) =
        (f64::from(square), f64::from(margin), f64::from(dual), f64::from(bound));
    let mut low = -margin - square * (bound - dual);
    let mut high = -margin + square * dual;
    let mut at = (low + high) / 2.0;
    for _ in 0..12 {
        let share = 1.0 / (1.0 + (-at).exp());
        let value = square * (bound * share - dual) + margin + at;
        if value > 0.0 {
            high = at
        } else {
            low = at
        }
        let next = at - value / (square * bound * share * (1.0 - share) + 1.0);
        let next = if next > low && next < high { next } else { (low + high) / 2.0 };
        if (next - at).abs() < 1e-6 {
            at = next;
            break;
        }
        at = next;
    }
    // A share of the bound: what f32 loses is noise.
    #[allow(clippy::cast_possible_truncation)]
    let new = (bound / (1.0 + (-at).exp())) as f32;
    new
}

/// The squared length of each sample: pieces that repeat count by the square of their number.
fn lengths(samples: &[Sample<'_>]) -> Vec<f32> {
    let mut counts = vec![0u32; BUCKETS];
    let mut lengths = Vec::with_capacity(samples.len());
    for sample in samples {
        let mut square = 0.0f64;
        for piece in sample.pieces {
            let count = &mut counts[*piece as usize];
            square += f64::from(2 * *count + 1);
            *count += 1;
        }
        for piece in sample.pieces {
            counts[*piece as usize] = 0;
        }
        #[allow(clippy::cast_possible_truncation)]
        lengths.push((square / sample.pieces.len().max(1) as f64) as f32);
    }
    lengths
}

/// Numbers from a seed (SplitMix64): the same on every machine.
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `end`, which is at least 1.
    pub(crate) fn below(&mut self, end: usize) -> usize {
        // The remainder is below `end`.
        #[allow(clippy::cast_possible_truncation)]
        let below = (self.next() % end.max(1) as u64) as usize;
        below
    }

    pub(crate) fn chance(&mut self, share: f64) -> bool {
        (self.next() >> 11) as f64 / ((1u64 << 53) as f64) < share
    }

    pub(crate) fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.below(last + 1));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_tells_the_sides_apart_is_learnt_and_repeats_bit_by_bit() {
        let texts: Vec<(Vec<u32>, bool)> =
            (0..40u32).map(|at| (vec![at % 2, 7, 100 + at], at % 2 == 0)).collect();
        let samples: Vec<Sample<'_>> = texts
            .iter()
            .map(|(pieces, attack)| Sample { pieces, attack: *attack, weight: 1.0 })
            .collect();
        let effort = Effort { cost: 1.0, epochs: 20 };
        let learnt = learn(&samples, effort, 1);
        assert!(learnt.weights[0] > 0.5 && learnt.weights[1] < -0.5);
        assert!(learnt.weights[7].abs() < 0.1);
        assert_eq!(learn(&samples, effort, 1).weights, learnt.weights);
    }

    #[test]
    fn the_step_solves_its_equation() {
        for (square, margin, dual, bound) in
            [(2.0, 0.5, 0.1, 1.0), (1.0, -3.0, 0.0, 4.0), (5.0, 9.0, 0.9, 1.0)]
        {
            let new = f64::from(step(square, margin, dual, bound));
            let odds = (new / (f64::from(bound) - new)).ln();
            let value = f64::from(square) * (new - f64::from(dual)) + f64::from(margin) + odds;
            assert!(value.abs() < 1e-2, "{value}");
        }
    }
}
