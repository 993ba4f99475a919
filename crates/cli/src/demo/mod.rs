//! `gatemark demo`: the main job in one command, without any key.
//!
//! Everything is the real thing: files on a disk that are pushed, suites that are run, the gate that
//! production has by default, the server, HTTP. Only the model is a stand-in (`sim`), and it is told from a
//! real one at every turn. Nothing about the outcome is scripted: which version does worse, and by how
//! much, is measured on messages that no prompt and no test case has seen.
//!
//! Modules, each using only those before it: `seed`, `data`, `split`, `cases`, `trim` (the data);
//! `yaml`, `prompts`, `folder` (the project); `release`, `client`, `traffic` (doing it); `figures`, `canary`,
//! `material`, `narrator`, `story` (the job).

mod canary;
mod cases;
mod client;
mod data;
mod figures;
mod folder;
mod material;
mod narrator;
mod prompts;
mod release;
mod seed;
mod split;
mod story;
mod traffic;
mod trim;
mod yaml;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use gatemark_control::Control;
use gatemark_core::error::{Error, Result};
use gatemark_server::{Metrics, ServeOptions, serve};
use tokio::net::TcpListener;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::config::Folders;
use crate::context::{self, Context};
use crate::exit::Exit;
use client::Client;
use data::Columns;
use figures::Figures;
use folder::Folder;
use material::{Material, Sources};
use narrator::Narrator;
use story::Stage;

/// Do the whole job once, on built-in messages or your own, without any key
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  gatemark demo
  gatemark demo --data tickets.csv --text body --label queue
  gatemark demo --data train.csv --traffic test.csv --text text --label category --exit

Pushes three versions of a classification prompt: one that the gate refuses, one that passes and serves
held-out messages over HTTP, and one that passes its test but is worse in use and is rolled back; then that one
again as a canary, which the feedback of live traffic is to take back by itself. The model
is `sim`, a small in-context learner inside this process; what it reaches is what is printed.

Ends with 0 only if the first was refused, the second passed and the rollback took effect.")]
pub(crate) struct Args {
    /// A labelled CSV file with a header [default: support messages that the program carries]
    #[arg(long, value_name = "FILE")]
    data: Option<PathBuf>,
    /// The column with the messages
    #[arg(long, value_name = "COLUMN", default_value = "text", requires = "data")]
    text: String,
    /// The column with the labels
    #[arg(long, value_name = "COLUMN", default_value = "label", requires = "data")]
    label: String,
    /// A second file with the same columns for the live traffic [default: rows held out of --data]
    #[arg(long, value_name = "FILE", requires = "data")]
    traffic: Option<PathBuf>,
    /// Folder for the project [default: a fresh one among the temporary files]
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
    /// Address to serve on, loopback only; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:0")]
    listen: SocketAddr,
    /// Most live messages, each sent to two versions
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    limit_traffic: Option<u32>,
    /// End when the job is done, instead of leaving the server up
    #[arg(long)]
    exit: bool,
}

pub(crate) async fn run(args: Args, context: &Context<'_>) -> Result<Exit> {
    let began = Instant::now();
    if !args.listen.ip().is_loopback() {
        let message = format!(
            "the demo's server asks for no key, so it listens on this machine only, not on {}",
            args.listen
        );
        return Err(Error::invalid(message).at("--listen"));
    }
    let sources = Sources {
        data: args.data,
        traffic: args.traffic,
        columns: Columns { text: args.text, label: args.label },
        limit: args.limit_traffic.and_then(|limit| usize::try_from(limit).ok()),
    };
    let material = material::gather(&sources)?;
    let listener = TcpListener::bind(args.listen).await.map_err(|cause| {
        Error::invalid(format!("cannot listen on {}: {cause}", args.listen)).at("--listen")
    })?;
    let folder = Folder::make(args.dir.as_deref())?;
    folder.write(&[("gatemark.yaml".to_string(), prompts::configuration())])?;
    let project = folder.path().to_path_buf();
    let folders = Folders { data: project.join(".gatemark"), project };
    let metrics = Metrics::new();
    let project = context.project(&folders)?;
    let control = context.open_with(&folders, project, metrics.clone(), true).await?;
    let job = Job { context, material, folder, stays: !args.exit, began };
    context::closing(control, async |control| job.serve(control, metrics, listener).await).await
}

/// What is to be done once everything is open.
struct Job<'c> {
    context: &'c Context<'c>,
    material: Material,
    folder: Folder,
    stays: bool,
    began: Instant,
}

impl Job<'_> {
    /// Runs the server for as long as the job and, if wanted, the audience take.
    async fn serve(
        &self,
        control: &Control,
        metrics: Arc<Metrics>,
        listener: TcpListener,
    ) -> Result<Exit> {
        let unknown = |cause| Error::internal("the server's address is unknown").because(cause);
        let url = format!("http://{}", listener.local_addr().map_err(unknown)?);
        let (stop, stopped) = watch::channel(false);
        let options = ServeOptions { control: control.clone(), metrics, listener };
        let mut server = JoinSet::new();
        server.spawn(serve(options, stopped));
        let broke_off = |cause| Error::internal("the server broke off").because(cause);
        let played = tokio::select! {
            played = self.play(control, &url) => played,
            Some(ended) = server.join_next() => {
                ended.map_err(broke_off)??;
                return Err(Error::internal("the server ended before the demo did"));
            }
        };
        stop.send_replace(true);
        if let Some(ended) = server.join_next().await {
            ended.map_err(broke_off)??;
        }
        played
    }

    async fn play(&self, control: &Control, url: &str) -> Result<Exit> {
        let terminal = self.context.terminal;
        let narrator = Narrator::new(terminal);
        let stage = Stage {
            control,
            folder: &self.folder,
            material: &self.material,
            client: &Client::new(url),
            url,
            narrator: &narrator,
            began: self.began,
        };
        let figures = stage.play().await?;
        if terminal.json() {
            terminal.data_json(&figures)?;
        } else {
            narrator.table(&figures);
        }
        if self.stays {
            // Caught before anybody is told that the server stays up.
            let (mut interrupt, mut terminate) =
                (caught(SignalKind::interrupt())?, caught(SignalKind::terminate())?);
            let message = self.material.traffic.first().map_or("", |record| record.text.as_str());
            narrator.next(&figures, message);
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
        }
        Ok(outcome(&figures))
    }
}

fn caught(kind: SignalKind) -> Result<Signal> {
    signal(kind).map_err(|cause| Error::internal("signals cannot be handled").because(cause))
}

fn outcome(figures: &Figures) -> Exit {
    let good = figures.versions.iter().find(|version| version.semver == prompts::GOOD);
    match good {
        _ if figures.ok => Exit::Done,
        Some(good) if !good.deployed => Exit::Refused,
        _ => Exit::Failed,
    }
}
