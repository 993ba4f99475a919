//! The gate's decision, as a function of policy and evidence.
//!
//! A [`Permit`] is the only thing by which the store moves a pointer, and [`Checklist::permit`] is the
//! only thing that makes one, out of a checklist on which every rule is met:
//!
//! ```compile_fail
//! use gatemark_core::gate::Permit;
//! let forged = Permit { prompt: todo!(), environment: todo!(), number: 1, version: todo!(), evidence: None, purpose: todo!() };
//! ```
//!
//! So "nothing is served without evidence" is a property of the types here; collecting true evidence is
//! the job of `gatemark_control::gate`.

use serde::{Deserialize, Serialize};

use crate::id::{Digest, EnvironmentName, PromptName};
use crate::money::NanoUsd;
use crate::prompt::Version;
use crate::report::Report;
use crate::suite::Suite;

/// The rules of one environment. A rule that is `None`, `false`, 0 or empty is not applied.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Policy {
    /// Least number of cases in the suite.
    pub min_cases: usize,
    /// Categories that the suite must have.
    pub categories: Vec<String>,
    /// Least share of cases that pass, 0 to 1; a suite's own threshold takes its place.
    pub accuracy: Option<f64>,
    /// Least share of answers in the demanded form, 0 to 1.
    pub format_validity: Option<f64>,
    /// Longest 95th percentile of latency, in milliseconds; a version's timeout below it takes its place.
    pub p95_latency_ms: Option<u64>,
    /// Dearest call in the report; a version's own cap below it takes its place.
    pub cost_per_call: Option<NanoUsd>,
    /// Whether the model must be pinned to an immutable id.
    pub pinned_model: bool,
    /// Whether the version must define a static fallback.
    pub fallback: bool,
    /// Whether the version must say why it exists.
    pub changelog: bool,
    /// Approvals needed from people other than the author.
    pub approvals: usize,
}

impl Policy {
    /// What production asks for unless the project says otherwise.
    pub fn production() -> Self {
        Self {
            min_cases: 50,
            categories: ["happy", "edge", "adversarial"].map(String::from).to_vec(),
            accuracy: Some(0.95),
            format_validity: Some(0.99),
            p95_latency_ms: Some(10_000),
            cost_per_call: Some(NanoUsd(50_000_000)),
            pinned_model: true,
            fallback: true,
            changelog: true,
            approvals: 1,
        }
    }

    /// No rules: for places where nobody is hurt.
    pub fn open() -> Self {
        Self {
            min_cases: 0,
            categories: vec![],
            accuracy: None,
            format_validity: None,
            p95_latency_ms: None,
            cost_per_call: None,
            pinned_model: false,
            fallback: false,
            changelog: false,
            approvals: 0,
        }
    }

    /// Whether some rule needs a report.
    pub fn asks_for_evidence(&self) -> bool {
        self.accuracy.is_some()
            || self.format_validity.is_some()
            || self.p95_latency_ms.is_some()
            || self.cost_per_call.is_some()
    }
}

/// Somebody's consent to a version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Approval {
    /// Who.
    pub actor: String,
    /// When, in microseconds since 1970.
    pub at: i64,
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
    /// The newest report on exactly this version, suite and model, if there is one.
    pub report: Option<&'a Report>,
    /// Approvals of this version.
    pub approvals: &'a [Approval],
    /// Whether the project vouches that the serving model's id is immutable.
    pub model_vouched: bool,
    /// Whether the version has served in this environment before.
    pub served_before: bool,
}

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

/// All rules that apply, with their outcomes.
#[derive(Debug, Clone, PartialEq)]
pub struct Checklist {
    prompt: PromptName,
    environment: EnvironmentName,
    number: u32,
    version: Digest,
    evidence: Option<String>,
    purpose: Purpose,
    findings: Vec<Finding>,
}

impl Checklist {
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
    pub fn permit(self) -> Result<Permit, Checklist> {
        if !self.passes() {
            return Err(self);
        }
        Ok(Permit {
            prompt: self.prompt,
            environment: self.environment,
            number: self.number,
            version: self.version,
            evidence: self.evidence,
            purpose: self.purpose,
        })
    }
}

/// The right to point an environment at a version. Cannot be made, copied or stored outside this module.
#[derive(Debug)]
pub struct Permit {
    prompt: PromptName,
    environment: EnvironmentName,
    number: u32,
    version: Digest,
    evidence: Option<String>,
    purpose: Purpose,
}

