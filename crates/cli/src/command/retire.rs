//! `gatemark retire`: a version that is over.

use gatemark_core::error::{Error, Result};
use gatemark_gateway::{PromptRef, Selector};
use serde_json::json;

use crate::argument;
use crate::context::Context;
use crate::exit::Exit;

/// Retire a version: it is not deployed any more
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  gatemark retire support/triage@1 --reason 'replaced by 2'
  gatemark retire support/triage@1 --undo

A version that serves is not retired: deploy another first. A retired one may still be rolled back to.")]
pub(crate) struct Args {
    /// The version: service/name@version
    #[arg(value_name = "NAME@VERSION", value_parser = argument::prompt_ref)]
    version: PromptRef,
    /// Why
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
    /// Take the retirement back
    #[arg(long, conflicts_with = "reason")]
    undo: bool,
}

pub(crate) async fn run(args: Args, context: &Context<'_>) -> Result<Exit> {
    let actor = context.actor()?;
    let Args { version: PromptRef { name, selector }, reason, undo } = args;
    if !matches!(selector, Selector::Number(_) | Selector::Semver(_)) {
        let message = format!("say which version is over, such as {name}@1");
        return Err(Error::invalid(message).at("NAME@VERSION"));
    }
    let version = context
        .with_control(async |control| match undo {
            true => control.unretire(&name, &selector, &actor).await,
            false => control.retire(&name, &selector, &actor, reason.clone()).await,
        })
        .await?;
    let (terminal, number) = (context.terminal, version.number);
    if terminal.json() {
        let done = json!({"prompt": name, "number": number, "retired": !undo, "actor": actor});
        terminal.data_json(&done)?;
    } else if undo {
        terminal.data(&format!("{name} version {number} is no longer retired"));
    } else {
        terminal.data(&format!("retired {name} version {number}"));
    }
    Ok(Exit::Done)
}
