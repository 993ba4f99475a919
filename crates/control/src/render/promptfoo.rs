//! promptfoo's results, version 3: what its viewer, its `import` and scripts around it read.
//!
//! Field for field as promptfoo 0.121 writes them, as far as there is something to say. Our five verdicts
//! become its two and a reason: only a pass is a success, and what nothing checked is an error, since there
//! it would be a success. Each try of a case is a row of its own, as there.

use std::collections::{BTreeMap, HashMap};
use std::io::{self, Write};

use gatemark_core::id::Digest;
use gatemark_core::report::{CheckResult, Row, Verdict};
use gatemark_core::suite::Case;
use serde_json::{Value, json};

use super::shown::reasons;
use super::{Renderer, ReportDocument};

/// Writes rows as they come, then what they add up to.
pub(super) struct Promptfoo<'a, W> {
    document: &'a ReportDocument<'a>,
    cases: HashMap<&'a str, (usize, &'a Case)>,
    out: W,
    sums: Sums,
}

/// What promptfoo counts of all rows.
#[derive(Default)]
struct Sums {
    rows: u64,
    passed: u64,
    failed: u64,
    errors: u64,
    checks_passed: u64,
    checks_failed: u64,
    score: f64,
    latency_ms: u64,
    cost_usd: f64,
    named: BTreeMap<String, (f64, u64)>,
}

impl<'a, W: Write> Promptfoo<'a, W> {
    pub(super) fn begin(document: &'a ReportDocument<'a>, mut out: W) -> io::Result<Self> {
        let cases = document.suite.iter().flat_map(|suite| &suite.cases).enumerate();
        let cases = cases.map(|(at, case)| (case.id.as_str(), (at, case))).collect();
        let report = document.report;
        let (id, at) = (format!("eval-{}", report.id), moment(report.finished_at));
        write!(
            out,
            "{{\"evalId\":{},\"results\":{{\"version\":3,\"timestamp\":{},\"results\":[",
            json!(id),
            json!(at)
        )?;
        Ok(Self { document, cases, out, sums: Sums::default() })
    }

    fn prompt(&self) -> (String, String) {
        let report = self.document.report;
        (report.version.to_string(), format!("{} version {}", report.prompt, report.number))
    }

    fn result(&self, row: &Row) -> Value {
        let (index, case) = match self.cases.get(row.case.as_str()) {
            Some((index, case)) => (*index, Some(*case)),
            None => (0, None),
        };
        let (prompt, label) = self.prompt();
        let vars = case.map(|case| json!(case.variables)).unwrap_or_else(|| json!({}));
        let cost = row.cost.map(|cost| cost.as_usd());
        let metadata = json!({"case": row.case, "category": row.category, "repeat": row.repeat,
            "verdict": row.verdict.word(), "formatValid": row.format_valid, "call": row.call});
        let grading = grading(row);
        let mut result = json!({
            "id": Digest::of(format!("{}/{}/{}", self.document.report.id, row.case, row.repeat).as_bytes()).short(),
            "promptIdx": 0,
            "testIdx": index,
            "promptId": prompt,
            "prompt": {"raw": label, "label": label, "config": {}},
            "provider": {"id": self.document.report.model, "label": ""},
            "vars": vars.clone(),
            "testCase": {"description": row.case, "vars": vars,
                "assert": row.checks.iter().map(assertion).collect::<Vec<_>>(),
                "options": {}, "metadata": {"category": row.category}},
            "response": {"output": row.actual, "cached": row.cached, "cost": cost.unwrap_or(0.0)},
            "success": row.verdict == Verdict::Pass,
            "score": grading["score"].clone(),
            "namedScores": grading["namedScores"].clone(),
            "gradingResult": grading,
            "failureReason": failure(row.verdict),
            "latencyMs": row.latency_us / 1_000,
            "cost": cost.unwrap_or(0.0),
            "metadata": metadata,
        });
        if row.verdict != Verdict::Pass {
            result["error"] = json!(reasons(row).join("\n"));
        }
        result
    }
}

