//! The guard's classifier: how it is trained, and what it and the other layers find.
//!
//! Every figure is of texts that the model in question had not seen, in one of three ways: other rows of the
//! same sources, other sources, other families of attacks. The last two say what to expect of an attack that
//! nobody has thought of yet; the first alone would flatter.

// Its tables are its product, and it has no terminal to be polite to.
#![allow(clippy::print_stdout, clippy::print_stderr)]

mod combine;
mod curve;
mod examples;
mod figures;
mod grammar;
mod learn;
mod measure;
mod noise;
mod rows;
mod speed;
mod train;

use std::path::PathBuf;
use std::time::Instant;

use clap::Parser;
use gatemark_core::guard::Profile;
use gatemark_text::guard::classifier::{Combination, Model};
use gatemark_text::guard::{Guard, SIGNAL_NAMES, Signals};

use combine::Rates;
use examples::Example;
use figures::Scored;
use learn::Effort;
use measure::{Apart, PROFILES, Seen};
use rows::Row;

/// Anything that went wrong, told to the person at the terminal.
type Fault = Box<dyn std::error::Error + Send + Sync>;
type Result<T, E = Fault> = std::result::Result<T, E>;

/// Train and measure guards
#[derive(Debug, clap::Parser)]
#[command(name = "gatemark-bench-guard")]
enum Arguments {
    /// Train the classifier
    Train(TrainOptions),
    /// Print what is found, by kind, source and family, and what it costs
    Measure(Options),
}

fn main() -> Result<()> {
    match Arguments::parse() {
        Arguments::Train(options) => train(&options),
        Arguments::Measure(options) => run(&options),
    }
}

/// What to learn from, and how.
#[derive(Debug, clap::Args)]
struct Learning {
    /// Folder with injection_dev.jsonl: lines of id, text, label, source, category, tier
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
    /// What all random choices come from: the same seed and data give the same bytes
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Texts of our own for each kind in the grammar
    #[arg(long, default_value_t = 240)]
    own: usize,
    /// What an error costs beside a larger weight
    #[arg(long, default_value_t = 3.0)]
    cost: f32,
    /// Passes over the samples
    #[arg(long, default_value_t = 14)]
    epochs: usize,
}

/// What a model is trained with.
#[derive(Debug, clap::Args)]
struct TrainOptions {
    #[command(flatten)]
    learning: Learning,
    /// Where to write the model
    #[arg(long, value_name = "FILE", default_value = "crates/text/src/guard/classifier/model.bin")]
    out: PathBuf,
    /// Write the operating curve to this file as a picture
    #[arg(long, value_name = "FILE")]
    svg: Option<PathBuf>,
    /// Fit the combination to other rows only and not to other sources, which takes a fifth of the time
    #[arg(long)]
    quick: bool,
}

/// What is measured.
#[derive(Debug, clap::Args)]
struct Options {
    #[command(flatten)]
    learning: Learning,
    /// Measure on other rows only
    #[arg(long)]
    quick: bool,
    /// Fit the combination anew instead of taking the built-in one
    #[arg(long)]
    refit: bool,
    /// Leave out what is measured on families that the model has not seen
    #[arg(long)]
    no_families: bool,
    /// Write each row's score to this file
    #[arg(long, value_name = "FILE")]
    scores: Option<PathBuf>,
}

impl Learning {
    fn rows(&self) -> Result<Vec<Row>> {
        rows::read(&self.data.join("injection_dev.jsonl"))
    }

    fn effort(&self) -> Effort {
        Effort { cost: self.cost, epochs: self.epochs }
    }

    fn examples(&self, rows: &[Row]) -> Result<Vec<Example>> {
        examples::all(rows, self.own, self.seed)
    }
}

/// Harmless texts that may reach the thresholds: fewer than are promised, since data never is like the next.
const RATES: Rates = Rates { flag: 0.008, block: 0.0015 };

/// The combinations of both profiles, from scores of unseen rows.
fn combinations(rows: &[Row], seen: &[&Seen]) -> [Combination; 2] {
    [0, 1].map(|head| {
        let points =
            seen.iter().flat_map(|seen| measure::points(rows, &seen[head], PROFILES[head]));
        let points: Vec<_> = points.collect();
        let harmless: Vec<Signals> = seen
            .iter()
            .flat_map(|seen| rows.iter().zip(&seen[head]))
            .filter(|(row, _)| !row.attack() && (head == 0 || row.document()))
            .map(|(_, signals)| *signals)
            .collect();
        combine::combination(&points, &harmless, RATES)
    })
}

