//! Rules about the report: is it the right one, and what it shows.

use super::super::evidence::Evidence;
use super::super::policy::Policy;
use super::Rules;
use crate::id::ModelName;
use crate::report::{Report, Summary};

impl Rules {
    pub(super) fn report(
        &mut self,
        policy: &Policy,
        evidence: &Evidence<'_>,
        model: Option<&ModelName>,
    ) {
        if !policy.asks_for_evidence() {
            return;
        }
        let report = of_this(evidence, model);
        let stopped = report.and_then(|report| report.stopped.as_deref());
        let found = match (report, stopped) {
            (None, _) => "no such report".to_string(),
            (Some(report), None) => format!("report {}", report.id),
            (Some(report), Some(why)) => format!("report {}, whose run stopped: {why}", report.id),
        };
        let named = model.map_or("none", ModelName::as_str);
        let wanted = format!("a report on exactly this version and suite with {named}");
        let version = evidence.version;
        let on = model.map(|model| chosen(evidence, model)).unwrap_or_default();
        let fix = format!("run `gatemark test {}@{}{on}`", version.prompt, version.number);
        self.add(4, report.is_some() && stopped.is_none(), wanted, found, &fix);
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
            if summary.rows > 0 && summary.timed() * 2 < summary.rows {
                let found = format!(
                    "unknown: {} of {} answers were timed now, the others failed or came from the cache",
                    summary.timed(),
                    summary.rows
                );
                let name = &evidence.version.prompt;
                let fix = format!("run `gatemark test {name} --no-cache`");
                self.add(7, false, wanted, found, &fix);
            } else {
                let fix = "shorten the prompt or use a faster model";
                self.add(7, p95 <= most, wanted, format!("{p95} ms"), fix);
            }
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
}

/// The report, if it is about exactly this version, suite and model.
pub(super) fn of_this<'a>(
    evidence: &Evidence<'a>,
    model: Option<&ModelName>,
) -> Option<&'a Report> {
    evidence.report.filter(|report| is_about(report, evidence, model))
}

/// How a command is told to ask `model` and not the serving one.
pub(super) fn chosen(evidence: &Evidence<'_>, model: &ModelName) -> String {
    let serving = evidence.version.content.models.first().map(|variant| &variant.model);
    if serving == Some(model) { String::new() } else { format!(" --model {model}") }
}

/// Whether the report is about exactly this version, suite and model.
fn is_about(report: &Report, evidence: &Evidence<'_>, model: Option<&ModelName>) -> bool {
    report.version == evidence.version.hash
        && evidence.suite.is_some_and(|(_, digest)| report.suite == digest)
        && model == Some(&report.model)
}

fn share(value: f64, part: u64, whole: u64) -> String {
    format!("{value:.3} ({part} of {whole})")
}
