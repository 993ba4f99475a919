//! The queue of calls that are judged after they were answered.

use gatemark_core::NanoUsd;
use gatemark_core::call::CallRecord;
use gatemark_core::stats::random::SplitMix;
use gatemark_store::Store;

use crate::fixture::{call, prompt, store};
use crate::scratch::Scratch;

const HERE: &str = "production";

fn drawn(id: &str, at: i64, arm: &str) -> CallRecord {
    CallRecord { evaluate: true, arm: arm.into(), ..call(id, at) }
}

/// The call that is taken at `now`, where whoever took one 100 before is lost.
async fn taken(store: &Store, now: i64) -> Option<String> {
    let call = store.take_evaluation(HERE, (now, 0, now - 100)).await.unwrap();
    call.map(|call| call.id)
}

#[tokio::test]
async fn the_prompt_that_was_judged_least_has_the_next_turn() {
    let scratch = Scratch::new();
    let store = store(&scratch).await;
    let other =
        |id: &str, at| CallRecord { prompt: Some(prompt("c/d")), ..drawn(id, at, "stable") };
    let mut calls: Vec<_> = (0..4).map(|n| drawn(&format!("s{n}"), n, "stable")).collect();
    calls.extend([other("c0", 8), other("c1", 9), call("not", 1)]);
    store.insert_calls(&calls).await.unwrap();
    // Twice the same is once.
    store.insert_calls(&calls).await.unwrap();
    let mut order = vec![];
    for now in 0.. {
        let Some(call) = taken(&store, 1_000 + now).await else { break };
        store.end_evaluation(&call, 1_000 + now, NanoUsd(5), None).await.unwrap();
        order.push(call);
    }
    assert_eq!(order, ["s0", "c0", "s1", "c1", "s2", "s3"]);
    assert_eq!(store.evaluation_cost(HERE, 1_000).await.unwrap(), NanoUsd(30));
    assert_eq!(store.evaluation_cost(HERE, 1_003).await.unwrap(), NanoUsd(15));
    assert_eq!(store.evaluation_cost("staging", 0).await.unwrap(), NanoUsd::ZERO);
    assert_eq!(store.evaluation_counts(HERE, 1_000).await.unwrap(), (0, 6, 0));
}

/// Guardrails on scores reckon with the chance by which units were assigned. So where there is money for a third of the
/// calls, a tenth of those that are judged are the candidate's if a tenth of the calls are; and they are of all hours.
#[tokio::test]
async fn arms_and_hours_are_judged_in_the_proportion_of_their_calls() {
    let scratch = Scratch::new();
    let store = store(&scratch).await;
    let mut random = SplitMix::new(9);
    let calls: Vec<_> = (0..300)
        .map(|at| {
            let arm = if at % 10 == 0 { "candidate" } else { "stable" };
            let id = format!("{at:08x}-0000-7000-8000-{:012x}", random.bits() >> 16);
            drawn(&id, at, arm)
        })
        .collect();
    store.insert_calls(&calls).await.unwrap();
    let (mut candidates, mut early) = (0, 0);
    for now in 1_000..1_100 {
        let record = store.take_evaluation(HERE, (now, 0, 0)).await.unwrap().unwrap();
        candidates += i32::from(record.arm == "candidate");
        early += i32::from(record.at < 150);
        store.end_evaluation(&record.id, now, NanoUsd(5), None).await.unwrap();
    }
    // 10 and 50 are expected; three standard deviations are 7 and 12.
    assert!((3..=17).contains(&candidates), "{candidates}");
    assert!((38..=62).contains(&early), "{early}");
}

#[tokio::test]
async fn whoever_takes_one_has_it_for_a_time() {
    let scratch = Scratch::new();
    let store = store(&scratch).await;
    assert!(!store.has_evaluation(HERE, 0).await.unwrap());
    store.insert_calls(&[drawn("a", 1, "stable")]).await.unwrap();
    assert!(store.has_evaluation(HERE, 0).await.unwrap());
    assert_eq!(taken(&store, 1_000).await.as_deref(), Some("a"));
    assert_eq!(taken(&store, 1_050).await, None);
    assert!(!store.has_evaluation(HERE, 950).await.unwrap());
    // Put back at once, and put off.
    store.put_back_evaluation("a", false).await.unwrap();
    assert_eq!(taken(&store, 1_060).await.as_deref(), Some("a"));
    store.put_back_evaluation("a", true).await.unwrap();
    assert_eq!(taken(&store, 1_070).await, None);
    // It broke off three times.
    for now in [1_200, 1_400, 1_600] {
        assert_eq!(taken(&store, now).await.as_deref(), Some("a"), "{now}");
    }
    assert_eq!(taken(&store, 1_800).await, None);
    store.tidy_evaluations(1_900, 0, 0, 1_800).await.unwrap();
    assert_eq!(store.evaluation_counts(HERE, 0).await.unwrap(), (0, 1, 1));
}

#[tokio::test]
async fn what_is_old_is_given_up_and_forgotten() {
    let scratch = Scratch::new();
    let store = store(&scratch).await;
    store.insert_calls(&[drawn("a", 10, "stable"), drawn("b", 20, "stable")]).await.unwrap();
    store.tidy_evaluations(100, 15, 0, 0).await.unwrap();
    assert_eq!(store.evaluation_counts(HERE, 0).await.unwrap(), (1, 1, 1));
    assert_eq!(taken(&store, 1_000).await.as_deref(), Some("b"));
    store.tidy_evaluations(1_000, 0, 500, 0).await.unwrap();
    assert_eq!(store.evaluation_counts(HERE, 0).await.unwrap(), (1, 0, 0));
}
