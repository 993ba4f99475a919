//! `gatemark review show`.

use gatemark_control::reviews::ReviewDetail;
use gatemark_core::error::Result;
use gatemark_core::score::{Score, ScoreValue};
use serde_json::Value;

use crate::command::calls;
use crate::context::Context;
use crate::exit::Exit;
use crate::moment;
use crate::print::{Terminal, printable};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The call's id
    #[arg(value_name = "ID")]
    call: String,
}

pub(super) async fn run(args: Args, context: &Context<'_>) -> Result<Exit> {
    let found = context.with_control(async |control| control.review(&args.call).await).await?;
    if context.terminal.json() {
        context.terminal.data_json(&found)?;
    } else {
        print(&found, context.terminal);
    }
    Ok(Exit::Done)
}

/// What is said of a call, a line for each thing and a paragraph for each text.
fn print(found: &ReviewDetail, terminal: &Terminal) {
    let (item, desk) = (&found.review.item, &found.review.item.desk);
    let line = |name: &str, value: &str| terminal.data(&format!("{name:<12}{}", printable(value)));
    line("call", &item.call);
    line("time", &moment::shown(item.at));
    line("prompt", &format!("{} version {}", item.prompt, item.number));
    line("environment", item.environment.as_deref().unwrap_or("none"));
    line("reasons", &item.reasons.join("; "));
    line("state", found.review.state.word());
    if let Some(due) = found.review.due {
        let late = if found.review.overdue { ", overdue" } else { "" };
        line("due", &format!("{}{late}", moment::shown(due)));
    }
    if let Some(assignee) = &desk.assignee {
        line("assigned", &format!("to {assignee}"));
    }
    if let Some(claim) = &desk.claim {
        line("claim", &format!("{} until {}", claim.by, moment::shown(claim.until)));
    }
    let labels: Vec<&str> = desk.labels.iter().map(|label| label.as_str()).collect();
    if !labels.is_empty() {
        line("labels", &labels.join(" "));
    }
    if let Some(call) = &found.call {
        line("model", call.model.as_str());
        line("arm", &call.arm);
        line("outcome", call.outcome.word());
    }
    for score in &found.scores {
        line("score", &said(score));
    }
    if let Some(resolved) = &desk.resolved {
        let note = resolved.note.as_deref().map(|note| format!(": {note}")).unwrap_or_default();
        line("decision", &format!("{} by {}{note}", resolved.decision.done(), resolved.actor));
    }
    if let Some(guard) = found.call.as_ref().and_then(|call| call.guard.as_ref()) {
        terminal.data(&printable(&calls::found(guard)));
    }
    let texts = found.call.as_ref().map(|call| (call.input.as_deref(), call.output.as_deref()));
    let (input, output) = texts.unwrap_or_default();
    if input.is_none() && output.is_none() {
        terminal.note("the texts are not kept: `record: content` in the environment keeps those of later calls");
    }
    let edited = desk.resolved.as_ref().and_then(|resolved| resolved.answer.as_deref());
    let input = input.map(indented);
    let texts = [("input", input.as_deref()), ("answer", output), ("edited answer", edited)];
    for (name, text) in texts {
        if let Some(text) = text {
            terminal.data(&format!("\n{name}:\n{}", printable(text)));
        }
    }
}

/// JSON over several lines; anything else as it is.
fn indented(text: &str) -> String {
    let value = serde_json::from_str::<Value>(text).ok();
    value.and_then(|value| serde_json::to_string_pretty(&value).ok()).unwrap_or_else(|| text.into())
}

fn said(score: &Score) -> String {
    let value = match &score.value {
        ScoreValue::Category(word) => word.clone(),
        other => other.number().map(|number| number.to_string()).unwrap_or_default(),
    };
    format!("{} {value} ({} {})", score.name, score.source.word(), score.author)
}
