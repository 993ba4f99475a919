//! Rules about the version itself.

use super::super::evidence::{Approval, Evidence};
use super::super::permit::FallbackFinding;
use super::super::policy::Policy;
use super::{Rules, judges};
use crate::id::ModelName;

impl Rules {
    /// A cascade that cannot go up is not what was tested: each further step must be admitted itself.
    pub(super) fn cascade(&mut self, evidence: &Evidence<'_>, others: &[FallbackFinding]) {
        let steps = evidence.version.content.upper_steps();
        if steps.is_empty() {
            return;
        }
        let admitted = |step: &&ModelName| {
            others.iter().any(|other| other.model == **step && other.unmet.is_empty())
        };
        let missing: Vec<&str> =
            steps.iter().filter(|step| !admitted(step)).map(ModelName::as_str).collect();
        let found = match missing.as_slice() {
            [] => "all of them".to_string(),
            missing => format!("not {}", missing.join(", ")),
        };
        let version = evidence.version;
        let fix = format!(
            "run `gatemark test {}@{} --model {}` and see what it lacks with `gatemark gate`",
            version.prompt,
            version.number,
            missing.first().copied().unwrap_or_default()
        );
        let wanted = "every further step of the cascade meets the rules about models".to_string();
        self.add(18, missing.is_empty(), wanted, found, &fix);
    }

    pub(super) fn pinned(
        &mut self,
        policy: &Policy,
        evidence: &Evidence<'_>,
        model: Option<&ModelName>,
    ) {
        if !policy.pinned_model {
            return;
        }
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

    pub(super) fn version(&mut self, policy: &Policy, evidence: &Evidence<'_>) {
        let version = evidence.version;
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
            self.approvals(policy, evidence);
        }
    }

    fn approvals(&mut self, policy: &Policy, evidence: &Evidence<'_>) {
        let version = evidence.version;
        let by_others = evidence.approvals.iter().filter(|given| given.actor != version.author);
        let (current, stale): (Vec<&Approval>, Vec<&Approval>) =
            by_others.partition(|approval| judges::is_current(approval, evidence));
        let mut others: Vec<&str> = current.iter().map(|given| given.actor.as_str()).collect();
        others.sort_unstable();
        others.dedup();
        let of = if evidence.judges.is_empty() {
            "version and suite"
        } else {
            "version, suite and judges"
        };
        let wanted = format!(
            "{} approval(s) of {of} by others than the author {}",
            policy.approvals, version.author
        );
        let mut found = if others.is_empty() { "none".to_string() } else { others.join(", ") };
        let suite = evidence.suite.map(|(_, digest)| digest);
        for old in stale.iter().filter(|old| !others.contains(&old.actor.as_str())) {
            let why = match old.suite == suite {
                true => format!("{} judged", judges::listed(&old.judges)),
                false => "the suite was another".to_string(),
            };
            found.push_str(&format!("; {} approved when {why}", old.actor));
        }
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
