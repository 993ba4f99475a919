//! The rules' outcomes, and the right to move a pointer that they turn into.

use serde::{Deserialize, Serialize};

use super::evidence::{AdmittedModel, Purpose};
use crate::id::{Digest, EnvironmentName, ModelName, PromptName};
use crate::upstream::Upstreams;

/// One rule and how it came out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// The rule's fixed number, the same in every environment.
    pub rule: u8,
    /// What is asked for.
    pub wanted: String,
    /// What was found.
    pub found: String,
    /// Whether it is met.
    pub met: bool,
    /// What to do, if it is not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fix: Option<String>,
}

/// Whether one of the version's other models may answer when the serving one cannot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FallbackFinding {
    /// The model.
    pub model: ModelName,
    /// The report that it was judged by, if there was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evidence: Option<String>,
    /// Who answered in that report.
    #[serde(skip)]
    pub upstreams: Upstreams,
    /// The rules about models that are not met for it; none means that it may be used.
    pub unmet: Vec<Finding>,
}

/// All rules that apply, with their outcomes.
#[derive(Debug, Clone, PartialEq)]
pub struct Checklist {
    pub(super) prompt: PromptName,
    pub(super) environment: EnvironmentName,
    pub(super) number: u32,
    pub(super) version: Digest,
    pub(super) evidence: Option<String>,
    pub(super) upstreams: Upstreams,
    pub(super) suite: Option<Digest>,
    pub(super) serving: Option<i64>,
    pub(super) purpose: Purpose,
    pub(super) findings: Vec<Finding>,
    pub(super) fallbacks: Vec<FallbackFinding>,
}

impl Checklist {
    /// The version's other models in its order, each with what speaks against it. None of them keeps the
    /// version from serving.
    pub fn fallbacks(&self) -> &[FallbackFinding] {
        &self.fallbacks
    }

    /// The checklist with one rule more, which can only make the decision stricter.
    #[must_use]
    pub fn with(mut self, finding: Finding) -> Self {
        self.findings.push(finding);
        self.findings.sort_by_key(|finding| finding.rule);
        self
    }

    /// The outcomes in the order of the rules' numbers.
    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }

    /// The rules that are not met.
    pub fn unmet(&self) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(|finding| !finding.met)
    }

    /// Whether every rule is met.
    pub fn passes(&self) -> bool {
        self.unmet().next().is_none()
    }

    /// The right to move the pointer, or the checklist back if some rule is not met.
    pub fn permit(self) -> Result<Permit, Box<Checklist>> {
        if !self.passes() {
            return Err(Box::new(self));
        }
        Ok(Permit {
            prompt: self.prompt,
            environment: self.environment,
            number: self.number,
            version: self.version,
            evidence: self.evidence,
            upstreams: self.upstreams,
            suite: self.suite,
            serving: self.serving,
            purpose: self.purpose,
            model: None,
            fallbacks: admitted(self.fallbacks),
        })
    }

    /// The right to have the version served by another of its models: if every rule is met and that model has
    /// passing evidence of its own. `None` if the version has no such model beside its first; else the permit, or
    /// the checklist back with what speaks against the model.
    pub fn permit_on(mut self, model: &ModelName) -> Option<Result<Permit, Box<Checklist>>> {
        let place = self.fallbacks.iter().position(|fallback| fallback.model == *model)?;
        let wanted = self.fallbacks.remove(place);
        if !wanted.unmet.is_empty() {
            self.findings = wanted.unmet;
            return Some(Err(Box::new(self)));
        }
        let (evidence, upstreams) = (wanted.evidence, wanted.upstreams);
        let model = Some(wanted.model);
        Some(self.permit().map(|permit| Permit { model, evidence, upstreams, ..permit }))
    }
}

fn admitted(fallbacks: Vec<FallbackFinding>) -> Vec<AdmittedModel> {
    let met = fallbacks.into_iter().filter(|fallback| fallback.unmet.is_empty());
    met.map(|fallback| AdmittedModel {
        model: fallback.model,
        evidence: fallback.evidence,
        upstreams: fallback.upstreams,
    })
    .collect()
}

/// The right to point an environment at a version. Cannot be made, copied or stored outside this module.
#[derive(Debug)]
pub struct Permit {
    prompt: PromptName,
    environment: EnvironmentName,
    number: u32,
    version: Digest,
    evidence: Option<String>,
    upstreams: Upstreams,
    suite: Option<Digest>,
    serving: Option<i64>,
    purpose: Purpose,
    model: Option<ModelName>,
    fallbacks: Vec<AdmittedModel>,
}

impl Permit {
    /// The other models that may answer for the version, in the order in which they are tried.
    pub fn fallbacks(&self) -> &[AdmittedModel] {
        &self.fallbacks
    }

    /// The model that is to serve, if not the version's first.
    pub fn model(&self) -> Option<&ModelName> {
        self.model.as_ref()
    }

    /// The prompt whose pointer may move.
    pub fn prompt(&self) -> &PromptName {
        &self.prompt
    }
    /// The environment in which it may move.
    pub fn environment(&self) -> &EnvironmentName {
        &self.environment
    }
    /// The number of the version that it may move to.
    pub fn number(&self) -> u32 {
        self.number
    }
    /// The hash of that version.
    pub fn version(&self) -> &Digest {
        &self.version
    }
    /// The id of the report that it rests on, if the policy asked for one.
    pub fn evidence(&self) -> Option<&str> {
        self.evidence.as_deref()
    }
    /// Who answered in that report.
    pub fn upstreams(&self) -> &Upstreams {
        &self.upstreams
    }
    /// The suite by which the version was judged, if the prompt has one.
    pub fn suite(&self) -> Option<&Digest> {
        self.suite.as_ref()
    }
    /// The deployment that served when the decision was taken; with another one the permit is void.
    pub fn serving(&self) -> Option<i64> {
        self.serving
    }
    /// Why it moves.
    pub fn purpose(&self) -> Purpose {
        self.purpose
    }
}
