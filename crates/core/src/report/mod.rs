//! Evidence: what a suite found out about one version on one model.
//!
//! Rows come first and every figure is derived from them, so that a summary cannot disagree with what it
//! summarises. A case that errored, that nothing checked or that a judge was undecided on counts against
//! the version: the gate fails closed.

mod case;
mod row;
mod summary;
mod tally;
#[cfg(test)]
mod tests;
mod unmet;
mod verdict;

use serde::{Deserialize, Serialize};

pub use case::case_verdict;
pub use row::{CheckResult, Labelled, Row};
pub use summary::{Metric, Summariser, Summary};
pub use tally::Tally;
pub use verdict::Verdict;

use crate::id::{Digest, ModelName, PromptName};
use crate::upstream::Upstreams;

/// One run of a suite, bound to exactly what it tested.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// Unique.
    pub id: String,
    /// The prompt.
    pub prompt: PromptName,
    /// The version's number, for people.
    pub number: u32,
    /// The version's hash.
    pub version: Digest,
    /// The suite's hash.
    pub suite: Digest,
    /// The model that answered.
    pub model: ModelName,
    /// Who ran it.
    pub actor: String,
    /// When it ended, in microseconds since 1970.
    pub finished_at: i64,
    /// Why the run ended before its last case, if it did; what was not asked counts as untested.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stopped: Option<String>,
    /// The judges that gave verdicts, as `service/name@number on model`. Verdicts of other judges cannot
    /// be compared with these.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub judges: Vec<String>,
    /// Who answered for each model that the run asked: one, or every step of a cascade. Nothing in reports
    /// from before this was kept, which say nothing about the providers of now.
    #[serde(default, skip_serializing_if = "Upstreams::is_empty")]
    pub upstreams: Upstreams,
    /// What it found.
    pub summary: Summary,
}
