//! `gatemark rollback`: back to a version that served before.

use gatemark_core::error::Result;
use gatemark_core::id::{EnvironmentName, PromptName};
use gatemark_gateway::Selector;

use super::deploy;
use crate::argument;
use crate::context::Context;
use crate::exit::Exit;

/// Go back to the version that served before
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  gatemark rollback support/triage
  gatemark rollback support/triage --to 1.2.0 --env staging")]
pub(crate) struct Args {
    /// The prompt: service/name
    #[arg(value_name = "NAME")]
    prompt: PromptName,
    /// A version that served here: a number or a semantic version [default: the one before]
    #[arg(long, value_name = "VERSION", value_parser = argument::selector)]
    to: Option<Selector>,
    /// The environment [default: the project's default environment]
    #[arg(long, value_name = "ENV")]
    env: Option<EnvironmentName>,
}

pub(crate) async fn run(args: Args, context: &Context<'_>) -> Result<Exit> {
    let actor = context.actor()?;
    let decision = context
        .with_control(async |control| {
            let environment = args.env.clone();
            let environment =
                environment.unwrap_or_else(|| control.project().default_environment.clone());
            control.rollback(&args.prompt, args.to.as_ref(), &environment, &actor).await
        })
        .await?;
    deploy::print(&decision, context.terminal)
}
