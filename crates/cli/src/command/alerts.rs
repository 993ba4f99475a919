//! `gatemark alerts`: what is wrong now.

use gatemark_control::alerting::AlertView;
use gatemark_core::error::Result;

use crate::context::Context;
use crate::exit::Exit;
use crate::moment;
use crate::print::one_line;
use crate::table::{Table, show_list};

/// List alerts: what is wrong now, the most severe first
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  gatemark alerts
  gatemark alerts --all --json

A running server looks once a second. What to do about them: gatemark alert --help")]
pub(crate) struct Args {
    /// Also those that are over
    #[arg(long)]
    all: bool,
}

pub(crate) async fn run(args: Args, context: &Context<'_>) -> Result<Exit> {
    let found = context.with_control(async |control| control.alerts(args.all).await).await?;
    show_list(context.terminal, &found, "There are no alerts.", table)?;
    Ok(Exit::Done)
}

/// Widest sentence.
const WIDTH: usize = 90;

fn table(alerts: &[AlertView]) -> Table {
    let mut table = Table::new(["SINCE (UTC)", "STATUS", "SEVERITY", "KEY", "WHAT", "NOTE"]);
    for alert in alerts {
        let taken = alert.acknowledged_by.as_ref().map(|who| format!("taken on by {who}"));
        let change = alert.context.get("change").cloned();
        let notes = [taken, alert.quiet.clone(), change].into_iter().flatten();
        table.row([
            moment::shown(alert.since),
            alert.status.to_string(),
            alert.severity.to_string(),
            alert.key.clone(),
            one_line(&alert.summary, WIDTH),
            notes.collect::<Vec<_>>().join("; "),
        ]);
    }
    table
}
