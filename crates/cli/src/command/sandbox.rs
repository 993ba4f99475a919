//! `gatemark sandbox`: what model-written code would be confined by on this machine.

use std::io::Read as _;

use gatemark_control::sandbox::{Job, Layers, Limits, Outcome, Probe, Ran, Sandbox};
use gatemark_core::error::{Error, Kind, Result};
use serde_json::json;

use crate::exit::Exit;
use crate::print::Terminal;

/// Show which layers confine model-written code here, or run a program inside them
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  gatemark sandbox
  gatemark sandbox --file solution.py -- python3 solution.py < input.txt")]
pub(crate) struct Args {
    /// Put a copy of this file into the program's folder; may be given several times
    #[arg(long, value_name = "PATH")]
    file: Vec<std::path::PathBuf>,
    /// Kill it after this many milliseconds
    #[arg(long, value_name = "MS", default_value_t = 10_000)]
    time_ms: u64,
    /// Memory of each process, and of all together, in MiB
    #[arg(long, value_name = "MIB", default_value_t = 512)]
    memory_mb: u64,
    /// Use this set of layers only, instead of the strongest that holds here
    #[arg(long, value_enum)]
    layers: Option<Choice>,
    /// A program and its arguments; it reads this command's stdin
    #[arg(last = true, value_name = "PROGRAM")]
    program: Vec<String>,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum Choice {
    Namespaces,
    Bubblewrap,
    Landlock,
}

pub(crate) async fn run(args: Args, terminal: &Terminal) -> Result<Exit> {
    let exe = std::env::current_exe().map_err(|cause| {
        Error::internal("the path of this program cannot be found out").because(cause)
    })?;
    let sandbox = match args.layers {
        None => Sandbox::new(exe),
        Some(Choice::Namespaces) => Sandbox::with_layers(exe, Layers::Namespaces),
        Some(Choice::Bubblewrap) => Sandbox::with_layers(exe, Layers::Bubblewrap),
        Some(Choice::Landlock) => Sandbox::with_layers(exe, Layers::Landlock),
    };
    if args.program.is_empty() {
        return show(sandbox.probe().await, terminal);
    }
    match sandbox.run(job(args)?).await {
        Outcome::Ran(ran) => print(&ran, terminal),
        Outcome::NotRun(reason) => Err(Error::new(Kind::Unavailable, reason.to_string())),
    }
}

fn job(args: Args) -> Result<Job> {
    let mut files = vec![];
    for path in &args.file {
        let content = std::fs::read(path).map_err(|cause| {
            Error::invalid(format!("{} cannot be read: {cause}", path.display()))
        })?;
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        files.push((name, content));
    }
    let mut stdin = vec![];
    if !std::io::IsTerminal::is_terminal(&std::io::stdin()) {
        std::io::stdin().read_to_end(&mut stdin).map_err(|cause| {
            Error::invalid(format!("stdin cannot be read: {cause}")).because(cause)
        })?;
    }
    let limits = Limits {
        time_ms: args.time_ms,
        memory: args.memory_mb.saturating_mul(1 << 20),
        ..Limits::default()
    };
    Ok(Job { program: args.program, files, stdin, limits, ..Job::default() })
}

fn show(probe: &Probe, terminal: &Terminal) -> Result<Exit> {
    if terminal.json() {
        terminal.data_json(probe)?;
    } else {
        if let Some(chosen) = probe.chosen {
            terminal.data(&format!("set in use: {}", name(chosen)));
        }
        for layer in &probe.layers {
            terminal.data(layer);
        }
        for reason in &probe.missing {
            terminal.note(&format!("not here: {reason}"));
        }
    }
    if probe.chosen.is_some() {
        return Ok(Exit::Done);
    }
    if !terminal.json() {
        terminal.note("Model-written code is not run on this machine. See docs/sandbox.md.");
    }
    Ok(Exit::Failed)
}

fn name(layers: Layers) -> &'static str {
    match layers {
        Layers::Namespaces => "namespaces",
        Layers::Bubblewrap => "bubblewrap",
        Layers::Landlock => "landlock",
    }
}

fn print(ran: &Ran, terminal: &Terminal) -> Result<Exit> {
    if terminal.json() {
        terminal.data_json(&json!({
            "exit": ran.exit, "signal": ran.signal, "struck": ran.struck, "stdout": ran.stdout,
            "stderr": ran.stderr, "cpu_us": ran.cpu_us, "wall_us": ran.wall_us,
        }))?;
    } else {
        if !ran.stdout.is_empty() {
            terminal.data(&crate::print::printable(&ran.stdout));
        }
        if !ran.stderr.is_empty() {
            terminal.note(&crate::print::printable(&ran.stderr));
        }
        terminal.note(&format!(
            "{}; {:.1} ms CPU, {:.1} ms in all",
            ran.how(),
            millis(ran.cpu_us),
            millis(ran.wall_us)
        ));
    }
    Ok(if ran.succeeded() { Exit::Done } else { Exit::Failed })
}

fn millis(micros: u64) -> f64 {
    std::time::Duration::from_micros(micros).as_secs_f64() * 1000.0
}
