//! The rule about who judged: a report, and an approval given on it, are of the judges of their time.

use std::collections::BTreeSet;

use super::super::evidence::{Approval, Evidence};
use super::super::policy::Policy;
use super::{Rules, figures};
use crate::id::ModelName;

impl Rules {
    /// Applies where a report is asked for and somebody judges, or did.
    pub(super) fn judges(
        &mut self,
        policy: &Policy,
        evidence: &Evidence<'_>,
        model: Option<&ModelName>,
    ) {
        let report = figures::of_this(evidence, model).filter(|_| policy.asks_for_evidence());
        let Some(report) = report else { return };
        if report.judges.is_empty() && evidence.judges.is_empty() {
            return;
        }
        let met = are_same(&report.judges, evidence.judges);
        let wanted = format!("the report is by the judges of now: {}", listed(evidence.judges));
        let found = match met {
            true => "it is".to_string(),
            false => format!("report {} is by {}", report.id, listed(&report.judges)),
        };
        let version = evidence.version;
        let fix = format!(
            "run `gatemark test {}@{}`: a judge or a judging program is another one since",
            version.prompt, version.number
        );
        self.add(17, met, wanted, found, &fix);
    }
}

/// Whether the approval is of the suite and the judges of now.
pub(super) fn is_current(approval: &Approval, evidence: &Evidence<'_>) -> bool {
    approval.suite == evidence.suite.map(|(_, digest)| digest)
        && are_same(&approval.judges, evidence.judges)
}

/// The same names, in whatever order.
fn are_same(one: &[String], other: &[String]) -> bool {
    let names = |list: &[String]| list.iter().cloned().collect::<BTreeSet<String>>();
    names(one) == names(other)
}

/// The names in a line.
pub(super) fn listed(judges: &[String]) -> String {
    if judges.is_empty() { "nobody".to_string() } else { judges.join(", ") }
}
