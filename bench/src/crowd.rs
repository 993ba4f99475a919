//! Memory while very many streams are open at once.

use std::path::PathBuf;
use std::time::Duration;

use crate::load::Plan;
use crate::process::Process;
use crate::project::Project;
use crate::{Result, memory};

/// Between two looks at the memory.
const SAMPLE: Duration = Duration::from_millis(50);
/// Between two events of a stream, in milliseconds: slow enough for all of them to be open together.
const PACE: &str = "100";
const LONGEST: Duration = Duration::from_secs(120);

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
pub(crate) async fn run(options: Options) -> Result<()> {
    let (_upstream, upstream) = Process::start_own(&["upstream", "--pace", PACE])?;
    let project = Project::create(&options.gatemark, upstream, "metadata")?;
    let server = project.serve().await?;
    let plan = Plan {
        connections: options.streams,
        requests: 3 * u64::try_from(options.streams)?,
        longest: LONGEST,
        ..Plan::named(&project, &server, true)
    };
    let process = server.process.id();
    let before = memory::resident(process)?;
    let (tally, samples) = memory::under(&plan, process, SAMPLE).await?;
    project.shipped(server.address).await?;
    let most = memory::most(&samples);
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
    tally.into_result()
}
