use super::*;
use crate::call::Outcome;
use crate::money::NanoUsd;
use crate::period::Span;
use crate::price::Usage;
use crate::rollup::{Baseline, Bucket, Facts, ScoreSums};
use crate::signal::{Signal, SignalState};
use crate::stats::random::SplitMix;
use crate::watch::Drift;

fn facts(outcome: Outcome, latency_us: u64, cost: i64) -> Facts {
    Facts {
        outcome,
        retried: false,
        repaired: false,
        cached: false,
        priced: true,
        usage: Usage::default(),
        cost: NanoUsd(cost),
        saved: NanoUsd::ZERO,
        latency_us,
        vendor_us: latency_us,
        first_token_us: None,
        guard: None,
    }
}

/// `good` answers and `bad` errors; one answer in twenty takes ten times as long.
fn bucket(good: u64, bad: u64, latency_us: u64, cost: i64) -> Bucket {
    let mut bucket = Bucket::default();
    for number in 0..good {
        let latency = if number % 20 < 2 { latency_us * 10 } else { latency_us };
        bucket.add(&facts(Outcome::Ok, latency, cost));
    }
    (0..bad).for_each(|_| bucket.add(&facts(Outcome::Error, latency_us, cost)));
    bucket
}

fn scored(mut bucket: Bucket, scores: impl Iterator<Item = f64>) -> Bucket {
    for score in scores {
        bucket.add_score("quality", ScoreSums::of(score).unwrap());
    }
    bucket
}

fn series() -> Series {
    Series { prompt: "a/b".parse().unwrap(), environment: "production".parse().unwrap(), number: 2 }
}

fn watch(name: &str) -> Watch {
    let metric = Metric::named(name);
    Watch::usual().into_iter().find(|watch| watch.metric == metric).unwrap()
}

fn one(name: &str, bucket: &Bucket, reference: &Reference) -> Vec<Signal> {
    judge(&watch(name), &series(), bucket, reference, 7)
}

fn state(name: &str, bucket: &Bucket) -> SignalState {
    one(name, bucket, &Reference::default()).remove(0).state
}

#[test]
fn names_and_units() {
    for (name, metric) in Metric::OWN {
        assert_eq!(Metric::named(name), metric);
        assert_eq!(metric.name(), name);
    }
    assert_eq!(Metric::named("tone"), Metric::Score("tone".into()));
    assert_eq!(Metric::named("tone").name(), "tone");
}

#[test]
fn no_data_is_neither_good_nor_bad() {
    for watch in Watch::usual() {
        let found = judge(&watch, &series(), &Bucket::default(), &Reference::default(), 7);
        assert!(!found.is_empty());
        for signal in found {
            assert_eq!(signal.state, SignalState::NoData, "{signal:?}");
            assert_eq!((signal.value, signal.since), (None, 7));
        }
    }
    assert_eq!(state("success", &bucket(0, 49, 1000, 0)), SignalState::NoData);
}

/// The interval decides, not the estimate: a few bad calls in a small window are no breach.
#[test]
fn a_share_is_broken_when_its_interval_is() {
    let small = one("success", &bucket(56, 4, 1000, 0), &Reference::default()).remove(0);
    assert_eq!((small.state, small.context["suspected"].as_str()), (SignalState::Ok, "true"));
    let large = one("success", &bucket(9_000, 1_000, 1000, 0), &Reference::default()).remove(0);
    assert_eq!(large.state, SignalState::Breach);
    assert_eq!((large.value, large.threshold), (Some(0.9), Some(0.95)));
    assert_eq!(large.key, "monitor/production/a/b/success");
    assert_eq!(
        large.summary,
        "a/b version 2 in production, last 1h: the share of good answers is 90.0 %, below 95.0 %"
    );
    assert_eq!(state("success", &bucket(9_800, 200, 1000, 0)), SignalState::Ok);
}

#[test]
fn costs_and_scores_have_intervals_too() {
    assert_eq!(state("cost", &bucket(100, 0, 1000, 60_000_000)), SignalState::Breach);
    assert_eq!(state("cost", &bucket(100, 0, 1000, 40_000_000)), SignalState::Ok);
    let mut wild = bucket(99, 0, 1000, 0);
    wild.add(&facts(Outcome::Ok, 1, 6_000_000_000));
    let found = one("cost", &wild, &Reference::default()).remove(0);
    assert_eq!(found.state, SignalState::Ok, "one dear call proves nothing: {}", found.summary);
    assert_eq!(found.context["suspected"], "true");
    let quality = |share: f64, n: u32| {
        let scores = (0..n).map(move |i| f64::from(u8::from(f64::from(i) < share * f64::from(n))));
        state("quality", &scored(Bucket::default(), scores))
    };
    assert_eq!(quality(0.6, 200), SignalState::Breach);
    assert_eq!(quality(0.78, 200), SignalState::Ok);
    assert_eq!(quality(0.6, 40), SignalState::NoData);
}

#[test]
fn latency_is_held_against_the_version_before() {
    let before = Baseline { number: 1, since: 0, until: 1, bucket: bucket(400, 0, 10_000, 0) };
    let reference = Reference::of(Some(&before), None, 50);
    assert!((reference.p95_ms.unwrap() - 100.0).abs() < 1.0);
    let of = |latency_us: u64, n: u64| {
        one("latency", &bucket(n, 0, latency_us, 0), &reference).remove(0)
    };
    assert_eq!(of(10_000, 400).state, SignalState::Ok);
    assert_eq!(of(18_000, 400).state, SignalState::Ok);
    let slow = of(22_000, 400);
    assert_eq!((slow.state, slow.rule.as_str()), (SignalState::Breach, "latency_change"));
    assert!(slow.summary.contains("(version 1 before)"), "{}", slow.summary);
    assert_eq!(of(22_000, 49).state, SignalState::NoData);
    let none = Reference::of(Some(&before), None, 500);
    let found = one("latency", &bucket(400, 0, 22_000, 0), &none).remove(0);
    assert_eq!(found.state, SignalState::NoData, "a baseline of few calls is none");
}

