//! Non-inferiority: what is asked, and how it came out.

use serde::{Deserialize, Serialize};

use crate::stats::proportion::Interval;

/// "Not worse by more than `margin`, with `confidence`."
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct NonInferiority {
    /// Largest loss of accuracy that is accepted, 0 to 1; 0.02 is two percentage points.
    pub margin: f64,
    /// How sure to be that the loss is no larger, 0.5 to below 1: the level of a one-sided bound.
    pub confidence: f64,
}

/// Where a candidate stands against a margin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// The data refute a loss of more than the margin.
    NotWorse,
    /// The data refute a loss of the margin or less.
    Worse,
    /// They refute neither: more cases are needed.
    Inconclusive,
}

impl Standing {
    /// By one-sided `bounds` of candidate − baseline. Not a number is inconclusive.
    pub fn of(bounds: Interval, margin: f64) -> Self {
        if bounds.low >= -margin {
            Self::NotWorse
        } else if bounds.high < -margin {
            Self::Worse
        } else {
            Self::Inconclusive
        }
    }

    /// The stored word.
    pub fn word(self) -> &'static str {
        match self {
            Self::NotWorse => "not_worse",
            Self::Worse => "worse",
            Self::Inconclusive => "inconclusive",
        }
    }
}
