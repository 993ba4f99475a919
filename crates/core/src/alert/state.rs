//! What is kept of an alert.

use serde::{Deserialize, Serialize};

use super::notice::{Kind, Notice};
use crate::error::{Error, Kind as ErrorKind, Result};
use crate::signal::Signal;

/// Where an alert is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Something is wrong, not yet for long enough.
    Pending,
    /// Something is wrong.
    Firing,
    /// There was nothing to judge by for too long.
    NoData,
    /// It is over.
    Resolved,
}

impl Status {
    /// Every status.
    pub const ALL: [Status; 4] = [Self::Pending, Self::Firing, Self::NoData, Self::Resolved];

    /// The stored word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Firing => "firing",
            Self::NoData => "no_data",
            Self::Resolved => "resolved",
        }
    }

    /// Whether people should know: firing or without data.
    pub fn is_active(self) -> bool {
        matches!(self, Self::Firing | Self::NoData)
    }
}

/// Somebody who has taken it on: no more reminders.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ack {
    /// Who.
    pub actor: String,
    /// When, in microseconds since 1970.
    pub at: i64,
    /// What they say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// An alert. Times are in microseconds since 1970.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Alert {
    /// Grows with every change that is stored; 0 before the first.
    pub revision: i64,
    /// As it was last seen.
    pub signal: Signal,
    /// Where it is.
    pub status: Status,
    /// Since when.
    pub since: i64,
    /// Since when it is active; while it is not, since when it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub active_since: Option<i64>,
    /// Since when each look found a breach.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub breach_since: Option<i64>,
    /// Since when each look found nothing to judge by.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub blank_since: Option<i64>,
    /// When a look last found something other than all well.
    pub bad_at: i64,
    /// Whether the last breach was above its threshold.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub above: Option<bool>,
    /// How often it has become active.
    pub episode: u32,
    /// What people believe it to be: what they were last told of, unless they were told that it is over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub told: Option<Status>,
    /// When they were last told anything.
    #[serde(default)]
    pub told_at: i64,
    /// Who has taken it on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acked: Option<Ack>,
    /// Why something is not told that otherwise were.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quiet: Option<String>,
}

impl Alert {
    /// Its key.
    pub fn key(&self) -> &str {
        &self.signal.key
    }

    /// Notes who has taken it on, which is told.
    ///
    /// # Errors
    /// `Conflict` if it is not active.
    pub fn acknowledge(&mut self, ack: Ack) -> Result<Notice> {
        if !self.status.is_active() {
            let message =
                format!("{} is {}: there is nothing to take on", self.key(), self.status.word());
            return Err(Error::new(ErrorKind::Conflict, message).coded("alert_not_active"));
        }
        let (actor, at) = (Some(ack.actor.clone()), ack.at);
        self.acked = Some(ack);
        Ok(Notice { actor, ..self.notice(Kind::Acknowledged, at) })
    }

    /// What receivers that forget are told again while it is active.
    pub fn standing(&self, now: i64) -> Notice {
        let kind = if self.status == Status::NoData { Kind::NoData } else { Kind::Firing };
        self.notice(kind, now)
    }

    /// A notice about it.
    pub(super) fn notice(&self, kind: Kind, at: i64) -> Notice {
        Notice {
            kind,
            signal: self.signal.clone(),
            episode: self.episode,
            since: self.active_since.unwrap_or(self.since),
            at,
            actor: None,
            act: None,
        }
    }
}
