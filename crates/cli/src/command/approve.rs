//! `gatemark approve`: a second person's consent.

use gatemark_core::error::Result;
use gatemark_gateway::PromptRef;
use serde_json::json;

use crate::argument;
use crate::context::Context;
use crate::exit::Exit;

/// Approve a version that somebody else wrote
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  gatemark approve support/triage --as alex --comment 'read the diff'"
)]
pub(crate) struct Args {
    /// The prompt: service/name, or service/name@version
    #[arg(value_name = "NAME", value_parser = argument::prompt_ref)]
    prompt: PromptRef,
    /// Why, or under which condition
    #[arg(long, value_name = "TEXT")]
    comment: Option<String>,
}

pub(crate) async fn run(args: Args, context: &Context<'_>) -> Result<Exit> {
    let actor = context.actor()?;
    let PromptRef { name, selector } = &args.prompt;
    let comment = args.comment.clone();
    let approved = context
        .with_control(async |control| control.approve(name, selector, &actor, comment).await)
        .await?;
    let terminal = context.terminal;
    if terminal.json() {
        terminal.data_json(&json!({
            "prompt": name,
            "number": approved.number,
            "semver": approved.semver.to_string(),
            "hash": approved.hash,
            "actor": actor,
            "comment": args.comment,
        }))?;
    } else {
        let (semver, number) = (&approved.semver, approved.number);
        terminal.data(&format!("{actor} approved {name} {semver} (version {number})"));
    }
    Ok(Exit::Done)
}
