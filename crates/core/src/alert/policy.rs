//! How alerts of a rule behave.

use serde::{Deserialize, Serialize};

use crate::signal::Severity;

/// Microseconds in a second.
const SECOND: i64 = 1_000_000;

/// What an alert does by itself when it fires. What is silenced does nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Act {
    /// Pauses the rollout of its prompt.
    Pause,
    /// Has the version before serve its prompt again, as `gatemark rollback` does.
    Rollback,
    /// Stops its prompt, as `gatemark stop` does.
    Stop,
}

impl Act {
    /// Every word with its meaning.
    pub const WORDS: [(&'static str, Act); 3] =
        [("pause", Self::Pause), ("rollback", Self::Rollback), ("stop", Self::Stop)];

    /// The stored word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Pause => "pause",
            Self::Rollback => "rollback",
            Self::Stop => "stop",
        }
    }
}

/// How alerts of a rule behave. Times are in microseconds.
#[derive(Debug, Clone, PartialEq)]
pub struct Policy {
    /// How long a breach has to go on before it fires. A look at which nothing was wrong begins it anew.
    pub hold: i64,
    /// How long nothing must have been wrong before it is resolved.
    pub clear: i64,
    /// How far back over its threshold the value has to come before nothing is wrong, as a share of the threshold.
    pub hysteresis: f64,
    /// How long data must have been missing before that is told; `None` for never, which is usual: prompts that nobody
    /// calls have none.
    pub no_data: Option<i64>,
    /// Time after which what still fires is told again; `None` for never.
    pub renotify: Option<i64>,
    /// In place of the signal's own.
    pub severity: Option<Severity>,
    /// What firing does.
    pub act: Option<Act>,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            hold: 0,
            clear: 60 * SECOND,
            hysteresis: 0.0,
            no_data: None,
            renotify: Some(4 * 3600 * SECOND),
            severity: None,
            act: None,
        }
    }
}

impl Policy {
    /// How alerts of a rule behave that nobody has said anything about.
    pub fn usual(rule: &str) -> Self {
        match rule {
            // What somebody does and undoes is over when it is undone.
            "stopped" | "rollout_paused" => {
                Self { clear: 0, renotify: Some(24 * 3600 * SECOND), ..Self::default() }
            }
            // One run that fails is made good by the next.
            "task_failing" => Self { hold: 60 * SECOND, ..Self::default() },
            _ => Self::default(),
        }
    }
}
