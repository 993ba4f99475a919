//! `gatemark suite diff`: what lies between two suites.

use gatemark_control::suite_diff::{self, FieldChange, SuiteDiff};
use gatemark_core::error::Result;
use gatemark_core::id::PromptName;
use gatemark_core::suite::Case;
use serde_json::json;

use super::show::brief;
use super::which::{self, Which};
use crate::context::Context;
use crate::exit::Exit;
use crate::print::{Ink, one_line};

/// Compare two suites of a prompt
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  gatemark suite diff support/triage
  gatemark suite diff support/triage 1.0.0 1.1.0
  gatemark suite diff support/triage 4f2a90c1 files --json")]
pub(crate) struct Args {
    /// The prompt: service/name
    prompt: PromptName,
    /// The older suite: current, files, a hash, or a version that was tested with it
    #[arg(value_name = "A", default_value = "current")]
    from: Which,
    /// The newer suite
    #[arg(value_name = "B", default_value = "files")]
    to: Which,
}

/// Longest value shown, in characters.
const WIDTH: usize = 80;

pub(crate) async fn run(args: Args, context: &Context<'_>) -> Result<Exit> {
    let ((old, from), (new, to)) = context
        .with_control(async |control| {
            let old = which::find(&args.prompt, &args.from, control, context).await?;
            Ok((old, which::find(&args.prompt, &args.to, control, context).await?))
        })
        .await?;
    let diff = suite_diff::between(&old, &new)?;
    let terminal = context.terminal;
    if terminal.json() {
        terminal.data_json(&json!({"from": from, "to": to, "diff": diff}))?;
        return Ok(Exit::Done);
    }
    if !diff.is_empty() {
        terminal.data(&text(&diff, terminal.ink()));
    }
    terminal.note(&format!(
        "{} -> {}: {} added, {} removed, {} changed{}",
        from.short(),
        to.short(),
        diff.added.len(),
        diff.removed.len(),
        diff.changed.len(),
        if diff.reordered { ", in another order" } else { "" }
    ));
    Ok(Exit::Done)
}

fn text(diff: &SuiteDiff, ink: Ink) -> String {
    let mut lines: Vec<String> =
        diff.settings.iter().map(|change| field(change, "", ink)).collect();
    let whole = |sign: &str, case: &Case| {
        let input = one_line(&json!(case.variables).to_string(), WIDTH);
        format!("{sign} {} ({}) {input}", one_line(&case.id, WIDTH), case.category)
    };
    lines.extend(diff.removed.iter().map(|case| ink.bad(&whole("-", case))));
    lines.extend(diff.added.iter().map(|case| ink.good(&whole("+", case))));
    for case in &diff.changed {
        lines.push(format!("~ {}", one_line(&case.id, WIDTH)));
        lines.extend(case.fields.iter().map(|change| field(change, "    ", ink)));
    }
    lines.join("\n")
}

fn field(change: &FieldChange, indent: &str, ink: Ink) -> String {
    let value = |value: &serde_json::Value| one_line(&brief(value), WIDTH);
    let old = change.old.as_ref().map(|old| ink.bad(&format!("[-{}-]", value(old))));
    let new = change.new.as_ref().map(|new| ink.good(&format!("{{+{}+}}", value(new))));
    format!("{indent}{} {}{}", change.field, old.unwrap_or_default(), new.unwrap_or_default())
}
