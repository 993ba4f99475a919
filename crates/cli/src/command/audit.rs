//! `gatemark audit`: who changed what, and whether that is still what was written.

use gatemark_control::auditing::{AuditVerdict, kept_hash};
use gatemark_core::Digest;
use gatemark_core::error::Result;
use serde_json::json;

use crate::context::Context;
use crate::exit::Exit;
use crate::moment;
use crate::print::Terminal;
use crate::table::Table;

/// Show who changed what, newest first, and verify that nobody changed the log
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  gatemark audit --limit 20
  gatemark audit verify
  gatemark audit head >> /elsewhere/heads
  gatemark audit verify --expect $(tail -1 /elsewhere/heads)

Each entry's hash is over the one before. Exit code 6 if the log is not as it was written.")]
pub(crate) struct Args {
    #[command(subcommand)]
    what: Option<What>,
    /// Most entries to show
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..))]
    limit: u32,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// Go through the whole log and name the first entry that is changed, missing or inserted
    #[command(after_help = "Example:\n  gatemark audit verify --json")]
    Verify {
        /// What `gatemark audit head` printed once and was kept elsewhere: tells if the end was cut off since
        #[arg(long, value_name = "ID:HASH", value_parser = hash)]
        expect: Option<Digest>,
    },
    /// Print the newest entry's id and hash, to be kept where nobody who can write the database can write
    #[command(after_help = "Example:\n  gatemark audit head")]
    Head,
}

fn hash(text: &str) -> Result<Digest, String> {
    kept_hash(text).map_err(|error| error.to_string())
}

pub(crate) async fn run(args: Args, context: &Context<'_>) -> Result<Exit> {
    match args.what {
        None => list(args.limit, context).await,
        Some(What::Verify { expect }) => verify(expect, context).await,
        Some(What::Head) => head(context).await,
    }
}

async fn list(limit: u32, context: &Context<'_>) -> Result<Exit> {
    let entries = context.with_control(async |control| control.audit(limit).await).await?;
    let terminal = context.terminal;
    if terminal.json() {
        terminal.data_json(&entries)?;
        return Ok(Exit::Done);
    }
    let headings = ["ID", "TIME (UTC)", "WHO", "DID", "TO", "DETAIL", "HASH"];
    let mut table = Table::new(headings).right(&[0]);
    for entry in &entries {
        let (id, at) = (entry.id.to_string(), moment::shown(entry.at));
        let hash = entry.hash.map(|hash| hash.short()).unwrap_or_default();
        let row = [&id, &at, &entry.actor, &entry.action, &entry.subject, &entry.detail, &hash];
        table.row(row);
    }
    table.print(terminal);
    Ok(Exit::Done)
}

async fn verify(expect: Option<Digest>, context: &Context<'_>) -> Result<Exit> {
    let verdict = context.with_control(async |control| control.verify_audit(expect).await).await?;
    if context.terminal.json() {
        context.terminal.data_json(&verdict)?;
    } else {
        told(&verdict, context.terminal);
    }
    Ok(if verdict.ok { Exit::Done } else { Exit::Tampered })
}

fn told(verdict: &AuditVerdict, terminal: &Terminal) {
    let AuditVerdict { entries, sealed, .. } = verdict;
    match (&verdict.broken, verdict.head) {
        (Some(broken), _) => {
            terminal.data(&format!("The audit log is not as it was written: {}.", broken.why));
            terminal.note(&format!("{entries} entries before that are sound."));
        }
        (None, Some(head)) => {
            let head = format!("{}:{}", head.id, head.hash);
            terminal.data(&format!("{entries} entries, all as they were written; head {head}"));
        }
        (None, None) => {}
    }
    if *sealed > 0 {
        terminal.note(&format!(
            "The first {sealed} entries are older than the chain: what was done to them before it is not to be \
             seen."
        ));
    }
}

async fn head(context: &Context<'_>) -> Result<Exit> {
    let head = context.with_control(async |control| control.audit_head().await).await?;
    if context.terminal.json() {
        context.terminal.data_json(&json!({"id": head.id, "hash": head.hash}))?;
    } else {
        context.terminal.data(&format!("{}:{}", head.id, head.hash));
    }
    Ok(Exit::Done)
}
