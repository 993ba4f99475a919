//! CPU time that the sandbox adds to a program: the same Python jailed and bare, in turns.
//!
//! Counted is what this process and everything below it used, user and system time, as the kernel tells it
//! of children that have ended; so the launcher, the jail and the program are in it. What the kernel does
//! later in threads of its own, such as taking a network namespace apart, is not, and is shown by nobody.

use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use gatemark_control::sandbox::{Job, Layers, Outcome, Sandbox};
use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeValLike;
use serde::Serialize;

use crate::Result;

/// What to measure.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Runs of each kind in a round
    #[arg(long, default_value_t = 50)]
    runs: u32,
    /// Rounds; the lowest of each kind counts
    #[arg(long, default_value_t = 7)]
    rounds: u32,
    /// The binary; gatemark-jail is taken if it lies beside it
    #[arg(long, value_name = "FILE", default_value = "target/dist/gatemark")]
    gatemark: PathBuf,
    /// Python, as an absolute path below /usr
    #[arg(long, value_name = "FILE", default_value = "/usr/bin/python3")]
    python: String,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// One way to run it, with the lowest figures of all rounds, in milliseconds for one run.
#[derive(Debug, Serialize)]
struct Row {
    how: &'static str,
    cpu_ms: f64,
    wall_ms: f64,
    /// CPU time on top of the bare program.
    more_ms: f64,
    #[serde(skip)]
    layers: Option<Layers>,
}

/// Measures and prints.
pub(crate) async fn run(options: &Options) -> Result<()> {
    let kinds = [
        ("bare", None),
        ("namespaces", Some(Layers::Namespaces)),
        ("bubblewrap", Some(Layers::Bubblewrap)),
        ("landlock", Some(Layers::Landlock)),
    ];
    let mut rows = kinds.map(|(how, layers)| Row {
        how,
        layers,
        cpu_ms: f64::INFINITY,
        wall_ms: f64::INFINITY,
        more_ms: 0.0,
    });
    for _ in 0..options.rounds {
        for row in &mut rows {
            let (cpu, wall) = round(options, row.layers).await?;
            row.cpu_ms = row.cpu_ms.min(cpu);
            row.wall_ms = row.wall_ms.min(wall);
        }
    }
    let bare = rows[0].cpu_ms;
    for row in &mut rows {
        row.more_ms = row.cpu_ms - bare;
    }
    if options.json {
        println!("{}", serde_json::to_string_pretty(&rows)?);
        return Ok(());
    }
    println!("{} runs of `pass`, lowest of {} rounds", options.runs, options.rounds);
    println!();
    println!("| | CPU ms | more than bare | wall ms |");
    println!("|---|---:|---:|---:|");
    for Row { how, cpu_ms, wall_ms, more_ms, .. } in rows {
        println!("| {how} | {cpu_ms:.2} | {more_ms:.2} | {wall_ms:.2} |");
    }
    Ok(())
}

/// Milliseconds of CPU and of the clock for one run.
async fn round(options: &Options, layers: Option<Layers>) -> Result<(f64, f64)> {
    let gatemark = options.gatemark.canonicalize();
    let gatemark = gatemark.map_err(|e| format!("{}: {e}", options.gatemark.display()))?;
    let sandbox = layers.map(|layers| Sandbox::with_layers(gatemark, layers));
    let program: Vec<String> =
        [options.python.as_str(), "-I", "-S", "-B", "-c", "pass"].map(String::from).to_vec();
    let (before, began) = (used()?, Instant::now());
    for _ in 0..options.runs {
        match &sandbox {
            None => bare(&program)?,
            Some(sandbox) => {
                let job = Job { program: program.clone(), ..Job::default() };
                match sandbox.run(job).await {
                    Outcome::Ran(ran) if ran.succeeded() => {}
                    Outcome::Ran(ran) => {
                        return Err(format!("{}: {}", ran.how(), ran.stderr).into());
                    }
                    Outcome::NotRun(reason) => return Err(reason.to_string().into()),
                }
            }
        }
    }
    let each = |time: Duration| time.as_secs_f64() * 1000.0 / f64::from(options.runs);
    Ok((each(used()?.saturating_sub(before)), each(began.elapsed())))
}

fn bare(program: &[String]) -> Result<()> {
    let (name, arguments) = program.split_first().ok_or("no program")?;
    let output = Command::new(name)
        .args(arguments)
        .env_clear()
        .envs([("HOME", "/tmp"), ("LANG", "C.UTF-8"), ("TMPDIR", "/tmp"), ("USER", "nobody")])
        .env("PATH", "/usr/local/bin:/usr/bin:/bin")
        .stdin(Stdio::null())
        .output()?;
    if !output.status.success() {
        return Err(format!("{name} ended with {}", output.status).into());
    }
    Ok(())
}

/// CPU time of this process and of all children that have ended.
fn used() -> Result<Duration> {
    let mut micros = 0;
    for who in [UsageWho::RUSAGE_SELF, UsageWho::RUSAGE_CHILDREN] {
        let usage = getrusage(who)?;
        micros += usage.user_time().num_microseconds() + usage.system_time().num_microseconds();
    }
    Ok(Duration::from_micros(u64::try_from(micros)?))
}