fn train(options: &TrainOptions) -> Result<()> {
    let learning = &options.learning;
    let start = Instant::now();
    let rows = learning.rows()?;
    let examples = learning.examples(&rows)?;
    eprintln!("{} examples after {:.0} s", examples.len(), start.elapsed().as_secs_f64());
    let unseen = |apart| measure::unseen(&rows, &examples, apart, learning.effort(), learning.seed);
    let mut seen = vec![unseen(Apart::Rows)?];
    if !options.quick {
        seen.push(unseen(Apart::Source)?);
    }
    let combinations = combinations(&rows, &seen.iter().collect::<Vec<_>>());
    let all: Vec<&Example> = examples.iter().collect();
    let model = train::train(&all, learning.effort(), learning.seed).combined(combinations);
    let bytes = model.bytes();
    std::fs::write(&options.out, &bytes)?;
    println!(
        "{}: {} bytes, checksum {:016x}",
        options.out.display(),
        bytes.len(),
        grammar::hash(&format!("{bytes:?}"))
    );
    tell(&combinations);
    print_seen("other rows of the same sources", &rows, &seen[0], &combinations);
    if let Some(sources) = seen.get(1) {
        print_seen("other sources", &rows, sources, &combinations);
        if let Some(file) = &options.svg {
            std::fs::write(file, picture(&rows, &seen[0], sources, &combinations))?;
        }
    }
    println!("trained in {:.0} s", start.elapsed().as_secs_f64());
    Ok(())
}

/// What the user profile gives each row.
fn user_scores(seen: &Seen, combinations: &[Combination; 2]) -> Vec<f64> {
    seen[0].iter().map(|signals| signals.score(&combinations[0])).collect()
}

fn picture(
    rows: &[Row],
    by_rows: &Seen,
    by_source: &Seen,
    combinations: &[Combination; 2],
) -> String {
    let curve = |seen| figures::curve(&scored(rows, &user_scores(seen, combinations)));
    curve::svg(&curve(by_rows), &curve(by_source))
}

fn tell(combinations: &[Combination; 2]) {
    for (combination, profile) in combinations.iter().zip(["user", "document"]) {
        println!("\n{profile}: bias {:.3}", combination.bias);
        for (name, weight) in SIGNAL_NAMES.iter().zip(&combination.weights) {
            println!("  {name}: {weight:.3}");
        }
    }
}

fn run(options: &Options) -> Result<()> {
    let learning = &options.learning;
    let rows = learning.rows()?;
    let start = Instant::now();
    let examples = learning.examples(&rows)?;
    eprintln!("{} examples after {:.0} s", examples.len(), start.elapsed().as_secs_f64());
    let unseen = |apart| measure::unseen(&rows, &examples, apart, learning.effort(), learning.seed);
    let by_rows = unseen(Apart::Rows)?;
    let combinations = if options.refit {
        combinations(&rows, &[&by_rows])
    } else {
        let model = Model::builtin().map_err(|bad| bad.to_string())?;
        PROFILES.map(|profile| *model.combination(profile))
    };
    tell(&combinations);
    print_seen("other rows of the same sources", &rows, &by_rows, &combinations);
    if let Some(file) = &options.scores {
        std::fs::write(file, listed(&rows, &by_rows, &combinations))?;
    }
    if !options.quick && !options.no_families {
        let by_family = unseen(Apart::Family)?;
        let known = user_scores(&by_rows, &combinations);
        let unknown = user_scores(&by_family, &combinations);
        println!("\n## Families that the model had not seen\n");
        print!("{}", figures::families(&scored(&rows, &known), &scored(&rows, &unknown)));
    }
    if !options.quick {
        print_speed(&rows)?;
    }
    Ok(())
}

fn scored<'a>(rows: &'a [Row], scores: &[f64]) -> Vec<Scored<'a>> {
    rows.iter().zip(scores).map(|(row, score)| Scored { row, score: *score }).collect()
}

fn print_seen(title: &str, rows: &[Row], seen: &Seen, combinations: &[Combination; 2]) {
    for (head, profile) in PROFILES.iter().enumerate() {
        let scores: Vec<f64> =
            seen[head].iter().map(|signals| signals.score(&combinations[head])).collect();
        let mut scored = scored(rows, &scores);
        let word = if *profile == Profile::Document { "document" } else { "user" };
        if *profile == Profile::Document {
            scored.retain(|scored| scored.row.document());
        }
        println!("\n## Profile `{word}`, {title}\n");
        print!("{}", figures::table(&scored, true));
        let harmless = scored.iter().filter(|scored| !scored.row.attack()).count();
        println!();
        print!("{}", figures::curve_table(&figures::curve(&scored), harmless as u64));
    }
}

/// Lines of id, score in both profiles, and signals.
fn listed(rows: &[Row], seen: &Seen, combinations: &[Combination; 2]) -> String {
    let mut text = String::new();
    for (at, row) in rows.iter().enumerate() {
        let score = |head: usize| seen[head][at].score(&combinations[head]);
        let line = serde_json::json!({
            "id": row.id, "label": row.label, "source": row.source, "category": row.category,
            "user": score(0), "document": score(1), "signals": seen[0][at].0, "text": row.text,
        });
        text.push_str(&line.to_string());
        text.push('\n');
    }
    text
}

fn print_speed(rows: &[Row]) -> Result<()> {
    let guard = Guard::builtin().map_err(|bad| bad.to_string())?;
    println!("\n## Speed\n\nmedian per 500 bytes: {:.1} µs", speed::per_500_bytes(guard, rows));
    for (bytes, seconds) in speed::growth(guard, rows, &[10_000, 100_000, 1_000_000, 10_000_000]) {
        println!(
            "{bytes} bytes: {:.2} ms, {:.1} µs per 500 bytes",
            seconds * 1e3,
            seconds * 5e8 / bytes as f64
        );
    }
    Ok(())
}