impl<W: Write> Renderer for Promptfoo<'_, W> {
    fn row(&mut self, row: &Row) -> io::Result<()> {
        let result = self.result(row);
        self.out.write_all(if self.sums.rows == 0 { b"\n" } else { b",\n" })?;
        self.sums.add(row);
        Ok(serde_json::to_writer(&mut self.out, &result)?)
    }

    fn finish(&mut self) -> io::Result<()> {
        let (id, label) = self.prompt();
        let report = self.document.report;
        let (sums, tokens) = (
            &self.sums,
            json!({"total": 0, "prompt": 0, "completion": 0,
            "cached": 0, "numRequests": self.sums.rows}),
        );
        let prompts = json!([{"id": id, "raw": label, "label": label,
            "provider": report.model, "metrics": sums.metrics(&tokens)}]);
        let stats = json!({"successes": sums.passed, "failures": sums.failed,
            "errors": sums.errors, "tokenUsage": tokens});
        let config = json!({"description": format!("{label} on {}", report.model),
            "prompts": [label], "providers": [report.model], "tests": []});
        let metadata = json!({"exportedAt": moment(report.finished_at),
            "evaluationCreatedAt": moment(report.finished_at), "author": report.actor,
            "gatemark": {"format": 1, "report": report.id, "version": report.version,
                "suite": report.suite}});
        writeln!(
            self.out,
            "\n],\"prompts\":{prompts},\"stats\":{stats}}},\"config\":{config},\"shareableUrl\":null,\"metadata\":{metadata}}}"
        )?;
        self.out.flush()
    }
}

impl Sums {
    fn add(&mut self, row: &Row) {
        self.rows += 1;
        match failure(row.verdict) {
            0 => self.passed += 1,
            1 => self.failed += 1,
            _ => self.errors += 1,
        }
        self.score += score(row);
        self.latency_ms += row.latency_us / 1_000;
        self.cost_usd += row.cost.map_or(0.0, |cost| cost.as_usd());
        for check in &row.checks {
            match check.verdict {
                Verdict::Pass => self.checks_passed += 1,
                _ => self.checks_failed += 1,
            }
        }
        for (name, score) in named(row) {
            let sum = self.named.entry(name).or_default();
            *sum = (sum.0 + score, sum.1 + 1);
        }
    }

    fn metrics(&self, tokens: &Value) -> Value {
        let part = |of: fn(&(f64, u64)) -> Value| -> Value {
            self.named.iter().map(|(name, sum)| (name.clone(), of(sum))).collect()
        };
        json!({
            "score": self.score,
            "testPassCount": self.passed,
            "testFailCount": self.failed,
            "testErrorCount": self.errors,
            "assertPassCount": self.checks_passed,
            "assertFailCount": self.checks_failed,
            "totalLatencyMs": self.latency_ms,
            "tokenUsage": tokens,
            "namedScores": part(|sum| json!(sum.0)),
            "namedScoresCount": part(|sum| json!(sum.1)),
            "cost": self.cost_usd,
        })
    }
}

/// promptfoo's `failureReason`: 0 none, 1 an assertion, 2 an error.
fn failure(verdict: Verdict) -> u8 {
    match verdict {
        Verdict::Pass => 0,
        Verdict::Fail | Verdict::Inconclusive => 1,
        Verdict::Error | Verdict::Untested => 2,
    }
}

fn score(row: &Row) -> f64 {
    row.score.unwrap_or(if row.verdict == Verdict::Pass { 1.0 } else { 0.0 })
}

/// Mean score by metric.
fn named(row: &Row) -> BTreeMap<String, f64> {
    let mut found: BTreeMap<String, (f64, f64)> = BTreeMap::new();
    for check in row.checks.iter().filter(|check| !check.metric.is_empty()) {
        let sum = found.entry(check.metric.clone()).or_default();
        *sum = (sum.0 + check.counted().unwrap_or(0.0), sum.1 + 1.0);
    }
    found.into_iter().map(|(name, (sum, count))| (name, sum / count)).collect()
}

fn grading(row: &Row) -> Value {
    let passed = row.verdict == Verdict::Pass;
    let reason = if passed { "All checks passed".to_string() } else { reasons(row).join("\n") };
    json!({"pass": passed, "score": score(row), "reason": reason, "namedScores": named(row),
        "componentResults": row.checks.iter().map(component).collect::<Vec<_>>()})
}

fn component(check: &CheckResult) -> Value {
    let passed = check.verdict == Verdict::Pass;
    json!({
        "pass": passed,
        "score": check.counted().unwrap_or(0.0),
        "reason": check.detail.as_deref().unwrap_or(if passed { "passed" } else { check.verdict.word() }),
        "assertion": assertion(check),
    })
}

/// A check as promptfoo's viewer shows assertions. Its type is our metric's name.
fn assertion(check: &CheckResult) -> Value {
    let kind = if check.metric.is_empty() { "check" } else { &check.metric };
    let mut assertion = json!({"type": kind, "value": check.check});
    if let Some(weight) = check.weight {
        assertion["weight"] = json!(weight);
    }
    assertion
}

/// As JavaScript writes moments.
fn moment(micros: i64) -> String {
    jiff::Timestamp::from_microsecond(micros)
        .map(|moment| format!("{moment:.3}"))
        .unwrap_or_default()
}
