//! Judgements on calls, baselines and signals.

use gatemark_core::Kind;
use gatemark_core::assign::Mark;
use gatemark_core::call::{CallRecord, Outcome};
use gatemark_core::gate::Purpose;
use gatemark_core::rollup::{Bucket, Figures};
use gatemark_core::score::{Score, ScoreSource, ScoreValue};
use gatemark_core::signal::{Severity, Signal, SignalState};
use gatemark_store::{Scored, Store};

use crate::fixture::{call, first, next, permit_over, prompt, store};
use crate::scratch::Scratch;

fn score(call: &str, value: ScoreValue) -> Score {
    Score {
        call: call.into(),
        name: "quality".into(),
        value,
        comment: None,
        source: ScoreSource::User,
        author: "ann".into(),
        at: 70,
    }
}

async fn whole(store: &Store) -> Bucket {
    let mut bucket = Bucket::default();
    for found in store.rolled(Some(&prompt("a/b")), i64::MIN, i64::MAX).await.unwrap() {
        bucket.merge(&found.bucket);
    }
    bucket
}

async fn said(store: &Store, score: Score) -> Scored {
    store.score(&[score], None).await.unwrap().remove(0)
}

#[tokio::test]
async fn one_author_has_one_judgement_of_a_name() {
    let scratch = Scratch::new();
    let store = store(&scratch).await;
    let part = Mark { id: "r1".into(), epoch: 1, share: 500 };
    let split = CallRecord { split: Some(part), ..call("c1", 50) };
    store.insert_calls(&[split, call("c2", 51)]).await.unwrap();
    let half = || score("c1", ScoreValue::Number(0.5));
    assert_eq!(said(&store, half()).await, Scored::New);
    assert_eq!(said(&store, half()).await, Scored::Same);
    assert_eq!(said(&store, Score { at: 99, ..half() }).await, Scored::Same);
    // Old calls' judgements find their bucket, whatever has become of it.
    store.consolidate_rollups(40 * 86_400_000_000).await.unwrap();
    assert_eq!(said(&store, score("c1", ScoreValue::Bool(true))).await, Scored::Changed);
    let other = Score { author: "bob".into(), ..score("c1", ScoreValue::Bool(false)) };
    assert_eq!(said(&store, other).await, Scored::New);
    let judge = Score { source: ScoreSource::Judge, ..score("c2", ScoreValue::Number(0.2)) };
    assert_eq!(said(&store, judge).await, Scored::New);
    let word = Score { name: "tone".into(), ..score("c2", ScoreValue::Category("rude".into())) };
    assert_eq!(said(&store, word.clone()).await, Scored::New);
    assert_eq!(said(&store, word).await, Scored::Same);
    let figures = Figures::of(&whole(&store).await);
    let quality = figures.scores["quality"];
    assert_eq!((figures.calls, quality.n), (2, 3));
    assert!((quality.mean - 0.4).abs() < 1e-9, "{quality:?}");
    assert_eq!(figures.scores.len(), 1, "categories are kept and not counted");
    let kept = store.scores("c1").await.unwrap();
    assert_eq!(kept.len(), 2);
    assert_eq!(store.scores("c2").await.unwrap().len(), 2);
    // For a rollout the first judgement counts.
    let observed = store.observations("r1", 0, 10).await.unwrap();
    assert_eq!(observed.len(), 2, "{observed:?}");
}

#[tokio::test]
async fn all_or_none_and_only_ones_own() {
    let scratch = Scratch::new();
    let store = store(&scratch).await;
    store.insert_calls(&[call("c1", 50)]).await.unwrap();
    let good = || score("c1", ScoreValue::Bool(true));
    let error = store.score(&[good(), score("none", ScoreValue::Bool(true))], None).await;
    assert_eq!(error.unwrap_err().kind(), Kind::NotFound);
    let error = store.score(&[good(), score("c1", ScoreValue::Number(1e9))], None).await;
    assert_eq!(error.unwrap_err().kind(), Kind::Invalid);
    assert_eq!(store.scores("c1").await.unwrap(), []);
    assert_eq!(whole(&store).await.scores.len(), 0);
    let error = store.score(&[good()], Some("another")).await.unwrap_err();
    assert_eq!(error.kind(), Kind::NotFound, "another application's call is none");
    assert_eq!(store.score(&[good()], Some("app")).await.unwrap(), [Scored::New]);
}

