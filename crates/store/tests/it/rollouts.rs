//! Rollouts: each change whole, once, by whoever was first.

use gatemark_core::assign::Mark;
use gatemark_core::call::{CallRecord, Outcome};
use gatemark_core::gate::{Evidence, Policy, Purpose, decide};
use gatemark_core::prompt::Version;
use gatemark_core::rollout::{
    Baseline, Beginning, Command, Effect, Plan, Rollout, Seen, Side, State,
};
use gatemark_core::{Digest, Kind};
use gatemark_store::{NewVersion, Noted, Store};

use crate::fixture::{call, environment, first, next, permit_over, prompt, store};
use crate::scratch::Scratch;

const HOUR: i64 = 3_600_000_000;

fn side(version: &Version) -> Side {
    Side {
        number: version.number,
        version: version.hash,
        model: None,
        evidence: None,
        upstreams: Default::default(),
        fallbacks: vec![],
    }
}

/// A store in which version 1 serves, and a rollout of version 2 over it that has not begun.
async fn prepared(scratch: &Scratch) -> (Store, Version, Rollout) {
    let store = store(scratch).await;
    store.push(&[first("one")], "ann", 10).await.unwrap();
    store.push(&[next("two", 1)], "ann", 20).await.unwrap();
    let name = prompt("a/b");
    let one = store.version(&name, 1).await.unwrap().unwrap();
    let two = store.version(&name, 2).await.unwrap().unwrap();
    let permit = permit_over(None, &one, "production", Purpose::Deploy, None);
    let serving = store.apply(permit, "dan", 30).await.unwrap();
    let rollout = Rollout::begin(
        Beginning {
            id: "r1".into(),
            prompt: name,
            environment: environment("production"),
            purpose: Purpose::Deploy,
            candidate: side(&two),
            control: side(&one),
            deployment: serving.id,
            plan: Plan::canary(),
            baseline: Baseline::default(),
            actor: "dan".into(),
        },
        40,
    );
    (store, two, rollout)
}

async fn begun(scratch: &Scratch) -> (Store, Version, Rollout) {
    let (store, two, rollout) = prepared(scratch).await;
    let permit = permit_over(Some(rollout.deployment), &two, "production", Purpose::Deploy, None);
    store.begin_rollout(permit, &rollout, "begins".into()).await.unwrap();
    (store, two, rollout)
}

fn taking_part(id: &str, at: i64, unit: Option<&str>, candidate: bool) -> CallRecord {
    CallRecord {
        arm: if candidate { "candidate" } else { "stable" }.into(),
        split: Some(Mark { id: "r1".into(), epoch: 1, share: 500 }),
        unit: unit.map(String::from),
        ..call(id, at)
    }
}

#[tokio::test]
async fn one_rollout_at_a_time_begins() {
    let scratch = Scratch::new();
    let (store, two, rollout) = begun(&scratch).await;
    let found = store.rollout(&rollout.prompt, &rollout.environment).await.unwrap().unwrap();
    assert_eq!(found, rollout);
    assert_eq!(store.rollouts(None, true, 10).await.unwrap()[0], rollout);
    let divided = store.divisions().await.unwrap();
    assert_eq!(divided.len(), 1);
    assert_eq!((divided[0].deployment, divided[0].division.split.share()), (1, 500));
    let entry = store.audit(1).await.unwrap().remove(0);
    assert_eq!((entry.action.as_str(), entry.detail.as_str()), ("rollout.start", "begins"));

    let revision = store.revision().await.unwrap();
    let second = Rollout { id: "r2".into(), ..rollout.clone() };
    let permit = permit_over(Some(1), &two, "production", Purpose::Deploy, None);
    let error = store.begin_rollout(permit, &second, "too".into()).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Conflict);
    assert!(error.to_string().contains("is going on"), "{error}");
    let stale = permit_over(Some(7), &two, "production", Purpose::Deploy, None);
    let third = Rollout { id: "r3".into(), deployment: 7, ..rollout };
    let error = store.begin_rollout(stale, &third, "late".into()).await.unwrap_err();
    assert!(error.to_string().contains("came first"), "{error}");
    assert_eq!(store.revision().await.unwrap(), revision, "what was refused changed nothing");
}

