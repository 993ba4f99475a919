//! The queue of calls that people look at: who has which, and what becomes of decisions.

use gatemark_core::Kind;
use gatemark_core::call::CallRecord;
use gatemark_core::review::{Act, Cause, Decision, Label, Priority, ReviewItem, State};
use gatemark_core::score::ScoreSource;
use gatemark_store::{ReviewFilter, Standing, Store};

use crate::fixture::{call, store};
use crate::scratch::Scratch;

const HOUR: i64 = 3_600_000_000;

fn queued(id: &str, at: i64, reasons: &[&str]) -> CallRecord {
    let review = reasons.iter().map(ToString::to_string).collect();
    CallRecord { review, ..call(id, at) }
}

fn claim(until: i64) -> Act {
    Act::Claim { until }
}

fn decide(decision: Decision) -> Act {
    let answer = (decision == Decision::Edit).then(|| "better".to_string());
    Act::Decide { decision, answer, note: Some("why".into()), again: false }
}

fn label(words: &[&str]) -> Act {
    let add = words.iter().map(|word| word.parse().unwrap()).collect();
    Act::Label { add, remove: Default::default() }
}

fn all(now: i64) -> ReviewFilter {
    ReviewFilter { now, limit: 100, ..ReviewFilter::default() }
}

async fn listed(store: &Store, filter: ReviewFilter) -> Vec<String> {
    store.reviews(&filter).await.unwrap().into_iter().map(|item| item.call).collect()
}

async fn next(store: &Store, actor: &str, now: i64) -> Option<ReviewItem> {
    store.claim_next_review(&all(now), (actor, now), now + HOUR).await.unwrap()
}

#[tokio::test]
async fn what_is_pressing_comes_first_and_each_call_once() {
    let scratch = Scratch::new();
    let store = store(&scratch).await;
    let calls = [
        queued("drawn", 1, &["sample"]),
        queued("unsure", 2, &["sure < 0.7", "sample"]),
        queued("flagged", 3, &["sample", "guard: override-instructions"]),
        call("plain", 4),
    ];
    store.insert_calls(&calls).await.unwrap();
    assert_eq!(listed(&store, all(9)).await, ["flagged", "unsure", "drawn"]);
    let flagged = store.review("flagged").await.unwrap().unwrap();
    assert_eq!((flagged.cause, flagged.priority), (Cause::Guard, Priority::High));
    assert_eq!(flagged.reasons, ["sample", "guard: override-instructions"]);
    assert_eq!(store.review("plain").await.unwrap(), None);
    // Shipped again, it is the same item, with what people did.
    let act = claim(HOUR);
    store.act_on_review("flagged", &act, ("ann", 9), None).await.unwrap();
    store.insert_calls(&calls).await.unwrap();
    assert_eq!(store.review("flagged").await.unwrap().unwrap().desk.revision, 1);
}

#[tokio::test]
async fn of_many_at_once_each_has_another_call() {
    let scratch = Scratch::new();
    let (one, other) = (store(&scratch).await, store(&scratch).await);
    let calls: Vec<_> = (0..12).map(|n| queued(&format!("c{n:02}"), n, &["sample"])).collect();
    one.insert_calls(&calls).await.unwrap();
    let mut people = tokio::task::JoinSet::new();
    for number in 0..16 {
        let store = if number % 2 == 0 { one.clone() } else { other.clone() };
        people.spawn(async move {
            let actor = format!("p{number}");
            next(&store, &actor, 50).await.map(|item| (item.call, actor))
        });
    }
    let mut got: Vec<(String, String)> = people.join_all().await.into_iter().flatten().collect();
    got.sort();
    let calls: Vec<&str> = got.iter().map(|(call, _)| call.as_str()).collect();
    let wanted: Vec<String> = (0..12).map(|n| format!("c{n:02}")).collect();
    assert_eq!(calls, wanted, "every call once, and nothing for the last four");
    for (call, actor) in &got {
        let item = one.review(call).await.unwrap().unwrap();
        assert_eq!((item.desk.holder(60), item.desk.revision), (Some(actor.as_str()), 1));
    }
}

#[tokio::test]
async fn of_two_who_take_or_decide_the_same_one_is_told() {
    let scratch = Scratch::new();
    let (one, other) = (store(&scratch).await, store(&scratch).await);
    one.insert_calls(&[queued("c", 1, &["sample"])]).await.unwrap();
    for (act, code) in
        [(claim(HOUR), "review_claimed"), (decide(Decision::Approve), "review_decided")]
    {
        if act.word() == "approve" {
            let holder = one.review("c").await.unwrap().unwrap().desk.claim.unwrap().by;
            one.act_on_review("c", &Act::Release, (&holder, 6), None).await.unwrap();
        }
        let (first, second) = tokio::join!(
            one.act_on_review("c", &act, ("ann", 5), None),
            other.act_on_review("c", &act, ("bob", 5), None),
        );
        let told = [&first, &second].into_iter().filter_map(|result| result.as_ref().err());
        let told: Vec<&str> = told.map(|error| error.code()).collect();
        assert_eq!(told, [code]);
    }
    let scores = one.scores("c").await.unwrap();
    assert_eq!(scores.len(), 1, "the decision that was not kept left nothing");
}

