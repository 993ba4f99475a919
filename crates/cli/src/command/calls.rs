//! `gatemark calls`: what went through the gateway.

use gatemark_control::Control;
use gatemark_core::call::{CallPurpose, CallRecord, Outcome};
use gatemark_core::error::{Error, Result};
use gatemark_core::guard::{Finding, Verdict};
use gatemark_core::guarded::{Found, Guarded};
use gatemark_core::id::{EnvironmentName, ModelName, PromptName};
use gatemark_core::money::NanoUsd;
use gatemark_gateway::Selector;
use gatemark_store::call::{CallFilter, CallTotals};

use crate::argument;
use crate::context::Context;
use crate::exit::Exit;
use crate::moment;
use crate::table::Table;

/// List recorded calls, newest first
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  gatemark calls --since 1h --outcome error
  gatemark calls --prompt support/triage --version 1.2.0 --json

With --json each line is one call.")]
pub(crate) struct Args {
    /// Of this prompt
    #[arg(long, value_name = "NAME")]
    prompt: Option<PromptName>,
    /// In this environment
    #[arg(long, value_name = "ENV")]
    env: Option<EnvironmentName>,
    /// Of this version: a number, or with --prompt a semantic version
    #[arg(long, value_name = "VERSION", value_parser = argument::selector)]
    version: Option<Selector>,
    /// Answered by this model
    #[arg(long, value_name = "MODEL")]
    model: Option<ModelName>,
    /// That ended so: ok, insufficient, off_format, fallback, cancelled, error
    #[arg(long, value_name = "OUTCOME", value_parser = argument::outcome)]
    outcome: Option<Outcome>,
    /// Made for this purpose: serve, test
    #[arg(long, value_name = "PURPOSE", value_parser = argument::purpose)]
    purpose: Option<CallPurpose>,
    /// Begun since: how long ago (15m, 1h, 7d) or a moment (2026-11-21)
    #[arg(long, value_name = "TIME", value_parser = argument::moment)]
    since: Option<i64>,
    /// Begun before
    #[arg(long, value_name = "TIME", value_parser = argument::moment)]
    until: Option<i64>,
    /// With this id
    #[arg(long, value_name = "ID")]
    id: Option<String>,
    /// Most calls to list
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..))]
    limit: u32,
}

pub(crate) async fn run(args: Args, context: &Context<'_>) -> Result<Exit> {
    let one = args.id.is_some();
    let (calls, totals) = context
        .with_control(async |control| {
            let filter = filter(args, control).await?;
            Ok((control.calls(&filter).await?, control.call_totals(&filter).await?))
        })
        .await?;
    let terminal = context.terminal;
    if terminal.json() {
        for call in &calls {
            terminal.data_json_line(call)?;
        }
        return Ok(Exit::Done);
    }
    if !calls.is_empty() {
        table(&calls).print(terminal);
    }
    if one {
        calls.iter().filter_map(|call| call.guard.as_deref()).for_each(|guard| {
            terminal.data(&found(guard));
        });
    }
    terminal.note(&summary(calls.len(), &totals));
    Ok(Exit::Done)
}

async fn filter(args: Args, control: &Control) -> Result<CallFilter> {
    let number = match (args.version, &args.prompt) {
        (None, _) => None,
        (Some(Selector::Number(number)), _) => Some(number),
        (Some(selector), Some(prompt)) => Some(control.version(prompt, &selector).await?.number),
        (Some(_), None) => {
            let message = "a semantic version means nothing without its prompt: add --prompt";
            return Err(Error::invalid(message).at("--version"));
        }
    };
    Ok(CallFilter {
        prompt: args.prompt,
        environment: args.env,
        number,
        model: args.model,
        outcome: args.outcome,
        purpose: args.purpose,
        since: args.since,
        until: args.until,
        id: args.id,
        limit: args.limit,
    })
}

fn table(calls: &[CallRecord]) -> Table {
    let headings = [
        "TIME (UTC)",
        "CALLER",
        "PROMPT",
        "VERSION",
        "ENV",
        "MODEL",
        "OUTCOME",
        "TOKENS",
        "COST",
        "LATENCY",
        "OURS",
        "ID",
    ];
    let mut table = Table::new(headings).right(&[3, 7, 8, 9, 10]);
    for call in calls {
        let error = call.error.as_deref().map(|error| format!(" ({error})")).unwrap_or_default();
        table.row([
            moment::shown(call.at),
            call.caller.clone(),
            call.prompt.as_ref().map(ToString::to_string).unwrap_or_default(),
            call.number.map(|number| number.to_string()).unwrap_or_default(),
            call.environment.as_ref().map(ToString::to_string).unwrap_or_default(),
            call.model.to_string(),
            format!("{}{error}", call.outcome.word()),
            format!("{}+{}", call.usage.input, call.usage.output),
            if call.priced { call.cost.to_string() } else { "unknown".into() },
            moment::length(call.latency_us),
            moment::length(call.gateway_us()),
            call.id.clone(),
        ]);
    }
    table
}

/// What guards found in one call, a line for each finding.
pub(super) fn found(guard: &Guarded) -> String {
    let verdict = match (guard.verdict, guard.enforced) {
        (Verdict::Allow, _) => "allow",
        (Verdict::Flag, _) => "flag",
        (Verdict::Block, true) => "block",
        (Verdict::Block, false) => "block (observed only)",
    };
    let mut text = format!("Guards: {verdict}, score {:.2}", guard.score);
    for Found { at, finding } in &guard.findings {
        let Finding { layer, rule, score, start, end } = finding;
        let layer = layer.word();
        text.push_str(&format!("\n  {at} {start}..{end}  {layer}/{rule}  {score:.2}"));
    }
    if guard.left_out > 0 {
        text.push_str(&format!("\n  and {} more", guard.left_out));
    }
    text
}

fn summary(shown: usize, totals: &CallTotals) -> String {
    let mut text = format!(
        "{shown} of {} calls shown; together {}, {} tokens read, {} written, {} without an answer",
        totals.calls, totals.cost, totals.input_tokens, totals.output_tokens, totals.errors
    );
    if totals.cached_tokens > 0 {
        let share = totals.cached_tokens.saturating_mul(100) / totals.input_tokens.max(1);
        text.push_str(&format!("; {share}% of what was read came from vendors' prompt caches"));
    }
    if totals.saved > NanoUsd::ZERO {
        text.push_str(&format!("; answers given again saved {}", totals.saved));
    }
    text
}