/// Two controllers read the same state. The one that stores second changes nothing: neither the state, nor the
/// units that count, nor the audit log.
#[tokio::test]
async fn of_two_controllers_one_counts() {
    let scratch = Scratch::new();
    let (store, _, rollout) = begun(&scratch).await;
    let records = [
        taking_part("c1", 50, Some("u1"), true),
        taking_part("c2", 51, Some("u2"), false),
        taking_part("c3", 52, Some("u1"), true),
    ];
    store.insert_calls(&records).await.unwrap();
    let (mut one, mut two) = (rollout.clone(), rollout.clone());
    let observations = store.observations("r1", 0, 100).await.unwrap();
    assert_eq!(observations.len(), 3);
    let (counted, again) = (one.absorb(&observations), two.absorb(&observations));
    assert_eq!(counted.len(), 2, "the third call is of a unit that counts already");
    assert!(store.save_rollout(&mut one, &counted, None).await.unwrap());
    let change = two.command(Command::Abort { reason: None }, 60).unwrap().unwrap();
    let noted = Noted { change: &change, actor: "controller", at: 60 };
    let entries = store.audit(100).await.unwrap().len();
    assert!(!store.save_rollout(&mut two, &again, Some(noted)).await.unwrap());
    assert_eq!(store.audit(100).await.unwrap().len(), entries);
    let stored = store.rollout(&rollout.prompt, &rollout.environment).await.unwrap().unwrap();
    assert_eq!((stored.revision, stored.state, stored.cursor), (2, State::Running, 3));
    assert_eq!(stored.rails[0].evidence.units(), (1, 1));
    // Whoever comes next reads on behind them, and knows who was counted.
    store.insert_calls(&[taking_part("c4", 53, Some("u2"), false)]).await.unwrap();
    let next = store.observations("r1", stored.cursor, 100).await.unwrap();
    assert_eq!(next.len(), 1);
    assert_eq!(
        next[0].earlier.map(|earlier| (earlier.share, earlier.candidate)),
        Some((500, false))
    );
}

/// The log ships a call at least once; it is observed once, in the transaction that stores it.
#[tokio::test]
async fn a_call_is_observed_once() {
    let scratch = Scratch::new();
    let (store, _, _) = begun(&scratch).await;
    let gone = CallRecord { outcome: Outcome::Cancelled, ..taking_part("gone", 49, None, true) };
    let records = [taking_part("c1", 50, None, true), call("plain", 51), gone];
    assert_eq!(store.insert_calls(&records).await.unwrap(), 3);
    assert_eq!(store.insert_calls(&records).await.unwrap(), 0);
    let found = store.observations("r1", 0, 100).await.unwrap();
    assert_eq!(found.len(), 1, "plain calls and those that were left are no observations");
    assert!(matches!(&found[0].seen, Seen::Call { outcome: Outcome::Ok, .. }));
    assert!(store.observe_score("c1", "quality", 0.5).await.unwrap());
    assert!(!store.observe_score("c1", "quality", 0.9).await.unwrap(), "the first one counts");
    assert!(!store.observe_score("plain", "quality", 0.9).await.unwrap());
    assert!(!store.observe_score("none", "quality", 0.9).await.unwrap());
    assert!(store.observe_score("c1", "quality", f64::NAN).await.is_err());
    let found = store.observations("r1", 1, 100).await.unwrap();
    assert!(matches!(&found[0].seen, Seen::Score { value, .. } if *value == 0.5), "{found:?}");
}

