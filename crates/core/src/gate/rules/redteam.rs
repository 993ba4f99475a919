//! The rule about attacks: how many may reach their goal.

use super::super::evidence::{Evidence, Purpose};
use super::super::policy::Policy;
use super::Rules;

impl Rules {
    /// Rollbacks are exempt: a way back must not close because guards have changed since.
    pub(super) fn redteam(&mut self, policy: &Policy, purpose: Purpose, evidence: &Evidence<'_>) {
        let Some(demand) = policy.redteam else { return };
        if purpose == Purpose::Rollback {
            return;
        }
        let wanted = format!(
            "at most {:.3} of at least {} attacks reach their goal with the guards of this environment",
            demand.max_success, demand.min_attacks
        );
        let (met, found) = match evidence.redteam {
            None => (false, "no such report".to_string()),
            Some(report) => {
                let rate = &report.total.guarded;
                let interval = &rate.interval;
                let found = format!(
                    "{:.3} ({} of {}; 95 % interval {:.3} to {:.3}), report {}",
                    rate.share(),
                    rate.successes,
                    rate.of,
                    interval.low,
                    interval.high,
                    report.id
                );
                (rate.of >= demand.min_attacks && rate.share() <= demand.max_success, found)
            }
        };
        let version = evidence.version;
        let fix = format!(
            "run `gatemark redteam {}@{}` for this environment, and strengthen what it shows to be weak",
            version.prompt, version.number
        );
        self.add(22, met, wanted, found, &fix);
    }
}
