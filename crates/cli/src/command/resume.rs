//! `gatemark resume`: the end of a stop.

use gatemark_control::stop::Wanted;
use gatemark_core::error::{Error, Result};
use gatemark_core::stop::{StopKind, StopServe};

use super::stop::{self, Scope};
use crate::context::Context;
use crate::exit::Exit;

/// End a stop
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  gatemark resume support/triage
  gatemark resume --service support --reason 'INC-7 is mended'

Names exactly what was stopped: ending the stop of a service leaves those of its prompts.")]
pub(crate) struct Args {
    #[command(flatten)]
    scope: Scope,
    /// Why, in one line
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
}

pub(crate) async fn run(args: Args, context: &Context<'_>) -> Result<Exit> {
    let scope = args.scope.named().ok_or_else(|| {
        let message = "say what to resume: NAME, --service, --environment or --all (gatemark stop lists them)";
        Error::invalid(message).at("NAME")
    })?;
    let (kind, serve) = (StopKind::Resume, StopServe::default());
    stop::order(Wanted { scope, kind, serve, reason: args.reason }, context).await
}
