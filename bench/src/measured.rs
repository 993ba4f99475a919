//! Runs a program to its end and tells what it took.

use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeValLike;

use crate::{Result, cpu};

/// Between two looks at its memory.
const PAUSE: Duration = Duration::from_millis(10);

/// What a program took, with all that it started.
#[derive(Debug, Clone)]
pub(crate) struct Measured {
    /// User and system time.
    pub(crate) cpu: Duration,
    /// From start to end.
    pub(crate) wall: Duration,
    /// Sum of the peaks of all its processes.
    pub(crate) peak_bytes: u64,
}

/// Runs it. An exit code other than 0 is an error; what it printed is told then.
pub(crate) fn run(command: &mut Command) -> Result<Measured> {
    let before = children()?;
    let began = Instant::now();
    let child =
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    let (id, ended, peak) = (child.id(), AtomicBool::new(false), AtomicU64::new(0));
    let output = std::thread::scope(|scope| {
        scope.spawn(|| {
            while !ended.load(Ordering::Relaxed) {
                // It may end between two looks.
                peak.fetch_max(cpu::peak(id).unwrap_or(0), Ordering::Relaxed);
                std::thread::sleep(PAUSE);
            }
        });
        let output = child.wait_with_output();
        ended.store(true, Ordering::Relaxed);
        output
    })?;
    let wall = began.elapsed();
    if !output.status.success() {
        let told = String::from_utf8_lossy(&output.stderr);
        let said = String::from_utf8_lossy(&output.stdout);
        return Err(format!("{command:?} ended with {}: {told}{said}", output.status).into());
    }
    let cpu = children()?.saturating_sub(before);
    Ok(Measured { cpu, wall, peak_bytes: peak.into_inner() })
}

/// CPU time of all children that have ended.
fn children() -> Result<Duration> {
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN)?;
    let micros = usage.user_time().num_microseconds() + usage.system_time().num_microseconds();
    Ok(Duration::from_micros(u64::try_from(micros)?))
}
