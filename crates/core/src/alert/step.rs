//! One look at one series.

use super::notice::{Kind, Notice};
use super::policy::Policy;
use super::state::{Alert, Status};
use crate::signal::{Signal, SignalState};

/// How long a series may go unmentioned before it counts as over, in microseconds: others who look at it may be
/// late, and write down what they see only now and then.
pub const GRACE: i64 = 30_000_000;

/// What whoever looks can say about a key.
#[derive(Debug, Clone, Copy)]
pub enum Look<'a> {
    /// This was seen.
    Seen(&'a Signal),
    /// Nobody mentioned it.
    Unmentioned,
}

/// What came of a look.
#[derive(Debug, Clone, PartialEq)]
pub struct Stepped {
    /// The next state; `None` if there is nothing to remember.
    pub alert: Option<Alert>,
    /// What is told.
    pub notice: Option<Notice>,
}

/// What a look means for an alert.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Found {
    Bad,
    Blank,
    /// Neither well nor badly enough to change anything.
    Hold,
    Well,
    Nothing,
}

impl Alert {
    /// What becomes of `before` (nothing is known of the key if `None`) by a look at `now`. `quiet` is why nothing
    /// may be told at present.
    pub fn step(
        before: Option<&Alert>,
        look: Look<'_>,
        now: i64,
        policy: &Policy,
        quiet: Option<&str>,
    ) -> Stepped {
        let found = found(before, look, policy);
        let next = match before {
            None => begun(found, look, now),
            Some(before) => before.looked_at(found, now, policy),
        };
        let Some(mut alert) = next else { return Stepped { alert: None, notice: None } };
        if let Look::Seen(signal) = look {
            alert.see(signal, policy);
        }
        // What nobody mentions goes on, and becomes nothing new by that.
        if matches!(found, Found::Bad | Found::Blank) {
            alert.rise(now, policy);
        }
        let notice = alert.tell(now, policy, quiet);
        Stepped { alert: Some(alert), notice }
    }

    /// The next state, before it is decided whether it becomes active.
    fn looked_at(&self, found: Found, now: i64, policy: &Policy) -> Option<Self> {
        let mut next = self.clone();
        let quiet_for = now.saturating_sub(self.bad_at);
        match found {
            Found::Bad => {
                next.breach_since.get_or_insert(now);
                next.blank_since = None;
                next.bad_at = now;
            }
            Found::Blank => {
                next.blank_since.get_or_insert(now);
                next.breach_since = None;
                next.bad_at = now;
            }
            Found::Hold => {
                next.breach_since = None;
                next.bad_at = now;
            }
            Found::Well => {
                (next.breach_since, next.blank_since) = (None, None);
                if self.status.is_active() && quiet_for >= policy.clear {
                    next.moved(Status::Resolved, now);
                }
            }
            Found::Nothing if quiet_for >= policy.clear.max(GRACE) => {
                (next.breach_since, next.blank_since) = (None, None);
                if self.status.is_active() {
                    next.moved(Status::Resolved, now);
                }
            }
            Found::Nothing => {}
        }
        match (self.status, next.breach_since.or(next.blank_since)) {
            (Status::Pending, None) => next.told.is_some().then(|| {
                next.moved(Status::Resolved, now);
                next
            }),
            (Status::Resolved, Some(_)) => {
                next.moved(Status::Pending, now);
                Some(next)
            }
            _ => Some(next),
        }
    }

    fn moved(&mut self, status: Status, now: i64) {
        self.status = status;
        self.since = now;
        if status == Status::Resolved {
            self.acked = None;
        }
    }

    fn see(&mut self, signal: &Signal, policy: &Policy) {
        if signal.state == SignalState::Breach {
            self.above = signal.value.zip(signal.threshold).map(|(value, limit)| value >= limit);
        }
        self.signal = signal.clone();
        if let Some(severity) = policy.severity {
            self.signal.severity = severity;
        }
    }

