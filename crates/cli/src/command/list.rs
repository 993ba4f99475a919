//! `gatemark list`: every prompt at a glance.

use gatemark_control::view::PromptView;
use gatemark_core::error::Result;

use crate::context::Context;
use crate::exit::Exit;
use crate::moment;
use crate::table::Table;

/// List prompts, their newest versions and where they serve
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  gatemark list --json | jq -r '.[].name'")]
pub(crate) struct Args {}

pub(crate) async fn run(_: Args, context: &Context<'_>) -> Result<Exit> {
    let prompts = context.with_control(async |control| control.prompt_views().await).await?;
    let terminal = context.terminal;
    if terminal.json() {
        terminal.data_json(&prompts)?;
    } else if prompts.is_empty() {
        terminal.note("No prompts are registered. Register those in prompts/ with: gatemark push");
    } else {
        print(&prompts, context);
    }
    Ok(Exit::Done)
}

fn print(prompts: &[PromptView], context: &Context<'_>) {
    let headings =
        ["PROMPT", "NEWEST", "VERSION", "STAGE", "SERVES", "SUITE", "OWNER", "CHANGED (UTC)"];
    let mut table = Table::new(headings).right(&[2]);
    for prompt in prompts {
        let serves = prompt.deployed.iter();
        let serves: Vec<String> =
            serves.map(|(name, number)| format!("{name}: {number}")).collect();
        table.row([
            prompt.name.clone(),
            prompt.semver.clone(),
            prompt.latest.to_string(),
            prompt.stage.to_string(),
            if serves.is_empty() { "nowhere".into() } else { serves.join(", ") },
            if prompt.suite.is_some() { "yes" } else { "no" }.into(),
            prompt.owner.clone().unwrap_or_default(),
            moment::shown(prompt.updated_at),
        ]);
    }
    table.print(context.terminal);
}