#[test]
fn a_score_that_falls_is_found_where_a_limit_does_not() {
    let scores =
        |mean: f64, n: u32| (0..n).map(move |i| mean + if i % 2 == 0 { 0.05 } else { -0.05 });
    let bucket_before = scored(bucket(400, 0, 1000, 0), scores(0.92, 400));
    let before = Baseline { number: 1, since: 0, until: 1, bucket: bucket_before };
    let reference = Reference::of(Some(&before), None, 50);
    let states = |mean: f64, n: u32| -> Vec<SignalState> {
        let bucket = scored(bucket(400, 0, 1000, 0), scores(mean, n));
        one("quality", &bucket, &reference).iter().map(|signal| signal.state).collect()
    };
    assert_eq!(states(0.91, 200), [SignalState::Ok, SignalState::Ok]);
    assert_eq!(states(0.86, 200), [SignalState::Ok, SignalState::Breach]);
    assert_eq!(states(0.7, 200), [SignalState::Breach, SignalState::Breach]);
    assert_eq!(states(0.7, 20), [SignalState::NoData, SignalState::NoData]);
}

#[test]
fn a_prompt_may_differ() {
    let mut monitors = Monitors::default_for("production");
    let (ours, other) = ("a/b".parse().unwrap(), "c/d".parse().unwrap());
    monitors.prompts.insert(ours, vec![]);
    assert_eq!(monitors.of(&"a/b".parse().unwrap()).len(), 0);
    assert_eq!(monitors.of(&other), Watch::usual());
    assert_eq!(Monitors::default_for("staging").of(&other).len(), 0);
}

/// `days` days of 100 scores with a weekend that is worse, and from day `from` on a fall.
fn scored_days(days: i64, from: i64, fall: f64) -> Past {
    let mut random = SplitMix::new(11);
    let mut past = Past::default();
    for day in 0..days {
        let weekend = if (day + 3).rem_euclid(7) > 4 { 0.03 } else { 0.0 };
        let level = 0.88 - weekend - if day < from { 0.0 } else { fall } + 0.02 * random.unit();
        let bucket = scored(bucket(1, 0, 1000, 0), (0..100).map(|_| level));
        past.add(day * Span::Day.micros() + 5, &bucket);
    }
    past
}

#[test]
fn a_slow_fall_is_found_with_the_week_taken_out() {
    let drifting = Watch { drift: Some(Drift::Twentieth), ..watch("quality") };
    let state = |days: i64, from: i64, fall: f64| {
        let past = scored_days(days, from, fall);
        changes(&drifting, &series(), &past, days * Span::Day.micros()).remove(0)
    };
    assert_eq!(state(28, 99, 0.0).state, SignalState::NoData);
    assert_eq!(state(70, 99, 0.0).state, SignalState::Ok);
    let found = state(70, 62, 0.05);
    assert_eq!((found.state, found.rule.as_str()), (SignalState::Breach, "quality_drift"));
    assert!(found.value.unwrap() < found.threshold.unwrap(), "{found:?}");
    assert_eq!(
        state(40, 34, 0.05).state,
        SignalState::Breach,
        "28 days are learned from until then"
    );
    let learned = state(80, 40, 0.05);
    assert_eq!(learned.state, SignalState::Breach, "a fall is not learned: {}", learned.summary);
    let past = scored_days(70, 99, 0.0);
    assert_eq!(changes(&watch("quality"), &series(), &past, 0), []);
}

#[test]
fn a_rate_that_rises_is_found_and_a_low_one_is_not() {
    let rising = Watch { rise: Some(0.05), ..Watch::new(Metric::Errors) };
    let hours = |rates: &[(i64, u64)]| {
        let (mut past, mut hour) = (Past::default(), 0);
        for (count, errors) in rates {
            for _ in 0..*count {
                past.add(hour * Span::Hour.micros(), &bucket(100 - errors, *errors, 1000, 0));
                hour += 1;
            }
        }
        changes(&rising, &series(), &past, hour * Span::Hour.micros()).remove(0)
    };
    assert_eq!(hours(&[]).state, SignalState::NoData);
    assert_eq!(hours(&[(500, 3)]).state, SignalState::Ok);
    let found = hours(&[(500, 3), (12, 12)]);
    assert_eq!((found.state, found.rule.as_str()), (SignalState::Breach, "errors_rise"));
    assert_eq!(hours(&[(500, 3), (12, 12), (48, 3)]).state, SignalState::Ok, "it is over");
}

#[test]
fn lengths_inform() {
    let long = |input: u64| {
        let mut bucket = Bucket::default();
        for number in 0..600 {
            let usage = Usage { input: input + number, output: 10, ..Usage::default() };
            bucket.add(&Facts { usage, ..facts(Outcome::Ok, 1, 0) });
        }
        bucket
    };
    let before = Baseline { number: 1, since: 0, until: 1, bucket: long(1_000) };
    let reference = Reference::of(Some(&before), None, 50);
    let same = one("input_length", &long(1_000), &reference).remove(0);
    assert_eq!((same.state, same.value), (SignalState::Ok, Some(0.0)));
    let other = one("input_length", &long(3_000), &reference).remove(0);
    assert_eq!((other.state, other.unit.as_str()), (SignalState::Breach, "psi"));
    assert_eq!(other.severity, crate::signal::Severity::Info);
    assert_eq!(one("output_length", &long(3_000), &reference)[0].state, SignalState::Ok);
}