/// A rollout has in its document what it has read, so calls go after a day; judgements stay as long as it goes on, for a
/// second one on the same call is told from the first by what is there. When it is over everything goes.
#[tokio::test]
async fn what_was_seen_goes_when_nobody_needs_it() {
    let scratch = Scratch::new();
    let (store, _, mut rollout) = begun(&scratch).await;
    let records = [
        taking_part("c1", 50, Some("u1"), true),
        taking_part("c2", 51, Some("u2"), false),
        taking_part("c3", 52, None, false),
    ];
    store.insert_calls(&records[..2]).await.unwrap();
    assert!(store.observe_score("c1", "quality", 0.5).await.unwrap());
    let read = store.observations("r1", 0, 100).await.unwrap();
    let counted = rollout.absorb(&read);
    assert!(store.save_rollout(&mut rollout, &counted, None).await.unwrap());
    store.insert_calls(&records[2..]).await.unwrap();
    assert_eq!(store.forget_observations(HOUR).await.unwrap(), 0, "they are a day old at least");
    assert_eq!(store.forget_observations(25 * HOUR).await.unwrap(), 2);
    let left = store.observations("r1", 0, 100).await.unwrap();
    assert_eq!(
        left.iter().map(|one| one.seq).collect::<Vec<_>>(),
        [3, 4],
        "unread, or a judgement"
    );
    assert!(!store.observe_score("c1", "quality", 0.9).await.unwrap(), "the first one counts");
    assert_eq!(store.insert_calls(&records).await.unwrap(), 0);
    assert_eq!(
        store.observations("r1", 0, 100).await.unwrap().len(),
        2,
        "shipped twice, seen once"
    );
    let change = rollout.command(Command::Abort { reason: None }, 60).unwrap().unwrap();
    let noted = Noted { change: &change, actor: "dan", at: 60 };
    assert!(store.save_rollout(&mut rollout, &[], Some(noted)).await.unwrap());
    assert_eq!(store.forget_observations(25 * HOUR).await.unwrap(), 2 + counted.len());
    assert!(store.observations("r1", 0, 100).await.unwrap().is_empty());
    assert_eq!(store.forget_observations(25 * HOUR).await.unwrap(), 0);
}

/// The pointer's move and the rollout's are one: both or neither.
#[tokio::test]
async fn a_promotion_moves_both_or_neither() {
    let scratch = Scratch::new();
    let (store, two, mut rollout) = begun(&scratch).await;
    let change = rollout.command(Command::Promote, 60).unwrap().unwrap();
    let noted = Noted { change: &change, actor: "dan", at: 60 };
    assert!(store.save_rollout(&mut rollout, &[], Some(noted)).await.unwrap());
    assert_eq!(rollout.effect(), Some(Effect::Promote));

    let mut late = Rollout { revision: 1, ..rollout.clone() };
    let permit = || permit_over(Some(1), &two, "production", Purpose::Deploy, None);
    let promote = |rollout: &mut Rollout, id: i64| rollout.promoted(id, 70);
    let none = store
        .apply_rollout(permit(), &mut late, ("controller", 70), |r, d| promote(r, d.id))
        .await
        .unwrap();
    assert_eq!(none, None);
    assert_eq!(store.pointers().await.unwrap()[0].number, 1, "whoever was late moved no pointer");

    let moved = store
        .apply_rollout(permit(), &mut rollout, ("controller", 70), |r, d| promote(r, d.id))
        .await
        .unwrap()
        .unwrap();
    assert_eq!((moved.number, rollout.state, rollout.deployment), (2, State::Watching, moved.id));
    let again = store
        .apply_rollout(permit(), &mut rollout, ("controller", 71), |r, d| promote(r, d.id))
        .await;
    assert!(again.is_err(), "its permit is about a pointer that has moved");
    let stored = store.rollout(&rollout.prompt, &rollout.environment).await.unwrap().unwrap();
    assert_eq!(stored, rollout);
    let actions: Vec<String> =
        store.audit(3).await.unwrap().into_iter().map(|entry| entry.action).collect();
    assert_eq!(actions, ["rollout.watch", "deploy", "rollout.promote"]);
}

/// Only rollouts with something to decide are read.
#[tokio::test]
async fn what_is_due_is_found() {
    let scratch = Scratch::new();
    let (store, two, mut rollout) = begun(&scratch).await;
    let due = async |now: i64| store.due_rollouts(now, None).await.unwrap().len();
    assert_eq!((due(HOUR).await, due(25 * HOUR).await), (0, 1));
    store.insert_calls(&[taking_part("c1", 50, None, true)]).await.unwrap();
    assert_eq!(due(HOUR).await, 1);
    let observations = store.observations("r1", 0, 100).await.unwrap();
    rollout.absorb(&observations);
    assert!(store.save_rollout(&mut rollout, &[], None).await.unwrap());
    assert_eq!(due(HOUR).await, 1, "read, and nobody has drawn a conclusion yet");
    assert_eq!(rollout.tick(60), None);
    assert!(store.save_rollout(&mut rollout, &[], None).await.unwrap());
    assert_eq!(due(HOUR).await, 0);
    let page = store.due_rollouts(25 * HOUR, None).await.unwrap().remove(0);
    assert_eq!((page.serving, page.pending), (Some((1, 1)), 0));
    let behind = Some((&rollout.prompt, &rollout.environment));
    assert!(store.due_rollouts(25 * HOUR, behind).await.unwrap().is_empty());
    let permit = permit_over(Some(1), &two, "production", Purpose::Deploy, None);
    store.apply(permit, "eve", 60).await.unwrap();
    assert_eq!(due(HOUR).await, 1, "the pointer was moved by something else");
    let change = rollout.superseded(Some(2), 70).unwrap();
    let noted = Noted { change: &change, actor: "controller", at: 70 };
    assert!(store.save_rollout(&mut rollout, &[], Some(noted)).await.unwrap());
    assert_eq!((due(HOUR).await, store.divisions().await.unwrap().len()), (0, 0));
    assert_eq!(store.rollouts(None, true, 10).await.unwrap().len(), 0);
    assert_eq!(store.rollouts(Some(&rollout.prompt), false, 10).await.unwrap().len(), 1);
    assert_ne!(rollout.candidate.version, Digest::of(b""));
}

