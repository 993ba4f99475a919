//! Reports and pointers.

use gatemark_core::gate::Purpose;
use gatemark_core::report::Report;
use gatemark_core::{Digest, Kind};

use crate::fixture::{
    environment, first, next, permit, permit_over, prompt, report, store, suite_digest, upstreams,
};
use crate::scratch::Scratch;

#[tokio::test]
async fn pointers_move_forward_and_back() {
    let scratch = Scratch::new();
    let store = store(&scratch).await;
    let name = prompt("a/b");
    store.push(&[first("one")], "ann", 10).await.unwrap();
    store.push(&[next("two", 1)], "ann", 20).await.unwrap();
    let one = store.version(&name, 1).await.unwrap().unwrap();
    let two = store.version(&name, 2).await.unwrap().unwrap();
    let moves = [(&one, Purpose::Deploy), (&two, Purpose::Deploy), (&one, Purpose::Rollback)];
    let mut serving = None;
    for (version, purpose) in moves {
        let permit = permit_over(serving, version, "production", purpose, None);
        serving = Some(store.apply(permit, "dan", 30).await.unwrap().id);
    }
    let stale = permit_over(Some(1), &two, "production", Purpose::Deploy, None);
    let late = store.apply(stale, "eve", 35).await.unwrap_err();
    assert!(late.to_string().contains("came first"), "{late}");
    store.apply(permit(&two, "staging", Purpose::Deploy, None), "dan", 40).await.unwrap();

    let production = environment("production");
    let history = store.deployments(&name, Some(&production), 10).await.unwrap();
    let seen: Vec<_> = history.iter().map(|d| (d.number, d.replaced, d.purpose)).collect();
    assert_eq!(
        seen,
        [
            (1, Some(2), Purpose::Rollback),
            (2, Some(1), Purpose::Deploy),
            (1, None, Purpose::Deploy)
        ]
    );
    assert_eq!(store.deployments(&name, None, 2).await.unwrap().len(), 2);
    let pointers = store.pointers().await.unwrap();
    assert_eq!(pointers.iter().map(|d| d.number).collect::<Vec<_>>(), [1, 2]);
    assert_eq!(pointers[0], history[0]);
    let admitted = store.admitted().await.unwrap();
    assert_eq!(admitted.len(), 3);
    let summary = store.prompt(&name).await.unwrap().unwrap();
    assert_eq!(summary.deployed[&production], 1);
    assert_eq!(store.prompts().await.unwrap(), [summary]);
    assert_eq!(store.revision().await.unwrap(), 6);
    let entries = store.audit(2).await.unwrap();
    assert_eq!((entries[0].action.as_str(), entries[1].action.as_str()), ("deploy", "rollback"));
    assert!(entries[1].detail.starts_with("production: version 1"), "{}", entries[1].detail);
}

#[tokio::test]
async fn a_permit_must_speak_of_what_is_stored() {
    let scratch = Scratch::new();
    let store = store(&scratch).await;
    store.push(&[first("one")], "ann", 10).await.unwrap();
    let one = store.latest(&prompt("a/b")).await.unwrap().unwrap();
    let mut wrong_hash = one.clone();
    wrong_hash.hash = Digest::of(b"other");
    let mut wrong_number = one.clone();
    wrong_number.number = 2;
    let stray = report("stray", &one, suite_digest(), 5);
    let about_other = report("other", &wrong_hash, suite_digest(), 5);
    store.save_report(&about_other, 5).await.unwrap();
    let other_suite = report("suite", &one, Digest::of(b"s"), 5);
    store.save_report(&other_suite, 5).await.unwrap();
    let revision = store.revision().await.unwrap();
    let permits = [
        (permit(&wrong_hash, "production", Purpose::Deploy, None), "another content"),
        (permit(&wrong_number, "production", Purpose::Deploy, None), "no version 2"),
        (permit(&one, "production", Purpose::Deploy, Some(&stray)), "no report stray"),
        (permit(&one, "production", Purpose::Deploy, Some(&about_other)), "another version"),
        (permit(&one, "production", Purpose::Deploy, Some(&other_suite)), "another suite"),
    ];
    for (permit, why) in permits {
        let error = store.apply(permit, "dan", 30).await.unwrap_err();
        assert_eq!(error.kind(), Kind::Conflict);
        assert!(error.to_string().contains(why), "{error}");
    }
    assert!(store.pointers().await.unwrap().is_empty());
    assert_eq!(store.revision().await.unwrap(), revision);

    let good = report("good", &one, suite_digest(), 5);
    store.save_report(&good, 5).await.unwrap();
    let permit = permit(&one, "production", Purpose::Deploy, Some(&good));
    let deployment = store.apply(permit, "dan", 30).await.unwrap();
    assert_eq!(deployment.evidence.as_deref(), Some("good"));
    assert_eq!(deployment.upstreams, upstreams("http://here"));
    assert_eq!(store.pointers().await.unwrap()[0].upstreams, deployment.upstreams);
}

#[tokio::test]
async fn reports_are_found_by_what_they_are_about() {
    let scratch = Scratch::new();
    let store = store(&scratch).await;
    store.push(&[first("one")], "ann", 10).await.unwrap();
    let one = store.latest(&prompt("a/b")).await.unwrap().unwrap();
    let (suite, other_suite) = (Digest::of(b"s"), Digest::of(b"t"));
    let model = one.content.models[0].model.clone();
    for (id, finished_at) in [("r1", 5), ("r3", 7), ("r2", 6)] {
        let report = report(id, &one, suite, finished_at);
        store.save_report(&report, finished_at).await.unwrap();
    }
    let found = store.report("r1").await.unwrap().unwrap();
    assert_eq!(found, report("r1", &one, suite, 5));
    let (here, there) = (upstreams("http://here"), upstreams("http://there"));
    let newest = store.newest_report(&one.hash, &suite, &model, &here).await.unwrap();
    assert_eq!(newest.unwrap().id, "r3");
    let none = store.newest_report(&one.hash, &other_suite, &model, &here).await.unwrap();
    assert!(none.is_none());
    // A report of other providers is newer, and still not the one of these.
    let elsewhere = Report { upstreams: there.clone(), ..report("r4", &one, suite, 4) };
    let before = store.revision().await.unwrap();
    store.save_report(&elsewhere, 8).await.unwrap();
    assert!(store.revision().await.unwrap() > before, "servers are told");
    for (upstreams, id) in [(&there, "r4"), (&here, "r3"), (&upstreams("http://x"), "r3")] {
        let newest = store.newest_report(&one.hash, &suite, &model, upstreams).await.unwrap();
        assert_eq!(newest.unwrap().id, id);
    }
    let listed = store.reports(&prompt("a/b"), 2).await.unwrap();
    assert_eq!(listed.iter().map(|r| r.id.as_str()).collect::<Vec<_>>(), ["r3", "r2"]);
    let twice = store.save_report(&report("r1", &one, suite, 9), 9).await;
    assert_eq!(twice.unwrap_err().kind(), Kind::Conflict);
    assert_eq!(store.audit(1).await.unwrap()[0].action, "test");
}
