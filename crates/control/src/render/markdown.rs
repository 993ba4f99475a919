//! A comment for a pull request: the verdict, the figures, the first failures, folded.
//!
//! Text from outside stands only inside code spans, `<code>` elements and fences, where no host of Git
//! repositories resolves mentions, issue numbers, links or HTML; each is fenced by more backticks than the
//! text has.

use std::collections::HashMap;
use std::io::{self, Write};

use gatemark_core::report::{Row, Summary, Tally, Verdict};

use super::shown::{counted, cut, interval, length, percent, plain, reasons};
use super::{Renderer, ReportDocument};

/// Most characters of the whole comment: GitHub refuses 65,536.
const MOST: usize = 60_000;
/// Most failures that are shown.
const FAILURES: usize = 20;
/// Most cases of a list of names, and most categories.
const NAMES: usize = 50;
/// Longest text of a failure, in characters.
const TEXT: usize = 600;

/// Keeps the first failures, and counts repeats.
pub(super) struct Markdown<'a, W> {
    document: &'a ReportDocument<'a>,
    inputs: HashMap<&'a str, &'a gatemark_core::suite::Case>,
    out: W,
    failures: Vec<String>,
    failed: u64,
    /// Asked and passed, of cases that did not pass every time or were asked before.
    tries: HashMap<String, (u32, u32)>,
}

impl<'a, W: Write> Markdown<'a, W> {
    pub(super) fn new(document: &'a ReportDocument<'a>, out: W) -> Self {
        let cases = document.suite.iter().flat_map(|suite| &suite.cases);
        let inputs = cases.map(|case| (case.id.as_str(), case)).collect();
        Self { document, inputs, out, failures: vec![], failed: 0, tries: HashMap::new() }
    }

    /// What was put in, wanted and answered, and why that is not enough.
    fn failure(&self, row: &Row) -> String {
        let mut text = format!(
            "<details><summary>{} <code>{}</code>{}</summary>\n\n",
            word(row.verdict),
            html(&cut(&row.case, 100)),
            if row.repeat > 1 { format!(", try {}", row.repeat) } else { String::new() }
        );
        let mut field = |name: &str, value: &str| {
            if !value.is_empty() {
                text.push_str(&format!("{name}\n{}\n", fence(&cut(value, TEXT))));
            }
        };
        if let Some(case) = self.inputs.get(row.case.as_str()) {
            let inputs: Vec<String> = case
                .variables
                .iter()
                .map(|(name, value)| format!("{name}: {}", plain(value)))
                .collect();
            field("input", &inputs.join("\n"));
            field("expected", &case.expected.as_ref().map(plain).unwrap_or_default());
        }
        field("answered", &row.actual);
        field("why", &reasons(row).join("\n"));
        text.push_str("</details>\n\n");
        text
    }

    fn flaky(&self) -> Vec<String> {
        let flaky = self.tries.iter().filter(|(_, (asked, passed))| *passed > 0 && passed < asked);
        let mut lines: Vec<String> = flaky
            .map(|(case, (asked, passed))| format!("{} {passed} of {asked}", code(&cut(case, 100))))
            .collect();
        lines.sort();
        lines
    }
}

impl<W: Write> Renderer for Markdown<'_, W> {
    fn row(&mut self, row: &Row) -> io::Result<()> {
        if self.document.report.summary.repeats > 1 {
            let tries = self.tries.entry(row.case.clone()).or_default();
            tries.0 += 1;
            tries.1 += u32::from(row.verdict == Verdict::Pass);
        }
        if row.verdict != Verdict::Pass {
            self.failed += 1;
            if self.failures.len() < FAILURES {
                let failure = self.failure(row);
                self.failures.push(failure);
            }
        }
        Ok(())
    }

    fn finish(&mut self) -> io::Result<()> {
        let mut text = head(self.document);
        text.push_str(&table(&self.document.report.summary));
        text.push_str(&figures(&self.document.report.summary));
        text.push_str(&comparison(self.document));
        text.push_str(&named("flaky", "cases passed some times and not others", &self.flaky()));
        let shown = self.failures.len() as u64;
        if shown > 0 {
            let some = if self.failed > shown { format!("{shown} of ") } else { String::new() };
            text.push_str(&format!("\n#### What did not pass ({some}{})\n\n", self.failed));
        }
        let mut left = self.failed - shown;
        for failure in &self.failures {
            if text.chars().count() + failure.chars().count() > MOST - 500 {
                left += 1;
            } else {
                text.push_str(failure);
            }
        }
        if left > 0 {
            let more = format!(
                "{left} more: `gatemark report {} --format html`\n",
                self.document.report.id
            );
            text.push_str(&more);
        }
        self.out.write_all(text.as_bytes())?;
        self.out.flush()
    }
}

fn head(document: &ReportDocument<'_>) -> String {
    let (report, total) = (document.report, &document.report.summary.total);
    let verdict = match &document.goal {
        Some(goal) if goal.unmet.is_empty() => "✅ thresholds reached",
        Some(_) => "❌ thresholds not reached",
        None if total.passed == total.cases && total.cases > 0 => "✅ every case passed",
        None => "⚠️ some cases did not pass",
    };
    let semver =
        document.semver.as_deref().map(|semver| format!(" ({semver})")).unwrap_or_default();
    let mut text = format!(
        "### {verdict}: {} version {}{semver} on {}\n\n**{} of {} passed, {}** (95 % interval {})\n\n",
        code(report.prompt.as_str()),
        report.number,
        code(report.model.as_str()),
        total.passed,
        counted(total.cases, "case"),
        percent(total.accuracy()),
        interval(total),
    );
    let unmet = document.goal.iter().flat_map(|goal| &goal.unmet).chain(&report.stopped);
    for line in unmet.take(NAMES) {
        text.push_str(&format!("- {}\n", code(&cut(line, TEXT))));
    }
    text.push('\n');
    text
}

