//! What the gateway takes before anybody calls it.

use std::path::Path;
use std::time::{Duration, Instant};

use crate::project::Project;
use crate::{Result, cpu};

const STARTS: usize = 10;
/// After the start, until memory is read.
const REST: Duration = Duration::from_secs(2);
const MIB: f64 = 1024.0 * 1024.0;

/// Measures and prints.
#[allow(clippy::cast_precision_loss)]
pub(crate) async fn run(binary: &Path, json: bool) -> Result<()> {
    // No call is made, so no vendor has to listen there.
    let project = Project::create(binary, ([127, 0, 0, 1], 9).into(), "metadata")?;
    let size = std::fs::metadata(binary)?.len();
    let (mut starts, mut resident) = (vec![], vec![]);
    for _ in 0..STARTS {
        let began = Instant::now();
        let server = project.serve().await?;
        starts.push(began.elapsed());
        if resident.len() < 3 {
            tokio::time::sleep(REST).await;
            resident.push(cpu::resident(server.process.id())?);
        }
    }
    starts.sort_unstable();
    resident.sort_unstable();
    let start = starts.get(STARTS / 2).copied().unwrap_or_default();
    let memory = resident.get(resident.len() / 2).copied().unwrap_or_default();
    let milliseconds = start.as_secs_f64() * 1e3;
    if json {
        let report = serde_json::json!({
            "binary_bytes": size,
            "ready_ms": milliseconds,
            "resident_bytes": memory,
        });
        println!("{report}");
    } else {
        println!("binary: {:.1} MiB", size as f64 / MIB);
        println!("start to /health/ready: {milliseconds:.0} ms (median of {STARTS})");
        println!("memory at rest: {:.1} MiB", memory as f64 / MIB);
    }
    Ok(())
}
