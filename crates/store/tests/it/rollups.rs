//! Sums over calls: those of the calls that are stored, whatever order they came in and however often.

use std::collections::BTreeMap;

use gatemark_core::NanoUsd;
use gatemark_core::call::{Attempt, CallPurpose, CallRecord, Outcome};
use gatemark_core::cascade::{Climb, Reason};
use gatemark_core::rollup::{Bucket, Facts, Figures, Key, Span};
use gatemark_store::{CallFilter, Store};
use proptest::prelude::*;

use crate::fixture::{call, environment, prompt, store};
use crate::scratch::Scratch;

const MINUTE: i64 = 60_000_000;
const DAY: i64 = 1_440 * MINUTE;

/// The sums by series and begin, as somebody computes them who has every call.
async fn recomputed(store: &Store, span: Span) -> BTreeMap<(i64, Key), Bucket> {
    let filter =
        CallFilter { purpose: Some(CallPurpose::Serve), limit: u32::MAX, ..CallFilter::default() };
    let mut buckets: BTreeMap<(i64, Key), Bucket> = BTreeMap::new();
    for record in store.calls(&filter).await.unwrap() {
        let place = (span.begin(record.at), Key::of(&record));
        buckets.entry(place).or_default().add(&Facts::of(&record));
    }
    buckets
}

/// The stored sums, parts added.
async fn stored(store: &Store, span: Span) -> BTreeMap<(i64, Key), Bucket> {
    let mut buckets: BTreeMap<(i64, Key), Bucket> = BTreeMap::new();
    for name in store.rolled_prompts(i64::MIN).await.unwrap() {
        for found in store.rolled(name.as_ref(), i64::MIN, i64::MAX).await.unwrap() {
            let bucket = buckets.entry((span.begin(found.at), found.key)).or_default();
            bucket.merge(&found.bucket);
        }
    }
    buckets
}

/// Rows as they are, without adding.
async fn rows(store: &Store) -> usize {
    let found = store.rolled(Some(&prompt("a/b")), i64::MIN, i64::MAX).await.unwrap();
    found.len()
}

fn record() -> impl Strategy<Value = CallRecord> {
    let ids = (0..60_u32).prop_map(|id| format!("c{id}"));
    let outcomes = prop_oneof![
        3 => Just(Outcome::Ok),
        1 => Just(Outcome::OffFormat),
        1 => Just(Outcome::Cancelled),
        1 => Just(Outcome::Error),
    ];
    let what = (0..3_u32, any::<bool>(), any::<bool>(), 0..4_u8, 0..3_usize);
    (ids, 0..4_000_000_000_i64, outcomes, 0..90_000_000_u64, what).prop_map(
        |(id, at, outcome, latency_us, (number, plain, cached, kind, attempts))| {
            let attempt = Attempt {
                model: "sim/learner-2026-11-01".parse().unwrap(),
                duration_us: 1,
                error: None,
                judge: kind == 2,
            };
            CallRecord {
                number: Some(number + 1),
                prompt: (!plain).then(|| prompt("a/b")),
                environment: (!plain).then(|| environment("production")),
                purpose: if kind == 0 { CallPurpose::Test } else { CallPurpose::Serve },
                arm: if kind == 1 { "candidate".into() } else { "stable".into() },
                outcome,
                cached,
                latency_us,
                first_token_us: (kind == 2).then_some(latency_us / 2),
                saved: NanoUsd(at % 7),
                attempts: vec![attempt; attempts],
                cascade: (kind == 1).then(|| Climb {
                    step: 2,
                    of: 2,
                    why: vec![Reason::Confidence],
                    judged: vec![],
                    same: None,
                    saved: None,
                }),
                repaired: (kind == 3).then_some(cached),
                ..call(&id, at)
            }
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Batches of any calls in any order, with some twice in a batch and some in several.
    #[test]
    fn sums_are_those_of_the_stored_calls(
        records in prop::collection::vec(record(), 1..60),
        cut in 0_usize..60,
        again in 0_usize..60,
        now in 0..90 * DAY,
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let scratch = Scratch::new();
            let store = store(&scratch).await;
            let cut = cut.min(records.len());
            store.insert_calls(&records[..cut]).await.unwrap();
            // Not so late that hours become days.
            store.consolidate_rollups(now.min(30 * DAY)).await.unwrap();
            store.insert_calls(&records[again.min(cut)..]).await.unwrap();
            store.insert_calls(&records[cut..]).await.unwrap();

            for span in [Span::Hour, Span::Day] {
                assert_eq!(stored(&store, span).await, recomputed(&store, span).await);
            }
            store.consolidate_rollups(now).await.unwrap();
            assert_eq!(stored(&store, Span::Day).await, recomputed(&store, Span::Day).await);
            assert_eq!(store.consolidate_rollups(now).await.unwrap(), 0, "nothing is left to do");
        });
    }
}

/// Minutes become hours after two days and days after five weeks, and latecomers join what is there.
#[tokio::test]
async fn old_buckets_are_put_together() {
    let scratch = Scratch::new();
    let store = store(&scratch).await;
    let start = 20_000 * DAY;
    for minute in 0..120_i64 {
        let id = format!("c{minute}");
        store.insert_calls(&[call(&id, start + minute * MINUTE)]).await.unwrap();
        let id = format!("d{minute}");
        store.insert_calls(&[call(&id, start + minute * MINUTE + 5)]).await.unwrap();
    }
    assert_eq!(rows(&store).await, 240, "parts come one by one");
    let end = start + 120 * MINUTE;
    store.consolidate_rollups(end + MINUTE).await.unwrap();
    assert_eq!(rows(&store).await, 120);
    assert_eq!(stored(&store, Span::Minute).await, recomputed(&store, Span::Minute).await);
    store.consolidate_rollups(end + 2 * DAY - 1).await.unwrap();
    assert_eq!(rows(&store).await, 61, "the first hour is two days old, the second not wholly");
    store.consolidate_rollups(end + 2 * DAY).await.unwrap();
    assert_eq!(rows(&store).await, 2);
    store.insert_calls(&[call("late", start + 7)]).await.unwrap();
    assert_eq!(rows(&store).await, 3);
    store.consolidate_rollups(end + 2 * DAY).await.unwrap();
    assert_eq!(rows(&store).await, 2);
    store.consolidate_rollups(end + 36 * DAY).await.unwrap();
    assert_eq!(rows(&store).await, 1);
    assert_eq!(stored(&store, Span::Day).await, recomputed(&store, Span::Day).await);
    let whole = store.rolled(Some(&prompt("a/b")), start, i64::MAX).await.unwrap().remove(0);
    let figures = Figures::of(&whole.bucket);
    assert_eq!((figures.calls, figures.success), (241, Some(1.0)));
    assert_eq!(figures.cost, NanoUsd(24_100));
}
