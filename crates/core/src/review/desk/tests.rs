use proptest::prelude::*;

use super::*;

const PEOPLE: [&str; 3] = ["ann", "bob", "cy"];
const HOUR: i64 = 3_600_000_000;

fn claim(until: i64) -> Act {
    Act::Claim { until }
}

fn decide(decision: Decision, again: bool) -> Act {
    let answer = (decision == Decision::Edit).then(|| "better".to_string());
    Act::Decide { decision, answer, note: None, again }
}

fn labels(words: &[&str]) -> BTreeSet<Label> {
    words.iter().map(|word| word.parse().unwrap()).collect()
}

fn code(result: Result<Option<Desk>>) -> &'static str {
    result.unwrap_err().code()
}

/// The desk after acts that all change something.
fn after(acts: &[(&str, Act, i64)]) -> Desk {
    acts.iter().fold(Desk::default(), |desk, (actor, act, now)| {
        desk.after(act, actor, *now).unwrap().unwrap()
    })
}

#[test]
fn a_claim_keeps_others_away_until_it_is_over() {
    let desk = after(&[("ann", claim(100), 0)]);
    assert_eq!((desk.state(99), desk.holder(99)), (State::Claimed, Some("ann")));
    assert_eq!((desk.state(100), desk.holder(100)), (State::Open, None));
    assert_eq!(code(desk.after(&claim(150), "bob", 99)), "review_claimed");
    assert_eq!(code(desk.after(&Act::Release, "bob", 99)), "review_claimed");
    assert_eq!(code(desk.after(&decide(Decision::Approve, true), "bob", 99)), "review_claimed");
    let taken = desk.after(&claim(150), "bob", 100).unwrap().unwrap();
    assert_eq!((taken.revision, taken.holder(149)), (2, Some("bob")));
    // Ann comes back too late, and is told so.
    assert_eq!(code(taken.after(&decide(Decision::Approve, false), "ann", 101)), "review_claimed");
}

#[test]
fn a_claim_is_renewed_and_never_shortened() {
    let desk = after(&[("ann", claim(100), 0)]);
    assert_eq!(desk.after(&claim(80), "ann", 50).unwrap(), None);
    assert_eq!(desk.after(&claim(120), "ann", 50).unwrap().unwrap().holder(110), Some("ann"));
    for until in [0, 50, 50 + LONGEST_LEASE_US + 1] {
        assert!(desk.after(&claim(until), "ann", 50).is_err(), "{until}");
    }
}

#[test]
fn a_decision_is_replaced_only_by_who_means_to() {
    let desk = after(&[("ann", claim(100), 0), ("ann", decide(Decision::Reject, false), 9)]);
    assert_eq!((desk.state(9), desk.claim.as_ref()), (State::Decided, None));
    assert_eq!(code(desk.after(&decide(Decision::Approve, false), "bob", 10)), "review_decided");
    assert_eq!(code(desk.after(&decide(Decision::Skip, true), "bob", 10)), "review_decided");
    assert_eq!(code(desk.after(&claim(50), "bob", 10)), "review_decided");
    let bob = Act::Assign { to: Some("bob".into()) };
    assert_eq!(code(desk.after(&bob, "ann", 10)), "review_decided");
    // Said twice is said once, whenever.
    assert_eq!(desk.after(&decide(Decision::Reject, false), "ann", 999).unwrap(), None);
    let replaced = desk.after(&decide(Decision::Edit, true), "bob", 11).unwrap().unwrap();
    let resolved = replaced.resolved.unwrap();
    assert_eq!((resolved.actor.as_str(), resolved.answer.as_deref()), ("bob", Some("better")));
    assert_eq!(resolved.finding, Some(super::super::decision::Finding::Wrong));
}

#[test]
fn what_was_skipped_may_be_taken_up() {
    let skipped = after(&[("ann", decide(Decision::Skip, false), 1)]);
    assert_eq!(skipped.state(2), State::Skipped);
    let taken = skipped.after(&claim(50), "bob", 2).unwrap().unwrap();
    assert_eq!(taken.state(3), State::Claimed);
    let decided = skipped.after(&decide(Decision::Approve, false), "bob", 2).unwrap().unwrap();
    assert_eq!(decided.state(3), State::Decided);
    let bob = Act::Assign { to: Some("bob".into()) };
    assert_eq!(skipped.after(&bob, "ann", 2).unwrap().unwrap().state(3), State::Open);
    assert_eq!(skipped.after(&Act::Assign { to: None }, "ann", 2).unwrap(), None);
}

#[test]
fn what_is_assigned_is_for_one_person() {
    let to = |name: Option<&str>| Act::Assign { to: name.map(String::from) };
    let desk = after(&[("ann", claim(100), 0), ("cy", to(Some("bob")), 1)]);
    assert_eq!(desk.state(2), State::Open, "ann's claim is over");
    assert_eq!(code(desk.after(&claim(50), "ann", 2)), "review_assigned");
    assert_eq!(code(desk.after(&decide(Decision::Approve, true), "ann", 2)), "review_assigned");
    assert_eq!(desk.after(&claim(50), "bob", 2).unwrap().unwrap().holder(3), Some("bob"));
    let free = desk.after(&to(None), "ann", 2).unwrap().unwrap();
    assert!(free.after(&claim(50), "ann", 3).unwrap().is_some());
    assert!(free.after(&to(Some("")), "ann", 3).is_err());
    assert!(free.after(&to(Some(&"x".repeat(65))), "ann", 3).is_err());
}

