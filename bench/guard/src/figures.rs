//! Tables: what is found and what is flagged wrongly, by kind and by source.

use std::collections::BTreeMap;
use std::fmt::Write;

use gatemark_core::stats::proportion::{Z_95, wilson};
use gatemark_text::guard::{BLOCK_AT, FLAG_AT};

use crate::combine::above;
use crate::rows::Row;

/// Scores of rows.
pub(crate) struct Scored<'a> {
    pub(crate) row: &'a Row,
    pub(crate) score: f64,
}

/// How many of how many reach the thresholds.
#[derive(Default, Clone, Copy)]
struct Count {
    all: u64,
    flagged: u64,
    blocked: u64,
}

impl Count {
    fn add(&mut self, score: f64) {
        self.all += 1;
        self.flagged += u64::from(score >= FLAG_AT);
        self.blocked += u64::from(score >= BLOCK_AT);
    }

    fn line(&self, name: &str) -> String {
        let share = |part: u64| 100.0 * part as f64 / self.all.max(1) as f64;
        format!(
            "| {name} | {} | {:.1} | {:.1} |\n",
            self.all,
            share(self.flagged),
            share(self.blocked)
        )
    }
}

const HEAD: &str = "| | texts | flagged % | blocked % |\n|---|---:|---:|---:|\n";

/// Totals, kinds and sources, as a table in Markdown.
pub(crate) fn table(scored: &[Scored<'_>], by_source: bool) -> String {
    let mut kinds: BTreeMap<(u8, String), Count> = BTreeMap::new();
    for scored in scored {
        let row = scored.row;
        let side = 1 - row.label.min(1);
        let all = if row.attack() { "**all attacks**" } else { "**all harmless**" };
        kinds.entry((side * 3, all.to_string())).or_default().add(scored.score);
        // An obfuscated attack is an explicit one too.
        if row.kind() == "obfuscated" {
            kinds.entry((side * 3 + 1, "explicit".to_string())).or_default().add(scored.score);
        }
        kinds.entry((side * 3 + 1, row.kind().to_string())).or_default().add(scored.score);
        if by_source {
            let name = format!("`{}`", row.source);
            kinds.entry((side * 3 + 2, name)).or_default().add(scored.score);
        }
    }
    kinds.iter().fold(HEAD.to_string(), |text, ((_, name), count)| text + &count.line(name))
}

/// Families of attacks: flagged when the model knew the family, and when it did not.
pub(crate) fn families(known: &[Scored<'_>], unknown: &[Scored<'_>]) -> String {
    let mut found: BTreeMap<String, (Count, Count)> = BTreeMap::new();
    for (known, unknown) in known.iter().zip(unknown).filter(|(known, _)| known.row.attack()) {
        let counts = found.entry(known.row.family()).or_default();
        counts.0.add(known.score);
        counts.1.add(unknown.score);
    }
    let mut text =
        "| family | texts | flagged %, family known | family unknown |\n|---|---:|---:|---:|\n"
            .to_string();
    for (family, (known, unknown)) in found {
        let share = |count: Count| 100.0 * count.flagged as f64 / count.all.max(1) as f64;
        let _ = writeln!(
            text,
            "| {family} | {} | {:.1} | {:.1} |",
            known.all,
            share(known),
            share(unknown)
        );
    }
    text
}

/// One point of the operating curve.
pub(crate) struct Step {
    /// Share of harmless texts that are flagged.
    pub(crate) alarms: f64,
    pub(crate) threshold: f64,
    /// Shares of attacks that are found: all, explicit, obfuscated.
    pub(crate) found: [f64; 3],
}

const RATES: [f64; 12] =
    [0.0005, 0.001, 0.002, 0.003, 0.005, 0.0075, 0.01, 0.015, 0.02, 0.03, 0.05, 0.1];

pub(crate) fn curve(scored: &[Scored<'_>]) -> Vec<Step> {
    let mut harmless: Vec<f64> =
        scored.iter().filter(|scored| !scored.row.attack()).map(|scored| scored.score).collect();
    harmless.sort_by(|a, b| b.total_cmp(a));
    let of = |kinds: &[&str]| -> Vec<f64> {
        let kept = scored.iter().filter(|scored| kinds.contains(&scored.row.kind()));
        kept.map(|scored| scored.score).collect()
    };
    let sides = [
        of(&["explicit", "implicit", "mixed", "obfuscated"]),
        of(&["explicit", "obfuscated"]),
        of(&["obfuscated"]),
    ];
    let step = |alarms: f64| {
        let threshold = above(&harmless, alarms);
        let found = [0, 1, 2].map(|side: usize| {
            let reached = sides[side].iter().filter(|score| **score >= threshold).count();
            reached as f64 / sides[side].len().max(1) as f64
        });
        Step { alarms, threshold, found }
    };
    RATES.iter().map(|rate| step(*rate)).collect()
}

/// The curve as a table, with the interval that belongs to each alarm rate.
pub(crate) fn curve_table(steps: &[Step], harmless: u64) -> String {
    let mut text = "| harmless flagged % | 95 % interval | threshold | all attacks % | explicit % | obfuscated % |\n|---:|---:|---:|---:|---:|---:|\n".to_string();
    for step in steps {
        // A count that was a share of `harmless`.
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        let count = (step.alarms * harmless as f64) as u64;
        let interval = wilson(count, harmless, Z_95);
        let [all, explicit, obfuscated] = step.found.map(|share| 100.0 * share);
        let _ = writeln!(
            text,
            "| {:.2} | {:.2}–{:.2} | {:.3} | {all:.1} | {explicit:.1} | {obfuscated:.1} |",
            100.0 * step.alarms,
            100.0 * interval.low,
            100.0 * interval.high,
            step.threshold,
        );
    }
    text
}
