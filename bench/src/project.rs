//! A project of its own for the gateway, and the gateway serving it.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use serde::Deserialize;

use crate::process::{Process, free_address};
use crate::scratch::Scratch;
use crate::{Result, get, payload};

const SHIPPING: Duration = Duration::from_secs(60);

/// A project whose only provider is the mock vendor, with the prompt deployed and two keys made.
pub(crate) struct Project {
    binary: PathBuf,
    /// For calls.
    pub(crate) key: String,
    /// For looking at the server.
    observer: String,
    scratch: Scratch,
}

/// `gatemark serve` on that project.
pub(crate) struct Server {
    /// The process.
    pub(crate) process: Process,
    /// Where it listens.
    pub(crate) address: SocketAddr,
}

/// What the bench looks at in a recorded call.
#[derive(Debug, Deserialize)]
pub(crate) struct Recorded {
    /// Its id.
    pub(crate) id: String,
    /// How it ended.
    pub(crate) outcome: String,
    /// Nano-dollars.
    pub(crate) cost: i64,
}

#[derive(Deserialize)]
struct Task {
    name: String,
    runs: u64,
    last_error: Option<String>,
}

impl Project {
    /// Writes the project and sets it up through the command, as a person would.
    pub(crate) fn create(binary: &Path, upstream: SocketAddr, recording: &str) -> Result<Self> {
        let binary = binary.canonicalize().map_err(|cause| {
            format!("{}: {cause} (build it: cargo build --release -p gatemark)", binary.display())
        })?;
        let scratch = Scratch::new()?;
        let (input, output) = payload::PRICES;
        let model = payload::MODEL;
        scratch.write(
            "gatemark.yaml",
            &format!(
                "name: bench
providers:
  mock: {{protocol: openai, base_url: \"http://{upstream}/v1\"}}
models:
  {model}: {{input_usd_per_million: {input}, output_usd_per_million: {output}, pinned: true}}
environments:
  production: {{policy: open, record: {recording}}}
"
            ),
        )?;
        write_prompt(&scratch, payload::PROMPT)?;
        let mut project = Self { binary, key: String::new(), observer: String::new(), scratch };
        project.command(&["push"])?;
        project.command(&["deploy", payload::PROMPT, "--to", "production"])?;
        let secret = |text: String| text.trim().to_string();
        project.key = secret(project.command(&["key", "create", "bench", "--role", "call"])?);
        project.observer =
            secret(project.command(&["key", "create", "observer", "--role", "admin"])?);
        Ok(project)
    }

    /// The header by which calls are let in.
    pub(crate) fn authorization(&self) -> (&'static str, String) {
        ("authorization", format!("Bearer {}", self.key))
    }

    /// Deploys `count` prompts beside the one that is called.
    pub(crate) fn deploy_more(&self, count: usize) -> Result<()> {
        let names: Vec<String> = (0..count).map(|number| format!("bench/other-{number}")).collect();
        for name in &names {
            write_prompt(&self.scratch, name)?;
        }
        self.command(&["push"])?;
        for name in &names {
            self.command(&["deploy", name, "--to", "production"])?;
        }
        Ok(())
    }

    fn prepared(&self) -> Command {
        let mut command = Command::new(&self.binary);
        command.arg("--project").arg(self.scratch.path()).args(["--as", "bench"]);
        command.env_remove("GATEMARK_DATA").env_remove("GATEMARK_LOG");
        command
    }

    /// What a command prints.
    fn command(&self, arguments: &[&str]) -> Result<String> {
        let output = self.prepared().args(arguments).output()?;
        if output.status.success() {
            return Ok(String::from_utf8(output.stdout)?);
        }
        let told = String::from_utf8_lossy(&output.stderr);
        Err(format!("gatemark {} failed: {}", arguments.join(" "), told.trim()).into())
    }

    /// Starts the server without waiting for it.
    pub(crate) fn spawn(&self) -> Result<Server> {
        let address = free_address()?;
        let log = std::fs::File::create(self.scratch.path().join("serve.log"))?;
        let mut command = self.prepared();
        command.args(["serve", "--listen", &address.to_string()]);
        let process = Process::start(command.stdout(Stdio::null()).stderr(log))?;
        Ok(Server { process, address })
    }

    /// Starts the server.
    pub(crate) async fn serve(&self) -> Result<Server> {
        let mut server = self.spawn()?;
        server.process.ready(server.address, "/health/ready").await.map_err(|fault| {
            let log = std::fs::read_to_string(self.scratch.path().join("serve.log"));
            format!("gatemark serve: {fault}\n{}", log.unwrap_or_default())
        })?;
        Ok(server)
    }

    /// Waits until everything recorded so far is in the store: its task has begun and ended once more.
    pub(crate) async fn shipped(&self, address: SocketAddr) -> Result<()> {
        let began = Instant::now();
        let first = self.ship_runs(address).await?;
        while began.elapsed() < SHIPPING {
            tokio::time::sleep(Duration::from_millis(100)).await;
            // The run that may have been under way at first does not count.
            if self.ship_runs(address).await? >= first + 2 {
                return Ok(());
            }
        }
        Err(format!("calls did not reach the store in {} seconds", SHIPPING.as_secs()).into())
    }

    async fn ship_runs(&self, address: SocketAddr) -> Result<u64> {
        let (status, body) = get::get(address, "/api/v1/tasks", Some(&self.observer)).await?;
        if status != 200 {
            return Err(format!("/api/v1/tasks answered {status}").into());
        }
        let tasks: Vec<Task> = serde_json::from_slice(&body)?;
        let ship =
            tasks.iter().find(|task| task.name == "ship").ok_or("there is no task `ship`")?;
        match &ship.last_error {
            Some(error) => Err(format!("the task `ship` failed: {error}").into()),
            None => Ok(ship.runs),
        }
    }

    /// The calls recorded since a moment, at most `limit`.
    pub(crate) fn calls(&self, since: Timestamp, limit: u64) -> Result<Vec<Recorded>> {
        let (since, limit) = (since.to_string(), limit.to_string());
        let lines = self.command(&["calls", "--json", "--since", &since, "--limit", &limit])?;
        lines.lines().map(|line| Ok(serde_json::from_str(line)?)).collect()
    }
}

fn write_prompt(scratch: &Scratch, name: &str) -> Result<()> {
    let model = payload::MODEL;
    let folder = format!("prompts/{name}");
    scratch.write(&format!("{folder}/system.md"), payload::SYSTEM)?;
    scratch.write(
        &format!("{folder}/prompt.yaml"),
        &format!(
            "version: 1.0.0
description: Answers a customer's message
variables:
  message: {{type: string}}
messages:
  - {{role: system, file: system.md}}
  - {{role: user, text: \"{{{{ message }}}}\"}}
models:
  - {{model: {model}, temperature: 0.2, max_tokens: 200}}
"
        ),
    )?;
    Ok(())
}
