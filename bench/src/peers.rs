//! Gateways of others, as they come from their registries: LiteLLM's proxy (PyPI) and Portkey's gateway (npm).
//!
//! Each is configured to pass one model to the mock vendor and to do nothing else: no keys, no database, no log of
//! calls. `scripts/bench --peers` installs them.

use std::net::SocketAddr;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::process::{Process, free_address};
use crate::scratch::Scratch;
use crate::{Result, get, payload};

/// LiteLLM takes its time.
const STARTING: Duration = Duration::from_secs(120);

/// A running peer.
pub(crate) struct Peer {
    /// Its name in the table.
    pub(crate) name: &'static str,
    pub(crate) process: Process,
    /// Where it listens.
    pub(crate) address: SocketAddr,
    /// What its requests need beside the usual headers.
    pub(crate) headers: Vec<(&'static str, String)>,
    _scratch: Scratch,
}

/// Starts every peer that is installed in `folder`.
pub(crate) async fn start(folder: &Path, upstream: SocketAddr) -> Result<Vec<Peer>> {
    let folder = folder.canonicalize().map_err(|cause| format!("{}: {cause}", folder.display()))?;
    let mut peers = vec![litellm(&folder, upstream)?, portkey(&folder, upstream)?];
    for peer in &mut peers {
        peer.ready().await?;
    }
    Ok(peers)
}

fn litellm(folder: &Path, upstream: SocketAddr) -> Result<Peer> {
    let scratch = Scratch::new()?;
    let configuration = format!(
        "model_list:
  - model_name: {}
    litellm_params: {{model: openai/{}, api_base: \"http://{upstream}/v1\", api_key: none}}
",
        payload::MODEL,
        payload::VENDOR_MODEL,
    );
    let file = scratch.write("litellm.yaml", &configuration)?;
    let address = free_address()?;
    let mut command = Command::new(folder.join("venv/bin/litellm"));
    command.arg("--config").arg(file).args(["--host", "127.0.0.1", "--port"]);
    command.arg(address.port().to_string());
    command.env("LITELLM_DANGEROUSLY_PERMIT_WEAK_OR_UNSET_MASTER_KEY", "true");
    // Its table of prices is otherwise fetched from the network at the start.
    command.env("LITELLM_LOCAL_MODEL_COST_MAP", "True");
    command.env("PATH", path_with(&folder.join("venv/bin")));
    Ok(Peer {
        name: "litellm",
        process: quiet(&mut command)?,
        address,
        headers: vec![],
        _scratch: scratch,
    })
}

fn portkey(folder: &Path, upstream: SocketAddr) -> Result<Peer> {
    let scratch = Scratch::new()?;
    let address = free_address()?;
    let script = "npm/node_modules/@portkey-ai/gateway/build/start-server.js";
    let mut command = Command::new("node");
    command.arg(folder.join(script)).args(["--headless", &format!("--port={}", address.port())]);
    let headers = vec![
        ("x-portkey-provider", "openai".to_string()),
        ("x-portkey-custom-host", format!("http://{upstream}/v1")),
    ];
    Ok(Peer { name: "portkey", process: quiet(&mut command)?, address, headers, _scratch: scratch })
}

fn quiet(command: &mut Command) -> Result<Process> {
    Process::start(command.stdout(Stdio::null()).stderr(Stdio::null()))
}

fn path_with(first: &Path) -> String {
    let rest = std::env::var("PATH").unwrap_or_default();
    format!("{}:{rest}", first.display())
}

impl Peer {
    /// Waits until something answers, whatever it says.
    async fn ready(&mut self) -> Result<()> {
        let began = Instant::now();
        while began.elapsed() < STARTING {
            if get::get(self.address, "/", None).await.is_ok() {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        Err(format!("{} did not start in {} seconds", self.name, STARTING.as_secs()).into())
    }
}
