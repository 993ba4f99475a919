//! `gatemark rollout`: bring a version in step by step, look at it, steer it.

mod options;
mod shown;

use gatemark_control::Control;
use gatemark_control::gate::Decision;
use gatemark_control::rollout::{RolloutView, Started};
use gatemark_core::error::{Error, Result};
use gatemark_core::id::{EnvironmentName, PromptName};
use gatemark_core::rollout::{Command, Rollout};
use gatemark_gateway::{PromptRef, clock};

pub(super) use options::Options;

use super::{deploy, gate};
use crate::argument;
use crate::context::Context;
use crate::exit::Exit;
use crate::print::Terminal;

/// Bring a version in step by step, and steer that
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  gatemark rollout start support/triage --to production
  gatemark rollout start support/triage --to production --steps 5%:24h,20%:48h --audience 'tier = free'
  gatemark rollout status support/triage
  gatemark rollout abort support/triage --reason 'customers complain'

A running server decides each second; commands work without one.")]
pub(crate) struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// Begin, if the gate admits the version
    Start(Start),
    /// Where rollouts stand: of one prompt, or of all that are not over
    Status(Status),
    /// Hold the step; guardrails go on looking
    Pause(Steer),
    /// Go on; after a long pause evidence starts anew
    Resume(Steer),
    /// Skip what is left of the steps; the gate is asked all the same
    Promote(Steer),
    /// Give the candidate up: what served before serves everybody again
    Abort(Steer),
    /// Start anew with other steps: other people, fresh evidence
    Restart(Restart),
}

#[derive(Debug, clap::Args)]
struct Start {
    /// The prompt: service/name, or service/name@version
    #[arg(value_name = "NAME", value_parser = argument::prompt_ref)]
    prompt: PromptRef,
    /// The environment
    #[arg(long, value_name = "ENV")]
    to: EnvironmentName,
    #[command(flatten)]
    options: Options,
}

#[derive(Debug, clap::Args)]
struct Status {
    /// The prompt: service/name [default: every rollout that is not over]
    #[arg(value_name = "NAME")]
    prompt: Option<PromptName>,
    /// The environment [default: the project's default environment]
    #[arg(long, value_name = "ENV")]
    env: Option<EnvironmentName>,
    /// Also those that are over
    #[arg(long, conflicts_with = "env")]
    all: bool,
}

#[derive(Debug, clap::Args)]
struct Steer {
    /// The prompt: service/name
    #[arg(value_name = "NAME")]
    prompt: PromptName,
    /// The environment [default: the project's default environment]
    #[arg(long, value_name = "ENV")]
    env: Option<EnvironmentName>,
    /// Why; kept in the audit log
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
}

#[derive(Debug, clap::Args)]
struct Restart {
    /// The prompt: service/name
    #[arg(value_name = "NAME")]
    prompt: PromptName,
    /// The environment [default: the project's default environment]
    #[arg(long, value_name = "ENV")]
    env: Option<EnvironmentName>,
    #[command(flatten)]
    options: Options,
}

pub(crate) async fn run(args: Args, context: &Context<'_>) -> Result<Exit> {
    match args.what {
        What::Start(start) => begin(start, context).await,
        What::Status(status) => look(status, context).await,
        What::Pause(steer) => steered(steer, context, |reason| Command::Pause { reason }).await,
        What::Resume(steer) => steered(steer, context, |_| Command::Resume).await,
        What::Promote(steer) => steered(steer, context, |_| Command::Promote).await,
        What::Abort(steer) => steered(steer, context, |reason| Command::Abort { reason }).await,
        What::Restart(restart) => anew(restart, context).await,
    }
}

async fn begin(start: Start, context: &Context<'_>) -> Result<Exit> {
    let actor = context.actor()?;
    let Start { prompt: PromptRef { name, selector }, to, options } = start;
    let started = context
        .with_control(async |control| {
            let plan = control.rollout_plan(&to, &options.asked())?;
            control.start_rollout(&name, &selector, &to, plan, &actor).await
        })
        .await?;
    print(started, context.terminal)
}

/// Prints what became of the wish to begin.
pub(super) fn print(started: Started, terminal: &Terminal) -> Result<Exit> {
    match started {
        Started::Refused(checklist) => deploy::print(&Decision::Refused(checklist), terminal),
        Started::Begun(rollout, fallbacks) => {
            if terminal.json() {
                terminal.data_json(&RolloutView::at(&rollout, clock::now_us()))?;
            } else {
                terminal.data(&shown::begun(&rollout));
                gate::fallbacks(&fallbacks).iter().for_each(|line| terminal.data(line));
            }
            Ok(Exit::Done)
        }
    }
}

async fn look(status: Status, context: &Context<'_>) -> Result<Exit> {
    let Status { prompt, env, all } = status;
    let one = prompt.is_some() && !all;
    let found = context
        .with_control(async |control| match &prompt {
            Some(prompt) if one => {
                let environment = environment(control, env);
                Ok(vec![control.rollout(prompt, &environment).await?])
            }
            prompt => control.rollouts(prompt.as_ref(), !all, 1_000).await,
        })
        .await?;
    let terminal = context.terminal;
    let now = clock::now_us();
    if terminal.json() {
        let views: Vec<RolloutView> =
            found.iter().map(|rollout| RolloutView::at(rollout, now)).collect();
        match views.first().filter(|_| one) {
            Some(view) => terminal.data_json(view)?,
            None => terminal.data_json(&views)?,
        }
        return Ok(Exit::Done);
    }
    match found.first() {
        Some(rollout) if one => shown::whole(rollout, now, terminal),
        Some(_) => shown::list(&found).print(terminal),
        None => terminal.note("no rollout is going on"),
    }
    Ok(Exit::Done)
}

async fn steered(
    steer: Steer,
    context: &Context<'_>,
    command: impl FnOnce(Option<String>) -> Command,
) -> Result<Exit> {
    let command = command(steer.reason);
    told(&steer.prompt, steer.env, context, |_| Ok(command)).await
}

async fn anew(restart: Restart, context: &Context<'_>) -> Result<Exit> {
    let Restart { prompt, env, options } = restart;
    if options.asked().strategy()?.is_some() {
        let message = "the strategy of a rollout cannot change: abort it and start another";
        return Err(Error::invalid(message).at("--strategy"));
    }
    told(&prompt, env, context, |rollout| {
        let plan = options.asked().over(Some(&rollout.plan))?;
        Ok(Command::Restart(Box::new(plan)))
    })
    .await
}

async fn told(
    prompt: &PromptName,
    env: Option<EnvironmentName>,
    context: &Context<'_>,
    command: impl FnOnce(&Rollout) -> Result<Command>,
) -> Result<Exit> {
    let actor = context.actor()?;
    let rollout = context
        .with_control(async |control| {
            let environment = environment(control, env);
            let before = control.rollout(prompt, &environment).await?;
            let command = command(&before)?;
            control.steer_rollout(prompt, &environment, &command, &actor).await
        })
        .await?;
    let terminal = context.terminal;
    if terminal.json() {
        terminal.data_json(&RolloutView::at(&rollout, clock::now_us()))?;
    } else {
        terminal.data(&shown::state(&rollout));
    }
    Ok(Exit::Done)
}

fn environment(control: &Control, asked: Option<EnvironmentName>) -> EnvironmentName {
    asked.unwrap_or_else(|| control.project().default_environment.clone())
}
