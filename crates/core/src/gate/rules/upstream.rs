//! The rule about who answered: a report is of the providers of its time.

use super::super::evidence::Evidence;
use super::super::policy::Policy;
use super::{Rules, figures};
use crate::id::ModelName;
use crate::upstream::differences;

impl Rules {
    /// Applies where a report is asked for and there is one.
    pub(super) fn upstream(
        &mut self,
        policy: &Policy,
        evidence: &Evidence<'_>,
        model: Option<&ModelName>,
    ) {
        let report = figures::of_this(evidence, model).filter(|_| policy.asks_for_evidence());
        let (Some(report), Some(model)) = (report, model) else { return };
        let version = evidence.version;
        let models = version.content.answering(model);
        let different = differences(&report.upstreams, evidence.upstreams, &models);
        let found = match (different.is_empty(), report.upstreams.is_empty()) {
            (true, _) => "it is".to_string(),
            (false, true) => {
                format!("report {} is from before reports said who answered", report.id)
            }
            (false, false) => format!("report {}: {}", report.id, different.join("; ")),
        };
        let wanted = "the report is of the providers as gatemark.yaml has them now".to_string();
        let on = figures::chosen(evidence, model);
        let fix = format!(
            "run `gatemark test {}@{}{on}` with this gatemark.yaml",
            version.prompt, version.number
        );
        self.add(19, different.is_empty(), wanted, found, &fix);
    }
}
