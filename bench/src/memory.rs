//! A process' memory while it is called.

use std::time::{Duration, Instant};

use crate::load::{self, Plan, Tally};
use crate::{Result, cpu};

const MIB: f64 = 1024.0 * 1024.0;

/// What a process takes now, in MiB.
#[allow(clippy::cast_precision_loss)]
pub(crate) fn resident(process: u32) -> Result<f64> {
    Ok(cpu::resident(process)? as f64 / MIB)
}

/// Carries out `plan` and looks at the memory of `process` again and again: minutes since the beginning, and MiB.
pub(crate) async fn under(
    plan: &Plan,
    process: u32,
    every: Duration,
) -> Result<(Tally, Vec<(f64, f64)>)> {
    let began = Instant::now();
    let mut samples = vec![];
    let mut calls = std::pin::pin!(load::run(plan));
    loop {
        tokio::select! {
            tally = &mut calls => return Ok((tally?, samples)),
            () = tokio::time::sleep(every) => {
                samples.push((began.elapsed().as_secs_f64() / 60.0, resident(process)?));
            }
        }
    }
}

/// The most of it.
pub(crate) fn most(samples: &[(f64, f64)]) -> f64 {
    samples.iter().map(|(_, resident)| *resident).fold(0.0, f64::max)
}
