//! `gatemark compare`: versions and models against each other, by a judge of pairs.

use gatemark_control::compare::{Candidate, CompareRequest, Comparison};
use gatemark_core::error::Result;
use gatemark_core::id::ModelName;
use gatemark_core::money::NanoUsd;
use gatemark_gateway::PromptRef;

use crate::argument;
use crate::context::Context;
use crate::exit::Exit;
use crate::print::one_line;
use crate::table::Table;

/// Have a judge compare the answers of versions and models
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  gatemark compare support/triage@1.0.0 support/triage@1.1.0 --judge judges/pairwise
  gatemark compare support/triage --model openai/gpt-4o-2024-08-06 --model local/llama-3 --judge judges/pairwise

Every candidate answers the suite's cases; each two answers are judged in both orders, and only a
winner in both wins. Several candidates meet in a round robin.")]
pub(crate) struct Args {
    /// Versions of one prompt: service/name@version
    #[arg(value_name = "NAME", required = true, value_parser = argument::prompt_ref)]
    versions: Vec<PromptRef>,
    /// A model to ask each version on; may be given more than once [default: each version's own]
    #[arg(long = "model", visible_alias = "models", value_name = "MODEL", value_delimiter = ',')]
    models: Vec<ModelName>,
    /// The judge: a prompt whose output has a `winner`
    #[arg(long, value_name = "NAME", value_parser = argument::prompt_ref)]
    judge: PromptRef,
    /// The model that judges [default: the judge's own]
    #[arg(long, value_name = "MODEL")]
    judge_model: Option<ModelName>,
    /// By what to compare [default: as the judge does]
    #[arg(long, value_name = "TEXT")]
    criteria: Option<String>,
    /// Votes on each pair of answers, each in both orders
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=25))]
    votes: u32,
    /// Cases under way at once, and calls to each provider
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u16).range(1..=256))]
    concurrency: u16,
    /// Spend at most this many dollars, judging included
    #[arg(long, value_name = "USD", value_parser = argument::usd)]
    max_cost: Option<NanoUsd>,
    /// Most single cases to show that somebody loses
    #[arg(long, value_name = "N", default_value_t = 5)]
    cases: usize,
}

/// Longest reason shown, in characters.
const WIDTH: usize = 200;

pub(crate) async fn run(args: Args, context: &Context<'_>) -> Result<Exit> {
    let request = CompareRequest {
        versions: args.versions,
        models: args.models,
        judge: args.judge,
        judge_model: args.judge_model,
        criteria: args.criteria,
        votes: args.votes,
        concurrency: usize::from(args.concurrency),
        max_cost: args.max_cost,
        actor: context.actor()?,
    };
    let comparison = context.with_control(async |control| control.compare(&request).await).await?;
    let terminal = context.terminal;
    for note in &comparison.notes {
        terminal.note(&format!("note: {note}"));
    }
    if terminal.json() {
        terminal.data_json(&comparison)?;
    } else {
        print(&comparison, args.cases, context);
    }
    if let Some(stopped) = &comparison.stopped {
        terminal.note(stopped);
        return Ok(Exit::Failed);
    }
    Ok(Exit::Done)
}

fn print(comparison: &Comparison, cases: usize, context: &Context<'_>) {
    let terminal = context.terminal;
    let ink = terminal.ink();
    terminal.data(&ink.strong(&format!("{} judged by {}", comparison.prompt, comparison.judge)));
    terminal.data("");
    let headings = ["CANDIDATE", "MODEL", "SCORE", "UNANSWERED", "COST"];
    let mut table = Table::new(headings).right(&[2, 3, 4]);
    for candidate in &comparison.candidates {
        table.row([
            format!("{} (version {})", candidate.semver, candidate.number),
            candidate.model.clone(),
            candidate.score.map(|score| format!("{score:.3}")).unwrap_or_default(),
            candidate.unanswered.to_string(),
            candidate.cost.to_string(),
        ]);
    }
    table.print(terminal);
    terminal.data("");
    let headings = [
        "ONE",
        "OTHER",
        "WINS",
        "TIES",
        "LOSSES",
        "UNJUDGED",
        "SCORE",
        "WINS OF DECIDED, 95 %",
        "SIGN TEST",
        "BY PLACE",
    ];
    let mut table = Table::new(headings).right(&[2, 3, 4, 5, 6, 7, 8, 9]);
    for pair in &comparison.pairs {
        table.row([
            short(comparison.candidates.get(pair.one)),
            short(comparison.candidates.get(pair.other)),
            pair.wins.to_string(),
            pair.ties.to_string(),
            pair.losses.to_string(),
            pair.unjudged.to_string(),
            pair.score.map(|score| format!("{score:.3}")).unwrap_or_default(),
            format!("{:.3} – {:.3}", pair.interval.low, pair.interval.high),
            format!("p = {:.3}", pair.p),
            pair.position_bias.map(|share| format!("{share:.3}")).unwrap_or_default(),
        ]);
    }
    table.print(terminal);
    let lost = lost(comparison, cases);
    if !lost.is_empty() {
        terminal.data(&format!("\n{lost}"));
    }
    terminal.data(&format!("\njudging cost {}", comparison.judge_cost));
    let best = comparison.best.and_then(|index| comparison.candidates.get(index));
    match best {
        Some(best) => terminal.data(&format!("highest score: {}", short(Some(best)))),
        None => terminal.data("highest score: shared"),
    }
}

/// A candidate in a few words.
fn short(candidate: Option<&Candidate>) -> String {
    candidate.map(|one| format!("{} on {}", one.semver, one.model)).unwrap_or_default()
}

/// The first cases that the later candidate of a pair loses or that were not judged, with reasons.
fn lost(comparison: &Comparison, most: usize) -> String {
    let rows = comparison.rows.iter().filter(|row| !matches!(row.winner, Some("tie")));
    let lines = rows.take(most).map(|row| {
        let winner = match row.winner {
            Some("one") => short(comparison.candidates.get(row.one)),
            Some(_) => short(comparison.candidates.get(row.other)),
            None => "no verdict".to_string(),
        };
        format!("  {}: {winner}\n    {}", one_line(&row.case, 60), one_line(&row.note, WIDTH))
    });
    lines.collect::<Vec<_>>().join("\n")
}
