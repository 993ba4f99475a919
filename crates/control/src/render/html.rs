//! A page that opens from a file: failures first, differences, filters, charts; no network.
//!
//! Rows travel as JSON in an inert script element and reach the page through `textContent` alone, so that
//! no text in them can become markup; and should that ever be got wrong, the page's policy lets only the one
//! script and the one style sheet run whose digests it names, and lets nothing be fetched.

use std::collections::HashMap;
use std::io::{self, Write};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use gatemark_core::report::{CheckResult, Report, Row, Verdict};
use gatemark_core::stats::proportion::{Interval, Z_95, wilson};
use gatemark_core::suite::Case;
use gatemark_text::diff::{Piece, pieces};
use serde::Serialize;
use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};

use super::shown::{cut, plain};
use super::{Against, Goal, Renderer, ReportDocument};

const PAGE: &str = include_str!("html/page.html");
const STYLE: &str = include_str!("html/style.css");
const SCRIPT: &str = include_str!("html/script.js");

/// Rows from which on only those that did not pass are put into the page.
const ALL: u64 = 20_000;
/// Most rows in the page: more would be slow to open anywhere.
const MOST: u64 = 50_000;
/// Longest text in the page, in characters.
const TEXT: usize = 20_000;

/// Writes rows as they come.
pub(super) struct Html<'a, W> {
    cases: HashMap<&'a str, &'a Case>,
    out: W,
    tail: &'static str,
    written: u64,
    left_out: u64,
}

/// Everything but the rows.
#[derive(Serialize)]
struct Head<'a> {
    report: &'a Report,
    semver: Option<&'a str>,
    goal: Option<&'a Goal>,
    comparison: Option<&'a Against>,
    intervals: HashMap<&'a str, Interval>,
    interval: Interval,
}

/// One row. Names are short because there are many.
#[derive(Serialize)]
struct Line<'a> {
    #[serde(flatten)]
    row: Short<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    about: Option<About<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    diff: Option<Vec<Piece>>,
}

#[derive(Serialize)]
struct Short<'a> {
    case: &'a str,
    category: &'a str,
    repeat: u32,
    verdict: Verdict,
    score: Option<f64>,
    format_valid: bool,
    actual: String,
    checks: &'a [CheckResult],
    error: Option<&'a str>,
    latency_us: u64,
    cost: Option<i64>,
    cached: bool,
    call: &'a str,
}

/// What the suite says of a case; with its first row only.
#[derive(Serialize)]
struct About<'a> {
    tags: &'a [String],
    difficulty: Option<&'a str>,
    variables: &'a Map<String, Value>,
    expected: Option<&'a Value>,
}

impl<'a, W: Write> Html<'a, W> {
    pub(super) fn begin(document: &'a ReportDocument<'a>, mut out: W) -> io::Result<Self> {
        let cases = document.suite.iter().flat_map(|suite| &suite.cases);
        let cases = cases.map(|case| (case.id.as_str(), case)).collect();
        let (head, tail) = PAGE.split_once("{{rows}}").unwrap_or((PAGE, ""));
        let report = document.report;
        let title = format!("{} version {} on {}", report.prompt, report.number, report.model);
        let (before, after) = head.split_once("{{report}}").unwrap_or((head, ""));
        let before = before
            .replace("{{style-digest}}", &digest(STYLE))
            .replace("{{script-digest}}", &digest(SCRIPT))
            .replace("{{style}}", STYLE)
            .replace("{{title}}", &text(&title));
        out.write_all(before.as_bytes())?;
        out.write_all(json(&figures(document))?.as_bytes())?;
        out.write_all(after.as_bytes())?;
        Ok(Self { cases, out, tail, written: 0, left_out: 0 })
    }

    fn line<'r>(&self, row: &'r Row) -> Line<'r>
    where
        'a: 'r,
    {
        let case: Option<&'a Case> = self.cases.get(row.case.as_str()).copied();
        let expected = case.and_then(|case| case.expected.as_ref());
        let diff =
            expected.filter(|_| row.verdict != Verdict::Pass).and_then(|e| diff(e, &row.actual));
        let about = case.filter(|_| row.repeat == 1).map(|case| About {
            tags: &case.tags,
            difficulty: case.difficulty.as_deref(),
            variables: &case.variables,
            expected: case.expected.as_ref(),
        });
        let row = Short {
            case: &row.case,
            category: &row.category,
            repeat: row.repeat,
            verdict: row.verdict,
            score: row.score,
            format_valid: row.format_valid,
            actual: cut(&row.actual, TEXT),
            checks: &row.checks,
            error: row.error.as_deref(),
            latency_us: row.latency_us,
            cost: row.cost.map(|cost| cost.0),
            cached: row.cached,
            call: &row.call,
        };
        Line { row, about, diff }
    }
}

