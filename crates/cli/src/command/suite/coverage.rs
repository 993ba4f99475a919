//! `gatemark suite coverage`: what a suite never asks.

use gatemark_control::coverage::{self, Counted, Coverage};
use gatemark_core::error::{Error, Result};
use gatemark_core::id::{EnvironmentName, PromptName};
use gatemark_gateway::Selector;
use serde_json::json;

use super::which::{self, Which};
use crate::context::Context;
use crate::exit::Exit;
use crate::print::{Ink, one_line};
use crate::table::Table;

/// Say what a suite's cases leave out
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  gatemark suite coverage support/triage
  gatemark suite coverage support/triage --suite files --json

A gap is a fact about the cases; whether it matters is for you to judge. The command ends with 0
whatever it finds.")]
pub(crate) struct Args {
    /// The prompt: service/name
    prompt: PromptName,
    /// Which suite: current, files, a hash, or a version that was tested with it
    #[arg(long, value_name = "SUITE", default_value = "current")]
    suite: Which,
    /// Whose policy says which categories there must be [default: the project's default environment]
    #[arg(long, value_name = "ENV")]
    env: Option<EnvironmentName>,
}

/// Longest name shown, in characters.
const WIDTH: usize = 60;

pub(crate) async fn run(args: Args, context: &Context<'_>) -> Result<Exit> {
    let (coverage, digest) = context
        .with_control(async |control| {
            let (suite, digest) = which::find(&args.prompt, &args.suite, control, context).await?;
            let content = match args.suite {
                Which::Files => which::from_files(&args.prompt, context)?.content,
                Which::Registered(_) => {
                    control.version(&args.prompt, &Selector::Default).await?.content
                }
            };
            let project = control.project();
            let name = args.env.as_ref().unwrap_or(&project.default_environment);
            let environment = project.environments.get(name).ok_or_else(|| {
                let message = format!("there is no environment `{name}`");
                Error::not_found(message).coded("environment_not_found")
            })?;
            Ok((coverage::of(&suite, &content, &environment.policy.categories), digest))
        })
        .await?;
    let terminal = context.terminal;
    if terminal.json() {
        terminal.data_json(&json!({"suite": digest, "coverage": coverage}))?;
        return Ok(Exit::Done);
    }
    terminal.data(&figures(&coverage, terminal.ink()));
    if !coverage.gaps.is_empty() {
        terminal.data("");
        let mut table = Table::new(["GAP", "OF", "WHAT"]);
        for gap in &coverage.gaps {
            table.row([gap.area.to_string(), one_line(&gap.name, WIDTH), gap.message.clone()]);
        }
        table.print(terminal);
    }
    terminal.note(&format!(
        "suite {}: {} cases from {} sources, {} gaps",
        digest.short(),
        coverage.cases,
        coverage.sources,
        coverage.gaps.len()
    ));
    Ok(Exit::Done)
}

fn figures(coverage: &Coverage, ink: Ink) -> String {
    let made: Vec<Counted> =
        coverage.generators.iter().filter(|kind| kind.cases > 0).cloned().collect();
    let lists = [
        ("categories", &coverage.categories),
        ("difficulties", &coverage.difficulties),
        ("labels", &coverage.labels),
        ("scripts", &coverage.scripts),
        ("generated", &made),
    ];
    let mut lines: Vec<String> = lists
        .iter()
        .filter(|(_, list)| !list.is_empty())
        .map(|(name, list)| format!("{}  {}", ink.strong(&format!("{name:<12}")), counts(list)))
        .collect();
    for variable in &coverage.variables {
        let values = if variable.values.is_empty() {
            String::new()
        } else {
            format!("; {}", counts(&variable.values))
        };
        lines.push(format!(
            "{}  {}: {} set, {} left out, {} different values{values}",
            ink.strong(&format!("{:<12}", "variable")),
            variable.name,
            variable.set,
            variable.omitted,
            variable.distinct
        ));
    }
    let reached = coverage.schema.iter().filter(|branch| branch.cases > 0).count();
    if !coverage.schema.is_empty() {
        let branches = coverage.schema.len();
        let name = ink.strong(&format!("{:<12}", "schema"));
        lines.push(format!("{name}  {reached} of {branches} branches expected by a case"));
    }
    lines.join("\n")
}

fn counts(list: &[Counted]) -> String {
    let parts = list.iter().map(|one| format!("{} {}", one_line(&one.name, WIDTH), one.cases));
    parts.collect::<Vec<_>>().join(", ")
}
