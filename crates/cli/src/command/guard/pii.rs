//! `gatemark guard pii`: where texts hold personal data and secrets.

use gatemark_core::diagnostic::Diagnostic;
use gatemark_core::error::Result;
use gatemark_text::redact::{Wanted, places};
use gatemark_text::safety::pii::Kinds;
use serde_json::{Value, json};

use crate::diagnostics;
use crate::exit::Exit;
use crate::jsonl::{Line, Lines};
use crate::print::Terminal;

/// Find personal data and secrets in texts
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  gatemark guard pii --jsonl texts.jsonl
  gatemark guard pii --only secrets --jsonl - < texts.jsonl

A line read is {\"id\": …, \"text\": …}; other fields are ignored.
A line printed is {\"id\": …, \"spans\": [{\"type\": \"EMAIL_ADDRESS\", \"start\": 3, \"end\": 17}]}, in code points.
The types and how each is proved are in docs/redaction.md.
Bad lines are told on stderr and left out of the output; the exit code is then 2.")]
pub(crate) struct Args {
    /// The lines: a file, or - for stdin
    #[arg(long, value_name = "FILE")]
    jsonl: String,
    /// Look for one of the two
    #[arg(long, value_name = "WHAT")]
    only: Option<Only>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Only {
    Pii,
    Secrets,
}

pub(crate) fn run(args: &Args, terminal: &Terminal) -> Result<Exit> {
    let wanted = match args.only {
        None => Wanted::all(),
        Some(Only::Pii) => Wanted { secrets: false, ..Wanted::all() },
        Some(Only::Secrets) => Wanted { pii: Kinds::NONE, ..Wanted::all() },
    };
    let mut lines = Lines::open(&args.jsonl)?;
    let (mut good, mut problems) = (0_usize, 0_usize);
    while let Some(line) = lines.next()? {
        match line.map_err(|problem| vec![*problem]).and_then(row) {
            Ok((id, text)) => {
                good += 1;
                let told: Vec<Value> = places(&text, wanted)
                    .into_iter()
                    .map(|(what, start, end)| json!({"type": what.name(), "start": start, "end": end}))
                    .collect();
                terminal.data_json_line(&json!({"id": id, "spans": told}))?;
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
    if problems == 0 {
        return Ok(Exit::Done);
    }
    let plural = if problems == 1 { "" } else { "s" };
    terminal.note(&format!("{problems} error{plural}; {good} texts were looked through."));
    Ok(Exit::Invalid)
}

/// A line's fields, or everything that is wrong with them.
fn row(mut line: Line) -> std::result::Result<(Value, String), Vec<Diagnostic>> {
    match (line.id(), line.text("text")) {
        (Ok(id), Ok(text)) => Ok((id, text)),
        (id, text) => Err([id.err(), text.err()].into_iter().flatten().collect()),
    }
}
