//! What commands answer, as JSON: the same for `--json` and for the HTTP API.

use std::collections::BTreeMap;

use gatemark_core::deploy::Deployment;
use gatemark_core::diagnostic::Diagnostic;
use gatemark_core::gate::{AdmittedModel, Checklist, FallbackFinding, Finding};
use gatemark_core::prompt::Version;
use gatemark_core::report::{Report, Row, Summary};
use gatemark_core::stage::Stage;
use gatemark_core::upstream::Upstreams;
use gatemark_store::access::KeyInfo;
use gatemark_store::prompt::PromptSummary;
use gatemark_text::diff::Change;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::registry::{Push, VersionDiff};

/// A prompt in a list.
#[derive(Debug, Serialize, ToSchema)]
pub struct PromptView {
    /// `service/name`.
    pub name: String,
    /// For people.
    pub description: Option<String>,
    /// The team that answers for it.
    pub owner: Option<String>,
    /// How many versions there are.
    pub versions: u32,
    /// The newest version's number.
    pub latest: u32,
    /// The newest version's semantic version.
    pub semver: String,
    /// The newest version's hash.
    pub hash: String,
    /// The newest version's stage: `draft`, `tested`, `in_review`, `staging`, `production` or `retired`.
    pub stage: &'static str,
    /// Version number by environment.
    pub deployed: BTreeMap<String, u32>,
    /// The current suite's hash.
    pub suite: Option<String>,
    /// Last change, in microseconds since 1970.
    pub updated_at: i64,
}

impl PromptView {
    /// A prompt whose newest version is at `stage`.
    pub fn new(prompt: PromptSummary, stage: Stage) -> Self {
        Self {
            name: prompt.name.to_string(),
            description: prompt.description,
            owner: prompt.owner,
            versions: prompt.versions,
            latest: prompt.latest_number,
            semver: prompt.latest_semver.to_string(),
            hash: prompt.latest_hash.to_string(),
            stage: stage.word(),
            deployed: prompt.deployed.into_iter().map(|(k, v)| (k.to_string(), v)).collect(),
            suite: prompt.suite.map(|digest| digest.to_string()),
            updated_at: prompt.updated_at,
        }
    }
}

/// A version, whole.
#[derive(Debug, Serialize, ToSchema)]
pub struct VersionView {
    /// `service/name`.
    pub prompt: String,
    /// 1, 2, 3 …
    pub number: u32,
    /// Semantic version.
    pub semver: String,
    /// SHA-256 of the canonical form.
    pub hash: String,
    /// Who registered it.
    pub author: String,
    /// When, in microseconds since 1970.
    pub created_at: i64,
    /// Why.
    pub changelog: Option<String>,
    /// What is served, in canonical form.
    #[schema(value_type = Object)]
    pub content: Value,
}

impl From<&Version> for VersionView {
    fn from(version: &Version) -> Self {
        Self {
            prompt: version.prompt.to_string(),
            number: version.number,
            semver: version.semver.to_string(),
            hash: version.hash.to_string(),
            author: version.author.clone(),
            created_at: version.created_at,
            changelog: version.changelog.clone(),
            content: serde_json::to_value(&version.content).unwrap_or_default(),
        }
    }
}

/// What a push did.
#[derive(Debug, Serialize, ToSchema)]
pub struct PushView {
    /// Whether anything could be registered; false means that nothing was.
    pub accepted: bool,
    /// Everything found in the files.
    #[schema(value_type = Vec<Object>)]
    pub diagnostics: Vec<Diagnostic>,
    /// What became of each prompt.
    pub prompts: Vec<PushedView>,
}

/// What became of one prompt.
#[derive(Debug, Serialize, ToSchema)]
pub struct PushedView {
    /// `service/name`.
    pub name: String,
    /// The version that its files are.
    pub number: u32,
    /// That version's semantic version.
    pub semver: String,
    /// That version's hash.
    pub hash: String,
    /// Whether the version is new.
    pub new: bool,
    /// Whether the suite changed.
    pub suite_changed: bool,
    /// What changed since the version before, each with the step it asks for.
    pub changes: Vec<String>,
}

impl From<Push> for PushView {
    fn from(push: Push) -> Self {
        let accepted = !push.is_refused();
        let prompts = push.prompts.into_iter().map(|pushed| PushedView {
            name: pushed.name.to_string(),
            number: pushed.number,
            semver: pushed.semver.to_string(),
            hash: pushed.hash.to_string(),
            new: pushed.is_new,
            suite_changed: pushed.suite_changed,
            changes: pushed.reasons.iter().map(|r| format!("{}: {}", r.bump, r.change)).collect(),
        });
        Self { accepted, prompts: prompts.collect(), diagnostics: push.diagnostics }
    }
}

/// Two versions compared.
#[derive(Debug, Serialize, ToSchema)]
pub struct DiffView {
    /// The older version's number.
    pub from: u32,
    /// The newer version's number.
    pub to: u32,
    /// Every changed field.
    #[schema(value_type = Vec<Object>)]
    pub changes: Vec<Change>,
    /// What the changes mean for the semantic version.
    pub steps: Vec<String>,
}

