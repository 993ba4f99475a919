use proptest::prelude::*;

use super::*;
use crate::stats::quantile::nearest_rank;

fn facts() -> impl Strategy<Value = Facts> {
    let outcome = prop_oneof![
        4 => Just(Outcome::Ok),
        1 => Just(Outcome::Insufficient),
        1 => Just(Outcome::OffFormat),
        1 => Just(Outcome::Fallback),
        1 => Just(Outcome::Cancelled),
        1 => Just(Outcome::Error),
    ];
    let flags = (any::<bool>(), any::<bool>(), any::<bool>(), any::<bool>());
    let numbers = (0..9_000_u64, 0..9_000_u64, 0..90_000_000_000_i64, 0..90_000_000_u64);
    (outcome, flags, numbers, 0..9_000_000_u64, prop::option::of(0..9_000_000_u64)).prop_map(
        |(outcome, flags, (input, output, cost, latency_us), vendor_us, first_token_us)| Facts {
            outcome,
            retried: flags.0,
            repaired: flags.1,
            cached: flags.2,
            priced: flags.3,
            usage: Usage { input, output, cached_input: input / 2, ..Usage::default() },
            cost: NanoUsd(cost),
            saved: NanoUsd(cost / 3),
            latency_us,
            vendor_us,
            first_token_us,
            guard: flags.0.then_some(crate::guard::Verdict::Block),
        },
    )
}

fn bucket(calls: &[Facts], scores: &[f64]) -> Bucket {
    let mut bucket = Bucket::default();
    calls.iter().for_each(|facts| bucket.add(facts));
    for score in scores {
        bucket.add_score("quality", ScoreSums::of(*score).unwrap());
    }
    bucket
}

proptest! {
    /// Buckets of any parts of the calls, merged in any order, are the bucket of all calls.
    #[test]
    fn merging_is_counting_at_once(
        calls in prop::collection::vec(facts(), 0..40),
        scores in prop::collection::vec(-1e6..1e6_f64, 0..20),
        cuts in (0_usize..40, 0_usize..40),
        turn in 0_usize..3,
    ) {
        let whole = bucket(&calls, &scores);
        let (a, b) = (cuts.0.min(cuts.1).min(calls.len()), cuts.0.max(cuts.1).min(calls.len()));
        let middle = scores.len() / 2;
        let mut parts = [
            bucket(&calls[..a], &scores[middle..]),
            bucket(&calls[a..b], &[]),
            bucket(&calls[b..], &scores[..middle]),
        ];
        parts.rotate_left(turn);
        let mut merged = Bucket::default();
        parts.iter().for_each(|part| merged.merge(part));
        prop_assert_eq!(&merged, &whole);
        let text = serde_json::to_string(&whole).unwrap();
        prop_assert_eq!(&serde_json::from_str::<Bucket>(&text).unwrap(), &whole);
    }

    /// Figures are those that somebody who has all the calls computes.
    #[test]
    fn figures_are_those_of_the_calls(calls in prop::collection::vec(facts(), 1..60)) {
        let figures = Figures::of(&bucket(&calls, &[]));
        let ended: Vec<&Facts> = calls.iter().filter(|c| c.outcome != Outcome::Cancelled).collect();
        let share = |fits: fn(&Facts) -> bool| {
            let hits = ended.iter().filter(|call| fits(call)).count();
            (!ended.is_empty()).then(|| hits as f64 / ended.len() as f64)
        };
        prop_assert_eq!(figures.calls, calls.len() as u64);
        prop_assert_eq!(
            figures.success,
            share(|c| matches!(c.outcome, Outcome::Ok | Outcome::Insufficient))
        );
        prop_assert_eq!(figures.retries, share(|c| c.retried));
        prop_assert_eq!(figures.cached, share(|c| c.cached));
        let spent: i64 = calls.iter().map(|c| c.cost.0).sum();
        prop_assert_eq!(figures.cost, NanoUsd(spent));
        let latencies: Vec<u64> =
            ended.iter().filter(|c| !c.cached).map(|c| c.latency_us).collect();
        let exact = nearest_rank(&latencies, 0.95).map(|us| us as f64 / 1e3);
        match (figures.latency_ms, exact) {
            (None, None) => {}
            (Some(found), Some(exact)) => {
                prop_assert!((found.p95 - exact).abs() <= exact * 0.01, "{} {}", found.p95, exact);
            }
            other => prop_assert!(false, "{:?}", other),
        }
    }

    #[test]
    fn scores_are_a_samples(values in prop::collection::vec(-100.0..100.0_f64, 2..50)) {
        let rounded: Vec<f64> = values.iter().map(|v| (v * 1e6).round() / 1e6).collect();
        let mut sums = ScoreSums::default();
        values.iter().for_each(|value| sums.merge(ScoreSums::of(*value).unwrap()));
        let n = rounded.len() as f64;
        let mean = rounded.iter().sum::<f64>() / n;
        let variance = rounded.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / (n - 1.0);
        prop_assert!((sums.mean().unwrap() - mean).abs() < 1e-9);
        prop_assert!((sums.variance().unwrap() - variance).abs() < 1e-6 * variance.max(1.0));
    }
}

#[test]
fn a_score_that_is_taken_back_leaves_nothing() {
    let mut bucket = Bucket::default();
    let score = ScoreSums::of(0.7).unwrap();
    bucket.add_score("quality", score);
    bucket.add_score("quality", score.negative());
    assert_eq!(bucket, Bucket::default());
    assert_eq!(serde_json::to_string(&bucket).unwrap(), "{}");
    assert_eq!(ScoreSums::of(f64::NAN), None);
    assert_eq!(ScoreSums::of(LARGEST * 2.0), None);
}

/// As this release stores it; every later one has to read it.
#[test]
fn the_first_stored_form_is_kept_readable() {
    let facts = Facts {
        outcome: Outcome::Ok,
        retried: true,
        repaired: false,
        cached: false,
        priced: true,
        usage: Usage { input: 10, output: 3, ..Usage::default() },
        cost: NanoUsd(2_000_000),
        saved: NanoUsd::ZERO,
        latency_us: 120_000,
        vendor_us: 119_000,
        first_token_us: None,
        guard: None,
    };
    let mut found = bucket(&[facts], &[0.5]);
    found.add_score("helpful", ScoreSums::of(-1.0).unwrap());
    let text = serde_json::to_string(&found).unwrap();
    let wanted = include_str!("bucket-1.json").trim_end();
    assert_eq!(text, wanted);
    assert_eq!(serde_json::from_str::<Bucket>(wanted).unwrap(), found);
}

#[test]
fn windows_begin_where_buckets_do() {
    let now = 1_800_000_059_999_999;
    assert_eq!(Span::Minute.begin(now), 1_800_000_000_000_000);
    assert_eq!(Span::Day.begin(-1), -Span::Day.micros());
    for (word, period) in Period::WORDS {
        let since = period.since(now);
        assert_eq!(Period::named(word), Some(period));
        assert_eq!(period.word(), word);
        let span = if period > Period::Day { Span::Hour } else { Span::Minute };
        assert_eq!(span.begin(since), since, "{word}");
    }
    assert_eq!(Period::Hour.since(now), 1_800_000_000_000_000 - Span::Hour.micros());
    assert_eq!(Period::named("3h"), None);
}