    /// Makes it active if it has been bad for long enough.
    fn rise(&mut self, now: i64, policy: &Policy) {
        let lasted = |since: Option<i64>, least: i64| {
            since.is_some_and(|since| now.saturating_sub(since) >= least)
        };
        let (from, to) = match self.status {
            Status::Pending | Status::NoData if lasted(self.breach_since, policy.hold) => {
                (self.status, Status::Firing)
            }
            Status::Pending
                if policy.no_data.is_some_and(|least| lasted(self.blank_since, least)) =>
            {
                (self.status, Status::NoData)
            }
            _ => return,
        };
        // Whoever still believes in the episode before is in the same one.
        if from == Status::Pending && self.told.is_none() {
            self.episode = self.episode.saturating_add(1);
        }
        if from == Status::Pending {
            self.active_since = Some(now);
        }
        self.moved(to, now);
    }

    fn tell(&mut self, now: i64, policy: &Policy, quiet: Option<&str>) -> Option<Notice> {
        let kind = self.owed(now, policy);
        self.quiet = quiet.filter(|_| kind.is_some()).map(str::to_string);
        let kind = kind.filter(|_| self.quiet.is_none())?;
        self.told = self.status.is_active().then_some(self.status);
        self.told_at = now;
        let act = policy.act.filter(|_| kind == Kind::Firing);
        Some(Notice { act, ..self.notice(kind, now) })
    }

    /// What people do not know yet.
    fn owed(&self, now: i64, policy: &Policy) -> Option<Kind> {
        let is_due = |every: i64| now.saturating_sub(self.told_at) >= every;
        match (self.status, self.told) {
            (Status::Pending, _) | (Status::Resolved, None) => None,
            (Status::Resolved, Some(_)) => Some(Kind::Resolved),
            (Status::Firing, Some(Status::Firing)) | (Status::NoData, Some(_)) => {
                let again = self.acked.is_none() && policy.renotify.is_some_and(is_due);
                again.then_some(Kind::Reminder)
            }
            (Status::Firing, _) => Some(Kind::Firing),
            (Status::NoData, None) => Some(Kind::NoData),
        }
    }
}

fn begun(found: Found, look: Look<'_>, now: i64) -> Option<Alert> {
    let Look::Seen(signal) = look else { return None };
    let (breach_since, blank_since) = match found {
        Found::Bad => (Some(now), None),
        Found::Blank => (None, Some(now)),
        Found::Hold | Found::Well | Found::Nothing => return None,
    };
    Some(Alert {
        revision: 0,
        signal: signal.clone(),
        status: Status::Pending,
        since: now,
        active_since: None,
        breach_since,
        blank_since,
        bad_at: now,
        above: None,
        episode: 0,
        told: None,
        told_at: 0,
        acked: None,
        quiet: None,
    })
}

fn found(before: Option<&Alert>, look: Look<'_>, policy: &Policy) -> Found {
    let Look::Seen(signal) = look else { return Found::Nothing };
    let active = before.filter(|alert| alert.status.is_active());
    match signal.state {
        SignalState::Breach => Found::Bad,
        // Whoever fires goes on firing while nobody can say that it is over.
        SignalState::NoData if active.is_some_and(|alert| alert.status == Status::Firing) => {
            Found::Hold
        }
        SignalState::NoData if policy.no_data.is_some() => Found::Blank,
        SignalState::NoData if active.is_some() => Found::Hold,
        SignalState::NoData => Found::Well,
        SignalState::Ok if active.is_some_and(|alert| !is_back(alert, signal, policy)) => {
            Found::Hold
        }
        SignalState::Ok => Found::Well,
    }
}

/// Whether the value has come back over its threshold by the share that the policy asks for.
fn is_back(alert: &Alert, signal: &Signal, policy: &Policy) -> bool {
    let (Some(above), Some(value), Some(limit)) = (alert.above, signal.value, signal.threshold)
    else {
        return true;
    };
    // Without a margin it is for whoever measured to say.
    if policy.hysteresis <= 0.0 {
        return true;
    }
    let margin = limit.abs() * policy.hysteresis;
    if above { value <= limit - margin } else { value >= limit + margin }
}