impl<W: Write> Renderer for Html<'_, W> {
    fn row(&mut self, row: &Row) -> io::Result<()> {
        let wanted = self.written < ALL || row.verdict != Verdict::Pass;
        if !wanted || self.written >= MOST {
            self.left_out += 1;
            return Ok(());
        }
        let line = json(&self.line(row))?;
        self.out.write_all(if self.written == 0 { b"\n" } else { b",\n" })?;
        self.written += 1;
        self.out.write_all(line.as_bytes())
    }

    fn finish(&mut self) -> io::Result<()> {
        let left_out = self.left_out.to_string();
        let tail = self.tail.replace("{{left-out}}", &left_out).replace("{{script}}", SCRIPT);
        self.out.write_all(tail.as_bytes())?;
        self.out.flush()
    }
}

fn figures<'a>(document: &'a ReportDocument<'a>) -> Head<'a> {
    let summary = &document.report.summary;
    let categories = summary.categories.iter();
    Head {
        report: document.report,
        semver: document.semver.as_deref(),
        goal: document.goal.as_ref(),
        comparison: document.comparison.as_ref(),
        intervals: categories
            .map(|(name, tally)| (name.as_str(), wilson(tally.passed, tally.cases, Z_95)))
            .collect(),
        interval: wilson(summary.total.passed, summary.total.cases, Z_95),
    }
}

/// The difference word by word, if the two have anything in common.
fn diff(expected: &Value, actual: &str) -> Option<Vec<Piece>> {
    let (wanted, found) = (pretty(expected), cut(actual, TEXT));
    let found = match expected {
        Value::String(_) => found,
        _ => serde_json::from_str(&found).map_or(found, |value| pretty(&value)),
    };
    let found = pieces(&cut(&wanted, TEXT), &found);
    let common = |piece: &Piece| match piece {
        Piece::Same(text) => text.chars().any(char::is_alphanumeric),
        _ => false,
    };
    found.iter().any(common).then_some(found)
}

fn pretty(value: &Value) -> String {
    match value {
        Value::Object(_) | Value::Array(_) => {
            serde_json::to_string_pretty(value).unwrap_or_default()
        }
        _ => plain(value),
    }
}

/// JSON that can stand in a script element: `<` occurs in strings only, and without it no element or
/// comment can begin or end.
fn json<T: Serialize>(value: &T) -> io::Result<String> {
    let text = serde_json::to_string(value)?;
    Ok(text
        .replace('<', "\\u003c")
        .replace('>', "\\u003e")
        .replace('&', "\\u0026")
        .replace('\u{2028}', "\\u2028")
        .replace('\u{2029}', "\\u2029"))
}

/// Text for an element.
fn text(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// The digest of an inline script or style as a content security policy names it.
fn digest(content: &str) -> String {
    format!("sha256-{}", STANDARD.encode(Sha256::digest(content.as_bytes())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests_are_those_of_the_policy() {
        // From `printf "alert('Hello, world.');" | openssl sha256 -binary | base64`.
        let known = "sha256-qznLcsROx4GACP2dm0UCKCzCG+HiZ1guq6ZZDob/Tng=";
        assert_eq!(digest("alert('Hello, world.');"), known);
    }

    #[test]
    fn nothing_in_a_row_ends_its_element() {
        let text = json(&"</script><!--\u{2028}&").unwrap();
        assert_eq!(text, "\"\\u003c/script\\u003e\\u003c!--\\u2028\\u0026\"");
        assert_eq!(serde_json::from_str::<String>(&text).unwrap(), "</script><!--\u{2028}&");
    }

    #[test]
    fn the_page_has_every_place() {
        for place in [
            "{{style-digest}}",
            "{{script-digest}}",
            "{{style}}",
            "{{title}}",
            "{{report}}",
            "{{rows}}",
            "{{left-out}}",
            "{{script}}",
        ] {
            assert_eq!(PAGE.matches(place).count(), 1, "{place}");
        }
        assert!(!STYLE.contains("{{") && !SCRIPT.contains("{{") && !SCRIPT.contains("</"));
        assert!(!SCRIPT.contains("innerHTML") && !SCRIPT.contains("insertAdjacent"));
    }
}
