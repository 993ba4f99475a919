//! Sums of judgements, exact.

use serde::{Deserialize, Serialize};

/// Largest absolute value of a score that is summed.
pub const LARGEST: f64 = 1e6;
/// Parts of 1 that are counted.
const PARTS: f64 = 1e6;

/// How many judgements, their sum in millionths, and the sum of their squares in millionths of millionths.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScoreSums {
    n: i64,
    sum: i64,
    squares: i128,
}

impl ScoreSums {
    /// One judgement, rounded to millionths; `None` for what is no number or beyond ±[`LARGEST`].
    #[allow(clippy::cast_possible_truncation)]
    pub fn of(value: f64) -> Option<Self> {
        if !value.is_finite() || value.abs() > LARGEST {
            return None;
        }
        let sum = (value * PARTS).round() as i64;
        Some(Self { n: 1, sum, squares: i128::from(sum) * i128::from(sum) })
    }

    /// The same taken back.
    #[must_use]
    pub fn negative(self) -> Self {
        Self { n: -self.n, sum: -self.sum, squares: -self.squares }
    }

    /// Adds others.
    pub fn merge(&mut self, other: Self) {
        self.n = self.n.saturating_add(other.n);
        self.sum = self.sum.saturating_add(other.sum);
        self.squares = self.squares.saturating_add(other.squares);
    }

    /// How many.
    pub fn count(&self) -> u64 {
        u64::try_from(self.n).unwrap_or(0)
    }

    /// Their mean; `None` without any.
    #[allow(clippy::cast_precision_loss)]
    pub fn mean(&self) -> Option<f64> {
        (self.n > 0).then(|| self.sum as f64 / self.n as f64 / PARTS)
    }

    /// Their sample variance, n − 1 in the denominator; `None` for fewer than two.
    #[allow(clippy::cast_precision_loss)]
    pub fn variance(&self) -> Option<f64> {
        if self.n < 2 {
            return None;
        }
        // In whole numbers, because the difference of two large floats would be noise.
        let spread = i128::from(self.n)
            .saturating_mul(self.squares)
            .saturating_sub(i128::from(self.sum).saturating_mul(i128::from(self.sum)));
        let (n, parts) = (self.n as f64, PARTS * PARTS);
        Some((spread as f64 / n / (n - 1.0) / parts).max(0.0))
    }
}
