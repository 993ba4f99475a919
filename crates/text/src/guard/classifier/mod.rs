//! A linear model over hashed pieces of text, small enough to be always on.
//!
//! Log-odds are a sum of weights over the pieces of a window, divided by the root of their number: what a
//! longer text adds is evidence, not length. There are two heads over the same pieces. What is asked in a
//! person's own words is ordinary until it turns against the application; in a retrieved document any order
//! to a model is out of place.
//!
//! Weights are learnt by `gatemark-bench guard-train` from rows whose licences allow it and from a grammar
//! of our own, and are kept as one byte each (docs/guards.md is the model's card). The model knows what it
//! has seen: families of attacks that are unlike all of those are found little.

mod features;
mod format;
mod windows;

pub use features::{Sink, definition, walk};
pub use format::{BadModel, Combination, Head, SIGNALS};
pub use windows::{Best, WIDTHS};

use gatemark_core::guard::Profile;
use windows::{HEADS, Windows};

/// The number of buckets that a model has weights for.
pub const BUCKETS: usize = 1 << features::BITS;

/// Both heads' weights of a bucket lie together: one look into memory serves both.
type Weights = Vec<[i8; HEADS]>;

/// A trained model.
pub struct Model {
    /// What the trainer drew its numbers from.
    pub seed: u64,
    heads: [Head; HEADS],
    combinations: [Combination; HEADS],
    weights: Weights,
}

/// What the model sees in one view: for each width the best window.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Look {
    best: [[Best; WIDTHS.len()]; HEADS],
}

impl Look {
    /// The best windows for a profile, in the order of [`WIDTHS`]; negative infinity where there was
    /// nothing to look at.
    pub fn of(&self, profile: Profile) -> &[Best; WIDTHS.len()] {
        &self.best[head(profile)]
    }
}

/// The head of a profile.
fn head(profile: Profile) -> usize {
    match profile {
        Profile::User => 0,
        Profile::Document => 1,
    }
}

impl Model {
    /// The one that is built in, read anew; [`Guard::builtin`](super::Guard::builtin) keeps it.
    ///
    /// # Errors
    /// [`BadModel`] if its bytes are not those of a model for these features; a test looks that they are.
    pub fn builtin() -> Result<Self, BadModel> {
        Self::read(include_bytes!("model.bin"))
    }

    /// A model of weights as they were learnt; they lose what one byte cannot hold.
    pub fn new(
        seed: u64,
        learnt: [(&[f32], f32); HEADS],
        combinations: [Combination; HEADS],
    ) -> Self {
        let mut weights: Weights = vec![[0; HEADS]; BUCKETS];
        let heads = std::array::from_fn(|head| {
            let (values, bias) = learnt[head];
            let step = format::step(values);
            for (place, value) in weights.iter_mut().zip(values) {
                place[head] = format::byte(*value, step);
            }
            Head { bias, step }
        });
        Self { seed, heads, combinations, weights }
    }

    /// How the signals of a profile make a score.
    pub fn combination(&self, profile: Profile) -> &Combination {
        &self.combinations[head(profile)]
    }

    /// The same weights with other combinations.
    #[must_use]
    pub fn combined(mut self, combinations: [Combination; HEADS]) -> Self {
        self.combinations = combinations;
        self
    }

    /// Looks at a view: once, in time that grows with its length, in memory that does not.
    pub fn look(&self, view: &str) -> Look {
        let heads = self.heads;
        let score = move |head: usize, sum: i64, count: u64| {
            let Head { bias, step } = heads[head];
            f64::from(bias) + sum as f64 * f64::from(step) / (count.max(1) as f64).sqrt()
        };
        let mut sums = Sums {
            weights: &self.weights,
            sums: [0; HEADS],
            count: 0,
            windows: Windows::new(&score),
        };
        walk(view, &mut sums);
        Look { best: sums.windows.finish() }
    }
}

struct Sums<'a> {
    weights: &'a Weights,
    sums: [i64; HEADS],
    count: u64,
    windows: Windows<'a>,
}

impl Sink for Sums<'_> {
    fn feature(&mut self, bucket: u32) {
        if let Some(weights) = self.weights.get(bucket as usize) {
            for (sum, weight) in self.sums.iter_mut().zip(weights) {
                *sum += i64::from(*weight);
            }
        }
        self.count += 1;
    }

    fn boundary(&mut self, end: usize) {
        self.windows.boundary(end, self.sums, self.count);
    }
}

#[cfg(test)]
mod tests;