fn table(summary: &Summary) -> String {
    let mut text = String::from(
        "| category | passed | accuracy | 95 % interval | errors | untested | form |\n|---|--:|--:|--:|--:|--:|--:|\n",
    );
    let mut line = |name: &str, tally: &Tally| {
        text.push_str(&format!(
            "| {name} | {}/{} | {} | {} | {} | {} | {} |\n",
            tally.passed,
            tally.cases,
            percent(tally.accuracy()),
            interval(tally),
            tally.errors,
            tally.untested,
            percent(tally.format_validity()),
        ));
    };
    for (name, tally) in summary.categories.iter().take(NAMES) {
        line(&cell(&cut(name, 60)), tally);
    }
    line("**all**", &summary.total);
    if summary.categories.len() > NAMES {
        text.push_str(&format!("\n{} more categories\n", summary.categories.len() - NAMES));
    }
    text
}

fn figures(summary: &Summary) -> String {
    let mut lines = vec![match summary.rows > 0 && summary.timed() == 0 {
        true => "latency unknown: every answer comes from an earlier run".to_string(),
        false => format!(
            "latency p50 {}, p95 {}",
            length(summary.p50_latency_us),
            length(summary.p95_latency_us)
        ),
    }];
    lines.push(format!("cost {} ({} a row)", summary.total_cost, summary.mean_cost));
    lines.push(format!("spent now {} and {} on checks", summary.spent, summary.checks_cost));
    if summary.cached > 0 {
        lines.push(format!(
            "{} of {} rows answered by an earlier run",
            summary.cached, summary.rows
        ));
    }
    if let (Some(any), Some(all)) = (summary.pass_at.last(), summary.pass_hat.last()) {
        let k = summary.repeats;
        lines.push(format!("one of {k} tries passes {any:.3}, all {k} {all:.3}"));
    }
    for (name, metric) in summary.metrics.iter().take(NAMES) {
        lines.push(format!("{} {:.3}", code(&cut(name, 60)), metric.mean));
    }
    if let Some(found) = &summary.classification {
        lines.push(format!("macro-F1 {:.3}", found.macro_f1));
    }
    format!("\n{}\n", lines.join(" · "))
}

fn comparison(document: &ReportDocument<'_>) -> String {
    let Some(against) = &document.comparison else { return String::new() };
    let names = |cases: &[String]| -> Vec<String> {
        cases.iter().map(|case| code(&cut(case, 100))).collect()
    };
    format!(
        "\n#### Against {}\n\n{}\n{}{}",
        code(&cut(&against.baseline, TEXT)),
        // Made by us of figures alone.
        cut(&against.sentence, TEXT),
        named("lost", "cases passed there and not here", &names(&against.lost)),
        named("gained", "cases pass here and did not there", &names(&against.gained)),
    )
}

fn named(word: &str, meaning: &str, names: &[String]) -> String {
    if names.is_empty() {
        return String::new();
    }
    let shown: Vec<&str> = names.iter().take(NAMES).map(String::as_str).collect();
    let more = match names.len().saturating_sub(NAMES) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    format!("\n**{word}** ({} {meaning}): {}{more}\n", names.len(), shown.join(", "))
}

fn word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Pass => "passed",
        Verdict::Fail => "failed",
        Verdict::Error => "errored",
        Verdict::Inconclusive => "inconclusive",
        Verdict::Untested => "untested",
    }
}

/// Line ends and other control characters as spaces: what must stay on its line.
fn flat(text: &str) -> String {
    let flat: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    // These two separate lines for some readers of Markdown.
    flat.replace(['\u{2028}', '\u{2029}'], " ")
}

/// The longest run of backticks.
fn ticks(text: &str) -> usize {
    text.split(|c| c != '`').map(str::len).max().unwrap_or(0)
}

/// A code span.
fn code(text: &str) -> String {
    let text = flat(text);
    let fence = "`".repeat(ticks(&text) + 1);
    // A backtick at an end, or nothing at all, needs room; a span of spaces alone keeps them.
    format!("{fence} {text} {fence}")
}

/// A code span in a table, where a bar ends the cell even inside a span.
fn cell(text: &str) -> String {
    code(text).replace('|', "\\|")
}

/// A fenced block.
fn fence(text: &str) -> String {
    let text: String =
        text.chars().filter(|c| !c.is_control() || matches!(c, '\n' | '\t')).collect();
    let fence = "`".repeat(ticks(&text).max(2) + 1);
    format!("{fence}text\n{text}\n{fence}\n")
}

fn html(text: &str) -> String {
    flat(text).replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn names_cannot_leave_their_cell() {
        assert_eq!(cell("a|b`c\nd"), "`` a\\|b`c d ``");
        assert_eq!(html("</code></summary>@all"), "&lt;/code&gt;&lt;/summary&gt;@all");
    }

    proptest! {
        #[test]
        fn no_line_of_a_text_closes_its_fence(text in "[`~\n a\\PC]{0,60}") {
            let fenced = fence(&text);
            let mark = fenced.split("text\n").next().unwrap();
            let closing = fenced.lines().skip(1).filter(|line| line.trim().starts_with(mark)).count();
            prop_assert_eq!(closing, 1);
            let span = code(&text);
            let mark = span.split(' ').next().unwrap();
            prop_assert_eq!(span.matches(mark).count(), 2);
            prop_assert!(!span.contains('\n'));
        }
    }
}
