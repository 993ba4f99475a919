//! `gatemark test`: suites against models, through the pipeline that serves.

mod changed;
mod judged;
mod shown;
mod targets;
mod versus;
mod watch;
mod written;

use gatemark_control::Control;
use gatemark_control::evaluate::{TestRequest, TestRun};
use gatemark_core::error::Result;
use gatemark_core::id::ModelName;
use gatemark_core::money::NanoUsd;
use gatemark_gateway::PromptRef;

use crate::argument;
use crate::context::Context;
use crate::exit::Exit;
use crate::progress::Progress;

/// Run prompts' suites and store reports
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  gatemark test support/triage
  gatemark test support/triage@1.2.0 --model openai/gpt-4o-2024-08-06 --model sim/learner-2026-11-01
  gatemark test --all --repeats 3 --max-cost 2.50
  gatemark test --changed --base main

A run that was interrupted goes on where it stopped when the same command is given again, and
nothing that was answered is paid for twice. Ends with exit code 4 if a report does not reach
the thresholds of its suite, or the accuracy of the project's default environment if the suite
sets none.")]
pub(crate) struct Args {
    /// The prompts: service/name, or service/name@version
    #[arg(value_name = "NAME", value_parser = argument::prompt_ref,
        required_unless_present_any = ["all", "changed"])]
    prompts: Vec<PromptRef>,
    /// Test every prompt that has a suite
    #[arg(long, conflicts_with_all = ["prompts", "changed"])]
    all: bool,
    /// Test the prompts whose files differ from those of --base in Git
    #[arg(long, conflicts_with = "prompts")]
    changed: bool,
    /// What --changed compares with: a branch, tag or commit
    #[arg(long, value_name = "REVISION", default_value = "main", requires = "changed")]
    base: String,
    /// A model to test on; may be given more than once [default: the one that would serve]
    #[arg(long = "model", value_name = "MODEL")]
    models: Vec<ModelName>,
    /// How often each case is asked [default: what the suite says, else 1]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=100))]
    repeats: Option<u32>,
    /// Calls under way at once for each provider
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = argument::concurrency)]
    concurrency: usize,
    /// Ask the model even where an earlier run has the answer to the very same request
    #[arg(long)]
    no_cache: bool,
    /// Begin anew even if a run of the same was interrupted
    #[arg(long)]
    fresh: bool,
    /// Stop before more than this is spent, in USD
    #[arg(long, value_name = "USD", value_parser = argument::usd)]
    max_cost: Option<NanoUsd>,
    /// Stop as soon as the threshold on accuracy cannot be reached any more
    #[arg(long)]
    stop_early: bool,
    /// Test the files as they are, without registering them; leaves no report
    #[arg(long)]
    draft: bool,
    /// Test the files as they are, and again whenever one changes, until Ctrl-C
    #[arg(long)]
    watch: bool,
    #[command(flatten)]
    files: written::Files,
    /// Most failing cases to show of each run
    #[arg(long, value_name = "N", default_value_t = 10)]
    failures: u32,
}

pub(crate) async fn run(args: Args, context: &Context<'_>) -> Result<Exit> {
    context
        .with_control(async |control| match args.watch {
            true => watch::run(&args, control, context).await,
            false => once(&args, control, context).await,
        })
        .await
}

/// One test of what the arguments choose.
async fn once(args: &Args, control: &Control, context: &Context<'_>) -> Result<Exit> {
    let terminal = context.terminal;
    let Some(targets) = targets::chosen(args, control, context).await? else {
        return Ok(Exit::Done);
    };
    let request = TestRequest {
        targets,
        models: args.models.clone(),
        repeats: args.repeats,
        concurrency: args.concurrency,
        recall: !args.no_cache,
        resume: !args.fresh,
        max_cost: args.max_cost,
        stop_early: args.stop_early,
        actor: context.actor()?,
    };
    targets::tell_of_edits(&request, control, context).await?;
    let runs: Vec<TestRun> = control.test(&request, &Progress::new(terminal)).await?;
    judged::something_answered(&runs, control).await?;
    for note in runs.iter().flat_map(|run| &run.notes) {
        terminal.note(&format!("note: {note}"));
    }
    let verdicts = judged::all(&runs, control);
    let versus = versus::serving(&runs, control).await?;
    written::all(&args.files, &runs, &versus, control, terminal).await?;
    if terminal.json() {
        shown::json(&runs, &verdicts, &versus, control, terminal).await?;
    } else {
        shown::text(&runs, &verdicts, &versus, args.failures, control, terminal).await?;
    }
    if args.draft || args.watch {
        for run in &runs {
            control.forget(run).await?;
        }
    }
    let reached = verdicts.iter().all(judged::Judged::is_reached);
    Ok(if reached { Exit::Done } else { Exit::Below })
}
