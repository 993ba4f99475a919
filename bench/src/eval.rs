//! What a test run costs, against promptfoo on the same cases, the same assertions and the same upstream, in
//! one run. CPU time first; then peak memory, which is where large suites end.

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::measured::{self, Measured};
use crate::process::Process;
use crate::scratch::Scratch;
use crate::{Result, payload};

/// Compare a test run with promptfoo's
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// The binary
    #[arg(long, value_name = "FILE", default_value = "target/dist/gatemark")]
    gatemark: PathBuf,
    /// promptfoo's program, e.g. node_modules/.bin/promptfoo; left out if not given
    #[arg(long, value_name = "FILE")]
    promptfoo: Option<PathBuf>,
    /// Cases of the compared run
    #[arg(long, value_name = "N", default_value_t = 5000)]
    cases: usize,
    /// Cases of our large run; 0 leaves it out
    #[arg(long, value_name = "N", default_value_t = 100_000)]
    large: usize,
    /// Calls under way at once
    #[arg(long, value_name = "N", default_value_t = 8)]
    concurrency: usize,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// One line of the table.
struct Line {
    what: String,
    measured: Measured,
}

pub(crate) fn run(options: &Options) -> Result<()> {
    let (_upstream, address) = Process::start_own(&["upstream"])?;
    let mut lines = vec![];
    lines.push(line("gatemark --version", version(&options.gatemark)?));
    let ours = Suite::gatemark(&options.gatemark, address, options.cases)?;
    lines.push(line(format!("gatemark, {} cases", options.cases), ours.test(options)?));
    if options.large > 0 {
        let large = Suite::gatemark(&options.gatemark, address, options.large)?;
        lines.push(line(format!("gatemark, {} cases", options.large), large.test(options)?));
    }
    if let Some(promptfoo) = &options.promptfoo {
        lines.push(line("promptfoo --version", version(promptfoo)?));
        let measured = theirs(promptfoo, address, options)?;
        lines.push(line(format!("promptfoo, {} cases", options.cases), measured));
    }
    print(&lines, options.json);
    Ok(())
}

fn line(what: impl Into<String>, measured: Measured) -> Line {
    Line { what: what.into(), measured }
}

fn version(program: &Path) -> Result<Measured> {
    measured::run(quiet(Command::new(program)).arg("--version"))
}

/// Nothing of it may phone home or look for a newer version: that is not what is measured.
fn quiet(mut command: Command) -> Command {
    for name in ["TELEMETRY", "UPDATE", "SHARING", "REMOTE_GENERATION"] {
        command.env(format!("PROMPTFOO_DISABLE_{name}"), "1");
    }
    command
}

/// A registered prompt with its suite.
struct Suite {
    binary: PathBuf,
    scratch: Scratch,
}

impl Suite {
    fn gatemark(binary: &Path, upstream: SocketAddr, cases: usize) -> Result<Self> {
        let binary = binary.canonicalize()?;
        let scratch = Scratch::new()?;
        let model = payload::MODEL;
        scratch.write(
            "gatemark.yaml",
            &format!(
                "name: bench\nproviders:\n  mock: {{protocol: openai, base_url: \"http://{upstream}/v1\"}}\n\
                 models:\n  {model}: {{input_usd_per_million: 1, output_usd_per_million: 2, pinned: true}}\n\
                 environments:\n  production: {{policy: open}}\n"
            ),
        )?;
        scratch.write(
            "prompts/bench/reply/prompt.yaml",
            &format!(
                "version: 1.0.0\nvariables:\n  message: {{type: string}}\nmessages:\n  \
                 - {{role: user, text: \"Answer the customer: {{{{ message }}}}\"}}\nmodels:\n  \
                 - {{model: {model}, max_tokens: 200}}\n"
            ),
        )?;
        scratch.write(
            "prompts/bench/reply/suite.yaml",
            "checks:\n  - contains: bicycle\n  - {contains: {values: [SATURDAY], ignore_case: true}}\n  \
             - not: {contains: refund}\n  - regex: \"do not ride\"\n  - not: {regex: \"(?i)as an ai\"}\n\
             cases: cases.csv\n",
        )?;
        let mut csv = String::from("message\n");
        for number in 0..cases {
            writeln!(csv, "{}", message(number))?;
        }
        scratch.write("prompts/bench/reply/cases.csv", &csv)?;
        let suite = Self { binary, scratch };
        let pushed = suite.command(&["push"]).output()?;
        if !pushed.status.success() {
            return Err(String::from_utf8_lossy(&pushed.stderr).into_owned().into());
        }
        Ok(suite)
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.binary);
        command.arg("--project").arg(self.scratch.path()).args(["--as", "bench"]).args(arguments);
        command.env_remove("GATEMARK_DATA").env_remove("GATEMARK_LOG");
        command
    }

    fn test(&self, options: &Options) -> Result<Measured> {
        let concurrency = options.concurrency.to_string();
        let arguments = ["test", "bench/reply", "--no-cache", "--concurrency", &concurrency];
        measured::run(&mut self.command(&arguments))
    }
}

