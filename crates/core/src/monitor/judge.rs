//! From a window's sums to what a watch says.

use super::draft::{Draft, shown};
use super::shift::stability;
use super::{Metric, Reference, Series, Watch};
use crate::rollup::{Bucket, Mean};
use crate::signal::{Signal, SignalState};
use crate::stats::drift::level::{Bad, Finding, Rule};
use crate::stats::proportion::{Interval, wilson_of_share};

/// Normal quantile of an interval's end: 99 % on its side.
const Z: f64 = 2.326;
/// Standard errors that a score must be worse by, beside the change that is allowed.
const ERRORS: f64 = 4.0;
/// The share of calls above a 95th percentile.
const TAIL: f64 = 0.05;

/// An estimate with its interval.
#[derive(Debug, Clone, Copy)]
struct Estimate {
    value: f64,
    interval: Interval,
    n: u64,
}

/// What a watch says of the calls in `bucket`, which are those of its window: a signal for its limit, and one for
/// the change against `reference`. Their states begin at `now` (microseconds since 1970).
pub fn judge(
    watch: &Watch,
    series: &Series,
    bucket: &Bucket,
    reference: &Reference,
    now: i64,
) -> Vec<Signal> {
    let drawn = Draft { watch, series, now, window: watch.window.word() };
    let mut signals = vec![];
    if let Some(limit) = watch.limit {
        signals.push(match &watch.metric {
            Metric::Latency => drawn.latency(watch.metric.name(), bucket, limit, None),
            Metric::InputLength | Metric::OutputLength => drawn.shifted(bucket, limit, reference),
            _ => drawn.mean(watch.metric.name(), estimate(watch, bucket), limit, None),
        });
    }
    let Some(change) = watch.change else { return signals };
    let rule = format!("{}_change", watch.metric.name());
    signals.push(match &watch.metric {
        Metric::Latency => match reference.p95_ms {
            Some(before) => drawn.latency(&rule, bucket, before * change, Some(reference)),
            None => drawn.nothing(&rule, "nothing to compare with yet"),
        },
        Metric::Score(name) => match (mean_of(bucket, name), reference.scores.get(name)) {
            (Some(now), Some(before)) if now.n >= watch.least && before.n >= watch.least => {
                drawn.worsened(&rule, now, *before, change, reference)
            }
            (Some(now), Some(_)) if now.n < watch.least => drawn.few(&rule, now.n),
            (None, Some(_)) => drawn.few(&rule, 0),
            _ => drawn.nothing(&rule, "nothing to compare with yet"),
        },
        _ => match reference.usd_per_call.filter(|before| *before > 0.0) {
            Some(before) => {
                drawn.mean(&rule, estimate(watch, bucket), before * change, Some(reference))
            }
            None => drawn.nothing(&rule, "nothing to compare with yet"),
        },
    });
    signals
}

fn mean_of(bucket: &Bucket, name: &str) -> Option<Mean> {
    bucket.scores.get(name).and_then(Mean::of)
}

/// The watched mean with its interval: Wilson's for shares, the normal one for costs and scores.
#[allow(clippy::cast_precision_loss)]
fn estimate(watch: &Watch, bucket: &Bucket) -> Estimate {
    match &watch.metric {
        // Judged by counts: see `Draft::latency`.
        Metric::Latency => Estimate {
            value: bucket.latency.quantile(1.0 - TAIL).unwrap_or_default(),
            interval: Interval { low: 0.0, high: f64::MAX },
            n: bucket.latency.count(),
        },
        Metric::Cost => {
            let n = bucket.priced.max(1) as f64;
            let mean = bucket.cost.as_usd() / n;
            let squares = bucket.cost_squares as f64 / 1e12 / n;
            let variance = (squares - mean * mean).max(0.0);
            Estimate { value: mean, interval: around(mean, variance / n), n: bucket.priced }
        }
        Metric::Score(name) => match mean_of(bucket, name) {
            Some(Mean { mean, deviation, n }) => {
                let variance = deviation.unwrap_or_default().powi(2) / n as f64;
                Estimate { value: mean, interval: around(mean, variance), n }
            }
            None => Estimate { value: 0.0, interval: around(0.0, 0.0), n: 0 },
        },
        share => {
            let (count, ended) = counted(share, bucket);
            let n = ended.max(1) as f64;
            let value = count as f64 / n;
            Estimate { value, interval: wilson_of_share(value, n, Z), n: ended }
        }
    }
}

/// How many calls a share's metric counts, of how many; none for other metrics.
pub(super) fn counted(metric: &Metric, bucket: &Bucket) -> (u64, u64) {
    let count = match metric {
        Metric::Success => bucket.succeeded(),
        Metric::Errors => bucket.errors,
        Metric::OffFormat => bucket.off_format,
        Metric::Fallbacks => bucket.fallbacks,
        Metric::Retries => bucket.retries,
        _ => 0,
    };
    (count, bucket.ended())
}

