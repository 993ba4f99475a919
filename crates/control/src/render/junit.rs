//! JUnit XML: a suite for each category, a test for each case, whatever number of times it was asked.
//!
//! There is no standard, only what CI servers read: the elements and attributes here are those that
//! Jenkins, GitLab and GitHub's reporters agree on, in the order in which the strictest schema wants them.

use std::collections::BTreeMap;
use std::io::{self, Write};

use gatemark_core::report::{Row, Verdict};

use super::cases::{CaseRun, Cases};
use super::shown::{counted, seconds};
use super::{Renderer, ReportDocument};

/// Gathers cases, then writes them by category.
pub(super) struct Junit<'a, W> {
    document: &'a ReportDocument<'a>,
    out: W,
    cases: Cases,
}

impl<'a, W: Write> Junit<'a, W> {
    pub(super) fn new(document: &'a ReportDocument<'a>, out: W) -> Self {
        Self { document, out, cases: Cases::default() }
    }
}

impl<W: Write> Renderer for Junit<'_, W> {
    fn row(&mut self, row: &Row) -> io::Result<()> {
        self.cases.add(row);
        Ok(())
    }

    fn finish(&mut self) -> io::Result<()> {
        let Self { document, out, cases } = self;
        let mut categories: BTreeMap<&str, Vec<&CaseRun>> = BTreeMap::new();
        for run in cases.all() {
            categories.entry(&run.category).or_default().push(run);
        }
        let mut all = Counts::default();
        cases.all().iter().for_each(|run| all.add(run));
        if let Some(goal) = &document.goal {
            all.tests += 1;
            all.failures += u64::from(!goal.unmet.is_empty());
        }
        let report = document.report;
        writeln!(out, r#"<?xml version="1.0" encoding="UTF-8"?>"#)?;
        writeln!(
            out,
            r#"<testsuites name="{}" {}>"#,
            escaped(&format!("{} on {}", report.prompt, report.model)),
            all.attributes(false)
        )?;
        for (category, runs) in &categories {
            suite(out, document, category, runs)?;
        }
        goal(out, document)?;
        if cases.unexplained > 0 {
            let left = counted(cases.unexplained, "case");
            writeln!(out, "<!-- {left} without explanation: see the JSON report -->")?;
        }
        writeln!(out, "</testsuites>")?;
        out.flush()
    }
}

/// What the attributes of a suite count.
#[derive(Default)]
struct Counts {
    tests: u64,
    failures: u64,
    errors: u64,
    skipped: u64,
    latency_us: u64,
}

impl Counts {
    fn add(&mut self, run: &CaseRun) {
        self.tests += 1;
        self.failures += u64::from(matches!(run.worst, Verdict::Fail | Verdict::Inconclusive));
        self.errors += u64::from(run.worst == Verdict::Error);
        self.skipped += u64::from(run.worst == Verdict::Untested);
        self.latency_us = self.latency_us.saturating_add(run.latency_us);
    }

    fn attributes(&self, skipped: bool) -> String {
        let skipped =
            if skipped { format!(" skipped=\"{}\"", self.skipped) } else { String::new() };
        format!(
            "tests=\"{}\" failures=\"{}\" errors=\"{}\"{skipped} time=\"{}\"",
            self.tests,
            self.failures,
            self.errors,
            seconds(self.latency_us)
        )
    }
}

fn suite(
    out: &mut impl Write,
    document: &ReportDocument<'_>,
    category: &str,
    runs: &[&CaseRun],
) -> io::Result<()> {
    let mut counts = Counts::default();
    runs.iter().for_each(|run| counts.add(run));
    open_suite(out, document, category, &counts)?;
    let class = escaped(&format!("{}.{category}", document.report.prompt));
    for run in runs {
        case(out, &class, run)?;
    }
    writeln!(out, "  </testsuite>")
}

