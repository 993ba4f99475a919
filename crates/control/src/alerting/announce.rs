//! What announces itself: entries of the audit log that people want to hear of, whoever wrote them.
//!
//! The place up to which the log was read moves in the transaction that writes the messages, so each entry is told
//! once, also if it was written while no server ran. What was written before there were alerts is not news.

use gatemark_core::alert::{Notice, NoticeKind};
use gatemark_core::audit::AuditEntry;
use gatemark_core::error::Result;
use gatemark_core::signal::{Severity, Signal, SignalState};
use gatemark_store::Outgoing;

use crate::Control;

/// What is told: the entry's action, the rule under which it is told, how much it matters, and what it is.
const TOLD: [(&str, &str, Severity, &str); 11] = [
    ("rollback", "rollback", Severity::Warning, "was rolled back"),
    // Also a way back that is spread over time.
    ("rollout.start", "rollout_started", Severity::Info, "began a rollout"),
    ("rollout.abort", "rollout_aborted", Severity::Warning, "had its rollout aborted"),
    ("rollout.revert", "rollout_reverted", Severity::Critical, "had its rollout taken back"),
    (
        "rollout.refused",
        "rollout_refused",
        Severity::Warning,
        "had its rollout refused by the gate",
    ),
    (
        "rollout.stuck",
        "rollout_stuck",
        Severity::Critical,
        "turned out bad and cannot be taken back",
    ),
    ("rollout.complete", "rollout_completed", Severity::Info, "had its rollout completed"),
    ("experiment.stop_arm", "arm_stopped", Severity::Critical, "lost an arm of its experiment"),
    (
        "experiment.mismatch",
        "experiment_mismatch",
        Severity::Warning,
        "cannot be decided by its experiment",
    ),
    (
        "experiment.conclude",
        "experiment_concluded",
        Severity::Info,
        "has a result of its experiment",
    ),
    (
        "experiment.expire",
        "experiment_expired",
        Severity::Warning,
        "has no result of its experiment",
    ),
];

/// Entries read at once.
const PAGE: u32 = 500;

impl Control {
    /// Makes messages of what the audit log has that is new. Returns how many entries are told.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn announce(&self) -> Result<usize> {
        let from = self.store().announced().await?;
        if from < 0 {
            let head = self.store().audit_head().await?;
            self.store().announce(from, head.id, &[]).await?;
            return Ok(0);
        }
        let entries = self.store().audit_after(from, PAGE).await?;
        let Some(last) = entries.last() else { return Ok(0) };
        let notices: Vec<Notice> = entries.iter().filter_map(notice).collect();
        let outgoing: Vec<Outgoing> =
            notices.iter().flat_map(|notice| self.outgoing(notice)).collect();
        let first = self.store().announce(from, last.id, &outgoing).await?;
        Ok(if first { notices.len() } else { 0 })
    }
}

fn notice(entry: &AuditEntry) -> Option<Notice> {
    let (_, rule, severity, what) = TOLD.iter().find(|(action, ..)| *action == entry.action)?;
    // Entries about a place begin with its name.
    let (environment, rest) = match entry.detail.split_once(": ") {
        Some((place, rest)) if place.parse::<gatemark_core::EnvironmentName>().is_ok() => {
            (place.parse().ok(), rest)
        }
        _ => (None, entry.detail.as_str()),
    };
    let signal = Signal {
        key: format!("{rule}/{}", entry.id),
        rule: (*rule).to_string(),
        prompt: entry.subject.parse().ok(),
        environment,
        state: SignalState::Breach,
        severity: *severity,
        value: None,
        threshold: None,
        unit: String::new(),
        window: String::new(),
        since: entry.at,
        summary: format!("{} {what} by {}: {rest}", entry.subject, entry.actor),
        context: [("audit".to_string(), entry.id.to_string())].into(),
    };
    Some(Notice {
        kind: NoticeKind::Event,
        signal,
        episode: 0,
        since: entry.at,
        at: entry.at,
        actor: None,
        act: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(action: &str, detail: &str) -> AuditEntry {
        AuditEntry {
            id: 7,
            at: 5,
            actor: "ann".into(),
            action: action.into(),
            subject: "support/triage".into(),
            detail: detail.into(),
            hash: None,
        }
    }

    #[test]
    fn rollbacks_are_told_and_tests_are_not() {
        let told = notice(&entry("rollback", "production: version 1 (abc) in place of 2")).unwrap();
        assert_eq!(told.signal.environment.unwrap().as_str(), "production");
        assert_eq!(told.signal.prompt.unwrap().as_str(), "support/triage");
        assert_eq!((told.signal.rule.as_str(), told.kind), ("rollback", NoticeKind::Event));
        let summary = "support/triage was rolled back by ann: version 1 (abc) in place of 2";
        assert_eq!(told.signal.summary, summary);
        assert!(notice(&entry("test", "x")).is_none());
    }
}
