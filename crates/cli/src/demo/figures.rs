//! What the demo measured. The table and `--json` show the same values.

use gatemark_core::gate::Finding;
use gatemark_core::money::NanoUsd;
use gatemark_core::report::Summary;
use gatemark_core::stats::proportion::{self, Interval, Z_95};
use gatemark_core::stats::quantile::nearest_rank;
use serde::Serialize;

use super::cases::Origin;
use super::data::Skipped;
use super::traffic::Sent;

/// Everything.
#[derive(Debug, Serialize)]
pub(super) struct Figures {
    pub(super) data: DataFigures,
    /// Folder of the project that was written.
    pub(super) project: String,
    /// Where the server listens.
    pub(super) url: String,
    pub(super) threshold: Threshold,
    pub(super) versions: Vec<VersionFigures>,
    pub(super) comparison: Option<Comparison>,
    pub(super) rollback: Option<Rollback>,
    pub(super) canary: Option<Canary>,
    pub(super) calls: Calls,
    /// Wall time of the whole job, in seconds.
    pub(super) seconds: f64,
    /// Whether every step came out as it should.
    pub(super) ok: bool,
}

/// The data and how they were cut.
#[derive(Debug, Clone, Serialize)]
pub(super) struct DataFigures {
    pub(super) source: String,
    pub(super) traffic_source: Option<String>,
    /// Usable rows of the (first) file.
    pub(super) rows: usize,
    pub(super) labels: usize,
    pub(super) skipped: Skipped,
    pub(super) traffic_skipped: Option<Skipped>,
    pub(super) examples: usize,
    pub(super) calibration: usize,
    pub(super) suite: usize,
    pub(super) traffic: usize,
    /// Where the suite's categories come from.
    pub(super) categories: Origin,
}

/// The suite's accuracy threshold and where it comes from.
#[derive(Debug, Clone, Copy, Serialize)]
pub(super) struct Threshold {
    pub(super) passed: u64,
    pub(super) cases: u64,
    pub(super) accuracy: f64,
}

impl Threshold {
    /// The lower end of Wilson's 95 % interval for what was reached, rounded down to hundredths.
    pub(super) fn from(summary: &Summary) -> Self {
        let (passed, cases) = (summary.total.passed, summary.total.cases);
        let low = proportion::wilson(passed, cases, Z_95).low;
        Self { passed, cases, accuracy: (low * 100.0).floor() / 100.0 }
    }
}

/// One version: how it did in its test, at the gate and on live traffic.
#[derive(Debug, Serialize)]
pub(super) struct VersionFigures {
    pub(super) semver: String,
    pub(super) number: u32,
    /// How many solved examples its prompt holds.
    pub(super) examples: usize,
    pub(super) tested: Summary,
    /// Whether the gate let it through.
    pub(super) deployed: bool,
    /// The rules that it did not meet.
    pub(super) unmet: Vec<Finding>,
    pub(super) live: Option<Live>,
}

/// A version on live traffic.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Live {
    pub(super) calls: u64,
    pub(super) right: u64,
    pub(super) accuracy: f64,
    /// Wilson's 95 % interval of the accuracy.
    pub(super) interval: Interval,
    pub(super) p50_latency_us: u64,
    pub(super) p95_latency_us: u64,
    /// Of a thousand calls, in nano-USD.
    pub(super) cost_per_thousand: NanoUsd,
    pub(super) fallbacks: u64,
    /// Answers whose header named another version.
    pub(super) strays: u64,
}

impl Live {
    /// The figures of what was sent to the version `semver`.
    pub(super) fn of(semver: &str, sent: &[Sent]) -> Self {
        let count =
            |is: &dyn Fn(&Sent) -> bool| as_count(sent.iter().filter(|sent| is(sent)).count());
        let (calls, right) = (as_count(sent.len()), count(&|sent| sent.right));
        let latencies: Vec<u64> = sent.iter().map(|sent| sent.latency_us).collect();
        let cost: NanoUsd = sent.iter().map(|sent| sent.cost).sum();
        let each = i64::try_from(calls.max(1)).unwrap_or(i64::MAX);
        Self {
            calls,
            right,
            accuracy: share(right, calls),
            interval: proportion::wilson(right, calls, Z_95),
            p50_latency_us: nearest_rank(&latencies, 0.50).unwrap_or(0),
            p95_latency_us: nearest_rank(&latencies, 0.95).unwrap_or(0),
            cost_per_thousand: NanoUsd(cost.0.saturating_mul(1_000) / each),
            fallbacks: count(&|sent| sent.fallback),
            strays: count(&|sent| sent.version != semver),
        }
    }
}

