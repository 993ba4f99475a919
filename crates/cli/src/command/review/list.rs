//! `gatemark review list`.

use gatemark_control::reviews::ReviewView;
use gatemark_core::error::Result;
use gatemark_core::id::{EnvironmentName, PromptName};
use gatemark_core::review::{Cause, Label};
use gatemark_gateway::clock;
use gatemark_store::{ReviewFilter, Standing};

use crate::context::Context;
use crate::exit::Exit;
use crate::moment;
use crate::print::one_line;
use crate::table::Table;

/// Widest reason shown, in characters.
const WIDEST: usize = 48;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Of this prompt
    #[arg(long, value_name = "NAME")]
    prompt: Option<PromptName>,
    /// In this environment
    #[arg(long, value_name = "ENV")]
    env: Option<EnvironmentName>,
    /// waiting (open or claimed), open, claimed, decided, skipped, resolved (decided or skipped) or all
    #[arg(long, value_name = "STATE", default_value = "waiting", value_parser = standing)]
    state: Standing,
    /// Looked at most of all for this: guard, condition, fallback or sample
    #[arg(long, value_name = "CAUSE", value_parser = cause)]
    cause: Option<Cause>,
    /// With this label
    #[arg(long, value_name = "LABEL")]
    label: Option<Label>,
    /// Assigned to me or taken by me
    #[arg(long, conflicts_with = "person")]
    mine: bool,
    /// Assigned to this person or taken by them
    #[arg(long, value_name = "NAME")]
    person: Option<String>,
    /// Only those on which somebody was to have decided by now
    #[arg(long)]
    overdue: bool,
    /// Only calls begun since: how long ago (15m, 1h, 7d) or a moment (2026-11-21)
    #[arg(long, value_name = "TIME", value_parser = since)]
    since: Option<i64>,
    /// Most calls to list
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..))]
    limit: u32,
}

pub(super) fn since(text: &str) -> Result<i64, String> {
    moment::parse(text, clock::now_us())
}

fn standing(word: &str) -> Result<Standing, String> {
    Standing::from_word(word)
        .ok_or_else(|| format!("write one of {}", Standing::WORDS.map(|(word, _)| word).join(", ")))
}

pub(super) fn cause(word: &str) -> Result<Cause, String> {
    Cause::from_word(word)
        .ok_or_else(|| format!("write one of {}", Cause::ALL.map(Cause::word).join(", ")))
}

pub(super) async fn run(args: Args, context: &Context<'_>) -> Result<Exit> {
    let filter = ReviewFilter {
        standing: args.state,
        prompt: args.prompt,
        environment: args.env,
        cause: args.cause,
        label: args.label,
        person: if args.mine { Some(context.actor()?) } else { args.person },
        since: args.since,
        limit: args.limit,
        ..ReviewFilter::default()
    };
    let found =
        context.with_control(async |control| control.reviews(&filter, args.overdue).await).await?;
    let terminal = context.terminal;
    if terminal.json() {
        for one in &found {
            terminal.data_json_line(one)?;
        }
    } else if found.is_empty() {
        terminal.note("there is nothing to look at");
    } else {
        table(&found).print(terminal);
        let late = found.iter().filter(|one| one.overdue).count();
        if late > 0 {
            terminal.note(&format!("{late} of them are overdue"));
        }
    }
    Ok(Exit::Done)
}

fn table(found: &[ReviewView]) -> Table {
    let headings =
        ["TIME (UTC)", "PRIORITY", "PROMPT", "VERSION", "ENV", "REASON", "STATE", "BY", "ID"];
    let mut table = Table::new(headings).right(&[3]);
    for one in found {
        let item = &one.item;
        table.row([
            moment::shown(item.at),
            item.priority.word().to_string(),
            item.prompt.to_string(),
            item.number.to_string(),
            item.environment.clone().unwrap_or_default(),
            one_line(&item.reasons.join("; "), WIDEST),
            state(one),
            whose(one),
            item.call.clone(),
        ]);
    }
    table
}

fn state(one: &ReviewView) -> String {
    match &one.item.desk.resolved {
        Some(found) => found.decision.done().to_string(),
        None if one.overdue => format!("{}, overdue", one.state.word()),
        None => one.state.word().to_string(),
    }
}

/// Who decided, or has it, or is to look at it.
fn whose(one: &ReviewView) -> String {
    let desk = &one.item.desk;
    let decided = desk.resolved.as_ref().map(|found| found.actor.clone());
    let has_it = desk.claim.as_ref().filter(|_| one.state.word() == "claimed");
    let has_it = has_it.map(|claim| claim.by.clone());
    let for_them = || desk.assignee.as_ref().map(|name| format!("for {name}"));
    decided.or(has_it).or_else(for_them).unwrap_or_default()
}
