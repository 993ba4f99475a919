//! Figures and texts as reports show them.

use gatemark_core::report::{CheckResult, Row, Tally, Verdict};
use gatemark_core::stats::proportion::{Z_95, wilson};
use serde_json::Value;

/// `94.0 %`.
pub(super) fn percent(share: f64) -> String {
    format!("{:.1} %", 100.0 * share)
}

/// Wilson's 95 % interval of the share that passed: `83.8 – 97.9 %`.
pub(super) fn interval(tally: &Tally) -> String {
    let interval = wilson(tally.passed, tally.cases, Z_95);
    format!("{:.1} – {:.1} %", 100.0 * interval.low, 100.0 * interval.high)
}

/// `850 µs`, `12.3 ms`, `4.56 s`.
#[allow(clippy::cast_precision_loss)]
pub(super) fn length(micros: u64) -> String {
    match micros {
        0..1_000 => format!("{micros} µs"),
        1_000..1_000_000 => format!("{:.1} ms", micros as f64 / 1e3),
        _ => format!("{:.2} s", micros as f64 / 1e6),
    }
}

/// Seconds as a number with six decimals.
pub(super) fn seconds(micros: u64) -> String {
    format!("{}.{:06}", micros / 1_000_000, micros % 1_000_000)
}

/// `1 case`, `2 cases`.
pub(super) fn counted(count: u64, noun: &str) -> String {
    if count == 1 { format!("1 {noun}") } else { format!("{count} {noun}s") }
}

/// A text as it is, any other value as JSON.
pub(super) fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_string)
}

/// At most `most` characters, with a mark if some are missing.
pub(super) fn cut(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        None => text.to_string(),
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
    }
}

/// Why a row did not pass: its error, or each check that does not hold.
pub(super) fn reasons(row: &Row) -> Vec<String> {
    if let Some(error) = &row.error {
        return vec![error.clone()];
    }
    let bad = row.checks.iter().filter(|check| check.verdict != Verdict::Pass);
    let found: Vec<String> = bad.map(reason).collect();
    match found.is_empty() && row.verdict == Verdict::Untested {
        true => vec!["nothing was checked".to_string()],
        false => found,
    }
}

fn reason(check: &CheckResult) -> String {
    match &check.detail {
        Some(detail) => format!("{}: {detail}", check.check),
        None => format!("{}: {}", check.check, check.verdict.word()),
    }
}
