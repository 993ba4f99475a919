//! `gatemark tokens`: how many tokens texts have.

use std::io::Read;

use gatemark_core::diagnostic::Diagnostic;
use gatemark_core::error::{Error, Result};
use gatemark_text::tokens::Encoding;
use serde_json::{Value, json};

use crate::diagnostics;
use crate::exit::Exit;
use crate::jsonl::{Line, Lines};
use crate::print::Terminal;

/// Count the tokens of texts as OpenAI's tiktoken does
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  gatemark tokens --text 'How many tokens are these?'
  gatemark tokens --text - < prompt.md
  gatemark tokens --jsonl texts.jsonl --encoding cl100k_base

Lines of FILE are {\"id\": …, \"text\": …}, lines of the output {\"id\": …, \"tokens\": N}. Bad lines are told on
stderr and left out of the output; the exit code is then 2. Special tokens count as the text they are.")]
pub(crate) struct Args {
    /// The encoding: o200k_base (since GPT-4o) or cl100k_base (GPT-4, GPT-3.5 Turbo)
    #[arg(long, value_name = "NAME", default_value = "o200k_base", value_parser = encoding)]
    encoding: Encoding,
    #[command(flatten)]
    input: Input,
}

#[derive(Debug, clap::Args)]
#[group(required = true, multiple = false)]
struct Input {
    /// Count each text of a file of JSON lines; - is stdin
    #[arg(long, value_name = "FILE")]
    jsonl: Option<String>,
    /// Count one text; - reads it from stdin
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    text: Option<String>,
}

fn encoding(name: &str) -> Result<Encoding, String> {
    Encoding::parse(name)
        .ok_or_else(|| format!("write one of {}", Encoding::ALL.map(Encoding::name).join(", ")))
}

pub(crate) fn run(args: Args, terminal: &Terminal) -> Result<Exit> {
    match (args.input.jsonl, args.input.text) {
        (Some(file), _) => lines(&file, args.encoding, terminal),
        (None, Some(text)) if text == "-" => one(&stdin()?, args.encoding, terminal),
        (None, text) => one(&text.unwrap_or_default(), args.encoding, terminal),
    }
}

fn one(text: &str, encoding: Encoding, terminal: &Terminal) -> Result<Exit> {
    let tokens = encoding.count(text);
    if terminal.json() {
        terminal.data_json(&json!({"encoding": encoding.name(), "tokens": tokens}))?;
    } else {
        terminal.data(&tokens.to_string());
    }
    Ok(Exit::Done)
}

fn stdin() -> Result<String> {
    let mut bytes = vec![];
    let read = std::io::stdin().lock().read_to_end(&mut bytes);
    read.map_err(|cause| Error::invalid(format!("stdin cannot be read: {cause}")).because(cause))?;
    String::from_utf8(bytes).map_err(|error| {
        let valid = error.utf8_error().valid_up_to();
        Error::invalid(format!(
            "stdin is not UTF-8: byte {} begins no character; convert the text to UTF-8",
            valid + 1
        ))
    })
}

fn lines(file: &str, encoding: Encoding, terminal: &Terminal) -> Result<Exit> {
    let mut lines = Lines::open(file)?;
    let (mut good, mut problems) = (0usize, 0usize);
    let mut tell = |problem: &Diagnostic| {
        problems += 1;
        terminal.note(&diagnostics::render(problem, None, terminal.note_ink()));
    };
    while let Some(line) = lines.next()? {
        match line.map_err(|problem| vec![*problem]).and_then(row) {
            Ok((id, text)) => {
                good += 1;
                let tokens = encoding.count(&text);
                terminal.data_json_line(&json!({"id": id, "tokens": tokens}))?;
            }
            Err(problems) => problems.iter().for_each(&mut tell),
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
    terminal.note(&format!("{problems} error{plural}; {good} texts were counted."));
    Ok(Exit::Invalid)
}

/// The id and the text of a line, or everything that is wrong with it.
fn row(mut line: Line) -> Result<(Value, String), Vec<Diagnostic>> {
    match (line.id(), line.text("text")) {
        (Ok(id), Ok(text)) => Ok((id, text)),
        (id, text) => Err([id.err(), text.err()].into_iter().flatten().collect()),
    }
}
