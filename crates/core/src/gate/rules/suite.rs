//! Rules about the suite: is there enough to judge by.

use super::super::evidence::Evidence;
use super::super::policy::Policy;
use super::Rules;
use crate::suite::Suite;

impl Rules {
    pub(super) fn suite(&mut self, policy: &Policy, evidence: &Evidence<'_>) {
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
}