fn message(number: usize) -> String {
    format!(
        "Ticket {number}: the brake of my bicycle squeaks since the last service. Is that safe?"
    )
}

fn theirs(program: &Path, upstream: SocketAddr, options: &Options) -> Result<Measured> {
    let scratch = Scratch::new()?;
    let mut text = format!(
        "prompts: [\"Answer the customer: {{{{message}}}}\"]\nproviders:\n  - id: openai:chat:m\n    \
         config: {{apiBaseUrl: \"http://{upstream}/v1\", apiKey: none, max_tokens: 200}}\ndefaultTest:\n  \
         assert:\n    - {{type: contains, value: bicycle}}\n    - {{type: icontains, value: SATURDAY}}\n    \
         - {{type: not-contains, value: refund}}\n    - {{type: regex, value: do not ride}}\n    \
         - {{type: not-icontains, value: as an ai}}\ntests:\n"
    );
    for number in 0..options.cases {
        writeln!(text, "  - vars: {{message: \"{}\"}}", message(number))?;
    }
    let config = scratch.write("promptfooconfig.yaml", &text)?;
    let mut command = quiet(Command::new(program.canonicalize()?));
    command.current_dir(scratch.path()).arg("eval").arg("-c").arg(config);
    command.args(["--no-cache", "--no-table", "--no-progress-bar", "--no-write", "-j"]);
    command.arg(options.concurrency.to_string());
    command.env("PROMPTFOO_CONFIG_DIR", scratch.path().join("home"));
    measured::run(&mut command)
}

#[allow(clippy::print_stdout)]
fn print(lines: &[Line], json: bool) {
    let find = |start: &str| lines.iter().find(|line| line.what.starts_with(start));
    if json {
        let lines: Vec<_> = lines
            .iter()
            .map(|line| {
                let of = &line.measured;
                serde_json::json!({"what": line.what, "cpu_ms": of.cpu.as_millis(),
                    "wall_ms": of.wall.as_millis(), "peak_bytes": of.peak_bytes})
            })
            .collect();
        println!("{}", serde_json::Value::from(lines));
        return;
    }
    println!("{:<28} {:>10} {:>10} {:>10}", "", "CPU s", "wall s", "peak MiB");
    for line in lines {
        let of = &line.measured;
        println!(
            "{:<28} {:>10.3} {:>10.3} {:>10.1}",
            line.what,
            of.cpu.as_secs_f64(),
            of.wall.as_secs_f64(),
            megabytes(of.peak_bytes)
        );
    }
    if let (Some(ours), Some(theirs)) = (find("gatemark, "), find("promptfoo, ")) {
        let (ours, theirs) = (&ours.measured, &theirs.measured);
        println!(
            "promptfoo takes {:.1} times the CPU and {:.1} times the memory",
            theirs.cpu.as_secs_f64() / ours.cpu.as_secs_f64(),
            megabytes(theirs.peak_bytes) / megabytes(ours.peak_bytes)
        );
    }
}

#[allow(clippy::cast_precision_loss)]
fn megabytes(bytes: u64) -> f64 {
    bytes as f64 / f64::from(1 << 20)
}
