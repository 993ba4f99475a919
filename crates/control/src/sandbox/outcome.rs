//! How a job ended.

use std::fmt;

use serde::Serialize;

/// Whether it ran at all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It was started.
    Ran(Ran),
    /// It was not started: the sandbox could not be made, or the program does not exist.
    NotRun(NotRun),
}

/// What a started job did.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Ran {
    /// Its exit code, if it exited.
    pub exit: Option<i32>,
    /// The signal that ended it, if one did.
    pub signal: Option<i32>,
    /// The limit for which we killed it, if we did.
    pub struck: Option<Struck>,
    /// What it printed, up to the limit; bytes that are no UTF-8 are replaced.
    pub stdout: String,
    /// What it printed as errors, likewise.
    pub stderr: String,
    /// CPU time of the program and of those children it waited for, in microseconds.
    pub cpu_us: u64,
    /// From its start to its end, in microseconds.
    pub wall_us: u64,
}

impl Ran {
    /// Whether it ended by itself with exit code 0.
    pub fn succeeded(&self) -> bool {
        self.exit == Some(0) && self.struck.is_none()
    }

    /// How it ended, for a person: `exit code 1`, `killed: over its time limit`.
    pub fn how(&self) -> String {
        match (self.struck, self.exit, self.signal) {
            (Some(struck), _, _) => format!("killed: {struck}"),
            (None, Some(code), _) => format!("exit code {code}"),
            (None, None, Some(signal)) => format!("ended by signal {signal}"),
            (None, None, None) => "ended".to_string(),
        }
    }

    /// The last lines of stderr, at most `lines` of them.
    pub fn last_words(&self, lines: usize) -> String {
        let all: Vec<&str> = self.stderr.trim_end().lines().collect();
        all.get(all.len().saturating_sub(lines)..).unwrap_or_default().join("\n")
    }
}

/// A limit that ended a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Struck {
    /// The time limit.
    Time,
    /// The CPU time of one process.
    Cpu,
    /// The memory of all its processes together.
    Memory,
    /// The size of what it wrote to files.
    Disk,
    /// The size of what it printed.
    Output,
    /// Nobody waited for it any more.
    Cancelled,
}

impl fmt::Display for Struck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Time => "over its time limit",
            Self::Cpu => "over its CPU limit",
            Self::Memory => "over its memory limit",
            Self::Disk => "over its disk limit",
            Self::Output => "printed more than it may",
            Self::Cancelled => "cancelled",
        })
    }
}

/// Why a job was not run. Never a reason to run it in another way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotRun(String);

impl NotRun {
    pub(crate) fn new(reason: impl Into<String>) -> Self {
        Self(reason.into())
    }
}

impl fmt::Display for NotRun {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "not run: {}", self.0)
    }
}
