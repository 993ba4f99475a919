//! What a job may use up.

use serde::{Deserialize, Serialize};

/// What the jail's environment says to the command's allocator, which would take a GiB of address space at once:
/// the memory of a job is a limit for the jail as well. In KiB.
pub(super) const ALLOCATOR: (&str, &str) = ("MIMALLOC_ARENA_RESERVE", "8192");

/// Bounds of one job. Reaching any of them ends the job or makes the call that would pass it fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// From start to end, in milliseconds; everything is killed then.
    pub time_ms: u64,
    /// CPU time of each process, in whole seconds.
    pub cpu_s: u64,
    /// Memory in bytes: a hard limit for each process, and watched (every 25 ms) for all together.
    pub memory: u64,
    /// Bytes that may lie in its folder, all files together.
    pub disk: u64,
    /// Processes and threads at one time.
    pub processes: u64,
    /// Bytes on stdout and stderr, each.
    pub output: usize,
    /// Open files of each process.
    pub files: u64,
}

impl Default for Limits {
    /// 10 s, 512 MiB, 64 MiB of files, 32 processes, 1 MiB of output.
    fn default() -> Self {
        Self {
            time_ms: 10_000,
            cpu_s: 10,
            memory: 512 << 20,
            disk: 64 << 20,
            processes: 32,
            output: 1 << 20,
            files: 256,
        }
    }
}
