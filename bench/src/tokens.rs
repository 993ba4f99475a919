//! Speed of counting tokens, against tiktoken on the same texts in the same run.
//!
//! CPU time of one thread each, the least of some rounds that take turns.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use gatemark_text::tokens::Encoding;

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

/// Bytes of each text that is repeated material.
const SIZE: usize = 2_000_000;

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

struct Text {
    name: &'static str,
    file: PathBuf,
    text: String,
}

fn texts(folder: &Path) -> Result<Vec<Text>> {
    let random = |alphabet: &str, length: usize| {
        let letters: Vec<char> = alphabet.chars().collect();
        // Any numbers do that show no pattern and are the same in every run.
        let mut state = 20_261_121u64;
        let mut next = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            usize::try_from(state >> 33).unwrap_or_default()
        };
        let mut text = String::with_capacity(length + 4);
        while text.len() < length {
            text.extend(letters.get(next() % letters.len()));
        }
        text
    };
    let source = include_str!("report.rs").to_string() + include_str!("cpu.rs");
    let materials = [
        (
            "english",
            include_str!("../../README.md").to_string() + include_str!("../../ARCHITECTURE.md"),
        ),
        ("messages", include_str!("../../examples/support/data/messages.csv").to_string()),
        ("code", source),
        ("chinese", CHINESE.to_string()),
        ("random letters, one piece of 1 MB", random("abcdefghijklmnopqrstuvwxyz", 1_000_000)),
        (
            "rare ideographs, one piece of 1 MB",
            random("龘靐齉爩鱻麤龗灪吁龖厵滟爨癵籱饢驫鲡鹂鸾", 1_000_000),
        ),
        ("white space, mixed, 1 MB", random(" \t\n\u{3000}", 1_000_000)),
        ("a, 1 MB", "a".repeat(1_000_000)),
        ("a, 2 MB", "a".repeat(2_000_000)),
        ("a, 4 MB", "a".repeat(4_000_000)),
        ("spaces, 1 MB", " ".repeat(1_000_000)),
        ("spaces, 2 MB", " ".repeat(2_000_000)),
        ("spaces, 4 MB", " ".repeat(4_000_000)),
    ];
    let numbered = materials.into_iter().enumerate();
    let texts = numbered.map(|(number, (name, text))| {
        let times = if text.len() < 1_000_000 { SIZE.div_ceil(text.len()) } else { 1 };
        let text = text.repeat(times);
        let file = folder.join(format!("{number}.txt"));
        std::fs::write(&file, &text)?;
        Ok(Text { name, file, text })
    });
    texts.collect()
}

/// Everyday Chinese, written for this.
const CHINESE: &str = "您好，我上个星期在你们的网站上订了一双鞋，到现在还没有收到。请帮我查一下包裹在哪里，谢谢！\
如果已经丢失，我希望退款，或者重新发一双同样尺码的。另外，客服电话一直打不通，我等了半个多小时。\n\
我们的团队正在处理您的问题，预计两天之内给您答复。在此期间，您可以登录账户查看订单状态。\n";

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
