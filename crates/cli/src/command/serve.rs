//! `gatemark serve`: the gateway and the control API on one port.

use std::net::{SocketAddr, ToSocketAddrs};
use std::sync::Arc;

use gatemark_control::Control;
use gatemark_control::reload::{Look, Looked};
use gatemark_core::error::{Error, Kind, Result};
use gatemark_core::prompt::Version;
use gatemark_server::{Metrics, ServeOptions};
use serde_json::json;
use tokio::net::TcpListener;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::config::OnDisk;
use crate::context::{Context, closing};
use crate::exit::Exit;
use crate::logging::{self, LogFormat};
use crate::print::Terminal;

/// Serve the gateway and the control API
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  gatemark serve
  gatemark serve --listen 0.0.0.0:8787 --log-format json

Without API keys only loopback addresses are served, and callers need no key. GATEMARK_LOG filters
the log, e.g. GATEMARK_LOG=debug or GATEMARK_LOG=gatemark_gateway=trace.
A changed gatemark.yaml is in force within two seconds, and at once on SIGHUP; one that cannot be used
changes nothing (GET /api/v1/system/config says why). Variables of the environment are read at the start.
SIGTERM and SIGINT end it: it says that it is not ready, takes calls for `server.drain.delay` (none) more, and
lets calls under way finish for `server.drain.timeout` (10 seconds). A second signal ends it at once.")]
pub(crate) struct Args {
    /// Address and port; port 0 chooses a free one
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8787", value_parser = address)]
    listen: SocketAddr,
    /// How log lines on stderr look
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t)]
    log_format: LogFormat,
}

fn address(text: &str) -> Result<SocketAddr, String> {
    let resolved = text.to_socket_addrs().ok().and_then(|mut addresses| addresses.next());
    resolved.ok_or_else(|| "write an address and a port, e.g. 127.0.0.1:8787".to_string())
}

/// Most prompts that are listed at the start.
const LISTED: usize = 20;

pub(crate) async fn run(args: Args, context: &Context<'_>) -> Result<Exit> {
    logging::start(args.log_format)?;
    let folders = context.folders()?;
    let project = context.project(&folders)?;
    let metrics = Metrics::new();
    let loopback = args.listen.ip().is_loopback();
    let control = context.open_with(&folders, project, metrics.clone(), loopback).await?;
    control.watch(Arc::new(OnDisk { folders }));
    let served = control.clone();
    closing(control, async |control| {
        if !loopback {
            needs_keys(control, args.listen).await?;
        }
        control.begin_budgets().await?;
        control.begin_conversations().await?;
        let signals = Signals::new()?;
        let listener = bind(args.listen).await?;
        announce(&listener, control, context.terminal).await?;
        let options = ServeOptions { control: served, metrics, listener };
        until_signalled(options, signals, context.terminal).await
    })
    .await?;
    context.terminal.note("stopped");
    Ok(Exit::Done)
}

/// Without keys everybody who can reach the port could spend money and move pointers.
async fn needs_keys(control: &Control, address: SocketAddr) -> Result<()> {
    let keys = control.keys().await?;
    if keys.iter().any(|key| key.revoked_at.is_none()) {
        return Ok(());
    }
    let message = format!(
        "{address} can be reached from other machines, and there are no API keys: anybody could call"
    );
    Err(Error::invalid(message).at("--listen").coded("keys_needed"))
}

async fn bind(address: SocketAddr) -> Result<TcpListener> {
    TcpListener::bind(address).await.map_err(|cause| {
        let message = format!("cannot listen on {address}: {cause}");
        Error::new(Kind::Unavailable, message).coded("cannot_listen").because(cause)
    })
}

async fn announce(listener: &TcpListener, control: &Control, terminal: &Terminal) -> Result<()> {
    let address = listener
        .local_addr()
        .map_err(|cause| Error::internal("the listening address cannot be found").because(cause))?;
    terminal.note(&format!("gatemark listens on http://{address}"));
    for stop in control.stops_in_force() {
        terminal.note(&format!("  stopped: {} (end it with `gatemark resume`)", stop.scope));
    }
    let prompts = control.prompts().await?;
    let mut lines = vec![];
    for prompt in prompts.iter().filter(|prompt| !prompt.deployed.is_empty()) {
        for (environment, number) in &prompt.deployed {
            let version = control.store().version(&prompt.name, *number).await?;
            lines.push(line(&format!("gatemark/{}@{environment}", prompt.name), version.as_ref()));
        }
    }
    if lines.is_empty() {
        terminal.note("no prompt is deployed yet; plain provider/model calls are served");
    }
    let hidden = lines.len().saturating_sub(LISTED);
    lines.iter().take(LISTED).for_each(|line| terminal.note(line));
    if hidden > 0 {
        terminal.note(&format!("  and {hidden} more: gatemark list"));
    }
    if terminal.json() {
        terminal.data_json_line(&json!({"listening": address.to_string()}))?;
    }
    Ok(())
}

fn line(model: &str, version: Option<&Version>) -> String {
    let version = version.map(|version| format!("{} (version {})", version.semver, version.number));
    format!("  serves {model}: {}", version.unwrap_or_default())
}

/// What ends the server, and what makes it read its configuration. Caught before its address is announced, so
/// that nobody who has read the address can end it the hard way.
struct Signals {
    interrupt: Signal,
    terminate: Signal,
    hangup: Signal,
}

impl Signals {
    fn new() -> Result<Self> {
        let caught = |kind| {
            signal(kind)
                .map_err(|cause| Error::internal("signals cannot be handled").because(cause))
        };
        let (interrupt, terminate) = (SignalKind::interrupt(), SignalKind::terminate());
        let hangup = caught(SignalKind::hangup())?;
        Ok(Self { interrupt: caught(interrupt)?, terminate: caught(terminate)?, hangup })
    }

    /// Waits for what ends the server.
    async fn end(&mut self, control: &Control) {
        let mut asked = JoinSet::new();
        loop {
            tokio::select! {
                _ = self.interrupt.recv() => return,
                _ = self.terminate.recv() => return,
                _ = self.hangup.recv() => {
                    asked.spawn(reload(control.clone()));
                }
                Some(_) = asked.join_next() => {}
            }
        }
    }
}

/// Reads the configuration because somebody asked for it, who should be told what came of it.
async fn reload(control: Control) {
    match control.reload(Look::Now).await {
        Ok(Looked::Same) => tracing::info!("gatemark.yaml was read: nothing in it has changed"),
        // Told by whoever judged it.
        Ok(Looked::Applied | Looked::Refused) => {}
        Err(error) => tracing::error!(%error, "gatemark.yaml could not be put in force"),
    }
}

async fn until_signalled(
    options: ServeOptions,
    mut signals: Signals,
    terminal: &Terminal,
) -> Result<()> {
    let (stop, stopping) = watch::channel(false);
    let control = options.control.clone();
    let serving = gatemark_server::serve(options, stopping);
    tokio::pin!(serving);
    tokio::select! {
        result = &mut serving => return result,
        () = signals.end(&control) => {}
    }
    terminal.note("stopping: calls under way may finish; signal again to stop at once");
    stop.send_replace(true);
    tokio::select! {
        result = &mut serving => result,
        () = signals.end(&control) => Ok(()),
    }
}
