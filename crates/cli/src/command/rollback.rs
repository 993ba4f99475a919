//! `gatemark rollback`: back to a version that served before.

use gatemark_core::error::Result;
use gatemark_core::id::{EnvironmentName, ModelName, PromptName};
use gatemark_gateway::Selector;

use super::{deploy, rollout};
use crate::argument;
use crate::context::Context;
use crate::exit::Exit;

/// Go back to the version that served before
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  gatemark rollback support/triage
  gatemark rollback support/triage --to 1.2.0 --env staging
  gatemark rollback support/triage --over 30m
  gatemark rollback support/triage --model anthropic/claude-haiku-4-5-20251001")]
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
    /// Go back over this time, e.g. 30m, in ten equal steps, instead of at once
    #[arg(long, value_name = "TIME", value_parser = seconds)]
    over: Option<u64>,
    /// Stay on the version that serves and have another of its models answer, if that has passing evidence
    #[arg(long, value_name = "MODEL", conflicts_with_all = ["to", "over"])]
    model: Option<ModelName>,
}

fn seconds(text: &str) -> Result<u64, String> {
    gatemark_core::ramp::seconds(text).map_err(|error| error.message().to_string())
}

pub(crate) async fn run(args: Args, context: &Context<'_>) -> Result<Exit> {
    let actor = context.actor()?;
    if let Some(over) = args.over {
        let started = context
            .with_control(async |control| {
                let environment = args.env.clone();
                let environment =
                    environment.unwrap_or_else(|| control.project().default_environment.clone());
                let (prompt, to) = (&args.prompt, args.to.as_ref());
                control.rollback_over(prompt, to, &environment, over, &actor).await
            })
            .await?;
        return rollout::print(started, context.terminal);
    }
    let decision = context
        .with_control(async |control| {
            let environment = args.env.clone();
            let environment =
                environment.unwrap_or_else(|| control.project().default_environment.clone());
            if let Some(model) = &args.model {
                return control.switch_model(&args.prompt, &environment, model, &actor).await;
            }
            control.rollback(&args.prompt, args.to.as_ref(), &environment, &actor).await
        })
        .await?;
    deploy::print(&decision, context.terminal)
}
