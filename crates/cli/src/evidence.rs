//! A test run for people: figures by category, what failed and why, cost, time.

use gatemark_core::money::NanoUsd;
use gatemark_core::report::{Report, Row, Summary, Tally, Verdict};
use gatemark_core::stats::proportion::{Z_95, wilson};
use gatemark_core::suite::{Case, Suite};
use serde_json::Value;

use crate::moment;
use crate::print::{Ink, one_line};
use crate::table::Table;

/// What a run had to reach, and who says so.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Threshold {
    /// Least accuracy, 0 to 1.
    pub(crate) accuracy: f64,
    /// Whether the suite sets it, not the environment's policy.
    pub(crate) own: bool,
}

impl Threshold {
    /// Whether `summary` reaches it.
    pub(crate) fn is_reached(self, summary: &Summary) -> bool {
        summary.total.accuracy() >= self.accuracy
    }
}

/// Longest value shown of a failing case, in characters.
const WIDTH: usize = 240;

/// Figures by category, then time, cost, threshold and the report's id.
pub(crate) fn figures(report: &Report, threshold: Option<Threshold>, ink: Ink) -> String {
    let summary = &report.summary;
    let headings =
        ["CATEGORY", "PASSED", "ACCURACY", "95 % INTERVAL", "ERRORS", "UNTESTED", "FORMAT"];
    let mut table = Table::new(headings).right(&[1, 2, 3, 4, 5, 6]);
    for (name, tally) in &summary.categories {
        table.row(cells(name, tally));
    }
    table.row(cells("all", &summary.total));
    let mut lines = vec![table.text(), String::new()];
    lines.extend(more(summary));
    if let Some(threshold) = threshold {
        lines.push(format!("threshold  {}", judged(threshold, summary, ink)));
    }
    lines.push(format!("report     {}", report.id));
    lines.join("\n")
}

/// What there is beside the table.
fn more(summary: &Summary) -> Vec<String> {
    let mut lines = vec![];
    if let (Some(one), Some(all)) = (summary.pass_at.first(), summary.pass_hat.last()) {
        let k = summary.repeats;
        let any = summary.pass_at.last().copied().unwrap_or_default();
        lines.push(format!(
            "repeats    {k} of each case: a single try passes {one:.3}, one of {k} {any:.3}, all {k} {all:.3}; \
             {} flaky",
            summary.total.flaky
        ));
    }
    if let Some(weighted) = summary.weighted_accuracy {
        lines.push(format!("weighted   {weighted:.3} of the cases' weight passed"));
    }
    for (name, metric) in &summary.metrics {
        let missing = match metric.missing {
            0 => String::new(),
            missing => format!(", {missing} without a score counted as 0"),
        };
        lines.push(format!(
            "score      {name}: mean {:.3} over {} rows{missing}",
            metric.mean, metric.rows
        ));
    }
    if let Some(found) = &summary.classification {
        lines.push(format!(
            "labels     macro-F1 {:.3} over {} classes",
            found.macro_f1,
            found.classes.len()
        ));
    }
    lines.push(match summary.rows > 0 && summary.timed() == 0 {
        true => "latency    unknown: every answer comes from an earlier run".to_string(),
        false => format!(
            "latency    p50 {}, p95 {}",
            moment::length(summary.p50_latency_us),
            moment::length(summary.p95_latency_us)
        ),
    });
    lines.push(format!(
        "cost       mean {}, dearest {}, together {}",
        summary.mean_cost, summary.max_cost, summary.total_cost
    ));
    if summary.cached > 0 || summary.checks_cost > NanoUsd::ZERO {
        lines.push(format!(
            "spent      {} on answers ({} of {} rows were answered by an earlier run), {} on checks",
            summary.spent, summary.cached, summary.rows, summary.checks_cost
        ));
    }
    lines
}

fn judged(threshold: Threshold, summary: &Summary, ink: Ink) -> String {
    let whose = if threshold.own { "the suite's" } else { "the environment's" };
    let result =
        if threshold.is_reached(summary) { ink.good("reached") } else { ink.bad("NOT reached") };
    format!("accuracy {:.3} ({whose}): {result}", threshold.accuracy)
}

fn cells(name: &str, tally: &Tally) -> [String; 7] {
    [
        name.to_string(),
        format!("{}/{}", tally.passed, tally.cases),
        format!("{:.3}", tally.accuracy()),
        interval(tally),
        tally.errors.to_string(),
        tally.untested.to_string(),
        format!("{:.3}", tally.format_validity()),
    ]
}

/// Wilson's interval for the share that passed.
pub(crate) fn interval(tally: &Tally) -> String {
    let interval = wilson(tally.passed, tally.cases, Z_95);
    format!("{:.3} – {:.3}", interval.low, interval.high)
}