#[test]
fn labels_come_and_go_whoever_has_it() {
    let label =
        |add: &[&str], remove: &[&str]| Act::Label { add: labels(add), remove: labels(remove) };
    let desk = after(&[("ann", claim(100), 0), ("bob", label(&["a", "b"], &[]), 1)]);
    assert_eq!(desk.after(&label(&["a"], &["c"]), "cy", 2).unwrap(), None);
    let desk = desk.after(&label(&["c"], &["a"]), "cy", 2).unwrap().unwrap();
    assert_eq!(desk.labels, labels(&["b", "c"]));
    let many: Vec<String> = (0..=MOST_LABELS).map(|number| format!("l{number}")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    assert_eq!(desk.after(&label(&many, &[]), "cy", 2).unwrap_err().param(), Some("labels"));
}

#[test]
fn what_does_not_fit_is_named() {
    let desk = Desk::default();
    let param = |decision, answer: Option<String>, note: Option<String>| {
        let act = Act::Decide { decision, answer, note, again: false };
        desk.after(&act, "ann", 1).unwrap_err().param().map(String::from)
    };
    assert_eq!(param(Decision::Edit, None, None).as_deref(), Some("answer"));
    assert_eq!(param(Decision::Approve, Some("x".into()), None).as_deref(), Some("answer"));
    let long = "x".repeat(LONGEST_ANSWER + 1);
    assert_eq!(param(Decision::Edit, Some(long.clone()), None).as_deref(), Some("answer"));
    assert_eq!(param(Decision::Reject, None, Some(long)).as_deref(), Some("note"));
    assert!(
        desk.after(&Act::Release, "", 1).is_err() && desk.after(&Act::Release, "a\n", 1).is_err()
    );
    assert_eq!(desk.after(&Act::Release, "ann", 1).unwrap(), None);
}

fn acts() -> impl Strategy<Value = Act> {
    let decision = prop::sample::select(Decision::ALL.to_vec());
    let word = || prop::sample::subsequence(vec!["a", "b", "c"], 0..3);
    prop_oneof![
        // Relative here; see `step`.
        (1..3 * HOUR).prop_map(claim),
        Just(Act::Release),
        prop::option::of(prop::sample::select(PEOPLE.to_vec()))
            .prop_map(|to| Act::Assign { to: to.map(String::from) }),
        (decision, any::<bool>()).prop_map(|(decision, again)| decide(decision, again)),
        (word(), word())
            .prop_map(|(add, remove)| Act::Label { add: labels(&add), remove: labels(&remove) }),
    ]
}

proptest! {
    /// Whatever people do in whatever order: one has it at a time, what is decided stays unless replaced on purpose,
    /// a revision counts the changes, and what is done twice is done once.
    #[test]
    fn whatever_people_do(script in prop::collection::vec((acts(), 0..3_usize, 0..2 * HOUR), 1..60)) {
        let (mut desk, mut now) = (Desk::default(), 0_i64);
        for (act, actor, later) in script {
            now += later;
            let actor = PEOPLE[actor];
            let act = match act {
                Act::Claim { until } => claim(now + until),
                other => other,
            };
            let other_has_it = desk.holder(now).is_some_and(|holder| holder != actor);
            let result = desk.after(&act, actor, now);
            match &result {
                Ok(None) => {}
                Ok(Some(next)) => {
                    prop_assert_eq!(next.revision, desk.revision + 1);
                    let takes = matches!(act, Act::Claim { .. } | Act::Decide { .. } | Act::Release);
                    prop_assert!(!(takes && other_has_it), "{act:?}");
                    let was_decided = desk.state(now) == State::Decided;
                    if was_decided && next.resolved != desk.resolved {
                        prop_assert!(matches!(act, Act::Decide { again: true, .. }), "{act:?}");
                        prop_assert_eq!(next.state(now), State::Decided);
                    }
                    if next.resolved.is_some() {
                        prop_assert!(next.holder(now).is_none());
                    }
                    prop_assert_eq!(next.after(&act, actor, now).unwrap(), None);
                    let text = serde_json::to_string(next).unwrap();
                    prop_assert_eq!(&serde_json::from_str::<Desk>(&text).unwrap(), next);
                }
                Err(error) => prop_assert_eq!(error.kind(), Kind::Conflict),
            }
            if let Ok(Some(next)) = result {
                desk = next;
            }
        }
    }

    /// Of two who read the same and both take it, whoever is stored first keeps the other out.
    #[test]
    fn of_two_one_has_it(now in 0..HOUR, first in 1..HOUR, second in 1..HOUR) {
        let desk = Desk::default();
        let one = desk.after(&claim(now + first), "ann", now).unwrap().unwrap();
        let other = one.after(&claim(now + second), "bob", now);
        prop_assert_eq!(code(other), "review_claimed");
    }
}
