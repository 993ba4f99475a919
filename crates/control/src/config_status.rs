//! What a running server shows of its configuration: what is in force, and what is not and why.

use gatemark_core::diagnostic::Diagnostic;
use gatemark_core::id::{EnvironmentName, PromptName};
use gatemark_gateway::Unproven;
use serde::Serialize;

use crate::snapshot::Held;

/// A problem in the files.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct ConfigProblem {
    /// Path relative to the project.
    pub file: String,
    /// First is 1; 0 for the whole file.
    pub line: usize,
    /// First is 1; 0 for the whole line.
    pub column: usize,
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
}

/// A configuration that is not in force because it cannot be used.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct Refusal {
    /// When it was refused, in microseconds since 1970.
    pub at: i64,
    /// Digest of its files.
    pub digest: String,
    /// Why, in one sentence.
    pub message: String,
    /// Every problem of the files; empty if they are sound but cannot be put in force.
    pub problems: Vec<ConfigProblem>,
}

/// A deployment that this server cannot serve, so that it goes on with what served before.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct HeldDeployment {
    /// The prompt.
    pub prompt: String,
    /// Where it is deployed.
    pub environment: String,
    /// The version that is deployed.
    pub deployed: u32,
    /// The version that goes on serving here.
    pub serving: u32,
    /// Why.
    pub reason: String,
}

/// What of a deployed version no report holds for under the configuration in force, so that it is not used.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct WithoutEvidence {
    /// The prompt.
    pub prompt: String,
    /// Where it is deployed.
    pub environment: String,
    /// The version.
    pub version: u32,
    /// Its model in question.
    pub model: String,
    /// Whether calls to the version are refused for it; else only this model is not asked.
    pub refused: bool,
    /// What there is in place of evidence.
    pub reason: String,
}

/// What is in force, and what is not.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct ConfigStatus {
    /// Counts the configurations of this process from 1.
    pub revision: u64,
    /// The registry's revision that serves.
    pub registry_revision: i64,
    /// When the configuration was put in force, in microseconds since 1970.
    pub loaded_at: i64,
    /// Digest of its files; `null` before they were first looked at.
    pub digest: Option<String>,
    /// The files that are looked at.
    pub files: Vec<String>,
    /// Changes put in force since the start.
    pub applied: u64,
    /// Changes refused since the start.
    pub refused: u64,
    /// Why the files as they are now are not in force.
    pub last_error: Option<Refusal>,
    /// Deployments that cannot be served here.
    pub held: Vec<HeldDeployment>,
    /// What is deployed without evidence under this configuration.
    pub without_evidence: Vec<WithoutEvidence>,
}

impl From<(&PromptName, &EnvironmentName, &Unproven)> for WithoutEvidence {
    fn from((prompt, environment, one): (&PromptName, &EnvironmentName, &Unproven)) -> Self {
        Self {
            prompt: prompt.to_string(),
            environment: environment.to_string(),
            version: one.number,
            model: one.model.to_string(),
            refused: one.stops,
            reason: one.reason.clone(),
        }
    }
}

impl From<&Diagnostic> for ConfigProblem {
    fn from(found: &Diagnostic) -> Self {
        let place = &found.place;
        Self {
            file: place.file.clone(),
            line: place.line,
            column: place.column,
            message: found.message.clone(),
            hint: found.hint.clone(),
        }
    }
}

impl From<&Held> for HeldDeployment {
    fn from(held: &Held) -> Self {
        Self {
            prompt: held.prompt.to_string(),
            environment: held.environment.to_string(),
            deployed: held.deployed,
            serving: held.serving,
            reason: held.reason.clone(),
        }
    }
}
