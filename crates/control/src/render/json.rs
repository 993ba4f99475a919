//! Our own JSON: the report and its rows as they are kept.

use std::io::{self, Write};

use gatemark_core::report::{Report, Row};
use serde::Serialize;

use super::{Against, Goal, Renderer, ReportDocument};

/// What precedes the rows.
#[derive(Serialize)]
struct Head<'a> {
    format: u8,
    report: &'a Report,
    #[serde(skip_serializing_if = "Option::is_none")]
    semver: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    goal: Option<&'a Goal>,
    #[serde(skip_serializing_if = "Option::is_none")]
    comparison: Option<&'a Against>,
}

/// One document with the rows in `rows`, one a line.
pub(super) struct Document<W> {
    out: W,
    first: bool,
}

impl<W: Write> Document<W> {
    pub(super) fn begin(document: &ReportDocument<'_>, mut out: W) -> io::Result<Self> {
        let head = Head {
            format: 1,
            report: document.report,
            semver: document.semver.as_deref(),
            goal: document.goal.as_ref(),
            comparison: document.comparison.as_ref(),
        };
        let text = serde_json::to_string(&head)?;
        // The rows become one more member of the object.
        out.write_all(text.strip_suffix('}').unwrap_or(&text).as_bytes())?;
        out.write_all(b",\"rows\":[")?;
        Ok(Self { out, first: true })
    }
}

impl<W: Write> Renderer for Document<W> {
    fn row(&mut self, row: &Row) -> io::Result<()> {
        self.out.write_all(if self.first { b"\n" } else { b",\n" })?;
        self.first = false;
        Ok(serde_json::to_writer(&mut self.out, row)?)
    }

    fn finish(&mut self) -> io::Result<()> {
        self.out.write_all(b"\n]}\n")?;
        self.out.flush()
    }
}

/// A row a line, nothing else.
pub(super) struct Lines<W>(W);

impl<W: Write> Lines<W> {
    pub(super) fn new(out: W) -> Self {
        Self(out)
    }
}

impl<W: Write> Renderer for Lines<W> {
    fn row(&mut self, row: &Row) -> io::Result<()> {
        serde_json::to_writer(&mut self.0, row)?;
        self.0.write_all(b"\n")
    }

    fn finish(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}