impl From<VersionDiff> for DiffView {
    fn from(diff: VersionDiff) -> Self {
        Self {
            from: diff.from.number,
            to: diff.to.number,
            changes: diff.changes,
            steps: diff.reasons.iter().map(|r| format!("{}: {}", r.bump, r.change)).collect(),
        }
    }
}

/// The gate's rules applied to a version.
#[derive(Debug, Serialize, ToSchema)]
pub struct GateView {
    /// Whether every rule is met.
    pub passes: bool,
    /// Each rule by its number.
    #[schema(value_type = Vec<Object>)]
    pub rules: Vec<Finding>,
    /// The version's other models and what speaks against using them as fallbacks.
    #[schema(value_type = Vec<Object>)]
    pub fallbacks: Vec<FallbackFinding>,
}

impl From<&Checklist> for GateView {
    fn from(checklist: &Checklist) -> Self {
        Self {
            passes: checklist.passes(),
            rules: checklist.findings().to_vec(),
            fallbacks: checklist.fallbacks().to_vec(),
        }
    }
}

/// One move of a pointer.
#[derive(Debug, Serialize, ToSchema)]
pub struct DeploymentView {
    /// Increases with every move.
    pub id: i64,
    /// `service/name`.
    pub prompt: String,
    /// Where.
    pub environment: String,
    /// The version that serves from then on.
    pub number: u32,
    /// Its hash.
    pub hash: String,
    /// The version that served before.
    pub replaced: Option<u32>,
    /// The version's model that serves, if not its first.
    pub model: Option<String>,
    /// `deploy` or `rollback`.
    pub purpose: String,
    /// The report that the gate relied on.
    pub evidence: Option<String>,
    /// The other models that may answer for the version, with the reports that admitted them.
    #[schema(value_type = Vec<Object>)]
    pub fallbacks: Vec<AdmittedModel>,
    /// Who.
    pub actor: String,
    /// When, in microseconds since 1970.
    pub at: i64,
}

impl From<&Deployment> for DeploymentView {
    fn from(deployment: &Deployment) -> Self {
        Self {
            id: deployment.id,
            prompt: deployment.prompt.to_string(),
            model: deployment.model.as_ref().map(ToString::to_string),
            environment: deployment.environment.to_string(),
            number: deployment.number,
            hash: deployment.version.to_string(),
            replaced: deployment.replaced,
            purpose: deployment.purpose.word().to_string(),
            evidence: deployment.evidence.clone(),
            fallbacks: deployment.fallbacks.clone(),
            actor: deployment.actor.clone(),
            at: deployment.at,
        }
    }
}

/// A report.
#[derive(Debug, Serialize, ToSchema)]
pub struct ReportView {
    /// Unique.
    pub id: String,
    /// `service/name`.
    pub prompt: String,
    /// The version's number.
    pub number: u32,
    /// The version's hash.
    pub version: String,
    /// The suite's hash.
    pub suite: String,
    /// The model.
    pub model: String,
    /// Who ran it.
    pub actor: String,
    /// When it ended, in microseconds since 1970.
    pub finished_at: i64,
    /// The judges that gave verdicts, as `service/name@number on model`.
    pub judges: Vec<String>,
    /// Who answered for each model that was asked: the settings of its provider that decide answers.
    #[schema(value_type = Object)]
    pub upstreams: Upstreams,
    /// Its figures.
    #[schema(value_type = Object)]
    pub summary: Summary,
    /// Its rows, where they were asked for.
    #[schema(value_type = Vec<Object>)]
    pub rows: Vec<Row>,
}

impl ReportView {
    /// A report with `rows`, which may be none.
    pub fn new(report: &Report, rows: Vec<Row>) -> Self {
        Self {
            id: report.id.clone(),
            prompt: report.prompt.to_string(),
            number: report.number,
            version: report.version.to_string(),
            suite: report.suite.to_string(),
            model: report.model.to_string(),
            actor: report.actor.clone(),
            finished_at: report.finished_at,
            judges: report.judges.clone(),
            upstreams: report.upstreams.clone(),
            summary: report.summary.clone(),
            rows,
        }
    }
}

/// A key, without its secret.
#[derive(Debug, Serialize, ToSchema)]
pub struct KeyView {
    /// Its name.
    pub name: String,
    /// The secret's first characters, to recognise it by.
    pub prefix: String,
    /// What it is for.
    pub roles: Vec<String>,
    /// Who made it.
    pub created_by: String,
    /// When, in microseconds since 1970.
    pub created_at: i64,
    /// When it was ended, in microseconds since 1970.
    pub revoked_at: Option<i64>,
}

impl From<KeyInfo> for KeyView {
    fn from(key: KeyInfo) -> Self {
        Self {
            name: key.name,
            prefix: key.prefix,
            roles: key.roles.iter().map(|role| role.word().to_string()).collect(),
            created_by: key.created_by,
            created_at: key.created_at,
            revoked_at: key.revoked_at,
        }
    }
}
