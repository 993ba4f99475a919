//! `gatemark test`: the suite against the models, through the pipeline that serves.

use gatemark_control::Control;
use gatemark_control::evaluate::{TestRequest, TestRun};
use gatemark_control::registry::Mode;
use gatemark_control::view::ReportView;
use gatemark_core::error::{Error, Kind, Result};
use gatemark_core::id::ModelName;
use gatemark_core::report::{Report, Verdict};
use gatemark_gateway::{PromptRef, Selector};
use serde_json::json;

use crate::argument;
use crate::config;
use crate::context::Context;
use crate::evidence::{self, Threshold};
use crate::exit::Exit;
use crate::files;
use crate::print::Terminal;
use crate::progress::Progress;

/// Run a prompt's suite and store a report
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  gatemark test support/triage
  gatemark test support/triage@1.2.0 --model openai/gpt-4o-2024-08-06 --model sim/learner-2026-11-01

Ends with exit code 4 if the accuracy is below the suite's threshold, or below that of the
project's default environment if the suite sets none.")]
pub(crate) struct Args {
    /// The prompt: service/name, or service/name@version
    #[arg(value_name = "NAME", value_parser = argument::prompt_ref)]
    prompt: PromptRef,
    /// A model to test on; may be given more than once [default: the one that would serve]
    #[arg(long = "model", value_name = "MODEL")]
    models: Vec<ModelName>,
    /// Cases under way at once
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = concurrency)]
    concurrency: usize,
    /// Most failing cases to show of each run
    #[arg(long, value_name = "N", default_value_t = 10)]
    failures: usize,
}

fn concurrency(text: &str) -> Result<usize, String> {
    let parsed = text.parse().ok().filter(|count| (1..=1024).contains(count));
    parsed.ok_or_else(|| "write a number from 1 to 1024".to_string())
}

pub(crate) async fn run(args: Args, context: &Context<'_>) -> Result<Exit> {
    let request = TestRequest {
        prompt: args.prompt.name,
        selector: args.prompt.selector,
        models: args.models,
        concurrency: args.concurrency,
        actor: context.actor()?,
    };
    let terminal = context.terminal;
    let progress = Progress::new(terminal);
    let (runs, threshold) = context
        .with_control(async |control| {
            has_keys(&request, control).await?;
            tell_of_edits(&request, control, context).await?;
            let runs = control.test(&request, &progress).await?;
            let threshold = threshold(&runs, control);
            Ok((runs, threshold))
        })
        .await?;
    let reached = threshold
        .is_none_or(|threshold| runs.iter().all(|run| threshold.is_reached(&run.report.summary)));
    if let Some(error) = nothing_answered(&runs) {
        return Err(error);
    }
    if terminal.json() {
        let views: Vec<ReportView> =
            runs.into_iter().map(|run| ReportView::new(&run.report, run.rows)).collect();
        let least = threshold.map(|threshold| threshold.accuracy);
        terminal.data_json(&json!({"threshold": least, "reached": reached, "reports": views}))?;
    } else {
        print(&runs, threshold, args.failures, terminal);
    }
    Ok(if reached { Exit::Done } else { Exit::Below })
}

/// Without a key every case would end in the prompt's static fallback, which hides why.
async fn has_keys(request: &TestRequest, control: &Control) -> Result<()> {
    let version = control.version(&request.prompt, &request.selector).await?;
    let serving = version.content.models.first().map(|variant| variant.model.clone());
    let asked = if request.models.is_empty() { serving.as_slice() } else { &request.models };
    let project = control.project();
    let held = config::secrets(project);
    for model in asked {
        let Some(provider) = project.providers.get(model.provider()) else { continue };
        if let Some(variable) = &provider.key_variable
            && !held.contains_key(&provider.name)
        {
            let message =
                format!("{model} cannot be called: its key {variable} is not in the environment");
            return Err(Error::invalid(message).at("model").coded("provider_key_missing"));
        }
    }
    Ok(())
}

/// What is tested is what is registered: says so if the newest version's files have changed since.
async fn tell_of_edits(
    request: &TestRequest,
    control: &Control,
    context: &Context<'_>,
) -> Result<()> {
    if request.selector != Selector::Default {
        return Ok(());
    }
    let folders = context.folders()?;
    let mut read = config::read(&folders)?;
    files::read(&folders.project, &mut read.files)?;
    // Files with mistakes are reported by `push`, and have changed for certain.
    let plan = control.push(&read.files, &request.actor, Mode::DryRun).await?;
    let planned = plan.prompts.iter().find(|pushed| pushed.name == request.prompt);
    if plan.is_refused() || planned.is_some_and(|pushed| pushed.is_new) {
        let name = &request.prompt;
        context.terminal.note(&format!(
            "note: the files of {name} differ from its registered version, which is what is tested: \
             push them first to test them"
        ));
    }
    Ok(())
}

/// The suite's threshold, else that of the default environment.
fn threshold(runs: &[TestRun], control: &Control) -> Option<Threshold> {
    let own = runs.first().and_then(|run| run.suite.thresholds.accuracy);
    if let Some(accuracy) = own {
        return Some(Threshold { accuracy, own: true });
    }
    let project = control.project();
    let environment = project.environments.get(&project.default_environment)?;
    environment.policy.accuracy.map(|accuracy| Threshold { accuracy, own: false })
}

/// If no case of any run got an answer, that says nothing about the prompt: a failure, not a result.
fn nothing_answered(runs: &[TestRun]) -> Option<Error> {
    let mut rows = runs.iter().flat_map(|run| &run.rows).peekable();
    let why = rows.peek()?.error.clone().unwrap_or_default();
    if !rows.all(|row| row.verdict == Verdict::Error && row.error.is_some()) {
        return None;
    }
    let models: Vec<&str> = runs.iter().map(|run| run.report.model.as_str()).collect();
    let message = format!("no case was answered by {}: {why}", models.join(", "));
    Some(Error::new(Kind::VendorFailed, message).coded("nothing_answered"))
}

fn print(runs: &[TestRun], threshold: Option<Threshold>, failures: usize, terminal: &Terminal) {
    let ink = terminal.ink();
    for run in runs {
        let (version, model) = (&run.version, &run.report.model);
        let title = format!(
            "{} {} (version {}) on {model}",
            version.prompt, version.semver, version.number
        );
        terminal.data(&ink.strong(&title));
        terminal.data("");
        terminal.data(&evidence::figures(&run.report, threshold, ink));
        let failures = evidence::failures(&run.rows, Some(&run.suite), failures, ink);
        if !failures.is_empty() {
            terminal.data(&format!("\n{failures}"));
        }
        terminal.data("");
    }
    if runs.len() > 1 {
        let reports: Vec<&Report> = runs.iter().map(|run| &run.report).collect();
        terminal.data(&evidence::comparison(&reports));
    }
}
