//! What the decision rests on.

use serde::{Deserialize, Serialize};

use crate::comparison::Compared;
use crate::id::{Digest, ModelName};
use crate::prompt::Version;
use crate::redteam;
use crate::report::Report;
use crate::suite::Suite;
use crate::upstream::Upstreams;

/// Somebody's consent to a version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Approval {
    /// Who.
    pub actor: String,
    /// When, in microseconds since 1970.
    pub at: i64,
    /// The suite that was the prompt's then: an approval is of a version and of what it is judged by.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suite: Option<Digest>,
    /// Who judged by that suite then; see [`Report::judges`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub judges: Vec<String>,
    /// What they said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
}

/// Why a pointer moves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Purpose {
    /// To a version that is to serve.
    Deploy,
    /// Back to one that served before.
    Rollback,
}

impl Purpose {
    /// The stored word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Deploy => "deploy",
            Self::Rollback => "rollback",
        }
    }
}

/// Everything the decision rests on.
#[derive(Debug, Clone)]
pub struct Evidence<'a> {
    /// The version that wants to serve.
    pub version: &'a Version,
    /// The suite it is judged by: the prompt's current one, or, for a rollback, the one it was admitted by.
    pub suite: Option<(&'a Suite, Digest)>,
    /// The newest report on exactly this version, suite and model, if there is one; by preference one that
    /// was made with the upstreams of now.
    pub report: Option<&'a Report>,
    /// Who judges by that suite: of the current one those of now, as [`Report::judges`] would name them.
    pub judges: &'a [String],
    /// Who answers for the version's models now.
    pub upstreams: &'a Upstreams,
    /// Approvals of this version.
    pub approvals: &'a [Approval],
    /// Whether the project vouches that the serving model's id is immutable.
    pub model_vouched: bool,
    /// Whether the version has served in this environment before.
    pub served_before: bool,
    /// The deployment that serves in the environment now, by its id.
    pub serving: Option<i64>,
    /// Whether this version is the one that serves there now.
    pub serves_already: bool,
    /// This version's report compared with the serving version's, on the same cases; `None` if one of the
    /// two reports is missing.
    pub comparison: Option<&'a Compared>,
    /// The newest report of a red team on exactly this version on its serving model, with the guards that the
    /// environment has now, if there is one.
    pub redteam: Option<&'a redteam::Report>,
    /// What is known of the version on each of its other models, in the version's order.
    pub fallbacks: &'a [FallbackEvidence<'a>],
}

/// One of a version's other models that the gate has admitted for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AdmittedModel {
    /// The model.
    pub model: ModelName,
    /// The report that the gate relied on, if the policy asked for one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evidence: Option<String>,
    /// Who answered in that report; nothing in deployments from before reports said so.
    #[serde(default, skip_serializing_if = "Upstreams::is_empty")]
    pub upstreams: Upstreams,
}

/// What the decision about a fallback model rests on.
#[derive(Debug, Clone)]
pub struct FallbackEvidence<'a> {
    /// The model.
    pub model: &'a ModelName,
    /// The newest report on exactly this version, suite and model, if there is one; by preference one that
    /// was made with the upstreams of now.
    pub report: Option<&'a Report>,
    /// Whether the project vouches that the model's id is immutable.
    pub model_vouched: bool,
}
