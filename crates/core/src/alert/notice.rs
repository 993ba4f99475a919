//! What people are told.

use serde::{Deserialize, Serialize};

use super::policy::Act;
use crate::signal::Signal;

/// What a notice says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Something is wrong.
    Firing,
    /// There is nothing to judge by.
    NoData,
    /// It still is as it was told.
    Reminder,
    /// It is over.
    Resolved,
    /// Somebody has taken it on.
    Acknowledged,
    /// Something was done: a rollback, a stop, a rollout that gave up. It begins and ends at once.
    Event,
    /// Somebody tries the channel.
    Test,
}

impl Kind {
    /// The stored word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Firing => "firing",
            Self::NoData => "no_data",
            Self::Reminder => "reminder",
            Self::Resolved => "resolved",
            Self::Acknowledged => "acknowledged",
            Self::Event => "event",
            Self::Test => "test",
        }
    }
}

/// One thing that is told about one alert.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Notice {
    /// What it says.
    pub kind: Kind,
    /// What it is about.
    pub signal: Signal,
    /// Which time it is that this key fires, from 1; 0 for what is no alert.
    pub episode: u32,
    /// Since when it is active, in microseconds since 1970.
    pub since: i64,
    /// When this was decided, in microseconds since 1970.
    pub at: i64,
    /// Who acknowledged it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actor: Option<String>,
    /// What it does by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub act: Option<Act>,
}

impl Notice {
    /// What every notice of one episode of one alert shares, for receivers that keep incidents.
    pub fn incident(&self) -> String {
        format!("{}#{}", self.signal.key, self.episode)
    }
}

/// Notices that go to one channel together.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Message {
    /// Stays the same however often it is sent: a receiver that has seen it can pass over it.
    pub id: String,
    /// The channel's name.
    pub channel: String,
    /// What its notices have in common; empty if that is nothing.
    pub group: String,
    /// When the first of them was decided, in microseconds since 1970.
    pub at: i64,
    /// In the order in which they were decided; never empty.
    pub notices: Vec<Notice>,
}
