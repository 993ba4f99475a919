//! `gatemark compress`: a shorter wording of a prompt, and what its suite says of both.

mod shown;
mod written;

use gatemark_control::Control;
use gatemark_control::compress::{Proposal, Trial};
use gatemark_control::evaluate::{TestRequest, TestTarget};
use gatemark_control::project::{self, PromptFile};
use gatemark_core::diagnostic::{Severity, did_you_mean};
use gatemark_core::error::{Error, Result};
use gatemark_core::id::{ModelName, PromptName};
use gatemark_core::money::NanoUsd;

use crate::argument;
use crate::config;
use crate::context::{Context, text_of};
use crate::diagnostics;
use crate::exit::Exit;
use crate::files;
use crate::progress::Progress;

/// Propose a shorter wording of a prompt, and try it on its suite
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  gatemark compress support/triage
  gatemark compress support/triage --model openai/gpt-4o-2024-08-06 --max-cost 1
  gatemark compress support/triage --no-test --write

Reads the prompt's files as they are, drops courtesies, long phrases, sentences that are said twice and
needless space, and runs the suite on both wordings. Nothing is registered or deployed. With --write each
shorter message is put beside prompt.yaml as a file of its own. Ends with exit code 4 if the suite on the
shorter wording does not reach its thresholds.")]
pub(crate) struct Args {
    /// The prompt: service/name
    #[arg(value_name = "NAME")]
    prompt: PromptName,
    /// A model that is asked for a still shorter wording of each message
    #[arg(long, value_name = "MODEL")]
    model: Option<ModelName>,
    /// Do not run the suite
    #[arg(long)]
    no_test: bool,
    /// Write the shorter messages beside prompt.yaml
    #[arg(long)]
    write: bool,
    /// Calls of the suite under way at once for each provider
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = argument::concurrency)]
    concurrency: usize,
    /// Stop the suite before more than this is spent, in USD
    #[arg(long, value_name = "USD", value_parser = argument::usd)]
    max_cost: Option<NanoUsd>,
}

pub(crate) async fn run(args: Args, context: &Context<'_>) -> Result<Exit> {
    context.with_control(async |control| once(&args, control, context).await).await
}

async fn once(args: &Args, control: &Control, context: &Context<'_>) -> Result<Exit> {
    let terminal = context.terminal;
    let actor = context.actor()?;
    let file = prompt_file(&args.prompt, control, context)?;
    let proposal = control.compress(&file, args.model.as_ref(), &actor).await?;
    let is_shorter = proposal.tokens.1 < proposal.tokens.0;
    let trial = match is_shorter && !args.no_test {
        true => tried(args, &file, &proposal, actor, (control, context)).await?,
        false => None,
    };
    let reached = trial.as_ref().is_none_or(|trial| shown::unmet(trial, control).is_empty());
    let paths = match is_shorter && args.write {
        true => written::all(&file, &proposal, &context.folders()?)?,
        false => vec![],
    };
    if terminal.json() {
        shown::json(&args.prompt, &proposal, trial.as_ref(), &paths, (control, terminal))?;
    } else {
        shown::text(&proposal, trial.as_ref(), &paths, (control, terminal));
        if is_shorter && file.suite.is_none() {
            terminal
                .note("note: the prompt has no suite, so nothing says whether it is still as good");
        }
    }
    if let Some(trial) = &trial {
        control.forget(&trial.before).await?;
        control.forget(&trial.after).await?;
    }
    Ok(if reached { Exit::Done } else { Exit::Below })
}

async fn tried(
    args: &Args,
    file: &PromptFile,
    proposal: &Proposal,
    actor: String,
    (control, context): (&Control, &Context<'_>),
) -> Result<Option<Trial>> {
    // The targets are put in their place by `try_out`, which makes drafts of both wordings.
    let request = TestRequest {
        concurrency: args.concurrency,
        max_cost: args.max_cost,
        ..TestRequest::of(TestTarget::newest(file.name.clone()), actor)
    };
    control.try_out(file, proposal, request, &Progress::new(context.terminal)).await
}

/// The prompt's files as they are now; what is wrong with any of the project's files is printed.
fn prompt_file(name: &PromptName, control: &Control, context: &Context<'_>) -> Result<PromptFile> {
    let folders = context.folders()?;
    let mut files = config::read(&folders)?.files;
    let mut problems = files::read(&folders.project, &mut files)?;
    let (prompts, found) = project::load_prompts(&files, control.project());
    problems.extend(found);
    diagnostics::print(context.terminal, &problems, |path| text_of(files.get(path)));
    if problems.iter().any(|problem| problem.severity == Severity::Error) {
        let message = "the project's files have mistakes: mend them first";
        return Err(Error::invalid(message).coded("bad_files"));
    }
    let hint = did_you_mean(name.as_str(), prompts.iter().map(|prompt| prompt.name.as_str()))
        .map(|close| format!(" (did you mean `{close}`?)"))
        .unwrap_or_default();
    prompts.into_iter().find(|prompt| prompt.name == *name).ok_or_else(|| {
        let message = format!("the project has no files of prompt `{name}`{hint}");
        Error::not_found(message).coded("prompt_not_found")
    })
}