/// Rows that did not pass, each with input, expected, actual and why, out of `all` such rows; empty if there
/// are none to show.
pub(crate) fn failures(failed: &[Row], all: u64, suite: Option<&Suite>, ink: Ink) -> String {
    if failed.is_empty() {
        return String::new();
    }
    let mut text = ink.strong(&match failed.len() as u64 {
        shown if all > shown => format!("Failures ({shown} of {all}; more with --failures N)"),
        _ => format!("Failures ({all})"),
    });
    for row in failed {
        let case = suite.and_then(|suite| suite.cases.iter().find(|case| case.id == row.case));
        text.push('\n');
        text.push_str(&failure(row, case, ink));
    }
    text
}

fn failure(row: &Row, case: Option<&Case>, ink: Ink) -> String {
    let verdict = match row.verdict {
        Verdict::Pass => "passed",
        Verdict::Fail => "failed",
        Verdict::Error => "errored",
        Verdict::Inconclusive => "is inconclusive",
        Verdict::Untested => "has no check",
    };
    let mut lines =
        vec![format!("  {} ({}) {}", one_line(&row.case, WIDTH), row.category, ink.bad(verdict))];
    let mut field = |name: &str, value: &str| {
        lines.push(format!("    {name:<9} {}", one_line(value, WIDTH)));
    };
    if let Some(case) = case {
        let inputs = case.variables.iter().map(|(name, value)| format!("{name}: {}", plain(value)));
        field("input", &inputs.collect::<Vec<_>>().join("; "));
        if let Some(expected) = &case.expected {
            field("expected", &plain(expected));
        }
    }
    match &row.error {
        Some(error) => field("error", error),
        None => field("actual", &row.actual),
    }
    for check in row.checks.iter().filter(|check| check.verdict != Verdict::Pass) {
        let detail = check.detail.as_deref().map(|detail| format!(": {detail}"));
        field("why", &format!("{}{}", check.check, detail.unwrap_or_default()));
    }
    lines.join("\n")
}

/// A text as it is, any other value as JSON.
fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_string)
}

/// Several runs side by side.
pub(crate) fn comparison(reports: &[&Report]) -> String {
    let headings = [
        "MODEL",
        "PASSED",
        "ACCURACY",
        "95 % INTERVAL",
        "FORMAT",
        "P50",
        "P95",
        "MEAN COST",
        "REPORT",
    ];
    let mut table = Table::new(headings).right(&[1, 2, 3, 4, 5, 6, 7]);
    for report in reports {
        let summary = &report.summary;
        let total = &summary.total;
        table.row([
            report.model.to_string(),
            format!("{}/{}", total.passed, total.cases),
            format!("{:.3}", total.accuracy()),
            interval(total),
            format!("{:.3}", total.format_validity()),
            moment::length(summary.p50_latency_us),
            moment::length(summary.p95_latency_us),
            summary.mean_cost.to_string(),
            report.id.clone(),
        ]);
    }
    table.text()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::print::{ColourChoice, Terminal};
    use gatemark_core::report::CheckResult;

    fn row(case: &str, verdict: Verdict) -> Row {
        let detail = Some("expected billing, got shipping".to_string());
        Row {
            case: case.into(),
            category: "edge".into(),
            repeat: 1,
            score: None,
            weight: None,
            cached: false,
            verdict,
            format_valid: true,
            actual: "shipping".into(),
            checks: vec![CheckResult::plain("equals", verdict, detail)],
            error: None,
            latency_us: 1,
            cost: Some(NanoUsd::ZERO),
            paid: None,
            call: String::new(),
        }
    }

    #[test]
    fn failures_say_what_was_put_in_wanted_and_got() {
        let case = Case {
            id: "b".into(),
            category: "edge".into(),
            difficulty: None,
            tags: vec![],
            source: None,
            weight: None,
            threshold: None,
            variables: serde_json::from_str(r#"{"message": "where\nis it"}"#).unwrap(),
            expected: Some("billing".into()),
            checks: vec![],
        };
        let suite = Suite { cases: vec![case], ..Suite::default() };
        let rows = [row("a", Verdict::Pass), row("b", Verdict::Fail), row("c", Verdict::Fail)];
        let ink = Terminal::new(false, false, ColourChoice::Never).ink();
        let text = failures(&rows[1..2], 2, Some(&suite), ink);
        assert_eq!(
            text,
            "Failures (1 of 2; more with --failures N)\n  b (edge) failed\n    input     message: where is it\n    \
             expected  billing\n    actual    shipping\n    why       equals: expected billing, got shipping"
        );
        assert_eq!(failures(&[], 0, Some(&suite), ink), "");
    }

    #[test]
    fn a_threshold_is_reached_from_its_own_value_on() {
        let rows = [row("a", Verdict::Pass), row("b", Verdict::Fail)];
        let summary = Summary::of(&rows);
        assert!(Threshold { accuracy: 0.5, own: true }.is_reached(&summary));
        assert!(!Threshold { accuracy: 0.51, own: true }.is_reached(&summary));
    }
}
