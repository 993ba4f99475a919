//! `gatemark review export`.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use gatemark_control::reviews::export::ReviewRow;
use gatemark_core::error::{Error, Result};
use gatemark_core::id::{EnvironmentName, PromptName};
use gatemark_core::review::Label;
use gatemark_store::ReviewFilter;
use serde_json::{Value, json};

use super::list::since;
use crate::context::Context;
use crate::exit::Exit;

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  gatemark review export --prompt support/triage --jsonl rows.jsonl --redact
  gatemark review export --for judge --jsonl labels.jsonl
  gatemark judge calibrate judges/rubric --labels labels.jsonl")]
pub(super) struct Args {
    /// Where the lines go; `-` for stdout
    #[arg(long, value_name = "FILE", default_value = "-")]
    jsonl: PathBuf,
    /// For whom: training (texts, label, labels, everything known) or judge (labels for judge calibrate)
    #[arg(long = "for", value_name = "WHOM", default_value = "training", value_parser = ["training", "judge"])]
    whom: String,
    /// Of this prompt
    #[arg(long, value_name = "NAME")]
    prompt: Option<PromptName>,
    /// In this environment
    #[arg(long, value_name = "ENV")]
    env: Option<EnvironmentName>,
    /// With this label
    #[arg(long, value_name = "LABEL")]
    label: Option<Label>,
    /// Only calls begun since: how long ago (15m, 1h, 7d) or a moment (2026-11-21)
    #[arg(long, value_name = "TIME", value_parser = since)]
    since: Option<i64>,
    /// Put placeholders for e-mail addresses, numbers and secrets
    #[arg(long)]
    redact: bool,
    /// Most calls, the oldest first
    #[arg(long, value_name = "N", default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    limit: u32,
}

pub(super) async fn run(args: Args, context: &Context<'_>) -> Result<Exit> {
    let filter = ReviewFilter {
        prompt: args.prompt,
        environment: args.env,
        label: args.label,
        since: args.since,
        limit: args.limit,
        ..ReviewFilter::default()
    };
    let rows = context
        .with_control(async |control| control.export_reviews(&filter, args.redact).await)
        .await?;
    let lines = lines(&rows, &args.whom)?;
    let terminal = context.terminal;
    let (written, left_out) = (lines.len(), rows.len() - lines.len());
    if args.jsonl == Path::new("-") {
        for line in &lines {
            terminal.data_json_line(line)?;
        }
    } else {
        write(&args.jsonl, &lines)?;
        let file = args.jsonl.display().to_string();
        if terminal.json() {
            terminal.data_json(&json!({"file": file, "rows": written, "left_out": left_out}))?;
        } else {
            terminal.data(&format!("{written} rows in {file}"));
        }
    }
    if left_out > 0 {
        terminal.note(&format!("{left_out} left out: their texts are not kept"));
    }
    Ok(Exit::Done)
}

fn lines(rows: &[ReviewRow], whom: &str) -> Result<Vec<Value>> {
    if whom == "judge" {
        return Ok(rows.iter().filter_map(ReviewRow::as_judge_label).collect());
    }
    let line = |row| {
        serde_json::to_value(row)
            .map_err(|cause| Error::internal("a row cannot be written").because(cause))
    };
    rows.iter().map(line).collect()
}

fn write(file: &Path, lines: &[Value]) -> Result<()> {
    let written = || {
        let mut out = std::io::BufWriter::new(std::fs::File::create(file)?);
        for line in lines {
            writeln!(out, "{line}")?;
        }
        out.flush()
    };
    written()
        .map_err(|cause| Error::invalid(format!("{} cannot be written: {cause}", file.display())))
}
