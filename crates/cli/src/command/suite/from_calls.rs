//! `gatemark suite from-calls`: recorded calls become cases for a person to review.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use gatemark_control::proposal::{self, Line, Proposals};
use gatemark_control::suites::FromCalls;
use gatemark_core::call::Outcome;
use gatemark_core::error::{Error, Result};
use gatemark_core::id::{EnvironmentName, PromptName};
use serde_json::json;

use super::review::{lines_of, replace};
use crate::argument;
use crate::context::Context;
use crate::exit::Exit;

/// Make cases from recorded calls, for a person to review
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  gatemark suite from-calls support/triage --since 7d --sample 50 --seed 1
  gatemark suite from-calls support/triage --outcome off_format --out -
  gatemark suite from-calls support/triage --reviewed

Needs `record: content` in the environment. Equal inputs are taken once; e-mail addresses, telephone
numbers, cards, IBANs and secrets give way to placeholders. Names of people are not found: look for
them when you review.")]
pub(crate) struct Args {
    /// The prompt: service/name
    prompt: PromptName,
    /// Only calls in this environment
    #[arg(long, value_name = "ENV")]
    env: Option<EnvironmentName>,
    /// Only calls begun since: how long ago (15m, 1h, 7d) or a moment (2026-11-21)
    #[arg(long, value_name = "TIME", value_parser = argument::moment)]
    since: Option<i64>,
    /// Only calls that ended so: ok, insufficient, off_format, fallback, cancelled, error
    #[arg(long, value_name = "OUTCOME", value_parser = argument::outcome)]
    outcome: Option<Outcome>,
    /// Only calls that people have decided on: approved and edited answers are `expected`, rejected ones need one
    #[arg(long)]
    reviewed: bool,
    /// Most calls to look at, newest first
    #[arg(long, value_name = "N", default_value_t = 1000, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    limit: u32,
    /// Draw so many of the different inputs [default: all]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    sample: Option<u32>,
    /// Another seed draws others
    #[arg(long, value_name = "N", default_value_t = 0, requires = "sample")]
    seed: u64,
    /// The category of the new cases
    #[arg(long, value_name = "WORD", default_value = "production")]
    category: String,
    /// The review file, seen from the prompt's folder; `-` prints it instead
    #[arg(long, value_name = "FILE", default_value = "cases/from-calls.jsonl")]
    out: PathBuf,
}

pub(crate) async fn run(args: Args, context: &Context<'_>) -> Result<Exit> {
    let file = file(&args, context)?;
    let mut lines = file.as_deref().map(lines_of).transpose()?.unwrap_or_default();
    let known: HashSet<String> =
        lines.iter().map(|line| proposal::id_of(line).to_string()).collect();
    let wanted = FromCalls {
        prompt: args.prompt,
        environment: args.env,
        since: args.since,
        outcome: args.outcome,
        limit: args.limit,
        category: args.category,
        sample: args.sample.map(|count| (usize::try_from(count).unwrap_or(usize::MAX), args.seed)),
        known,
        reviewed: args.reviewed,
    };
    let proposals =
        context.with_control(async |control| control.propose_cases(&wanted).await).await?;
    match &file {
        Some(file) if !proposals.lines.is_empty() => {
            lines.extend(proposals.lines.iter().cloned());
            replace(file, &lines)?;
        }
        _ => {}
    }
    print(&proposals, file.as_deref(), &lines, context)
}

/// The review file; `None` for stdout.
fn file(args: &Args, context: &Context<'_>) -> Result<Option<PathBuf>> {
    if args.out == Path::new("-") {
        return Ok(None);
    }
    let folder = context.folders()?.project.join("prompts").join(args.prompt.as_str());
    if !folder.is_dir() && args.out.is_relative() {
        let message =
            format!("there is no folder prompts/{}: give --out as a whole path", args.prompt);
        return Err(Error::not_found(message).at("--out"));
    }
    Ok(Some(folder.join(&args.out)))
}

fn print(
    proposals: &Proposals,
    file: Option<&Path>,
    lines: &[Line],
    context: &Context<'_>,
) -> Result<Exit> {
    let terminal = context.terminal;
    if file.is_none() {
        for line in &proposals.lines {
            terminal.data_json_line(line)?;
        }
    } else if terminal.json() {
        let file = file.map(|file| file.display().to_string());
        terminal.data_json(&json!({"file": file, "proposals": proposals}))?;
    } else if let (Some(file), false) = (file, proposals.lines.is_empty()) {
        terminal.data(&format!("{} new cases in {}", proposals.lines.len(), file.display()));
    }
    terminal.note(&summary(proposals));
    if let (Some(file), false) = (file, lines.is_empty()) {
        let file = file.display();
        terminal.note(&format!("Review them: gatemark suite review {file} --list"));
    }
    Ok(Exit::Done)
}

fn summary(proposals: &Proposals) -> String {
    let mut text = format!(
        "{} calls looked at, {} new cases, {} placeholders",
        proposals.calls,
        proposals.lines.len(),
        proposals.redacted
    );
    let passed = [
        (proposals.repeated, "known already"),
        (proposals.without_content, "without recorded texts"),
        (proposals.with_messages, "with messages of the caller's own, which a case cannot hold"),
        (proposals.misfits, "whose variables the newest version does not take"),
    ];
    for (count, why) in passed.iter().filter(|(count, _)| *count > 0) {
        text.push_str(&format!("\n  {count} passed over: {why}"));
    }
    text
}
