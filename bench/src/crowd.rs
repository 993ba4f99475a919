//! Memory while very many streams are open at once.

use std::path::PathBuf;
use std::time::Duration;

use crate::expected::Expected;
use crate::load::{self, Plan};
use crate::process::Process;
use crate::project::Project;
use crate::{Result, cpu, payload};

/// Between two looks at the memory.
const SAMPLE: Duration = Duration::from_millis(50);
/// Between two events of a stream, in milliseconds: slow enough for all of them to be open together.
const PACE: &str = "100";
const LONGEST: Duration = Duration::from_secs(120);
const MIB: f64 = 1024.0 * 1024.0;

/// How many.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Streams at once
    #[arg(long, default_value_t = 1_000)]
    streams: usize,
    /// The gateway's binary
    #[arg(long, value_name = "FILE", default_value = "target/dist/gatemark")]
    gatemark: PathBuf,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Measures and prints.
#[allow(clippy::cast_precision_loss)]
pub(crate) async fn run(options: Options) -> Result<()> {
    let (_upstream, upstream) = Process::start_own(&["upstream", "--pace", PACE])?;
    let project = Project::create(&options.gatemark, upstream, "metadata")?;
    let server = project.serve().await?;
    let plan = Plan {
        address: server.address,
        headers: vec![("authorization", format!("Bearer {}", project.key))],
        body: payload::named_request(true),
        expected: Expected::Bytes(payload::expected(true)),
        connections: options.streams,
        requests: 3 * u64::try_from(options.streams)?,
        longest: LONGEST,
    };
    let before = cpu::resident(server.process.id())? as f64 / MIB;
    let mut most: f64 = 0.0;
    let tally = {
        let mut calls = std::pin::pin!(load::run(&plan));
        loop {
            tokio::select! {
                tally = &mut calls => break tally?,
                () = tokio::time::sleep(SAMPLE) => {
                    most = most.max(cpu::resident(server.process.id())? as f64 / MIB);
                }
            }
        }
    };
    project.shipped(server.address).await?;
    let (answered, errors) = (tally.answered, tally.errors);
    if options.json {
        let report = serde_json::json!({
            "streams": options.streams, "answered": answered, "errors": errors,
            "before_mib": before, "most_mib": most,
        });
        println!("{report}");
    } else {
        println!("{} streams at once: {answered} answers, {errors} errors", options.streams);
        println!("memory: {before:.1} MiB before, at most {most:.1} MiB");
    }
    match tally.complaint {
        Some(complaint) => Err(format!("{errors} errors: {complaint}").into()),
        None => Ok(()),
    }
}
