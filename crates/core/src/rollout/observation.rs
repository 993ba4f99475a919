//! What one call showed, as a rollout sees it.

use serde::{Deserialize, Serialize};

use crate::call::{CallRecord, Outcome};
use crate::money::NanoUsd;

/// What was seen of a call.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Seen {
    /// How it ended.
    Call {
        /// The outcome.
        outcome: Outcome,
        /// Whether a vendor was asked more than once, or the answer had to be repaired.
        retried: bool,
        /// From accepting it to the end of its answer, in microseconds; `None` if the answer had been given
        /// before.
        latency_us: Option<u64>,
        /// What it cost or, if the answer had been given before, would have cost; `None` without a price.
        cost: Option<NanoUsd>,
    },
    /// A judgement on it that came later.
    Score {
        /// Whose, e.g. `quality`.
        name: String,
        /// Its value.
        value: f64,
    },
}

impl Seen {
    /// What a call's record shows; `None` for calls that were left before they ended, which show nothing.
    pub fn of(record: &CallRecord) -> Option<Self> {
        if record.outcome == Outcome::Cancelled {
            return None;
        }
        Some(Self::Call {
            outcome: record.outcome,
            retried: record.is_retried(),
            latency_us: (!record.cached).then_some(record.latency_us),
            cost: record.priced.then_some(record.cost + record.saved),
        })
    }

    /// Under which name a unit is counted once: one observation of how its calls end, one of each score.
    pub fn name(&self) -> &str {
        match self {
            Self::Call { .. } => "call",
            Self::Score { name, .. } => name,
        }
    }
}

/// How a unit was counted before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Earlier {
    /// The share at that time, in basis points.
    pub share: u16,
    /// Whether it had the candidate.
    pub candidate: bool,
}

/// One observation, as it is stored.
#[derive(Debug, Clone, PartialEq)]
pub struct Observation {
    /// Increases with every observation stored.
    pub seq: i64,
    /// The epoch in which the call was assigned.
    pub epoch: u32,
    /// Whether it was the candidate's.
    pub candidate: bool,
    /// The arm's name; `None` in observations from before there were several.
    pub arm: Option<String>,
    /// The unit's pseudonym; `None` if the call itself is the unit.
    pub unit: Option<String>,
    /// How the unit was counted before, in this epoch and under this name.
    pub earlier: Option<Earlier>,
    /// The candidate's share when the call was assigned, in basis points.
    pub share: u16,
    /// When the call began, in microseconds since 1970.
    pub at: i64,
    /// What it showed.
    pub seen: Seen,
}

/// A unit that counts from now on: stored beside the state that it is counted in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counted {
    /// Its pseudonym.
    pub unit: String,
    /// Of what.
    pub name: String,
    /// The share by which, in basis points.
    pub share: u16,
    /// Whether it had the candidate.
    pub candidate: bool,
}