#[tokio::test]
async fn a_claim_ends_by_itself() {
    let scratch = Scratch::new();
    let store = store(&scratch).await;
    store.insert_calls(&[queued("c", 1, &["sample"])]).await.unwrap();
    assert_eq!(next(&store, "ann", 100).await.unwrap().call, "c");
    assert_eq!(next(&store, "bob", 100 + HOUR - 1).await, None);
    let standing = |standing, now| ReviewFilter { standing, ..all(now) };
    assert_eq!(listed(&store, standing(Standing::Claimed, 100)).await, ["c"]);
    assert_eq!(listed(&store, standing(Standing::Open, 100)).await.len(), 0);
    assert_eq!(listed(&store, standing(Standing::Open, 100 + HOUR)).await, ["c"]);
    let waiting = store.reviews_waiting(100).await.unwrap();
    assert_eq!((waiting[0].open, waiting[0].claimed, waiting[0].oldest), (0, 1, 1));
    let taken = next(&store, "bob", 100 + HOUR).await.unwrap();
    assert_eq!(taken.desk.holder(100 + HOUR), Some("bob"));
    let late =
        store.act_on_review("c", &decide(Decision::Approve), ("ann", 101 + HOUR), None).await;
    assert_eq!(late.unwrap_err().code(), "review_claimed");
}

#[tokio::test]
async fn a_decision_its_score_and_its_entry_stand_together() {
    let scratch = Scratch::new();
    let store = store(&scratch).await;
    let calls = ["a", "b", "c", "d"].map(|id| queued(id, 1, &["sample"]));
    store.insert_calls(&calls).await.unwrap();
    for (id, decision) in ["a", "b", "c", "d"].into_iter().zip(Decision::ALL) {
        let item = store.act_on_review(id, &decide(decision), ("ann", 7), None).await.unwrap();
        let wanted = if decision == Decision::Skip { State::Skipped } else { State::Decided };
        assert_eq!(item.desk.state(8), wanted);
        let scores = store.scores(id).await.unwrap();
        let value = scores.first().and_then(|score| score.value.number());
        let right = match decision {
            Decision::Approve => Some(1.0),
            Decision::Reject | Decision::Edit => Some(0.0),
            Decision::Skip => None,
        };
        assert_eq!(value, right, "{decision:?}");
        assert!(scores.iter().all(|score| score.source == ScoreSource::Reviewer));
    }
    let audit = store.audit(9).await.unwrap();
    let actions: Vec<&str> = audit.iter().rev().map(|entry| entry.action.as_str()).collect();
    assert_eq!(actions, ["review.approve", "review.reject", "review.edit", "review.skip"]);
    // Sent again, it is the same, and nothing is written.
    let again =
        store.act_on_review("a", &decide(Decision::Approve), ("ann", 99), None).await.unwrap();
    assert_eq!((again.desk.revision, again.desk.resolved.unwrap().at), (1, 7));
    assert_eq!(store.audit(9).await.unwrap().len(), 4);
    let replace = Act::Decide { decision: Decision::Reject, answer: None, note: None, again: true };
    store.act_on_review("a", &replace, ("bob", 100), None).await.unwrap();
    assert_eq!(store.audit(1).await.unwrap()[0].detail, "instead of ann's approve");
    // Both said what they said.
    assert_eq!(store.scores("a").await.unwrap().len(), 2);
}

#[tokio::test]
async fn nothing_is_kept_of_what_is_refused() {
    let scratch = Scratch::new();
    let store = store(&scratch).await;
    store.insert_calls(&[queued("c", 1, &["sample"])]).await.unwrap();
    let none = store.act_on_review("x", &claim(HOUR), ("ann", 1), None).await.unwrap_err();
    assert_eq!((none.kind(), none.code()), (Kind::NotFound, "review_not_found"));
    let changed = store.act_on_review("c", &claim(HOUR), ("ann", 1), Some(4)).await.unwrap_err();
    assert_eq!((changed.kind(), changed.code()), (Kind::Conflict, "review_changed"));
    store.act_on_review("c", &claim(HOUR), ("ann", 1), Some(0)).await.unwrap();
    // Sent again by whoever does not know that it arrived.
    store.act_on_review("c", &claim(HOUR), ("ann", 1), Some(0)).await.unwrap();
    let long = "x".repeat(65);
    let named = store.act_on_review("c", &decide(Decision::Approve), (&long, 2), None).await;
    assert!(named.is_err());
    assert_eq!(store.scores("c").await.unwrap().len(), 0);
    assert_eq!(store.review("c").await.unwrap().unwrap().desk.revision, 1);
}

