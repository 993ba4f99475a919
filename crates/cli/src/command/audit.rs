//! `gatemark audit`: who changed what.

use gatemark_core::error::Result;

use crate::context::Context;
use crate::exit::Exit;
use crate::moment;
use crate::table::Table;

/// Show who changed what, newest first
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  gatemark audit --limit 20")]
pub(crate) struct Args {
    /// Most entries to show
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..))]
    limit: u32,
}

pub(crate) async fn run(args: Args, context: &Context<'_>) -> Result<Exit> {
    let entries = context.with_control(async |control| control.audit(args.limit).await).await?;
    let terminal = context.terminal;
    if terminal.json() {
        terminal.data_json(&entries)?;
        return Ok(Exit::Done);
    }
    let mut table = Table::new(["TIME (UTC)", "WHO", "DID", "TO", "DETAIL"]);
    for entry in &entries {
        let at = moment::shown(entry.at);
        table.row([&at, &entry.actor, &entry.action, &entry.subject, &entry.detail]);
    }
    table.print(terminal);
    Ok(Exit::Done)
}
