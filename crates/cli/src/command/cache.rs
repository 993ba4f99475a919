//! `gatemark cache`: the caches of a running server.

use gatemark_core::error::{Error, Result};
use gatemark_core::money::NanoUsd;
use hyper::Method;
use serde::Deserialize;
use serde_json::Value;

use crate::exit::Exit;
use crate::print::Terminal;
use crate::remote::Server;
use crate::table::Table;

/// Show or empty the caches of a running server
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  gatemark cache stats
  gatemark cache clear triage --server http://127.0.0.1:8787

Caches are in the memory of the server, so it has to run; --key or GATEMARK_API_KEY lets you in.")]
pub(crate) struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// What each cache did since the server started, and what it holds
    #[command(after_help = "Example:\n  gatemark cache stats --json")]
    Stats {
        #[command(flatten)]
        server: Server,
    },
    /// Forget the answers of one cache, or of all
    #[command(after_help = "Example:\n  gatemark cache clear triage")]
    Clear {
        /// The cache's name in gatemark.yaml; all caches without it
        name: Option<String>,
        #[command(flatten)]
        server: Server,
    },
}

#[derive(Deserialize)]
struct Line {
    name: String,
    entries: u64,
    bytes: u64,
    max_bytes: u64,
    hits: u64,
    similar: u64,
    coalesced: u64,
    misses: u64,
    saved: i64,
    embedding_cost: i64,
}

pub(crate) async fn run(args: Args, terminal: &Terminal) -> Result<Exit> {
    match args.what {
        What::Stats { server } => stats(&server, terminal).await,
        What::Clear { name, server } => clear(name.as_deref(), &server, terminal).await,
    }
}

async fn stats(server: &Server, terminal: &Terminal) -> Result<Exit> {
    let said = server.ask(Method::GET, "/api/v1/caches").await?;
    if terminal.json() {
        terminal.data_json(&said)?;
        return Ok(Exit::Done);
    }
    let lines: Vec<Line> = serde_json::from_value(said).map_err(|cause| {
        Error::internal("the server speaks of caches in another way").because(cause)
    })?;
    if lines.is_empty() {
        terminal.note("no cache was used since the server started");
        return Ok(Exit::Done);
    }
    let headings = [
        "CACHE",
        "ENTRIES",
        "BYTES",
        "OF",
        "HITS",
        "SIMILAR",
        "COALESCED",
        "MISSES",
        "SHARE",
        "SAVED",
        "EMBEDDING",
    ];
    let mut table = Table::new(headings).right(&[1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    for line in &lines {
        let again = line.hits + line.similar + line.coalesced;
        let share = again.saturating_mul(100).checked_div(again + line.misses).unwrap_or(0);
        table.row([
            line.name.clone(),
            line.entries.to_string(),
            line.bytes.to_string(),
            line.max_bytes.to_string(),
            line.hits.to_string(),
            line.similar.to_string(),
            line.coalesced.to_string(),
            line.misses.to_string(),
            format!("{share}%"),
            NanoUsd(line.saved).to_string(),
            NanoUsd(line.embedding_cost).to_string(),
        ]);
    }
    table.print(terminal);
    Ok(Exit::Done)
}

async fn clear(name: Option<&str>, server: &Server, terminal: &Terminal) -> Result<Exit> {
    if let Some(name) =
        name.filter(|name| !name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-'))
    {
        let message = format!("{name:?} is not the name of a cache");
        return Err(Error::invalid(message).at("name"));
    }
    let query = name.map(|name| format!("?name={name}")).unwrap_or_default();
    let said = server.ask(Method::DELETE, &format!("/api/v1/caches{query}")).await?;
    if terminal.json() {
        terminal.data_json(&said)?;
        return Ok(Exit::Done);
    }
    let cleared = said["cleared"].as_array().cloned().unwrap_or_default();
    for name in cleared.iter().filter_map(Value::as_str) {
        terminal.data(&format!("cleared {name}"));
    }
    if cleared.is_empty() {
        terminal.note("nothing was kept");
    }
    Ok(Exit::Done)
}
