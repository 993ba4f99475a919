//! `gatemark evaluation`: how the judging of production's answers goes.

use gatemark_core::error::Result;
use gatemark_core::money::NanoUsd;
use gatemark_gateway::clock;

use crate::context::Context;
use crate::exit::Exit;
use crate::table::Table;

/// Show how many of production's answers were judged today, and what that cost
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  gatemark evaluation --json")]
pub(crate) struct Args {}

pub(crate) async fn run(_: Args, context: &Context<'_>) -> Result<Exit> {
    let now = clock::now_us();
    let lines = context.with_control(async |control| control.online_standing(now).await).await?;
    let terminal = context.terminal;
    if terminal.json() {
        terminal.data_json(&lines)?;
        return Ok(Exit::Done);
    }
    if lines.is_empty() {
        terminal.note("no environment in gatemark.yaml has `evaluate`");
        return Ok(Exit::Done);
    }
    let headings = ["ENVIRONMENT", "SHARE", "WAITING", "JUDGED", "GIVEN UP", "SPENT", "OF"];
    let mut table = Table::new(headings).right(&[1, 2, 3, 4, 5, 6]);
    for line in &lines {
        table.row([
            line.environment.to_string(),
            format!("{:.2} %", 100.0 * line.share),
            line.waiting.to_string(),
            line.judged.to_string(),
            line.given_up.to_string(),
            NanoUsd(line.spent).to_string(),
            NanoUsd(line.per_day).to_string(),
        ]);
    }
    table.print(terminal);
    Ok(Exit::Done)
}