/// A deployment freezes the last week of the version whose place it takes, and nothing that comes later moves it.
#[tokio::test]
async fn a_deployment_freezes_its_baseline() {
    const DAY: i64 = 86_400_000_000;
    let scratch = Scratch::new();
    let store = store(&scratch).await;
    store.push(&[first("one")], "ann", 10).await.unwrap();
    store.push(&[next("two", 1)], "ann", 20).await.unwrap();
    let name = prompt("a/b");
    let one = store.version(&name, 1).await.unwrap().unwrap();
    let two = store.version(&name, 2).await.unwrap().unwrap();
    let permit = permit_over(None, &one, "production", Purpose::Deploy, None);
    let serving = store.apply(permit, "dan", 30).await.unwrap();
    assert_eq!(store.baseline(serving.id).await.unwrap(), None, "nothing served before");
    let now = 30 * DAY;
    let staging =
        CallRecord { environment: Some("staging".parse().unwrap()), ..call("elsewhere", now - 5) };
    let records = [
        call("old", now - 9 * DAY),
        call("in", now - 6 * DAY),
        call("new", now - 5),
        staging,
        CallRecord { number: Some(2), ..call("candidate", now - 5) },
    ];
    store.insert_calls(&records).await.unwrap();
    let permit = permit_over(Some(serving.id), &two, "production", Purpose::Deploy, None);
    let next = store.apply(permit, "dan", now).await.unwrap();
    let baseline = store.baseline(next.id).await.unwrap().unwrap();
    assert_eq!((baseline.number, baseline.until, baseline.bucket.calls), (1, now, 2));
    store.insert_calls(&[call("late", now - 4)]).await.unwrap();
    assert_eq!(store.baseline(next.id).await.unwrap().unwrap(), baseline);
    // Version 2 turns out bad: version 1 comes back, and is held against what it was itself.
    let bad =
        |id: &str| CallRecord { number: Some(2), outcome: Outcome::Error, ..call(id, now + DAY) };
    store.insert_calls(&[bad("b1"), bad("b2"), bad("b3")]).await.unwrap();
    let permit = permit_over(Some(next.id), &one, "production", Purpose::Rollback, None);
    let back = store.apply(permit, "dan", now + 2 * DAY).await.unwrap();
    let own = store.baseline(back.id).await.unwrap().unwrap();
    assert_eq!((own.number, own.until, own.bucket.errors), (1, now, 0));
    assert_eq!(own.bucket.calls, 3, "with what came late");
}

#[tokio::test]
async fn a_state_keeps_the_moment_at_which_it_began() {
    let scratch = Scratch::new();
    let store = store(&scratch).await;
    let signal = |key: &str, state: SignalState, since: i64| Signal {
        key: key.into(),
        rule: "success".into(),
        prompt: Some(prompt("a/b")),
        environment: None,
        state,
        severity: Severity::Critical,
        value: Some(0.5),
        threshold: None,
        unit: "ratio".into(),
        window: "1h".into(),
        since,
        summary: String::new(),
        context: Default::default(),
    };
    let mut seen = [signal("a", SignalState::Ok, 1), signal("b", SignalState::NoData, 1)];
    store.save_signals("", &mut seen).await.unwrap();
    let mut seen = [signal("a", SignalState::Ok, 2), signal("b", SignalState::Breach, 2)];
    store.save_signals("", &mut seen).await.unwrap();
    assert_eq!((seen[0].since, seen[1].since), (1, 2));
    assert_eq!(store.signals().await.unwrap(), seen);
    store.save_signals("", &mut [signal("b", SignalState::Breach, 3)]).await.unwrap();
    let kept = store.signals().await.unwrap();
    assert_eq!(kept.len(), 1, "what is not looked at any more is forgotten");
    assert_eq!((kept[0].key.as_str(), kept[0].since), ("b", 2));
    store.save_signals("c/", &mut [signal("c/d", SignalState::Ok, 4)]).await.unwrap();
    assert_eq!(store.signals().await.unwrap().len(), 2, "another's are left alone");
    // One by itself takes nobody's place whose name only begins like its own.
    store.save_signal(&mut signal("c/d-e", SignalState::Ok, 5)).await.unwrap();
    let revision = store.signals_revision().await.unwrap();
    let mut again = signal("c/d", SignalState::Ok, 6);
    store.save_signal(&mut again).await.unwrap();
    assert_eq!((again.since, store.signals().await.unwrap().len()), (4, 3));
    assert_eq!(store.signals_revision().await.unwrap(), revision, "nothing new was said");
    store.save_signal(&mut signal("c/d", SignalState::Breach, 7)).await.unwrap();
    assert!(store.signals_revision().await.unwrap() > revision);
}
