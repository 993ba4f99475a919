//! Figures of a classifier over a whole suite.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Counts by wanted and answered class.
#[derive(Debug, Clone, Default)]
pub struct Confusion {
    counts: BTreeMap<(String, String), u64>,
}

/// Figures of one class.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct ClassFigures {
    /// Answered so and rightly, of all answered so; 0 if none were.
    pub precision: f64,
    /// Answered so and rightly, of all that should have been; 0 if none should.
    pub recall: f64,
    /// Harmonic mean of the two; 0 if both are 0.
    pub f1: f64,
    /// How many should have been answered so.
    pub support: u64,
}

/// Figures over all classes.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Classification {
    /// Unweighted mean of F1 over every class that was wanted or answered, as scikit-learn's
    /// `f1_score(average="macro", zero_division=0)` counts it.
    pub macro_f1: f64,
    /// By class.
    pub classes: BTreeMap<String, ClassFigures>,
    /// Wanted class, answered class, how often; without zeros.
    pub confusion: Vec<(String, String, u64)>,
}

impl Confusion {
    /// Counts one answer.
    pub fn add(&mut self, expected: &str, actual: &str) {
        *self.counts.entry((expected.to_string(), actual.to_string())).or_default() += 1;
    }

    /// The figures; `None` if nothing was counted.
    #[allow(clippy::cast_precision_loss)]
    pub fn finish(self) -> Option<Classification> {
        if self.counts.is_empty() {
            return None;
        }
        let mut sums: BTreeMap<&str, (u64, u64, u64)> = BTreeMap::new();
        for ((expected, actual), count) in &self.counts {
            sums.entry(expected).or_default().1 += count;
            sums.entry(actual).or_default().2 += count;
            if expected == actual {
                sums.entry(expected).or_default().0 += count;
            }
        }
        let classes: BTreeMap<String, ClassFigures> = sums
            .into_iter()
            .map(|(class, (right, wanted, answered))| {
                let share = |of: u64| if of == 0 { 0.0 } else { right as f64 / of as f64 };
                let f1 = 2.0 * right as f64 / (wanted + answered).max(1) as f64;
                let (precision, recall) = (share(answered), share(wanted));
                (class.to_string(), ClassFigures { precision, recall, f1, support: wanted })
            })
            .collect();
        let macro_f1 =
            classes.values().map(|class| class.f1).sum::<f64>() / classes.len().max(1) as f64;
        let confusion = self.counts.into_iter().map(|((e, a), n)| (e, a, n)).collect();
        Some(Classification { macro_f1, classes, confusion })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_hand() {
        let mut confusion = Confusion::default();
        for (expected, actual) in [("a", "a"), ("a", "b"), ("b", "b"), ("c", "b")] {
            confusion.add(expected, actual);
        }
        let found = confusion.finish().unwrap();
        assert!((found.classes["a"].f1 - 2.0 / 3.0).abs() < 1e-12);
        assert!((found.classes["b"].f1 - 0.5).abs() < 1e-12);
        assert!((found.macro_f1 - (2.0 / 3.0 + 0.5) / 3.0).abs() < 1e-12);
        assert!(Confusion::default().finish().is_none());
    }
}
