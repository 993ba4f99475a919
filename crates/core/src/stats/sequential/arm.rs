//! The two sides of a comparison, and the chance by which a unit comes to one of them.

use serde::{Deserialize, Serialize};

/// A side.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Arm {
    /// What serves already.
    Control,
    /// What may replace it.
    Candidate,
}

/// The chance that a unit is the candidate's, as it was known when the unit was assigned; inside (0, 1).
///
/// Among several arms it is the candidate's weight over the sum of its and control's. Where only a sample
/// is scored, at rates s of each arm: π·s_candidate / (π·s_candidate + (1 − π)·s_control).
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(try_from = "f64", into = "f64")]
pub struct Share(f64);

impl Share {
    /// A share strictly between 0 and 1; `None` for anything else.
    pub fn new(share: f64) -> Option<Self> {
        (share > 0.0 && share < 1.0).then_some(Self(share))
    }

    /// A share in hundredths of a percent, 1 to 9,999; `None` for anything else.
    pub fn of_basis_points(points: u32) -> Option<Self> {
        Self::new(f64::from(points) / 10_000.0)
    }

    /// The chance.
    pub fn value(self) -> f64 {
        self.0
    }

    /// 1/π for the candidate and −1/(1 − π) for control: times this, an outcome has the difference of the
    /// two means as its expectation (Horvitz & Thompson, JASA 47 (1952)).
    pub fn weight(self, arm: Arm) -> f64 {
        match arm {
            Arm::Candidate => 1.0 / self.0,
            Arm::Control => -1.0 / (1.0 - self.0),
        }
    }

    /// 1/(π(1 − π)), the mean of the squared weights.
    pub fn spread(self) -> f64 {
        1.0 / (self.0 * (1.0 - self.0))
    }
}

impl TryFrom<f64> for Share {
    type Error = &'static str;

    fn try_from(share: f64) -> Result<Self, &'static str> {
        Self::new(share).ok_or("a share lies between 0 and 1, without the two")
    }
}

impl From<Share> for f64 {
    fn from(share: Share) -> Self {
        share.0
    }
}

/// Observations of one arm, each between 0 and 1, counted together.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Total {
    /// How many.
    pub n: u64,
    /// Their sum, 0 to n.
    pub sum: f64,
}

impl Total {
    /// `successes` out of `n`.
    #[allow(clippy::cast_precision_loss)]
    pub fn counted(successes: u64, n: u64) -> Self {
        Self { n, sum: successes.min(n) as f64 }
    }

    /// Adds one observation.
    pub fn add(&mut self, outcome: f64) {
        self.n += 1;
        self.sum += outcome;
    }

    /// Adds those of another.
    pub fn merge(&mut self, other: &Self) {
        self.n += other.n;
        self.sum += other.sum;
    }

    /// Mean; `None` for none.
    #[allow(clippy::cast_precision_loss)]
    pub fn mean(&self) -> Option<f64> {
        (self.n > 0).then(|| self.sum / self.n as f64)
    }

    /// The count and the sum within 0 to it.
    #[allow(clippy::cast_precision_loss)]
    pub(crate) fn bounded(&self) -> (f64, f64) {
        let n = self.n as f64;
        (n, self.sum.clamp(0.0, n))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn impossible_shares_cannot_be_written_down() {
        for share in [0.0, 1.0, -0.1, 2.0, f64::NAN] {
            assert_eq!(Share::new(share), None);
        }
        assert_eq!(Share::of_basis_points(10_000), None);
        assert_eq!(Share::of_basis_points(500), Share::new(0.05));
        assert!(serde_json::from_str::<Share>("1.5").is_err());
        assert_eq!(serde_json::from_str::<Share>("0.5").unwrap(), Share::new(0.5).unwrap());
    }

    #[test]
    fn weights_cancel_in_the_mean() {
        let share = Share::new(0.1).unwrap();
        let mean = 0.1 * share.weight(Arm::Candidate) + 0.9 * share.weight(Arm::Control);
        assert!(mean.abs() < 1e-15);
        let squares =
            0.1 * share.weight(Arm::Candidate).powi(2) + 0.9 * share.weight(Arm::Control).powi(2);
        assert!((squares - share.spread()).abs() < 1e-12);
    }
}
