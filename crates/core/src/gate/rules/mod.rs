//! Every rule: what it wants, what was found, and how to meet it.

mod figures;
mod judges;
mod serving;
mod suite;
mod thresholds;
mod version;

use super::evidence::{Evidence, Purpose};
use super::permit::{Checklist, Finding};
use super::policy::Policy;
use crate::id::EnvironmentName;

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
    rules.report(policy, evidence);
    rules.version(policy, evidence);
    rules.serving(policy, purpose, evidence);
    rules.thresholds(policy, evidence, figures::of_this(evidence).map(|report| &report.summary));
    rules.judges(policy, evidence);
    let version = evidence.version;
    Checklist {
        prompt: version.prompt.clone(),
        environment: environment.clone(),
        number: version.number,
        version: version.hash,
        evidence: evidence.report.map(|report| report.id.clone()),
        suite: evidence.suite.map(|(_, digest)| digest),
        serving: evidence.serving,
        purpose,
        findings: rules.findings,
    }
}

/// Collects findings; rule numbers are fixed and documented in `docs/gate.md`.
struct Rules {
    findings: Vec<Finding>,
}

impl Rules {
    fn add(&mut self, rule: u8, met: bool, wanted: String, found: String, fix: &str) {
        let fix = (!met).then(|| fix.to_string());
        self.findings.push(Finding { rule, wanted, found, met, fix });
    }
}
