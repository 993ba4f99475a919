//! Two independent samples at one look that was planned before.
//!
//! Each p-value is for a single look. Looked at every 100 calls, a z-test at 0.05 declares a difference in
//! 32 % of A/A tests; for continuous looking there is [`super::sequential`].

mod kolmogorov;
mod mann_whitney;
mod shares;
mod welch;

pub use kolmogorov::{KolmogorovSmirnov, kolmogorov_smirnov};
pub use mann_whitney::{MannWhitney, Method, mann_whitney};
pub use shares::{TwoProportions, two_proportions};
pub use welch::Welch;

use super::distribution::normal_cdf;

/// Which differences speak against the null hypothesis; the first sample is compared with the second.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Alternative {
    /// Any.
    #[default]
    TwoSided,
    /// The first is greater.
    Greater,
    /// The first is less.
    Less,
}

impl Alternative {
    /// The p-value of a standard normal statistic.
    fn normal(self, z: f64) -> f64 {
        match self {
            Self::TwoSided => (2.0 * normal_cdf(-z.abs())).min(1.0),
            Self::Greater => normal_cdf(-z),
            Self::Less => normal_cdf(z),
        }
    }
}
