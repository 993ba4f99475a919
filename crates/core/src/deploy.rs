//! Pointers of environments and their history.

use serde::{Deserialize, Serialize};

use crate::gate::{AdmittedModel, Purpose};
use crate::id::{Digest, EnvironmentName, ModelName, PromptName};
use crate::upstream::Upstreams;

/// One move of a pointer. The newest one of a prompt and environment says what serves there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deployment {
    /// Increases with every move.
    pub id: i64,
    /// The prompt.
    pub prompt: PromptName,
    /// Where.
    pub environment: EnvironmentName,
    /// The version that serves from then on.
    pub number: u32,
    /// Its hash.
    pub version: Digest,
    /// The version that served before, if any.
    pub replaced: Option<u32>,
    /// The version's model that serves, if not its first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<ModelName>,
    /// Why the pointer moved.
    pub purpose: Purpose,
    /// The report that the gate relied on, if the policy asked for one.
    pub evidence: Option<String>,
    /// Who answered in that report; nothing in deployments from before reports said so.
    #[serde(default, skip_serializing_if = "Upstreams::is_empty")]
    pub upstreams: Upstreams,
    /// The version's other models that may answer when the serving one cannot, in the order of trial.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fallbacks: Vec<AdmittedModel>,
    /// Who moved it.
    pub actor: String,
    /// When, in microseconds since 1970.
    pub at: i64,
}