fn open_suite(
    out: &mut impl Write,
    document: &ReportDocument<'_>,
    name: &str,
    counts: &Counts,
) -> io::Result<()> {
    let report = document.report;
    writeln!(out, r#"  <testsuite name="{}" {}>"#, escaped(name), counts.attributes(true))?;
    writeln!(out, "    <properties>")?;
    let number = report.number.to_string();
    let semver = document.semver.as_deref().unwrap_or_default();
    for (name, value) in [
        ("prompt", report.prompt.as_str()),
        ("version", &number),
        ("semver", semver),
        ("version.hash", report.version.to_string().as_str()),
        ("suite.hash", report.suite.to_string().as_str()),
        ("model", report.model.as_str()),
        ("report", &report.id),
        ("judges", &report.judges.join(", ")),
    ] {
        if !value.is_empty() {
            writeln!(out, r#"      <property name="{name}" value="{}"/>"#, escaped(value))?;
        }
    }
    writeln!(out, "    </properties>")
}

fn case(out: &mut impl Write, class: &str, run: &CaseRun) -> io::Result<()> {
    write!(
        out,
        r#"    <testcase name="{}" classname="{class}" time="{}""#,
        escaped(&run.case),
        seconds(run.latency_us)
    )?;
    if run.worst == Verdict::Pass && run.asked == 1 {
        return writeln!(out, "/>");
    }
    writeln!(out, ">")?;
    let tries = match (run.asked, run.is_flaky()) {
        (1, _) => String::new(),
        (asked, flaky) => {
            format!("passed {} of {asked} times{}", run.passed, if flaky { " (flaky)" } else { "" })
        }
    };
    if let Some(element) = element(run.worst) {
        let mut summary: Vec<&str> = vec![];
        summary.extend((!tries.is_empty()).then_some(tries.as_str()));
        summary.extend(run.reasons.first().map(String::as_str));
        let message = escaped(&summary.join("; "));
        match element {
            "skipped" => writeln!(out, r#"      <skipped message="{message}"/>"#)?,
            _ => writeln!(
                out,
                r#"      <{element} message="{message}" type="{}">{}</{element}>"#,
                run.worst.word(),
                escaped(&body(run))
            )?,
        }
    }
    if !tries.is_empty() {
        writeln!(out, "      <system-out>{tries}</system-out>")?;
    }
    writeln!(out, "    </testcase>")
}

/// The element that says how a test came out. What nothing checked is shown as skipped; the thresholds,
/// for which it counts against the version, are a test of their own.
fn element(verdict: Verdict) -> Option<&'static str> {
    match verdict {
        Verdict::Pass => None,
        Verdict::Fail | Verdict::Inconclusive => Some("failure"),
        Verdict::Error => Some("error"),
        Verdict::Untested => Some("skipped"),
    }
}

fn body(run: &CaseRun) -> String {
    let mut lines = run.reasons.clone();
    if !run.answer.is_empty() {
        lines.push(format!("answer: {}", run.answer));
    }
    lines.join("\n")
}

/// The thresholds as one more test: a CI server that reads nothing else still learns the run's verdict.
fn goal(out: &mut impl Write, document: &ReportDocument<'_>) -> io::Result<()> {
    let Some(goal) = &document.goal else { return Ok(()) };
    let failures = u64::from(!goal.unmet.is_empty());
    let counts = Counts { tests: 1, failures, ..Counts::default() };
    open_suite(out, document, "thresholds", &counts)?;
    let class = escaped(document.report.prompt.as_str());
    write!(out, r#"    <testcase name="thresholds" classname="{class}" time="0.000000""#)?;
    if goal.unmet.is_empty() {
        writeln!(out, "/>")?;
    } else {
        let unmet = escaped(&goal.unmet.join("; "));
        writeln!(
            out,
            ">\n      <failure message=\"{unmet}\" type=\"threshold\"/>\n    </testcase>"
        )?;
    }
    writeln!(out, "  </testsuite>")
}

/// Text for an element or an attribute. Characters that XML 1.0 cannot hold at all, however written, become
/// visible escapes; line ends in attributes would be turned into spaces, so they are written as references.
fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\n' => safe.push_str("&#10;"),
            '\r' => safe.push_str("&#13;"),
            '\t' => safe.push_str("&#9;"),
            '\0'..='\u{1f}' | '\u{7f}'..='\u{9f}' | '\u{fffe}' | '\u{ffff}' => {
                safe.extend(c.escape_unicode());
            }
            _ => safe.push(c),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::escaped;

    #[test]
    fn what_xml_cannot_hold_is_shown() {
        assert_eq!(
            escaped("a\u{1b}[0m\u{0}<&>\"\n\u{ffff}é"),
            "a\\u{1b}[0m\\u{0}&lt;&amp;&gt;&quot;&#10;\\u{ffff}é"
        );
    }
}
