//! `gatemark guard check`: what the layers of the input guard find in texts.

use gatemark_core::diagnostic::Diagnostic;
use gatemark_core::error::Result;
use gatemark_core::guard::{Opinion, Verdict};
use serde::Serialize;
use serde_json::Value;

use super::asked::{Asked, threshold};
use crate::diagnostics;
use crate::exit::Exit;
use crate::jsonl::{Line, Lines};
use crate::print::Terminal;

/// Find attacks on prompts in texts
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  gatemark guard check --jsonl messages.jsonl
  gatemark guard check --profile document --jsonl pages.jsonl
  gatemark guard check --off classifier --jsonl - < messages.jsonl

A line read is {\"id\": …, \"text\": TEXT}; other fields are ignored.
A line printed is {\"id\": …, \"verdict\": \"allow\", \"flag\" or \"block\", \"score\": 0 to 1, \"findings\":
[{\"layer\": …, \"rule\": …, \"score\": …, \"start\": …, \"end\": …}]}, places in code points of the text.
Bad lines are told on stderr and left out of the output; the exit code is then 2. A score is no probability, and
no guard finds all attacks: docs/guards.md says what this one finds.")]
pub(crate) struct Args {
    /// The lines: a file, or - for stdin
    #[arg(long, value_name = "FILE")]
    jsonl: String,
    #[command(flatten)]
    asked: Asked,
    /// The least score that is flagged [default: 0.5]
    #[arg(long, value_name = "SCORE", value_parser = threshold)]
    flag_at: Option<f64>,
    /// The least score that is blocked [default: 0.9]
    #[arg(long, value_name = "SCORE", value_parser = threshold)]
    block_at: Option<f64>,
}

/// A line that is printed.
#[derive(Serialize)]
struct Told {
    id: Value,
    #[serde(flatten)]
    opinion: Opinion,
}

pub(crate) fn run(args: &Args, terminal: &Terminal) -> Result<Exit> {
    let guard = Asked::guard()?;
    let mut settings = args.asked.settings();
    settings.flag_at = args.flag_at.unwrap_or(settings.flag_at);
    settings.block_at = args.block_at.unwrap_or(settings.block_at);
    let mut lines = Lines::open(&args.jsonl)?;
    let (mut good, mut problems) = (0_usize, 0_usize);
    let (mut flagged, mut blocked) = (0_usize, 0_usize);
    while let Some(line) = lines.next()? {
        match line.map_err(|problem| vec![*problem]).and_then(row) {
            Ok((id, text)) => {
                good += 1;
                let opinion = guard.check(&text, &settings);
                flagged += usize::from(opinion.verdict == Verdict::Flag);
                blocked += usize::from(opinion.verdict == Verdict::Block);
                terminal.data_json_line(&Told { id, opinion })?;
            }
            Err(found) => {
                problems += found.len();
                for problem in &found {
                    terminal.note(&diagnostics::render(problem, None, terminal.note_ink()));
                }
            }
        }
        // Nobody reads on, or the disk is full.
        if terminal.stopped() {
            break;
        }
    }
    terminal.note(&format!("{good} texts looked at: {flagged} flagged, {blocked} blocked"));
    if problems == 0 {
        return Ok(Exit::Done);
    }
    let plural = if problems == 1 { "" } else { "s" };
    terminal.note(&format!("{problems} error{plural}; the lines were left out."));
    Ok(Exit::Invalid)
}

/// A line's id and text, or everything that is wrong with them.
pub(super) fn row(mut line: Line) -> std::result::Result<(Value, String), Vec<Diagnostic>> {
    match (line.id(), line.text("text")) {
        (Ok(id), Ok(text)) => Ok((id, text)),
        (id, text) => Err([id.err(), text.err()].into_iter().flatten().collect()),
    }
}
