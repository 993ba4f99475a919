//! `gatemark feedback`: what somebody thinks of a call's answer.

use gatemark_core::error::Result;
use gatemark_core::score::{Score, ScoreSource, ScoreValue};
use gatemark_gateway::clock;
use serde_json::json;

use crate::context::Context;
use crate::exit::Exit;

/// Judge the answer of a recorded call
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  gatemark feedback 01990000-0000-7000-8000-000000000000 helpful true
  gatemark feedback 01990000-0000-7000-8000-000000000000 quality 0.4 --comment 'wrong queue'
  gatemark feedback 01990000-0000-7000-8000-000000000000 tone rude --source user --author user-42

Means of numbers are in gatemark monitor; a second judgement of the same author takes the place of the first.")]
pub(crate) struct Args {
    /// The call's id
    #[arg(value_name = "CALL")]
    call: String,
    /// Of what: quality, helpful, one's own
    #[arg(value_name = "NAME")]
    name: String,
    /// A number, true or false, or a category
    #[arg(value_name = "VALUE", allow_negative_numbers = true)]
    value: String,
    /// Why
    #[arg(long, value_name = "TEXT")]
    comment: Option<String>,
    /// Who judges: user, reviewer, check, judge
    #[arg(long, value_name = "SOURCE", default_value = "reviewer", value_parser = source)]
    source: ScoreSource,
    /// Their name [default: who acts]
    #[arg(long, value_name = "NAME")]
    author: Option<String>,
}

fn source(word: &str) -> Result<ScoreSource, String> {
    ScoreSource::from_word(word).ok_or_else(|| {
        let words: Vec<&str> = ScoreSource::ALL.iter().map(|source| source.word()).collect();
        format!("write one of {}", words.join(", "))
    })
}

/// A number, yes or no, or else a category.
fn value(text: &str) -> ScoreValue {
    match (text, text.parse::<f64>()) {
        ("true", _) => ScoreValue::Bool(true),
        ("false", _) => ScoreValue::Bool(false),
        (_, Ok(number)) => ScoreValue::Number(number),
        _ => ScoreValue::Category(text.to_string()),
    }
}

pub(crate) async fn run(args: Args, context: &Context<'_>) -> Result<Exit> {
    let actor = context.actor()?;
    let score = Score {
        call: args.call,
        name: args.name,
        value: value(&args.value),
        comment: args.comment,
        source: args.source,
        author: args.author.unwrap_or(actor),
        at: clock::now_us(),
    };
    let said = score.clone();
    let kept = context.with_control(async |control| control.score(said, None).await).await?;
    let terminal = context.terminal;
    if terminal.json() {
        terminal.data_json(&json!({"score": score, "result": kept.word()}))?;
    } else {
        let Score { call, name, author, .. } = &score;
        let became = match kept.word() {
            "new" => "is kept",
            "changed" => "takes the place of the one before",
            _ => "was there already",
        };
        terminal.data(&format!("{author}'s {name} = {} for call {call} {became}", args.value));
    }
    Ok(Exit::Done)
}
