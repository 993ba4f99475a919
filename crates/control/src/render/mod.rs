//! Reports in the formats that people and CI servers read.
//!
//! A renderer is given rows one at a time and writes as it goes, so that a report of a hundred thousand
//! rows never sits in memory. What must wait for the last row (a case that was asked several times is one
//! test to a CI server) is kept small and bounded.
//!
//! Everything in a row is text from outside: a model wrote it, and perhaps an attacker told it what to
//! write. Each format therefore has one function that makes text harmless, and nothing goes round it.

mod cases;
mod html;
mod json;
mod junit;
mod markdown;
mod promptfoo;
mod shown;
#[cfg(test)]
mod tests;

use std::io;

use gatemark_core::report::{Report, Row};
use gatemark_core::suite::Suite;
use serde::Serialize;

/// A way to write a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// One JSON document with `format: 1`, figures and rows.
    Json,
    /// One JSON document a line, a row each.
    Jsonl,
    /// XML as JUnit began it and CI servers read it.
    Junit,
    /// A comment for a pull request, below 60,000 characters.
    Markdown,
    /// A page that needs no network.
    Html,
    /// promptfoo's results, version 3.
    Promptfoo,
}

/// What is written about one run, beside its rows.
#[derive(Debug, Clone)]
pub struct ReportDocument<'a> {
    /// The report.
    pub report: &'a Report,
    /// The suite that was run; without it inputs and expected answers are left out.
    pub suite: Option<&'a Suite>,
    /// The version's semantic version, if it is registered.
    pub semver: Option<String>,
    /// What the report had to reach, if anybody said.
    pub goal: Option<Goal>,
    /// How it stands against an earlier one.
    pub comparison: Option<Against>,
}

/// What a report had to reach.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Goal {
    /// Least accuracy, 0 to 1.
    pub accuracy: Option<f64>,
    /// What it does not reach, in words; empty if all is reached.
    pub unmet: Vec<String>,
}

/// How a report stands against an earlier one.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Against {
    /// The earlier one, in words, e.g. `version 3 in production`.
    pub baseline: String,
    /// The finding in a sentence.
    pub sentence: String,
    /// Cases that passed there and do not here.
    pub lost: Vec<String>,
    /// Cases that pass here and did not there.
    pub gained: Vec<String>,
    /// Every figure, as JSON.
    pub figures: serde_json::Value,
}

/// Writes one report.
pub trait Renderer {
    /// Takes the next row, in the order of the run.
    ///
    /// # Errors
    /// What writing gives.
    fn row(&mut self, row: &Row) -> io::Result<()>;

    /// Writes what is left. Nothing may follow.
    ///
    /// # Errors
    /// What writing gives.
    fn finish(&mut self) -> io::Result<()>;
}

impl Format {
    /// A renderer of `document` that writes to `out`.
    ///
    /// # Errors
    /// What writing gives.
    pub fn begin<'a, W: io::Write + 'a>(
        self,
        document: &'a ReportDocument<'a>,
        out: W,
    ) -> io::Result<Box<dyn Renderer + 'a>> {
        Ok(match self {
            Self::Json => Box::new(json::Document::begin(document, out)?),
            Self::Jsonl => Box::new(json::Lines::new(out)),
            Self::Junit => Box::new(junit::Junit::new(document, out)),
            Self::Markdown => Box::new(markdown::Markdown::new(document, out)),
            Self::Html => Box::new(html::Html::begin(document, out)?),
            Self::Promptfoo => Box::new(promptfoo::Promptfoo::begin(document, out)?),
        })
    }
}

/// A whole report at once, for rows that are in memory.
///
/// # Errors
/// What writing gives.
pub fn write<'r, W: io::Write>(
    format: Format,
    document: &ReportDocument<'_>,
    rows: impl IntoIterator<Item = &'r Row>,
    out: W,
) -> io::Result<()> {
    let mut renderer = format.begin(document, out)?;
    for row in rows {
        renderer.row(row)?;
    }
    renderer.finish()
}
