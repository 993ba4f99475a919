//! `gatemark diff`: texts word by word, everything else field by field.

use gatemark_control::view::DiffView;
use gatemark_core::error::Result;
use gatemark_core::id::PromptName;
use gatemark_gateway::Selector;
use gatemark_text::diff::{Change, Piece};

use crate::argument;
use crate::context::Context;
use crate::exit::Exit;
use crate::print::{Ink, printable};

/// Compare two versions: texts word by word, the rest field by field
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  gatemark diff support/triage             # the newest with the one before it
  gatemark diff support/triage production  # what serves with the newest
  gatemark diff support/triage 1.0.0 1.1.0

[-removed-] and {+added+} mark words.")]
pub(crate) struct Args {
    /// The prompt: service/name
    #[arg(value_name = "NAME")]
    prompt: PromptName,
    /// The older version: a number, a semantic version or an environment [default: the one before TO]
    #[arg(value_name = "FROM", value_parser = argument::selector)]
    from: Option<Selector>,
    /// The newer version [default: the newest]
    #[arg(value_name = "TO", value_parser = argument::selector)]
    to: Option<Selector>,
}

pub(crate) async fn run(args: Args, context: &Context<'_>) -> Result<Exit> {
    let to = args.to.unwrap_or(Selector::Default);
    let diff = context
        .with_control(async |control| control.diff(&args.prompt, args.from.as_ref(), &to).await)
        .await?;
    let terminal = context.terminal;
    if terminal.json() {
        terminal.data_json(&DiffView::from(diff))?;
        return Ok(Exit::Done);
    }
    let ink = terminal.ink();
    let (from, to) = (&diff.from, &diff.to);
    let title = format!(
        "{} {} (version {}) -> {} (version {})",
        args.prompt, from.semver, from.number, to.semver, to.number
    );
    terminal.data(&ink.strong(&title));
    for change in &diff.changes {
        terminal.data(&format!("\n{}", text(change, ink)));
    }
    if diff.changes.is_empty() {
        terminal.data("\nThe contents are equal.");
        return Ok(Exit::Done);
    }
    terminal.data(&format!("\n{}", ink.strong("Steps asked for")));
    for reason in &diff.reasons {
        terminal.data(&format!("  {}: {}", reason.bump, printable(&reason.change)));
    }
    Ok(Exit::Done)
}

fn text(change: &Change, ink: Ink) -> String {
    match change {
        Change::Text { field, pieces } => {
            let marked: String = pieces.iter().map(|piece| mark(piece, ink)).collect();
            let mut lines = vec![ink.strong(&printable(field))];
            lines.extend(marked.lines().map(|line| format!("  {line}").trim_end().to_string()));
            lines.join("\n")
        }
        Change::Value { field, old, new } => {
            let old = old.as_ref().map(|old| ink.bad(&format!("[-{}-]", printable(old))));
            let new = new.as_ref().map(|new| ink.good(&format!("{{+{}+}}", printable(new))));
            let both: Vec<String> = [old, new].into_iter().flatten().collect();
            format!("{}\n  {}", ink.strong(&printable(field)), both.join(" "))
        }
    }
}

fn mark(piece: &Piece, ink: Ink) -> String {
    match piece {
        Piece::Same(text) => printable(text),
        Piece::Removed(text) => ink.bad(&format!("[-{}-]", printable(text))),
        Piece::Added(text) => ink.good(&format!("{{+{}+}}", printable(text))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::print::{ColourChoice, Terminal};

    #[test]
    fn words_and_values_are_marked_without_colour() {
        let ink = Terminal::new(false, false, ColourChoice::Never).ink();
        let words = Change::Text {
            field: "messages[0].system".into(),
            pieces: vec![
                Piece::Same("Answer ".into()),
                Piece::Removed("briefly".into()),
                Piece::Added("in one word".into()),
                Piece::Same(".\n".into()),
            ],
        };
        assert_eq!(text(&words, ink), "messages[0].system\n  Answer [-briefly-]{+in one word+}.");
        let value = Change::Value { field: "x".into(), old: Some("1".into()), new: None };
        assert_eq!(text(&value, ink), "x\n  [-1-]");
    }
}
