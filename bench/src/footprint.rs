//! What the gateway takes before anybody calls it.

use std::path::Path;
use std::time::{Duration, Instant};

use crate::expected::Expected;
use crate::load::{self, Plan};
use crate::process::Process;
use crate::project::Project;
use crate::{Result, cpu, payload};

const STARTS: usize = 10;
/// After the start, until memory is read.
const REST: Duration = Duration::from_secs(2);
const MIB: f64 = 1024.0 * 1024.0;

/// Measures and prints.
#[allow(clippy::cast_precision_loss)]
pub(crate) async fn run(binary: &Path, prompts: usize, json: bool) -> Result<()> {
    let (_upstream, upstream) = Process::start_own(&["upstream"])?;
    let project = Project::create(binary, upstream, "metadata")?;
    project.deploy_more(prompts.saturating_sub(1))?;
    let size = std::fs::metadata(binary)?.len();
    let (mut starts, mut firsts, mut resident) = (vec![], vec![], vec![]);
    for _ in 0..STARTS {
        let began = Instant::now();
        let server = project.serve().await?;
        starts.push(began.elapsed());
        let plan = Plan {
            address: server.address,
            headers: vec![("authorization", format!("Bearer {}", project.key))],
            body: payload::named_request(false),
            expected: Expected::Bytes(payload::expected(false)),
            connections: 1,
            requests: 1,
            longest: REST,
        };
        let tally = load::run(&plan).await?;
        firsts.push(began.elapsed());
        if let Some(complaint) = tally.complaint {
            return Err(complaint.into());
        }
        if resident.len() < 3 {
            tokio::time::sleep(REST).await;
            resident.push(cpu::resident(server.process.id())?);
        }
    }
    starts.sort_unstable();
    firsts.sort_unstable();
    resident.sort_unstable();
    let middle = |times: &[Duration]| times.get(STARTS / 2).copied().unwrap_or_default();
    let (start, first) = (middle(&starts), middle(&firsts).as_secs_f64() * 1e3);
    let memory = resident.get(resident.len() / 2).copied().unwrap_or_default();
    let milliseconds = start.as_secs_f64() * 1e3;
    if json {
        let report = serde_json::json!({
            "binary_bytes": size,
            "prompts": prompts,
            "ready_ms": milliseconds,
            "first_answer_ms": first,
            "resident_bytes": memory,
        });
        println!("{report}");
    } else {
        println!("binary: {:.1} MiB", size as f64 / MIB);
        println!("start to /health/ready: {milliseconds:.0} ms (median of {STARTS})");
        println!("start to the first answered call: {first:.0} ms, {prompts} prompts deployed");
        println!("memory at rest: {:.1} MiB", memory as f64 / MIB);
    }
    Ok(())
}
