//! `gatemark suite review`: a person decides on proposed cases.

use std::ffi::OsString;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use gatemark_control::proposal::{self, Decided, Decisions, Line};
use gatemark_core::error::{Error, Result};
use serde_json::{Value, json};

use super::show::brief;
use crate::context::Context;
use crate::exit::Exit;
use crate::print::one_line;
use crate::table::Table;

/// Accept or reject cases that `from-calls` proposed
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  gatemark suite review prompts/support/triage/cases/from-calls.jsonl --list
  gatemark suite review cases/from-calls.jsonl --accept call-4f2a90c1b2d3 --reject call-77aa01020304
  gatemark suite review cases/from-calls.jsonl --accept call-4f2a90c1b2d3 --expected returns

Accepted cases move to the file that --to names, with the proposed answer as `expected`; rejected ones
go away. You may edit the file itself before: `expected` in a line goes before `proposed`.")]
pub(crate) struct Args {
    /// The review file
    file: PathBuf,
    /// Show what is still to be decided (also without decisions)
    #[arg(long)]
    list: bool,
    /// Use the case with this id; may be given more than once
    #[arg(long, value_name = "ID")]
    accept: Vec<String>,
    /// Drop the case with this id; may be given more than once
    #[arg(long, value_name = "ID")]
    reject: Vec<String>,
    /// The wanted answer of the one accepted case, in place of the proposed one: text, or JSON
    #[arg(long, value_name = "ANSWER")]
    expected: Option<String>,
    /// Where accepted cases go [default: reviewed.jsonl beside the review file]
    #[arg(long, value_name = "FILE")]
    to: Option<PathBuf>,
}

/// Longest value shown, in characters.
const WIDTH: usize = 80;

pub(crate) fn run(args: Args, context: &Context<'_>) -> Result<Exit> {
    if !args.file.is_file() {
        return Err(Error::not_found(format!("there is no file {}", args.file.display())));
    }
    let lines = lines_of(&args.file)?;
    let to = args.to.unwrap_or_else(|| args.file.with_file_name("reviewed.jsonl"));
    let expected = args.expected.map(|text| answer(&text));
    let decisions = Decisions { accept: args.accept, reject: args.reject, expected };
    let decided = proposal::decide(lines, &decisions)?;
    apply(&decided, &args.file, &to)?;
    let terminal = context.terminal;
    if terminal.json() {
        terminal.data_json(&json!({
            "accepted": decided.accepted,
            "rejected": decided.rejected,
            "pending": decided.pending,
        }))?;
        return Ok(Exit::Done);
    }
    let nothing_decided = decided.accepted.is_empty() && decided.rejected == 0;
    if (args.list || nothing_decided) && !decided.pending.is_empty() {
        table(&decided.pending).print(terminal);
    }
    if !decided.accepted.is_empty() {
        terminal.note(&format!(
            "{} accepted, now in {}: see to it that `cases` in suite.yaml names that file, and push",
            decided.accepted.len(),
            to.display()
        ));
    }
    terminal.note(&format!(
        "{} rejected, {} still to be decided",
        decided.rejected,
        decided.pending.len()
    ));
    Ok(Exit::Done)
}

/// JSON if it is an object, a list, a number or a truth; text otherwise, so that labels need no quotes.
fn answer(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|_| Value::from(text))
}

/// Accepted cases are written before they leave the review file: a crash in between leaves them in both,
/// which the next push tells, and loses none.
fn apply(decided: &Decided, file: &Path, to: &Path) -> Result<()> {
    if decided.accepted.is_empty() && decided.rejected == 0 {
        return Ok(());
    }
    let same = fs::canonicalize(file).ok().zip(fs::canonicalize(to).ok());
    if file == to || same.is_some_and(|(file, to)| file == to) {
        let message = "accepted cases need a file of their own";
        return Err(Error::invalid(message).at("--to"));
    }
    if !decided.accepted.is_empty() {
        let mut known = lines_of(to)?;
        let taken = |line: &&Line| {
            known.iter().any(|known| proposal::id_of(known) == proposal::id_of(line))
        };
        if let Some(line) = decided.accepted.iter().find(taken) {
            let message = format!("{} has a case {} already", to.display(), proposal::id_of(line));
            return Err(Error::invalid(message).at("--to"));
        }
        known.extend(decided.accepted.iter().cloned());
        replace(to, &known)?;
    }
    replace(file, &decided.pending)
}

/// The lines of a file of cases; none if it does not exist.
pub(super) fn lines_of(file: &Path) -> Result<Vec<Line>> {
    let text = match fs::read_to_string(file) {
        Ok(text) => text,
        Err(cause) if cause.kind() == ErrorKind::NotFound => return Ok(vec![]),
        Err(cause) => {
            let message = format!("{} cannot be read: {cause}", file.display());
            return Err(Error::invalid(message));
        }
    };
    proposal::parse(&text)
        .map_err(|error| Error::invalid(format!("{}: {}", file.display(), error.message())))
}

/// Puts a file of these lines in the place of `file` at once, so that no reader sees half of it.
pub(super) fn replace(file: &Path, lines: &[Line]) -> Result<()> {
    let written = || {
        if let Some(folder) = file.parent() {
            fs::create_dir_all(folder)?;
        }
        let mut name = OsString::from(".");
        name.push(file.file_name().unwrap_or_default());
        name.push(".new");
        let new = file.with_file_name(name);
        let text = proposal::written(lines).map_err(std::io::Error::other)?;
        fs::write(&new, text)?;
        fs::rename(&new, file)
    };
    written()
        .map_err(|cause| Error::internal(format!("{} cannot be written: {cause}", file.display())))
}

fn table(lines: &[Line]) -> Table {
    let mut table = Table::new(["ID", "CATEGORY", "INPUT", "PROPOSED"]);
    let field = |line: &Line, name: &str| line.get(name).map(brief).unwrap_or_default();
    for line in lines {
        let wanted = if line.contains_key("expected") { "expected" } else { "proposed" };
        table.row([
            one_line(&field(line, "id"), WIDTH),
            one_line(&field(line, "category"), WIDTH),
            one_line(&field(line, "variables"), WIDTH),
            one_line(&field(line, wanted), WIDTH),
        ]);
    }
    table
}
