//! Changes that a limit does not see: a score that drifts, a rate that rises.
//!
//! Both are computed anew at each look from the sums since the version serves, so nothing is lost or seen twice when
//! nobody looks for a time, and each states how often it cries wolf.

use super::draft::Draft;
use super::judge::counted;
use super::{Past, Series};
use crate::period::Span;
use crate::signal::{Signal, SignalState};
use crate::stats::drift::chart::{Budget, Ewma};
use crate::stats::drift::detector::Detector;
use crate::stats::drift::reference::{Day, Reference as Days};
use crate::watch::{Drift, Metric, Watch};

/// Days of which a version's reference is learned at first.
const FEWER: usize = 28;
/// Days of which it is learned as soon as there are more, unless there is an alarm by what the fewer taught: a fall must
/// not become what a version is held against.
const MORE: usize = 56;
/// Scores that a day must have.
const DAILY: u64 = 10;
/// False alarms that a rate's detector may raise in a year.
const YEARLY: f64 = 0.05;
/// Fewest calls between two of them.
const BETWEEN: f64 = 1_000.0;
/// How long a rate's alarm lasts after it was last raised, in microseconds.
const LASTS: i64 = 24 * 3_600_000_000;

/// What a watch says of the calls since the version serves; nothing if it looks for no change.
pub fn changes(watch: &Watch, series: &Series, past: &Past, now: i64) -> Vec<Signal> {
    let draft = Draft { watch, series, now, window: "" };
    let mut signals = vec![];
    if let (Some(drift), Metric::Score(name)) = (watch.drift, &watch.metric) {
        signals.push(drifted(&draft, drift, &past.days(name, DAILY, now)));
    }
    if let Some(limit) = watch.rise {
        signals.push(risen(&draft, limit, past, now));
    }
    signals
}

/// An exponentially weighted mean of days' distances from the version's first weeks, the weekdays taken out.
fn drifted(draft: &Draft<'_>, drift: Drift, days: &[Day]) -> Signal {
    let rule = format!("{}_drift", draft.watch.metric.name());
    let (budget, limit) = match drift {
        Drift::HalfAYear => (Budget::HalfAYear, 1.16),
        Drift::Twentieth => (Budget::Twentieth, 1.49),
    };
    let Some((reference, rest, chart)) = charted(days, budget) else {
        let why = format!("{} days with {DAILY} scores, more than {FEWER} are needed", days.len());
        return draft.nothing(&rule, &why);
    };
    let state = if chart.alarm(budget) { SignalState::Breach } else { SignalState::Ok };
    let last = rest.last().map_or(reference.mean, |day| day.mean);
    let what = if state == SignalState::Breach { "has fallen" } else { "is as it was" };
    let said = format!(
        "{} {what}: {last:.3} on the last day, {:.3} in its first {} days",
        draft.called(),
        reference.mean,
        reference.days
    );
    let mut signal = draft.signal(&rule, state, &said, days.iter().map(|day| day.n).sum());
    signal.value = Some(chart.value());
    signal.threshold = Some(-limit);
    signal.unit = "deviations".to_string();
    signal
}

/// The reference, the days after those that it was learned of, and the chart over them.
fn charted(days: &[Day], budget: Budget) -> Option<(Days, &[Day], Ewma)> {
    let learn = |learned: usize| {
        let (first, rest) = days.split_at_checked(learned).filter(|(_, rest)| !rest.is_empty())?;
        Some((Days::learn(first)?, rest))
    };
    let chart = |reference: &Days, days: &[Day]| {
        let mut chart = Ewma::default();
        days.iter().for_each(|day| chart.observe(reference.z(day)));
        chart
    };
    let (mut reference, mut rest) = learn(FEWER)?;
    let fallen = rest.get(..MORE - FEWER).is_some_and(|by| chart(&reference, by).alarm(budget));
    if !fallen && let Some(more) = learn(MORE) {
        (reference, rest) = more;
    }
    let chart = chart(&reference, rest);
    Some((reference, rest, chart))
}

/// An e-detector over the hours: has the rate risen above a limit, with less than one false alarm in twenty years.
#[allow(clippy::cast_precision_loss)]
fn risen(draft: &Draft<'_>, limit: f64, past: &Past, now: i64) -> Signal {
    let rule = format!("{}_rise", draft.watch.metric.name());
    let (mut calls, mut first) = (0_u64, now);
    for (at, bucket) in past.hours() {
        calls = calls.saturating_add(bucket.ended());
        first = first.min(at);
    }
    if calls < draft.watch.least.max(1) {
        return draft.few(&rule, calls);
    }
    let days =
        (now.saturating_sub(first)).max(Span::Day.micros()) as f64 / Span::Day.micros() as f64;
    let between = (calls as f64 / days * 365.0 / YEARLY).max(BETWEEN);
    let mut detector = Detector::new(limit);
    let mut raised = None;
    for (at, bucket) in past.hours() {
        let (hits, n) = counted(&draft.watch.metric, bucket);
        detector.absorb(n, hits as f64);
        if detector.alarm(between) {
            raised = Some(at);
            detector.reset();
        }
    }
    let raised = raised.filter(|at| now.saturating_sub(*at) <= LASTS + Span::Hour.micros());
    let state = if raised.is_some() { SignalState::Breach } else { SignalState::Ok };
    let what = if raised.is_some() { "has risen above" } else { "has not risen above" };
    let said = format!("{} {what} {:.1} %", draft.called(), limit * 100.0);
    let mut signal = draft.signal(&rule, state, &said, calls);
    signal.threshold = Some(limit);
    signal
}
