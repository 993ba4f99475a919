//! What a deployment is compared with later: the calls of the version whose place it took, frozen at that moment; of
//! one that is rolled back to, its own before it was replaced.

use serde::{Deserialize, Serialize};

use super::Bucket;

/// Sums over a week of the version before, in the environment of the deployment; a week, so that every
/// weekday is in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Baseline {
    /// The version that served.
    pub number: u32,
    /// The window's begin, in microseconds since 1970.
    pub since: i64,
    /// Its end: the moment of the deployment, or, of a rollback, the moment at which the version had been replaced.
    pub until: i64,
    /// The sums.
    pub bucket: Bucket,
}