/// The same messages answered by two versions.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub(super) struct Comparison {
    pub(super) messages: u64,
    /// Right before and wrong now.
    pub(super) lost: u64,
    /// Wrong before and right now.
    pub(super) won: u64,
    /// (lost − won) / √(lost + won); beyond ±1.96 chance alone is an unlikely explanation (McNemar,
    /// Psychometrika 12 (1947), 153–157). 0 if nothing changed.
    pub(super) z: f64,
}

impl Comparison {
    /// Compares the outcomes of the same messages in the same order.
    #[allow(clippy::cast_precision_loss)]
    pub(super) fn of(before: &[Sent], now: &[Sent]) -> Self {
        let pairs = || before.iter().zip(now);
        let lost = as_count(pairs().filter(|(before, now)| before.right && !now.right).count());
        let won = as_count(pairs().filter(|(before, now)| !before.right && now.right).count());
        let changed = (lost + won) as f64;
        let z = if changed > 0.0 { (lost as f64 - won as f64) / changed.sqrt() } else { 0.0 };
        Self { messages: as_count(before.len().min(now.len())), lost, won, z }
    }

    /// Whether the newer version is worse beyond what chance explains.
    pub(super) fn is_worse(&self) -> bool {
        self.z > Z_95
    }
}

/// The way back.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Rollback {
    /// What the next call's header said.
    pub(super) version: String,
    /// From asking for it to that answer, in milliseconds.
    pub(super) effective_ms: f64,
    /// How many calls it took.
    pub(super) calls: u64,
}

/// What became of the canary.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Canary {
    /// The candidate.
    pub(super) semver: String,
    /// Calls that were sent.
    pub(super) calls: u64,
    /// Of these, answered by the candidate.
    pub(super) candidate: u64,
    /// Whether it was taken back by itself.
    pub(super) reverted: bool,
    /// Why, in the rollout's words.
    pub(super) reason: Option<String>,
    /// Its answers that were right, as far as it was judged, and control's.
    pub(super) candidate_right: Option<f64>,
    /// Control's.
    pub(super) control_right: Option<f64>,
    /// How long it took, in seconds.
    pub(super) seconds: f64,
}

/// Calls over HTTP that were answered, and those on record.
#[derive(Debug, Clone, Copy, Serialize)]
pub(super) struct Calls {
    pub(super) answered: u64,
    pub(super) recorded: u64,
}

pub(super) fn as_count(n: usize) -> u64 {
    u64::try_from(n).unwrap_or(u64::MAX)
}

/// `part` of `all`, 0 to 1; 0 of nothing.
#[allow(clippy::cast_precision_loss)]
pub(super) fn share(part: u64, all: u64) -> f64 {
    if all == 0 { 0.0 } else { part as f64 / all as f64 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(right: bool) -> Sent {
        let version = "2.0.0".to_string();
        Sent {
            call: String::new(),
            version,
            right,
            fallback: !right,
            latency_us: 10,
            cost: NanoUsd(3),
        }
    }

    #[test]
    fn live_figures_by_hand() {
        let live = Live::of("2.0.0", &[sent(true), sent(true), sent(false), sent(true)]);
        assert_eq!((live.calls, live.right, live.fallbacks, live.strays), (4, 3, 1, 0));
        assert_eq!(live.cost_per_thousand, NanoUsd(3_000));
        assert!(live.interval.low < 0.75 && live.interval.high > 0.75);
        assert_eq!(Live::of("2.1.0", &[sent(true)]).strays, 1);
        assert_eq!(Live::of("2.1.0", &[]).calls, 0);
    }

    #[test]
    fn a_comparison_counts_what_changed() {
        let before = [true, true, true, false].map(sent);
        let now = [false, true, false, true].map(sent);
        let found = Comparison::of(&before, &now);
        assert_eq!((found.messages, found.lost, found.won), (4, 2, 1));
        assert!((found.z - 1.0 / 3.0_f64.sqrt()).abs() < 1e-12 && !found.is_worse());
    }

    #[test]
    fn the_threshold_is_rounded_down() {
        let mut summary = Summary::default();
        (summary.total.passed, summary.total.cases) = (47, 50);
        assert_eq!(Threshold::from(&summary).accuracy.to_string(), "0.83");
    }
}
