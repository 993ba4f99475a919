//! `gatemark score`: a check's score for lines of text, without a suite and without a call.
//!
//! Lines stream through in batches, each shared out over the processors and printed in order, so memory
//! stays the same however long the file is.

mod line;
mod source;

use std::path::{Path, PathBuf};

use gatemark_core::diagnostic::Diagnostic;
use gatemark_core::error::{Error, Result};
use gatemark_core::suite::CheckSpec;
use gatemark_text::check::{self, BuiltCheck};
use serde_json::{Map, Value};

use crate::diagnostics;
use crate::exit::Exit;
use crate::print::{Terminal, printable};

use line::Outcome;
use source::{Line, Source};

/// Score lines of texts by a check such as bleu, rouge, chrf or levenshtein
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  gatemark score --check bleu --jsonl answers.jsonl
  gatemark score --check rouge --param type=2 --param stem=true --jsonl answers.jsonl
  gatemark score --check levenshtein --jsonl - < answers.jsonl

A line read is {\"id\": ..., \"actual\": TEXT, \"expected\": TEXT or LIST OF TEXTS}; other fields are ignored.
A line printed is {\"id\": ..., \"score\": 0 to 1, \"details\": {...}}, in the same order; checks that say yes
or no score 1 or 0.
A line that cannot be scored is told on stderr and left out; the others are scored, and the exit code is 2.")]
pub(crate) struct Args {
    /// The check, e.g. bleu
    #[arg(long, value_name = "NAME")]
    check: String,
    /// A parameter of the check as in suite.yaml, its value JSON or else a text; may be given several times
    #[arg(long = "param", value_name = "KEY=VALUE", value_parser = parameter)]
    parameters: Vec<(String, Value)>,
    /// The lines: a file, or - for stdin
    #[arg(long, value_name = "FILE")]
    jsonl: PathBuf,
}

fn parameter(written: &str) -> std::result::Result<(String, Value), String> {
    let (key, value) = written.split_once('=').ok_or("write KEY=VALUE, e.g. stem=true")?;
    if key.is_empty() {
        return Err("the name before = is missing".to_string());
    }
    let value = serde_json::from_str(value).unwrap_or_else(|_| Value::from(value));
    Ok((key.to_string(), value))
}

/// Checks of a call rather than of a text: here they would judge nothing and say yes.
const OF_CALLS: [&str; 2] = ["latency", "cost"];

pub(crate) fn run(args: Args, terminal: &Terminal) -> Result<Exit> {
    let check = build(&args.check, args.parameters)?;
    let mut source = Source::open(&args.jsonl)?;
    let mut sum = Sum::default();
    loop {
        let batch = source.batch()?;
        if batch.is_empty() || terminal.stopped() {
            break;
        }
        let outcomes = scored(&check, &batch)?;
        sum.print(&outcomes, &args.jsonl, terminal);
    }
    sum.note(terminal);
    Ok(if sum.bad > 0 { Exit::Invalid } else { Exit::Done })
}

/// The check, with a bound of 0 where none is written: only the score is wanted.
fn build(name: &str, written: Vec<(String, Value)>) -> Result<BuiltCheck> {
    if OF_CALLS.contains(&name) {
        return Err(Error::invalid(format!(
            "`{name}` judges a call and not a text: put it into a suite and run `gatemark test`"
        )));
    }
    let mut parameters = Map::new();
    for (key, value) in written {
        if parameters.insert(key.clone(), value).is_some() {
            return Err(Error::invalid(format!("--param {key} is given twice: write a JSON list")));
        }
    }
    let known = check::parameters(name).unwrap_or_default();
    let bounded =
        known.iter().any(|key| ["at_least", "max"].contains(key) && parameters.contains_key(*key));
    if known.contains(&"at_least") && !bounded {
        parameters.insert("at_least".to_string(), Value::from(0));
    }
    let parameters = if parameters.is_empty() { Value::Null } else { Value::Object(parameters) };
    let spec = CheckSpec { metric: name.to_string(), negated: false, weight: None, parameters };
    check::build(&spec).map_err(|problem| Error::invalid(problem.to_string()))
}

/// The outcomes of a batch, in its order.
fn scored(check: &BuiltCheck, batch: &[Line]) -> Result<Vec<Outcome>> {
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let part = batch.len().div_ceil(threads).max(1);
    let work = |lines: &[Line]| lines.iter().map(|line| line::score(check, line)).collect();
    if batch.len() <= part {
        return Ok(work(batch));
    }
    std::thread::scope(|scope| {
        let parts: Vec<_> =
            batch.chunks(part).map(|lines| scope.spawn(move || work(lines))).collect();
        let mut outcomes = Vec::with_capacity(batch.len());
        for part in parts {
            let found: Vec<Outcome> =
                part.join().map_err(|_| Error::internal("a thread that scores has failed"))?;
            outcomes.extend(found);
        }
        Ok(outcomes)
    })
}

/// What has been printed so far.
#[derive(Default)]
struct Sum {
    lines: u64,
    bad: u64,
    scores: f64,
}

impl Sum {
    fn print(&mut self, outcomes: &[Outcome], file: &Path, terminal: &Terminal) {
        let mut data = String::new();
        for outcome in outcomes {
            match outcome {
                Outcome::Scored { score, text } => {
                    self.lines += 1;
                    self.scores += score;
                    data.push_str(text);
                    data.push('\n');
                }
                Outcome::Bad(problems) => {
                    self.bad += 1;
                    for problem in problems {
                        terminal.note(&told(problem.clone(), file, terminal));
                    }
                }
            }
        }
        if !data.is_empty() {
            terminal.data(&data);
        }
    }

    fn note(&self, terminal: &Terminal) {
        let mut note = format!("{} lines scored", self.lines);
        if self.lines > 0 {
            note.push_str(&format!(", mean {:.4}", self.scores / self.lines as f64));
        }
        if self.bad > 0 {
            let lines = if self.bad == 1 { "line was" } else { "lines were" };
            note.push_str(&format!("; {} {lines} left out", self.bad));
        }
        terminal.note(&note);
    }
}

fn told(mut problem: Diagnostic, file: &Path, terminal: &Terminal) -> String {
    problem.place.file = source::name(file);
    printable(&diagnostics::render(&problem, None, terminal.note_ink()))
}
