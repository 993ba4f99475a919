//! Alerts and their messages: both or neither, once, and never lost.

use gatemark_core::alert::{Alert, Look, Matcher, Policy, Silence, Status};
use gatemark_core::signal::{Severity, Signal, SignalState};
use gatemark_store::Outgoing;

use crate::fixture::store;
use crate::scratch::Scratch;

fn signal(state: SignalState) -> Signal {
    Signal {
        key: "slow/a/b".into(),
        rule: "slow".into(),
        prompt: None,
        environment: None,
        state,
        severity: Severity::Warning,
        value: None,
        threshold: None,
        unit: String::new(),
        window: String::new(),
        since: 0,
        summary: "slow".into(),
        context: Default::default(),
    }
}

fn fires(before: Option<&Alert>, now: i64) -> (Alert, Vec<Outgoing>) {
    let seen = signal(SignalState::Breach);
    let stepped = Alert::step(before, Look::Seen(&seen), now, &Policy::default(), None);
    let notice = stepped.notice.map(|notice| Outgoing {
        id: format!("m{now}"),
        channel: "ops".into(),
        group: "rule=slow".into(),
        due: now + 10,
        notice,
    });
    (stepped.alert.unwrap(), notice.into_iter().collect())
}

#[tokio::test]
async fn whoever_is_later_stores_and_tells_nothing() {
    let scratch = Scratch::new();
    let (one, other) = (store(&scratch).await, store(&scratch).await);
    let (alert, told) = fires(None, 5);
    assert_eq!(told.len(), 1);
    assert!(one.save_alert(&alert, &told).await.unwrap());
    assert!(!other.save_alert(&alert, &told).await.unwrap(), "revision 0 is taken");
    let read = other.alert("slow/a/b").await.unwrap().unwrap();
    assert_eq!((read.revision, read.status, read.told), (1, Status::Firing, Some(Status::Firing)));
    assert!(one.save_alert(&read, &[]).await.unwrap());
    assert!(!other.save_alert(&read, &told).await.unwrap());
    assert_eq!(one.deliveries(None, 9).await.unwrap().len(), 1);
    other.drop_alert(&read).await.unwrap();
    assert_eq!(one.alerts().await.unwrap().len(), 1, "it has changed since");
}

#[tokio::test]
async fn a_message_is_claimed_once_and_comes_back() {
    let scratch = Scratch::new();
    let store = store(&scratch).await;
    let (alert, told) = fires(None, 5);
    store.save_alert(&alert, &told).await.unwrap();
    assert!(store.due_messages(14, 9).await.unwrap().is_empty(), "it waits for others");
    let due = store.due_messages(15, 9).await.unwrap();
    let claimed = store.claim_message(&due[0], 100).await.unwrap().unwrap();
    assert_eq!((claimed.id.as_str(), claimed.notices.len()), ("m5", 1));
    assert!(store.claim_message(&due[0], 100).await.unwrap().is_none());
    assert!(store.due_messages(99, 9).await.unwrap().is_empty());
    let again = store.due_messages(100, 9).await.unwrap();
    assert_eq!((again[0].attempts, &again[0].message), (1, &claimed), "as if its sender had died");
    store.message_failed("m5", "no route", None, 101).await.unwrap();
    assert!(store.due_messages(i64::MAX, 9).await.unwrap().is_empty());
    let dead = store.deliveries(Some("dead"), 9).await.unwrap();
    assert_eq!((dead[0].error.as_deref(), dead[0].ended_at), (Some("no route"), Some(101)));
    assert_eq!(store.undelivered().await.unwrap(), (0, 1));
    assert_eq!(store.revive_messages(Some("m5"), 200).await.unwrap(), 1);
    let due = store.due_messages(200, 9).await.unwrap();
    store.claim_message(&due[0], 300).await.unwrap().unwrap();
    store.message_sent("m5", 201).await.unwrap();
    assert_eq!(store.undelivered().await.unwrap(), (0, 0));
}

#[tokio::test]
async fn notices_of_a_group_share_a_message_until_it_is_tried() {
    let scratch = Scratch::new();
    let store = store(&scratch).await;
    let (_, told) = fires(None, 5);
    let other = |id: &str, at: i64, group: &str| {
        let mut one = told[0].clone();
        (one.id, one.notice.at, one.group) = (id.into(), at, group.into());
        one
    };
    let first = [other("a", 5, "x"), other("b", 6, "x"), other("c", 7, "y")];
    assert!(store.announce(-1, 3, &first).await.unwrap());
    assert!(!store.announce(-1, 3, &first).await.unwrap(), "announced by another");
    let due = store.due_messages(20, 9).await.unwrap();
    let sizes: Vec<_> =
        due.iter().map(|d| (d.message.id.as_str(), d.message.notices.len())).collect();
    assert_eq!(sizes, [("a", 2), ("c", 1)]);
    store.claim_message(&due[0], 100).await.unwrap().unwrap();
    assert!(store.announce(3, 4, &[other("d", 8, "x")]).await.unwrap());
    assert_eq!(
        store.deliveries(None, 9).await.unwrap().len(),
        3,
        "what is under way stays as it is"
    );
    assert_eq!(store.announced().await.unwrap(), 4);
}

#[tokio::test]
async fn silences_begin_and_end_in_the_audit_log() {
    let scratch = Scratch::new();
    let store = store(&scratch).await;
    let silence = Silence {
        id: "s1".into(),
        matcher: Matcher { rule: Some("slow".into()), ..Matcher::default() },
        until: 100,
        reason: Some("known".into()),
        actor: "ann".into(),
        at: 10,
    };
    store.begin_silence(&silence, "rule=slow".into()).await.unwrap();
    assert_eq!(store.silences(99).await.unwrap(), std::slice::from_ref(&silence));
    assert!(store.silences(100).await.unwrap().is_empty(), "it ends by itself");
    let ended = store.end_silence("s1", "bob", 50).await.unwrap().unwrap();
    assert_eq!(ended.until, 50);
    assert!(store.silences(51).await.unwrap().is_empty());
    assert!(store.end_silence("s1", "bob", 60).await.unwrap().is_none());
    let log = store.audit(9).await.unwrap();
    let actions: Vec<_> = log.iter().map(|e| (e.action.as_str(), e.actor.as_str())).collect();
    assert_eq!(actions, [("alert.unsilence", "bob"), ("alert.silence", "ann")]);
    store.forget_alerts(70).await.unwrap();
    assert!(store.silences(0).await.unwrap().is_empty());
}
