//! Pairs per CPU second: our scores beside those of the Python packages, in one run.
//!
//! Both sides score the same pairs on one thread, over and over. What Python needs to start, and JSON on
//! either side, is left out. The packages can be asked through an object that is kept from pair to pair or
//! through a function that builds one each time; these differ in speed, so both are shown. Ours has
//! only functions. Several ROUGE together share the words on both sides.

use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use gatemark_text::score::bleu;
use gatemark_text::score::chrf::chrf;
use gatemark_text::score::levenshtein::levenshtein;
use gatemark_text::score::rouge::{Kind, rouge, several};
use serde::{Deserialize, Serialize};

use crate::{Result, cpu};

/// What to measure.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Pairs of texts
    #[arg(long, default_value_t = 2000)]
    pairs: usize,
    /// CPU seconds for each score on each side
    #[arg(long, default_value_t = 2.0)]
    seconds: f64,
    /// Words of a text, about
    #[arg(long, default_value_t = 14)]
    words: usize,
    /// Python with the reference packages
    #[arg(long, value_name = "FILE", default_value = "target/references/venv/bin/python")]
    python: PathBuf,
    /// The script that runs them
    #[arg(long, value_name = "FILE", default_value = "tests/references/scores.py")]
    script: PathBuf,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Pair {
    actual: String,
    expected: Vec<String>,
}

#[derive(Deserialize)]
struct Rate {
    name: String,
    how: String,
    per_second: f64,
}

#[derive(Serialize)]
struct Row {
    name: String,
    /// How the reference was asked.
    how: String,
    ours: f64,
    reference: f64,
    ratio: f64,
}

/// Measures and prints.
pub(crate) fn run(options: &Options) -> Result<()> {
    let pairs = pairs(options);
    let mut rows: Vec<Row> = vec![];
    for Rate { name, how, per_second: reference } in references(options, &pairs)? {
        let ours = match rows.last() {
            Some(last) if last.name == name => last.ours,
            _ => ours(&name, &pairs, options.seconds)?,
        };
        rows.push(Row { name, how, ours, reference, ratio: ours / reference });
    }
    if options.json {
        println!("{}", serde_json::to_string_pretty(&rows)?);
        return Ok(());
    }
    println!("{} pairs of about {} words, one reference each", pairs.len(), options.words);
    println!();
    println!("| score | ours, pairs per CPU s | reference | its pairs per CPU s | ratio |");
    println!("|---|---:|---|---:|---:|");
    for row in rows {
        let Row { name, how, ours, reference, ratio } = row;
        println!("| {name} | {ours:.0} | {how} | {reference:.0} | {ratio:.1} |");
    }
    Ok(())
}

const WORDS: &[&str] = &[
    "the",
    "customer",
    "asks",
    "for",
    "a",
    "refund",
    "of",
    "order",
    "1,204",
    "because",
    "delivery",
    "was",
    "three",
    "days",
    "late,",
    "and",
    "wants",
    "to",
    "know",
    "when",
    "money",
    "will",
    "arrive.",
    "Please",
    "answer",
    "within",
    "24",
    "hours",
    "(see",
    "policy)",
    "thank",
    "you",
    "support",
    "relational",
    "quickly",
    "running",
    "don't",
];

/// Each reference is its answer with about every fourth word exchanged.
fn pairs(options: &Options) -> Vec<Pair> {
    let mut state = 1_u64;
    let mut below = |bound: usize| {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(state >> 33).unwrap_or(0) % bound
    };
    let mut pairs = vec![];
    for _ in 0..options.pairs {
        let length = options.words / 2 + below(options.words + 1);
        let mut words: Vec<&str> = (0..length).map(|_| WORDS[below(WORDS.len())]).collect();
        let actual = words.join(" ");
        for word in &mut words {
            if below(4) == 0 {
                *word = WORDS[below(WORDS.len())];
            }
        }
        pairs.push(Pair { actual, expected: vec![words.join(" ")] });
    }
    pairs
}

fn references(options: &Options, pairs: &[Pair]) -> Result<Vec<Rate>> {
    let mut child = Command::new(&options.python)
        .arg(&options.script)
        .args(["time", &options.seconds.to_string()])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|cause| format!("{}: {cause}; `make setup`", options.python.display()))?;
    let mut input = child.stdin.take().ok_or("no stdin")?;
    for pair in pairs {
        writeln!(input, "{}", serde_json::to_string(pair)?)?;
    }
    drop(input);
    let output = child.wait_with_output()?;
    if !output.status.success() {
        return Err("the reference packages failed".into());
    }
    let text = String::from_utf8(output.stdout)?;
    text.lines().map(|line| Ok(serde_json::from_str(line)?)).collect()
}

fn ours(name: &str, pairs: &[Pair], seconds: f64) -> Result<f64> {
    let score: fn(&Pair) -> Result<f64> = match name {
        "bleu" => |pair| Ok(bleu::sentence(&pair.actual, &pair.expected)?.score),
        "rouge-1" => |pair| Ok(rouge(Kind::N(1), false, &pair.actual, &pair.expected)?.f1),
        "rouge-2" => |pair| Ok(rouge(Kind::N(2), false, &pair.actual, &pair.expected)?.f1),
        "rouge-L" => |pair| Ok(rouge(Kind::L, false, &pair.actual, &pair.expected)?.f1),
        "rouge-1 stemmed" => |pair| Ok(rouge(Kind::N(1), true, &pair.actual, &pair.expected)?.f1),
        "rouge-1+2+L" => |pair| together(pair, false),
        "rouge-1+2+L stemmed" => |pair| together(pair, true),
        "chrf" => |pair| Ok(chrf(0, &pair.actual, &pair.expected)?.score),
        "chrf++" => |pair| Ok(chrf(2, &pair.actual, &pair.expected)?.score),
        "levenshtein" => |pair| Ok(levenshtein(&pair.actual, &pair.expected[0])?.score()),
        other => return Err(format!("the script measures `{other}`, which is unknown here").into()),
    };
    let own = std::process::id();
    let (mut done, start) = (0_usize, Instant::now());
    let before = cpu::read(own)?;
    while start.elapsed() < Duration::from_secs_f64(seconds) {
        for pair in pairs {
            std::hint::black_box(score(std::hint::black_box(pair))?);
        }
        done += pairs.len();
    }
    let spent = cpu::read(own)?.since(&before);
    Ok(done as f64 / spent.as_secs_f64())
}

fn together(pair: &Pair, stem: bool) -> Result<f64> {
    let kinds = [Kind::N(1), Kind::N(2), Kind::L];
    let found = several(kinds, stem, &pair.actual, &pair.expected)?;
    Ok(found.iter().map(|overlap| overlap.f1).sum())
}
