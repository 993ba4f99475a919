//! `gatemark guard leak`: whether answers give their system text away.

use gatemark_core::diagnostic::Diagnostic;
use gatemark_core::error::Result;
use gatemark_text::output::leak::{Judged, Kept};
use serde::Serialize;
use serde_json::Value;

use crate::diagnostics;
use crate::exit::Exit;
use crate::jsonl::{Line, Lines};
use crate::print::Terminal;

/// Find answers that give their system text away
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  gatemark guard leak --jsonl answers.jsonl
  gatemark guard leak --jsonl - < answers.jsonl

A line read is {\"id\": …, \"system\": TEXT, \"text\": ANSWER}, and may have \"canary\": a mark that was planted in
the system text, and \"user\": what the user said, which may be said back; other fields are ignored.
A line printed is {\"id\": …, \"verdict\": \"allow\", \"flag\" or \"block\", \"score\": 0 to 1, \"findings\":
[{\"rule\": …, \"score\": …, \"start\": …, \"end\": …}]}, places in code points of the answer.
Bad lines are told on stderr and left out of the output; the exit code is then 2.")]
pub(crate) struct Args {
    /// The lines: a file, or - for stdin
    #[arg(long, value_name = "FILE")]
    jsonl: String,
}

/// A line that was read.
struct Row {
    id: Value,
    system: String,
    text: String,
    canary: Option<String>,
    user: Option<String>,
}

/// A line that is printed.
#[derive(Serialize)]
struct Told {
    id: Value,
    #[serde(flatten)]
    judged: Judged,
}

pub(crate) fn run(args: &Args, terminal: &Terminal) -> Result<Exit> {
    let mut lines = Lines::open(&args.jsonl)?;
    let (mut good, mut problems) = (0_usize, 0_usize);
    let mut known: Option<(String, Option<String>, Kept)> = None;
    while let Some(line) = lines.next()? {
        match line.map_err(|problem| vec![*problem]).and_then(row) {
            Ok(Row { id, system, text, canary, user }) => {
                good += 1;
                // Answers to one system text often stand together.
                let same =
                    |known: &(String, Option<String>, Kept)| known.0 == system && known.1 == canary;
                if !known.as_ref().is_some_and(same) {
                    let marks: Vec<&str> = canary.as_deref().into_iter().collect();
                    let kept = Kept::new(&[&system], &marks);
                    known = Some((system, canary, kept));
                }
                if let Some((_, _, kept)) = &known {
                    let judged = kept.judge(&text, user.as_deref());
                    terminal.data_json_line(&Told { id, judged })?;
                }
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
    terminal.note(&format!("{problems} error{plural}; {good} answers were judged."));
    Ok(Exit::Invalid)
}

/// A line's fields, or everything that is wrong with them.
fn row(mut line: Line) -> std::result::Result<Row, Vec<Diagnostic>> {
    let (id, system, text) = (line.id(), line.text("system"), line.text("text"));
    let (canary, user) = (line.maybe_text("canary"), line.maybe_text("user"));
    match (id, system, text, canary, user) {
        (Ok(id), Ok(system), Ok(text), Ok(canary), Ok(user)) => {
            Ok(Row { id, system, text, canary, user })
        }
        (id, system, text, canary, user) => {
            let problems = [id.err(), system.err(), text.err(), canary.err(), user.err()];
            Err(problems.into_iter().flatten().collect())
        }
    }
}
