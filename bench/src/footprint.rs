//! What the gateway takes before anybody calls it.

use std::path::Path;
use std::time::{Duration, Instant};

use crate::load::{self, Plan};
use crate::process::Process;
use crate::project::Project;
use crate::{Result, cpu};

const STARTS: usize = 10;
/// Of these, those in which memory is read.
const RESTING: usize = 3;
/// After the start, until memory is read.
const REST: Duration = Duration::from_secs(2);
/// For so long CPU time at rest is counted.
const IDLE: Duration = Duration::from_secs(5);
const MIB: f64 = 1024.0 * 1024.0;

/// Measures and prints.
#[allow(clippy::cast_precision_loss)]
pub(crate) async fn run(binary: &Path, prompts: usize, json: bool) -> Result<()> {
    let (_upstream, upstream) = Process::start_own(&["upstream"])?;
    let project = Project::create(binary, upstream, "metadata")?;
    project.deploy_more(prompts.saturating_sub(1))?;
    let size = std::fs::metadata(binary)?.len();
    let (mut starts, mut firsts, mut resident, mut idle) = (vec![], vec![], vec![], vec![]);
    for _ in 0..STARTS {
        let began = Instant::now();
        let server = project.serve().await?;
        starts.push(began.elapsed());
        // At rest means that nobody has called yet, so these starts tell nothing of the first answer.
        if resident.len() < RESTING {
            tokio::time::sleep(REST).await;
            resident.push(cpu::resident(server.process.id())?);
            let before = cpu::read(server.process.id())?;
            tokio::time::sleep(IDLE).await;
            idle.push(cpu::read(server.process.id())?.since(&before));
            continue;
        }
        let plan = Plan { longest: REST, ..Plan::named(&project, &server, false) };
        load::run(&plan).await?.into_result()?;
        firsts.push(began.elapsed());
    }
    starts.sort_unstable();
    firsts.sort_unstable();
    resident.sort_unstable();
    idle.sort_unstable();
    let middle = |times: &[Duration]| times.get(times.len() / 2).copied().unwrap_or_default();
    let (start, first) = (middle(&starts), middle(&firsts).as_secs_f64() * 1e3);
    let idle = 1e3 * middle(&idle).as_secs_f64() / IDLE.as_secs_f64();
    let memory = resident.get(resident.len() / 2).copied().unwrap_or_default();
    let milliseconds = start.as_secs_f64() * 1e3;
    if json {
        let report = serde_json::json!({
            "binary_bytes": size,
            "prompts": prompts,
            "ready_ms": milliseconds,
            "first_answer_ms": first,
            "resident_bytes": memory,
            "idle_cpu_ms_per_s": idle,
        });
        println!("{report}");
    } else {
        println!("binary: {:.1} MiB", size as f64 / MIB);
        println!("start to /health/ready: {milliseconds:.0} ms (median of {STARTS})");
        println!(
            "start to the first answered call: {first:.0} ms (median of {}), {prompts} prompts deployed",
            firsts.len()
        );
        println!("memory at rest: {:.1} MiB", memory as f64 / MIB);
        println!("CPU at rest: {idle:.1} ms a second");
    }
    Ok(())
}