#[tokio::test]
async fn lists_are_narrowed() {
    let scratch = Scratch::new();
    let store = store(&scratch).await;
    let staging =
        CallRecord { environment: Some("staging".parse().unwrap()), ..queued("s", 5, &["sample"]) };
    let calls = [
        queued("a", 1, &["guard: x"]),
        queued("b", 2, &["sample"]),
        queued("c", 3, &["sample"]),
        staging,
    ];
    store.insert_calls(&calls).await.unwrap();
    store.act_on_review("b", &label(&["tone_rude", "x"]), ("ann", 9), None).await.unwrap();
    store.act_on_review("c", &label(&["tone-rude"]), ("ann", 9), None).await.unwrap();
    let to = Act::Assign { to: Some("bob".into()) };
    store.act_on_review("c", &to, ("ann", 9), None).await.unwrap();
    store.act_on_review("a", &claim(HOUR), ("bob", 9), None).await.unwrap();
    let label: Label = "tone_rude".parse().unwrap();
    let with = |filter: ReviewFilter| listed(&store, ReviewFilter { limit: 9, now: 9, ..filter });
    let none = ReviewFilter::default;
    assert_eq!(with(ReviewFilter { label: Some(label), ..none() }).await, ["b"]);
    assert_eq!(with(ReviewFilter { person: Some("bob".into()), ..none() }).await, ["a", "c"]);
    assert_eq!(with(ReviewFilter { cause: Some(Cause::Guard), ..none() }).await, ["a"]);
    let staging = "staging".parse().ok();
    assert_eq!(with(ReviewFilter { environment: staging, ..none() }).await, ["s"]);
    assert_eq!(with(ReviewFilter { since: Some(3), ..none() }).await, ["c", "s"]);
    let overdue = |places: &[(&str, i64)]| {
        let places = places.iter().map(|(name, before)| (name.to_string(), *before)).collect();
        ReviewFilter { overdue: Some(places), ..none() }
    };
    assert_eq!(with(overdue(&[("production", 3), ("staging", 5)])).await, ["a", "b"]);
    assert_eq!(with(overdue(&[])).await.len(), 0);
    assert_eq!(store.reviews_before("production", 3).await.unwrap(), (2, Some(1)));
    assert_eq!(store.reviews_before("staging", 5).await.unwrap(), (0, None));
    // What is assigned to somebody is for nobody else, and first for them.
    assert_eq!(next(&store, "ann", 10).await.unwrap().call, "b");
    assert_eq!(next(&store, "bob", 10).await.unwrap().call, "c");
    let elsewhere = ReviewFilter { environment: "production".parse().ok(), ..none() };
    let none_left = store.claim_next_review(&elsewhere, ("cy", 10), HOUR).await.unwrap();
    assert_eq!(none_left, None);
    store.act_on_review("b", &decide(Decision::Edit), ("ann", 11), None).await.unwrap();
    let figures = store.reviewed(0).await.unwrap();
    let edited = figures.iter().find(|one| one.decision == Some(Decision::Edit)).unwrap();
    assert_eq!((edited.cause, edited.calls), (Cause::Sample, 1));
}

/// A caller that goes away, at whatever point, leaves a decision with its score and its entry, or none of them.
#[tokio::test]
async fn whoever_goes_away_leaves_all_or_nothing() {
    let scratch = Scratch::new();
    let store = store(&scratch).await;
    let ids: Vec<String> = (0..16).map(|n| format!("c{n:02}")).collect();
    let calls: Vec<_> = ids.iter().map(|id| queued(id, 1, &["sample"])).collect();
    store.insert_calls(&calls).await.unwrap();
    let approve = decide(Decision::Approve);
    for (power, id) in ids.iter().enumerate() {
        let patience = async {
            for _ in 0..1_u32 << power {
                tokio::task::yield_now().await;
            }
        };
        tokio::select! {
            biased;
            _ = store.act_on_review(id, &approve, ("ann", 7), None) => {}
            () = patience => {}
        }
    }
    // The writer is free for the next, who waits for whatever was under way.
    store.act_on_review("c00", &label(&["x"]), ("bob", 8), None).await.unwrap();
    store.act_on_review("c01", &approve, ("ann", 7), None).await.unwrap();
    let mut decided = 0;
    for id in &ids {
        let is_decided = store.review(id).await.unwrap().unwrap().desk.resolved.is_some();
        assert_eq!(store.scores(id).await.unwrap().len(), usize::from(is_decided), "{id}");
        decided += usize::from(is_decided);
    }
    let audit = store.audit(99).await.unwrap();
    assert_eq!(audit.iter().filter(|entry| entry.action == "review.approve").count(), decided);
    assert!(decided >= 1);
}
