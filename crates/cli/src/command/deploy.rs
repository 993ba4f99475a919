//! `gatemark deploy`: a version goes through the gate, or is told why not.

use gatemark_control::gate::Decision;
use gatemark_control::rollout::Started;
use gatemark_control::view::{DeploymentView, GateView};
use gatemark_core::deploy::Deployment;
use gatemark_core::error::{Error, Result};
use gatemark_core::gate::{Checklist, Purpose};
use gatemark_core::id::EnvironmentName;
use gatemark_core::rollout::Strategy;
use gatemark_gateway::{PromptRef, Selector};

use super::{gate, rollout};
use crate::argument;
use crate::context::Context;
use crate::exit::Exit;
use crate::print::Terminal;

/// Deploy a version to an environment, if the rules there allow it
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  gatemark deploy support/triage --to production
  gatemark deploy support/triage --to production --version 1.2.0
  gatemark deploy support/triage --to production --strategy canary --steps 5%:24h,20%:48h

A refusal lists every rule that is not met and ends with exit code 3.")]
pub(crate) struct Args {
    /// The prompt: service/name, or service/name@version
    #[arg(value_name = "NAME", value_parser = argument::prompt_ref)]
    prompt: PromptRef,
    /// The environment
    #[arg(long, value_name = "ENV")]
    to: EnvironmentName,
    /// The version: a number or a semantic version [default: the newest]
    #[arg(long, value_name = "VERSION", value_parser = argument::selector)]
    version: Option<Selector>,
    #[command(flatten)]
    rollout: rollout::Options,
}

/// What became of the wish to deploy.
enum Outcome {
    Moved(Decision),
    Begun(Started),
}

pub(crate) async fn run(args: Args, context: &Context<'_>) -> Result<Exit> {
    let selector = match (args.prompt.selector, args.version) {
        (selector, None) => selector,
        (Selector::Default, Some(version)) => version,
        (_, Some(_)) => {
            let message = "the version is given twice: after the @ and with --version";
            return Err(Error::invalid(message).at("--version"));
        }
    };
    let (name, to) = (&args.prompt.name, &args.to);
    let actor = context.actor()?;
    let asked = args.rollout.asked();
    let outcome = context
        .with_control(async |control| {
            let strategy = match asked.strategy()? {
                Some(strategy) => strategy,
                None if asked.is_bare() => control.usual_strategy(name, to).await?,
                None => Strategy::Canary,
            };
            if strategy == Strategy::AllAtOnce && asked.is_bare() {
                let moved = control.deploy(name, &selector, to, &actor).await?;
                return Ok(Outcome::Moved(moved));
            }
            let plan = control.rollout_plan(to, &asked)?;
            let begun = control.start_rollout(name, &selector, to, plan, &actor).await?;
            Ok(Outcome::Begun(begun))
        })
        .await?;
    match outcome {
        Outcome::Moved(decision) => print(&decision, context.terminal),
        Outcome::Begun(started) => rollout::print(started, context.terminal),
    }
}

/// Prints what became of the move.
pub(super) fn print(decision: &Decision, terminal: &Terminal) -> Result<Exit> {
    match decision {
        Decision::Moved(deployment, fallbacks) => {
            if terminal.json() {
                terminal.data_json(&DeploymentView::from(deployment.as_ref()))?;
            } else {
                terminal.data(&moved(deployment));
                gate::fallbacks(fallbacks).iter().for_each(|line| terminal.data(line));
            }
            Ok(Exit::Done)
        }
        Decision::Refused(checklist) => {
            if terminal.json() {
                terminal.data_json(&GateView::from(checklist.as_ref()))?;
            }
            refused(checklist, terminal);
            Ok(Exit::Refused)
        }
    }
}

fn moved(deployment: &Deployment) -> String {
    let Deployment { prompt, environment, number, version, .. } = deployment;
    let how = match deployment.purpose {
        Purpose::Deploy => "deployed",
        Purpose::Rollback => "rolled back",
    };
    let mut text =
        format!("{how}: {prompt} version {number} ({}) serves in {environment}", version.short());
    if let Some(model) = &deployment.model {
        return format!("{text} on {model}");
    }
    match deployment.replaced {
        Some(before) if before == *number => text.push_str(", as it did before"),
        Some(before) => text.push_str(&format!(" in place of version {before}")),
        None => {}
    }
    if let Some(report) = &deployment.evidence {
        text.push_str(&format!("\nevidence: report {report}"));
    }
    text
}

fn refused(checklist: &Checklist, terminal: &Terminal) {
    let ink = terminal.note_ink();
    let unmet: Vec<_> = checklist.unmet().collect();
    let plural = if unmet.len() == 1 { "1 rule is" } else { &format!("{} rules are", unmet.len()) };
    terminal.note(&format!("{} the gate refuses: {plural} not met", ink.bad("refused:")));
    for finding in unmet {
        terminal.note(&gate::line(finding, ink));
    }
}