/// What many learned is stored together; of one that somebody else changed meanwhile nothing is, its units neither.
#[tokio::test]
async fn what_many_learned_is_stored_where_nobody_was_faster() {
    let scratch = Scratch::new();
    let (store, _, one) = begun(&scratch).await;
    let other = prompt("a/c");
    for version in [first("one"), next("two", 1)] {
        let version = NewVersion { prompt: other.clone(), suite: None, ..version };
        store.push(&[version], "ann", 10).await.unwrap();
    }
    let (v1, v2) =
        (store.version(&other, 1).await.unwrap(), store.version(&other, 2).await.unwrap());
    let open = |serving, version: &Version| {
        let evidence = |upstreams| Evidence {
            version,
            suite: None,
            report: None,
            judges: &[],
            upstreams,
            approvals: &[],
            model_vouched: true,
            served_before: true,
            serving,
            serves_already: false,
            comparison: None,
            redteam: None,
            fallbacks: &[],
        };
        let place = environment("production");
        let none = Default::default();
        decide(&Policy::open(), &place, Purpose::Deploy, &evidence(&none)).permit().unwrap()
    };
    let (v1, v2) = (v1.unwrap(), v2.unwrap());
    let serving = store.apply(open(None, &v1), "dan", 30).await.unwrap();
    let two = Rollout {
        id: "r2".into(),
        prompt: other,
        candidate: side(&v2),
        control: side(&v1),
        deployment: serving.id,
        ..one.clone()
    };
    store.begin_rollout(open(Some(serving.id), &v2), &two, "begins".into()).await.unwrap();
    let of_two = |record: CallRecord| CallRecord {
        split: record.split.map(|mark| Mark { id: "r2".into(), ..mark }),
        ..record
    };
    let records = [
        taking_part("c1", 50, Some("u1"), true),
        taking_part("c2", 51, Some("u2"), false),
        of_two(taking_part("c3", 52, Some("u1"), true)),
    ];
    store.insert_calls(&records).await.unwrap();
    let due = store.due_rollouts(60, None).await.unwrap();
    assert_eq!(due.iter().map(|due| due.pending).collect::<Vec<_>>(), [2, 1]);
    let read: Vec<&Rollout> = due.iter().map(|due| &due.rollout).collect();
    let mut new = store.new_observations(&read).await.unwrap();
    assert_eq!((new["r1"].len(), new["r2"].len()), (2, 1));
    let learned: Vec<_> = due
        .into_iter()
        .map(|due| {
            let mut rollout = due.rollout;
            let counted = rollout.absorb(&new.remove(&rollout.id).unwrap());
            assert_eq!(rollout.tick(60), None);
            (rollout, counted)
        })
        .collect();
    let mut faster = two;
    let change = faster.command(Command::Pause { reason: None }, 55).unwrap().unwrap();
    let noted = Noted { change: &change, actor: "dan", at: 55 };
    assert!(store.save_rollout(&mut faster, &[], Some(noted)).await.unwrap());
    assert_eq!(store.save_learned(learned).await.unwrap(), 1);
    let due = store.due_rollouts(60, None).await.unwrap();
    assert_eq!(due.len(), 1, "what was not stored is found again");
    assert_eq!((due[0].rollout.state, due[0].rollout.revision), (State::Paused, 2));
    let again = store.observations("r2", 0, 10).await.unwrap();
    assert_eq!((again.len(), again[0].earlier), (1, None));
    let first = store.observations("r1", 0, 10).await.unwrap();
    assert!(first.iter().all(|one| one.earlier.is_some()));
}
