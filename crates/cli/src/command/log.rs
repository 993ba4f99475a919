//! `gatemark log`: what happened to a prompt, in the order of time.

use gatemark_core::error::Result;
use gatemark_core::id::PromptName;

use crate::context::Context;
use crate::exit::Exit;
use crate::moment;
use crate::table::Table;

/// Show a prompt's versions, tests, reviews, deployments and retirements in the order of time
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  gatemark log support/triage")]
pub(crate) struct Args {
    /// The prompt: service/name
    #[arg(value_name = "NAME")]
    prompt: PromptName,
}

pub(crate) async fn run(args: Args, context: &Context<'_>) -> Result<Exit> {
    let events = context.with_control(async |control| control.history(&args.prompt).await).await?;
    let terminal = context.terminal;
    if terminal.json() {
        terminal.data_json(&events)?;
        return Ok(Exit::Done);
    }
    let mut table =
        Table::new(["TIME (UTC)", "VERSION", "NOW", "WHAT", "WHO", "DETAIL"]).right(&[1]);
    for event in &events {
        let (at, number) = (moment::shown(event.at), event.number.to_string());
        table.row([&at, &number, event.stage, event.kind, &event.actor, &event.detail]);
    }
    table.print(terminal);
    Ok(Exit::Done)
}
