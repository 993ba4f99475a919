//! Speed of counting tokens, against tiktoken on the same texts in the same run.
//!
//! CPU time of one thread each, the least of some rounds that take turns.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use gatemark_text::tokens::Encoding;

use crate::material::{Text, texts};
use crate::scratch::Scratch;
use crate::{Result, cpu};

/// What to compare, and with whose help.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Python with tiktoken
    #[arg(long, value_name = "FILE", env = "GATEMARK_REFERENCE_PYTHON")]
    #[arg(default_value = "target/references/venv/bin/python")]
    python: PathBuf,
    /// The script that runs tiktoken
    #[arg(long, value_name = "FILE", default_value = "tests/references/tokens.py")]
    script: PathBuf,
    /// Rounds, of which the fastest counts
    #[arg(long, value_name = "N", default_value_t = 5)]
    rounds: usize,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Measures and prints.
///
/// # Errors
/// If tiktoken cannot be run, or counts other tokens than we do.
pub(crate) fn run(options: &Options) -> Result<()> {
    let scratch = Scratch::new()?;
    let texts = texts(scratch.path())?;
    if !options.json {
        println!("| encoding | text | MB | tokens | ours MB/s | tiktoken MB/s | ratio |");
        println!("|---|---|---:|---:|---:|---:|---:|");
    }
    for encoding in Encoding::ALL {
        let before = cpu::read(std::process::id())?;
        encoding.count("warm");
        let loading = cpu::read(std::process::id())?.since(&before);
        write_vocabulary(scratch.path(), encoding)?;
        let mut rows: Vec<Row> = texts.iter().map(Row::new).collect();
        for _ in 0..options.rounds {
            for (row, text) in rows.iter_mut().zip(&texts) {
                row.count(encoding, &text.text)?;
            }
            theirs(options, scratch.path(), encoding, &mut rows)?;
        }
        for row in &rows {
            row.print(encoding, options.json)?;
        }
        if !options.json {
            println!("{}: unpacked in {:.1} ms of CPU", encoding.name(), milliseconds(loading));
        }
    }
    Ok(())
}

struct Row {
    name: &'static str,
    file: PathBuf,
    bytes: usize,
    tokens: usize,
    ours: Duration,
    theirs: Result<Duration, String>,
}

impl Row {
    fn new(text: &Text) -> Self {
        let (name, file, bytes) = (text.name, text.file.clone(), text.text.len());
        Self { name, file, bytes, tokens: 0, ours: Duration::MAX, theirs: Ok(Duration::MAX) }
    }

    fn count(&mut self, encoding: Encoding, text: &str) -> Result<()> {
        let before = cpu::read(std::process::id())?;
        self.tokens = encoding.count(text);
        self.ours = self.ours.min(cpu::read(std::process::id())?.since(&before));
        Ok(())
    }

    fn print(&self, encoding: Encoding, json: bool) -> Result<()> {
        let speed = |time: Duration| self.bytes as f64 / 1e6 / time.as_secs_f64();
        let ours = speed(self.ours);
        let theirs = self.theirs.as_ref().map(|time| speed(*time));
        if json {
            let row = serde_json::json!({
                "encoding": encoding.name(),
                "text": self.name,
                "bytes": self.bytes,
                "tokens": self.tokens,
                "megabytes_per_cpu_second": ours,
                "tiktoken_megabytes_per_cpu_second": theirs.as_ref().ok(),
                "tiktoken_failure": theirs.as_ref().err(),
            });
            writeln!(std::io::stdout(), "{row}")?;
            return Ok(());
        }
        let (theirs, ratio) = match theirs {
            Ok(theirs) => (format!("{theirs:.1}"), format!("{:.1}", ours / theirs)),
            Err(_) => ("fails".to_string(), String::new()),
        };
        let megabytes = self.bytes as f64 / 1e6;
        let (name, tokens) = (self.name, self.tokens);
        println!(
            "| {} | {name} | {megabytes:.1} | {tokens} | {ours:.1} | {theirs} | {ratio} |",
            encoding.name()
        );
        Ok(())
    }
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

/// Our vocabulary as the script reads it; it checks that it is the published one.
fn write_vocabulary(folder: &Path, encoding: Encoding) -> Result<()> {
    let mut file = vec![];
    for token in encoding.tokens() {
        file.push(u8::try_from(token.len())?);
        file.extend(token);
    }
    Ok(std::fs::write(folder.join(format!("{}.tokens", encoding.name())), file)?)
}

fn theirs(options: &Options, folder: &Path, encoding: Encoding, rows: &mut [Row]) -> Result<()> {
    let output = Command::new(&options.python)
        .args([&options.script, Path::new("speed"), folder, Path::new(encoding.name())])
        .args(rows.iter().map(|row| &row.file))
        .output()?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into());
    }
    for (row, line) in rows.iter_mut().zip(String::from_utf8(output.stdout)?.lines()) {
        let found: serde_json::Value = serde_json::from_str(line)?;
        if let Some(failure) = found["error"].as_str() {
            row.theirs = Err(failure.to_string());
            continue;
        }
        if found["tokens"] != row.tokens {
            let message =
                format!("{}: {} tokens, tiktoken: {}", row.name, row.tokens, found["tokens"]);
            return Err(message.into());
        }
        let time = Duration::from_secs_f64(found["seconds"].as_f64().unwrap_or_default());
        row.theirs = row.theirs.clone().map(|least| least.min(time));
    }
    Ok(())
}