impl Permit {
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
    /// Why it moves.
    pub fn purpose(&self) -> Purpose {
        self.purpose
    }
}

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
    let version = evidence.version;
    Checklist {
        prompt: version.prompt.clone(),
        environment: environment.clone(),
        number: version.number,
        version: version.hash,
        evidence: evidence.report.map(|report| report.id.clone()),
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

    fn suite(&mut self, policy: &Policy, evidence: &Evidence<'_>) {
        let suite = evidence.suite.map(|(suite, _)| suite);
        if policy.min_cases > 0 || policy.asks_for_evidence() {
            let cases = suite.map_or(0, |suite| suite.cases.len());
            let least = policy.min_cases.max(1);
            let wanted = format!("the suite has at least {least} cases");
            self.add(
                2,
                cases >= least,
                wanted,
                format!("{cases} cases"),
                "add cases to suite.yaml and push",
            );
        }
        if !policy.categories.is_empty() {
            let present = suite.map(Suite::categories).unwrap_or_default();
            let missing: Vec<&str> = policy
                .categories
                .iter()
                .map(String::as_str)
                .filter(|category| !present.contains_key(category))
                .collect();
            let found = if missing.is_empty() {
                "all present".into()
            } else {
                format!("no case of {}", missing.join(", "))
            };
            let wanted = format!("the suite covers {}", policy.categories.join(", "));
            self.add(3, missing.is_empty(), wanted, found, "add cases of the missing categories");
        }
    }

    fn report(&mut self, policy: &Policy, evidence: &Evidence<'_>) {
        if !policy.asks_for_evidence() {
            return;
        }
        let report = evidence.report.filter(|report| is_about(report, evidence));
        let model = evidence.version.content.models.first().map_or("none", |v| v.model.as_str());
        let found =
            report.map_or("no such report".into(), |report| format!("report {}", report.id));
        let wanted = format!("a report on exactly this version and suite with {model}");
        self.add(4, report.is_some(), wanted, found, "run `gatemark test`");
        let Some(report) = report else { return };
        let summary = &report.summary;
        if let Some(threshold) = policy.accuracy {
            let own = evidence.suite.and_then(|(suite, _)| suite.thresholds.accuracy);
            let least = own.unwrap_or(threshold);
            let accuracy = summary.total.accuracy();
            let wanted = format!(
                "accuracy at least {least:.3}{}",
                if own.is_some() { " (the suite's own)" } else { "" }
            );
            let found = share(accuracy, summary.total.passed, summary.total.cases);
            self.add(
                5,
                accuracy >= least,
                wanted,
                found,
                "see the failing cases with `gatemark report`",
            );
        }
        if let Some(least) = policy.format_validity {
            let validity = summary.total.format_validity();
            let found = share(validity, summary.total.format_valid, summary.total.cases);
            let wanted = format!("format validity at least {least:.3}");
            self.add(
                6,
                validity >= least,
                wanted,
                found,
                "make the prompt state its output format",
            );
        }
        let limits = &evidence.version.content.limits;
        if let Some(policy_ms) = policy.p95_latency_ms {
            let most = limits.timeout_ms.map_or(policy_ms, |own| own.min(policy_ms));
            let p95 = summary.p95_latency_us.div_ceil(1000);
            let wanted = format!("p95 latency at most {most} ms");
            self.add(
                7,
                p95 <= most,
                wanted,
                format!("{p95} ms"),
                "shorten the prompt or use a faster model",
            );
        }
        if let Some(policy_cost) = policy.cost_per_call {
            let most = limits.cost_per_call.map_or(policy_cost, |own| own.min(policy_cost));
            let met = summary.max_cost <= most;
            let wanted = format!("no call dearer than {most}");
            self.add(
                8,
                met,
                wanted,
                format!("dearest {}", summary.max_cost),
                "shorten the prompt or use a cheaper model",
            );
        }
    }

    fn version(&mut self, policy: &Policy, evidence: &Evidence<'_>) {
        let version = evidence.version;
        if policy.pinned_model {
            let model = version.content.models.first().map(|variant| &variant.model);
            let met = model.is_some_and(|model| model.is_pinned() || evidence.model_vouched);
            let found = model.map_or("no model".into(), ToString::to_string);
            self.add(
                9,
                met,
                "the model is pinned to an immutable id".into(),
                found,
                "name a dated model id, or set `pinned: true` on the model if its id never moves",
            );
        }
        if policy.fallback {
            let met = version.content.output.fallback.is_some();
            let found = if met { "defined" } else { "none" }.into();
            self.add(
                10,
                met,
                "a static fallback is defined".into(),
                found,
                "add `output.fallback` to prompt.yaml",
            );
        }
        if policy.changelog {
            let met = version.changelog.as_deref().is_some_and(|text| !text.trim().is_empty());
            let found = if met { "present" } else { "none" }.into();
            self.add(
                11,
                met,
                "the version has a changelog entry".into(),
                found,
                "add `changelog` to prompt.yaml and push again",
            );
        }
        if policy.approvals > 0 {
            let mut others: Vec<&str> = evidence
                .approvals
                .iter()
                .map(|approval| approval.actor.as_str())
                .filter(|actor| *actor != version.author)
                .collect();
            others.sort_unstable();
            others.dedup();
            let wanted = format!(
                "{} approval(s) by others than the author {}",
                policy.approvals, version.author
            );
            let found = if others.is_empty() { "none".into() } else { others.join(", ") };
            self.add(
                12,
                others.len() >= policy.approvals,
                wanted,
                found,
                "ask somebody else to run `gatemark approve`",
            );
        }
    }
}

/// Whether the report is about exactly this version, suite and serving model.
fn is_about(report: &Report, evidence: &Evidence<'_>) -> bool {
    let serving = evidence.version.content.models.first().map(|variant| &variant.model);
    report.version == evidence.version.hash
        && evidence.suite.is_some_and(|(_, digest)| report.suite == digest)
        && serving == Some(&report.model)
}

fn share(value: f64, part: u64, whole: u64) -> String {
    format!("{value:.3} ({part} of {whole})")
}
