//! Routes: one name for several models, and the order in which they are tried.

use std::time::Duration;

use crate::id::ModelName;

/// How a route chooses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Strategy {
    /// As written: the next one only if those before it fail or are left alone.
    Priority,
    /// At random, each by its weight; the others follow in an order drawn the same way.
    Weighted,
    /// The one that is expected to answer first; the others follow.
    LeastLatency,
}

impl Strategy {
    /// Every strategy with its word in files.
    pub const ALL: [(&'static str, Self); 3] = [
        ("priority", Self::Priority),
        ("weighted", Self::Weighted),
        ("least_latency", Self::LeastLatency),
    ];
}

/// One of a route's models.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RouteTarget {
    /// The model.
    pub model: ModelName,
    /// Its share of the calls among the others' weights; at least 1.
    pub weight: u32,
}

/// One name for several models, for calls that name no prompt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    /// How the first target is chosen.
    pub strategy: Strategy,
    /// At least one, no model twice.
    pub targets: Vec<RouteTarget>,
    /// After how long without output the next target is asked too; a provider's own setting otherwise.
    pub hedge_after: Option<Duration>,
}