fn around(mean: f64, variance: f64) -> Interval {
    let reach = Z * variance.sqrt();
    Interval { low: mean - reach, high: mean + reach }
}

impl Draft<'_> {
    /// A mean against a limit.
    fn mean(&self, rule: &str, found: Estimate, limit: f64, before: Option<&Reference>) -> Signal {
        let Watch { bad, least, .. } = *self.watch;
        if found.n < least.max(1) {
            return self.few(rule, found.n);
        }
        let says = Rule { limit, bad, least, z: Z }.of_interval(found.value, found.interval);
        self.found(rule, says, (found.value, limit, found.n), before)
    }

    /// The 95th percentile against a limit. It is above the limit exactly if more than one call in twenty is, and
    /// counts above a limit are known exactly, so it is judged as a share.
    #[allow(clippy::cast_precision_loss)]
    fn latency(
        &self,
        rule: &str,
        bucket: &Bucket,
        limit: f64,
        before: Option<&Reference>,
    ) -> Signal {
        let n = bucket.latency.count();
        let Some(value) = bucket.latency.quantile(1.0 - TAIL) else { return self.few(rule, 0) };
        let slow = bucket.latency.above(limit) as f64 / n as f64;
        let test = Rule { limit: TAIL, bad: Bad::Above, least: self.watch.least, z: Z };
        match test.judge(slow, n) {
            Finding::NoData => self.few(rule, n),
            says => self.found(rule, says, (value, limit, n), before),
        }
    }

    /// A score that is worse than before by more than `least` and more than chance explains:
    /// distance > max(least, 4·SE) with SE² = s²/n + s₀²/n₀.
    #[allow(clippy::cast_precision_loss)]
    fn worsened(
        &self,
        rule: &str,
        now: Mean,
        before: Mean,
        least: f64,
        reference: &Reference,
    ) -> Signal {
        let error = |mean: Mean| mean.deviation.unwrap_or_default().powi(2) / mean.n as f64;
        let allowed = least.max(ERRORS * (error(now) + error(before)).sqrt());
        let (limit, beyond) = match self.watch.bad {
            Bad::Below => (before.mean - allowed, now.mean < before.mean - allowed),
            Bad::Above => (before.mean + allowed, now.mean > before.mean + allowed),
        };
        let says = if beyond { Finding::Breached } else { Finding::Fine };
        self.found(rule, says, (now.mean, limit, now.n), Some(reference))
    }

    /// Lengths against those before: how far their distribution has moved, which informs.
    fn shifted(&self, bucket: &Bucket, limit: f64, reference: &Reference) -> Signal {
        let rule = self.watch.metric.name();
        let (now, before) = match self.watch.metric {
            Metric::InputLength => (&bucket.input_length, &reference.input_length),
            _ => (&bucket.output_length, &reference.output_length),
        };
        if before.count() < self.watch.least {
            return self.nothing(rule, "nothing to compare with yet");
        }
        if now.count() < self.watch.least.max(1) {
            return self.few(rule, now.count());
        }
        let Some(moved) = stability(before, now) else {
            return self.nothing(rule, "nothing to compare with yet");
        };
        let says = if moved > limit { Finding::Breached } else { Finding::Fine };
        self.found(rule, says, (moved, limit, now.count()), Some(reference))
    }

    fn found(
        &self,
        rule: &str,
        says: Finding,
        (value, limit, n): (f64, f64, u64),
        before: Option<&Reference>,
    ) -> Signal {
        let state = match says {
            Finding::NoData => SignalState::NoData,
            Finding::Fine | Finding::Suspected => SignalState::Ok,
            Finding::Breached => SignalState::Breach,
        };
        let unit = self.watch.metric.unit();
        let side = match self.watch.bad {
            Bad::Above => "above",
            Bad::Below => "below",
        };
        let held = match says {
            Finding::Breached => format!("{side} {}", shown(limit, unit)),
            Finding::Suspected => format!("perhaps {side} {}", shown(limit, unit)),
            _ => format!("not {side} {}", shown(limit, unit)),
        };
        let than = before.map(|reference| format!(" ({})", reference.from)).unwrap_or_default();
        let said = format!("{} is {}, {held}{than}", self.called(), shown(value, unit),);
        let mut signal = self.signal(rule, state, &said, n);
        signal.value = Some(value);
        signal.threshold = Some(limit);
        if says == Finding::Suspected {
            signal.context.insert("suspected".into(), "true".into());
        }
        if let Some(reference) = before {
            signal.context.insert("against".into(), reference.from.clone());
        }
        signal
    }
}
