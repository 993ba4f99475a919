//! Every rule: what it wants, what was found, and how to meet it.

use super::evidence::{Evidence, Purpose};
use super::permit::{Checklist, Finding};
use super::policy::Policy;
use crate::id::EnvironmentName;
use crate::report::{Report, Summary};
use crate::suite::Suite;

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
        let version = evidence.version;
        let fix = format!("run `gatemark test {}@{}`", version.prompt, version.number);
        self.add(4, report.is_some(), wanted, found, &fix);
        match report {
            Some(report) => self.figures(policy, evidence, &report.summary),
            None => self.no_figures(policy, &fix),
        }
    }

    /// What the missing report would have to show.
    fn no_figures(&mut self, policy: &Policy, fix: &str) {
        let asked = [
            (5, policy.accuracy.is_some(), "accuracy"),
            (6, policy.format_validity.is_some(), "format validity"),
            (7, policy.p95_latency_ms.is_some(), "p95 latency"),
            (8, policy.cost_per_call.is_some(), "cost of the dearest call"),
        ];
        for (rule, _, figure) in asked.into_iter().filter(|(_, is_asked, _)| *is_asked) {
            self.add(rule, false, format!("{figure} within its bound"), "no report".into(), fix);
        }
    }

    fn figures(&mut self, policy: &Policy, evidence: &Evidence<'_>, summary: &Summary) {
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
                &format!(
                    "see the failing cases with `gatemark report {}`",
                    evidence.version.prompt
                ),
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
            let known = summary.unpriced == 0;
            let met = known && summary.max_cost <= most;
            let found = if known {
                format!("dearest {}", summary.max_cost)
            } else {
                "unknown: the model has no price".to_string()
            };
            let wanted = format!("no call dearer than {most}");
            self.add(
                8,
                met,
                wanted,
                found,
                "give the model a price in gatemark.yaml, shorten the prompt, or use a cheaper model",
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
            let suite = evidence.suite.map(|(_, digest)| digest);
            let mut others: Vec<&str> = evidence
                .approvals
                .iter()
                .filter(|approval| approval.suite == suite)
                .map(|approval| approval.actor.as_str())
                .filter(|actor| *actor != version.author)
                .collect();
            others.sort_unstable();
            others.dedup();
            let wanted = format!(
                "{} approval(s) of version and suite by others than the author {}",
                policy.approvals, version.author
            );
            let found = if others.is_empty() { "none".into() } else { others.join(", ") };
            self.add(
                12,
                others.len() >= policy.approvals,
                wanted,
                found,
                &format!(
                    "ask somebody else to run `gatemark approve {}@{}`",
                    version.prompt, version.number
                ),
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
