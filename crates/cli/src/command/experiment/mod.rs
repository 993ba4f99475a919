//! `gatemark experiment`: comparisons of arms, live and recorded.

mod analyze;
mod shown;

use std::path::PathBuf;

use gatemark_control::experiment::{ExperimentReport, ExperimentView, Started};
use gatemark_control::gate::Decision;
use gatemark_control::project::{Files, load_experiment};
use gatemark_core::error::{Error, Result};
use gatemark_gateway::clock;

use super::deploy;
use crate::context::{Context, text_of};
use crate::diagnostics;
use crate::exit::Exit;
use crate::print::Terminal;

/// Compare arms of a prompt on live traffic, or calls that were recorded anywhere
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  gatemark experiment create experiments/tone.yaml
  gatemark experiment start tone
  gatemark experiment report tone
  gatemark experiment analyze --jsonl calls.jsonl --weights control=90,v7=10

A running server decides each second; commands work without one. See docs/experiments.md.")]
pub(crate) struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    Analyze(analyze::Args),
    /// Write an experiment down; it divides no calls yet
    Create(Create),
    /// Begin, if the gate admits every arm
    Start(One),
    /// Where an experiment stands
    Status(One),
    /// What its calls show: estimate, interval, probability of harm, and what to do
    Report(One),
    /// End it: what serves serves everybody again
    Stop(Stop),
    /// Every experiment, newest first
    List,
}

#[derive(Debug, clap::Args)]
struct Create {
    /// The definition, as YAML or JSON
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

#[derive(Debug, clap::Args)]
struct One {
    /// The experiment
    #[arg(value_name = "NAME")]
    name: String,
}

#[derive(Debug, clap::Args)]
struct Stop {
    /// The experiment
    #[arg(value_name = "NAME")]
    name: String,
    /// Why; kept in the audit log
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
}

pub(crate) async fn run(args: Args, context: &Context<'_>) -> Result<Exit> {
    match args.action {
        Action::Analyze(args) => analyze::run(args, context.terminal),
        Action::Create(create) => written(create, context).await,
        Action::Start(One { name }) => begin(&name, context).await,
        Action::Status(One { name }) => {
            let found =
                context.with_control(async |control| control.experiment(&name).await).await?;
            one(&ExperimentView::at(&found, clock::now_us()), context.terminal)
        }
        Action::Report(One { name }) => {
            let report = context
                .with_control(async |control| control.experiment_report(&name).await)
                .await?;
            reported(&report, context.terminal)
        }
        Action::Stop(Stop { name, reason }) => {
            let actor = context.actor()?;
            let stopped = context
                .with_control(async |control| control.stop_experiment(&name, reason, &actor).await)
                .await?;
            one(&ExperimentView::at(&stopped, clock::now_us()), context.terminal)
        }
        Action::List => list(context).await,
    }
}

async fn written(create: Create, context: &Context<'_>) -> Result<Exit> {
    let actor = context.actor()?;
    let path = create.file.to_string_lossy().into_owned();
    let bytes = std::fs::read(&create.file)
        .map_err(|cause| Error::invalid(format!("cannot read {path}: {cause}")).because(cause))?;
    let mut files = Files::new();
    files.insert(path.clone(), bytes);
    let (definition, problems) = load_experiment(&files, &path);
    let terminal = context.terminal;
    diagnostics::print(terminal, &problems, |path| text_of(files.get(path)));
    let Some(definition) = definition else {
        if terminal.json() {
            terminal.data_json(&serde_json::json!({"diagnostics": problems}))?;
        }
        terminal.note("Nothing was written down.");
        return Ok(Exit::Invalid);
    };
    let drafted = context
        .with_control(async |control| control.create_experiment(definition, &actor).await)
        .await?;
    let view = ExperimentView::at(&drafted, clock::now_us());
    if terminal.json() {
        terminal.data_json(&view)?;
    } else {
        terminal.data(&shown::line(&view));
        terminal.note(&format!("begin it with `gatemark experiment start {}`", view.name));
    }
    Ok(Exit::Done)
}

async fn begin(name: &str, context: &Context<'_>) -> Result<Exit> {
    let actor = context.actor()?;
    let started =
        context.with_control(async |control| control.start_experiment(name, &actor).await).await?;
    let terminal = context.terminal;
    match started {
        Started::Begun(experiment) => {
            one(&ExperimentView::at(&experiment, clock::now_us()), terminal)
        }
        Started::Refused(arm, checklist) => {
            terminal.note(&format!("the gate refused the arm `{arm}`"));
            deploy::print(&Decision::Refused(checklist), terminal)
        }
    }
}

fn one(view: &ExperimentView, terminal: &Terminal) -> Result<Exit> {
    if terminal.json() {
        terminal.data_json(view)?;
    } else {
        shown::whole(view, terminal);
    }
    Ok(Exit::Done)
}

fn reported(report: &ExperimentReport, terminal: &Terminal) -> Result<Exit> {
    if terminal.json() {
        terminal.data_json(report)?;
        return Ok(Exit::Done);
    }
    terminal.data(&report.sentence);
    shown::whole(&report.experiment, terminal);
    let analysis = serde_json::from_value(report.analysis.clone())
        .map_err(|cause| Error::internal("a report cannot be read").because(cause))?;
    analyze::show(&analysis, terminal);
    report.notes.iter().for_each(|note| terminal.note(&format!("note: {note}")));
    Ok(Exit::Done)
}

async fn list(context: &Context<'_>) -> Result<Exit> {
    let found = context.with_control(async |control| control.experiments().await).await?;
    let now = clock::now_us();
    let views: Vec<ExperimentView> =
        found.iter().map(|experiment| ExperimentView::at(experiment, now)).collect();
    let terminal = context.terminal;
    if terminal.json() {
        terminal.data_json(&views)?;
    } else if views.is_empty() {
        terminal.note("there are no experiments: see `gatemark experiment create --help`");
    } else {
        shown::list(&views).print(terminal);
    }
    Ok(Exit::Done)
}
