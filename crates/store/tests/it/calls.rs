//! Records of calls: each once, found by any filter.

use gatemark_core::NanoUsd;
use gatemark_core::call::{CallPurpose, CallRecord, Outcome};
use gatemark_store::{CallFilter, CallTotals};

use crate::fixture::{call, environment, prompt, store};
use crate::scratch::Scratch;

#[tokio::test]
async fn a_record_is_stored_once() {
    let scratch = Scratch::new();
    let store = store(&scratch).await;
    let records = [call("a", 1), call("b", 2)];
    assert_eq!(store.insert_calls(&records).await.unwrap(), 2);
    assert_eq!(store.insert_calls(&[call("b", 2), call("c", 3)]).await.unwrap(), 1);
    assert_eq!(store.insert_calls(&[]).await.unwrap(), 0);
    let found = store.calls(&CallFilter::default()).await.unwrap();
    assert_eq!(found, [call("c", 3), call("b", 2), call("a", 1)]);
}

#[tokio::test]
async fn every_filter_narrows() {
    let scratch = Scratch::new();
    let store = store(&scratch).await;
    let mut plain = CallRecord { prompt: None, number: None, environment: None, ..call("a", 10) };
    plain.usage.cached_input = 8;
    plain.saved = NanoUsd(70);
    let staging =
        CallRecord { number: Some(2), environment: Some(environment("staging")), ..call("b", 20) };
    let failed = CallRecord { outcome: Outcome::Error, cost: NanoUsd(0), ..call("c", 30) };
    let test = CallRecord {
        purpose: CallPurpose::Test,
        model: "sim/other".parse().unwrap(),
        prompt: Some(prompt("c/d")),
        ..call("d", 40)
    };
    store.insert_calls(&[plain, staging, failed, test]).await.unwrap();
    let all = CallFilter::default;
    let cases = [
        (all(), "dcba"),
        (CallFilter { limit: 2, ..all() }, "dc"),
        (CallFilter { prompt: Some(prompt("a/b")), ..all() }, "cb"),
        (CallFilter { environment: Some(environment("staging")), ..all() }, "b"),
        (CallFilter { number: Some(1), ..all() }, "dc"),
        (CallFilter { model: Some("sim/other".parse().unwrap()), ..all() }, "d"),
        (CallFilter { outcome: Some(Outcome::Error), ..all() }, "c"),
        (CallFilter { purpose: Some(CallPurpose::Serve), ..all() }, "cba"),
        (CallFilter { since: Some(20), until: Some(40), ..all() }, "cb"),
        (CallFilter { id: Some("a".into()), ..all() }, "a"),
        (CallFilter { id: Some("a' OR '1'='1".into()), ..all() }, ""),
        (CallFilter { prompt: Some(prompt("a/b")), since: Some(25), ..all() }, "c"),
    ];
    for (filter, wanted) in cases {
        let found = store.calls(&filter).await.unwrap();
        let ids: String = found.iter().map(|record| record.id.as_str()).collect();
        assert_eq!(ids, wanted, "{filter:?}");
        if filter.limit == 0 {
            let totals = store.call_totals(&filter).await.unwrap();
            assert_eq!(totals.calls, u64::try_from(found.len()).unwrap(), "{filter:?}");
        }
    }
    let totals = store.call_totals(&CallFilter { limit: 1, ..all() }).await.unwrap();
    let wanted = CallTotals {
        calls: 4,
        errors: 1,
        cost: NanoUsd(300),
        saved: NanoUsd(70),
        input_tokens: 40,
        cached_tokens: 8,
        output_tokens: 12,
    };
    assert_eq!(totals, wanted);
}

/// A record as the first release wrote it. Fields may be added to records, but this must always load.
#[tokio::test]
async fn the_first_shape_of_a_record_loads() {
    let text = include_str!("../fixtures/call-1.json");
    let record: CallRecord = serde_json::from_str(text).unwrap();
    assert_eq!(record, call("018f", 1));
}
