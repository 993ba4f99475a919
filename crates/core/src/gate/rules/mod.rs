//! Every rule: what it wants, what was found, and how to meet it.

mod figures;
mod judges;
mod redteam;
mod serving;
mod suite;
mod thresholds;
mod upstream;
mod version;

use super::evidence::{Evidence, FallbackEvidence, Purpose};
use super::permit::{Checklist, FallbackFinding, Finding};
use super::policy::Policy;
use crate::id::{EnvironmentName, ModelName};

/// Applies `policy` to `evidence`.
pub fn decide(
    policy: &Policy,
    environment: &EnvironmentName,
    purpose: Purpose,
    evidence: &Evidence<'_>,
) -> Checklist {
    let mut rules = Rules { findings: vec![] };
    if purpose == Purpose::Rollback {
        rules.add(
            1,
            evidence.served_before,
            "a rollback goes to a version that served here before".into(),
            if evidence.served_before { "it did" } else { "it never did" }.into(),
            "deploy it instead",
        );
    }
    rules.suite(policy, evidence);
    let serving = evidence.version.content.models.first().map(|variant| &variant.model);
    rules.model(policy, evidence, serving);
    rules.version(policy, evidence);
    rules.serving(policy, purpose, evidence);
    rules.redteam(policy, purpose, evidence);
    let report = figures::of_this(evidence, serving);
    rules.thresholds(policy, evidence, report.map(|report| &report.summary));
    rules.judges(policy, evidence, serving);
    rules.upstream(policy, evidence, serving);
    let fallbacks: Vec<FallbackFinding> =
        evidence.fallbacks.iter().map(|other| on_model(policy, evidence, other)).collect();
    rules.cascade(evidence, &fallbacks);
    let version = evidence.version;
    Checklist {
        prompt: version.prompt.clone(),
        environment: environment.clone(),
        number: version.number,
        version: version.hash,
        evidence: evidence.report.map(|report| report.id.clone()),
        upstreams: evidence.report.map(|report| report.upstreams.clone()).unwrap_or_default(),
        suite: evidence.suite.map(|(_, digest)| digest),
        serving: evidence.serving,
        purpose,
        findings: sorted(rules.findings),
        fallbacks,
    }
}

/// Applies the rules about models and their reports to one of the version's models: another one that wants to
/// answer in the serving one's place, or the serving one itself where only its evidence is in question. Being
/// no worse than what serves (rule 13) is not asked: a fallback answers only where the alternative is no
/// answer.
pub fn on_model(
    policy: &Policy,
    evidence: &Evidence<'_>,
    other: &FallbackEvidence<'_>,
) -> FallbackFinding {
    let mut rules = Rules { findings: vec![] };
    let about = Evidence {
        report: other.report,
        model_vouched: other.model_vouched,
        fallbacks: &[],
        ..evidence.clone()
    };
    rules.model(policy, &about, Some(other.model));
    let report = figures::of_this(&about, Some(other.model));
    rules.thresholds(policy, &about, report.map(|report| &report.summary));
    rules.judges(policy, &about, Some(other.model));
    rules.upstream(policy, &about, Some(other.model));
    let unmet: Vec<Finding> = rules.findings.into_iter().filter(|finding| !finding.met).collect();
    let evidence = report.map(|report| report.id.clone());
    let upstreams = report.map(|report| report.upstreams.clone()).unwrap_or_default();
    FallbackFinding { model: other.model.clone(), evidence, upstreams, unmet: sorted(unmet) }
}

fn sorted(mut findings: Vec<Finding>) -> Vec<Finding> {
    findings.sort_by_key(|finding| finding.rule);
    findings
}

/// Collects findings; rule numbers are fixed and documented in `docs/gate.md`.
struct Rules {
    findings: Vec<Finding>,
}

impl Rules {
    /// Rules about the model that is to answer, and about its report.
    fn model(&mut self, policy: &Policy, evidence: &Evidence<'_>, model: Option<&ModelName>) {
        self.report(policy, evidence, model);
        self.pinned(policy, evidence, model);
    }

    fn add(&mut self, rule: u8, met: bool, wanted: String, found: String, fix: &str) {
        let fix = (!met).then(|| fix.to_string());
        self.findings.push(Finding { rule, wanted, found, met, fix });
    }
}
