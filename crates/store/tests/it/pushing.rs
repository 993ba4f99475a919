//! Versions, suites, and who may come in.

use gatemark_core::access::Role;
use gatemark_core::canonical::seal;
use gatemark_core::{Digest, Kind};
use gatemark_store::NewVersion;

use crate::fixture::{approval, content, first, next, prompt, report, store, suite};
use crate::scratch::Scratch;

#[tokio::test]
async fn a_version_comes_back_as_it_was_pushed() {
    let scratch = Scratch::new();
    let store = store(&scratch).await;
    let pushed = store.push(&[first("hello")], "ann", 10).await.unwrap();
    assert_eq!((pushed[0].number, pushed[0].new_version, pushed[0].suite_changed), (1, true, true));
    let name = prompt("a/b");
    let version = store.latest(&name).await.unwrap().unwrap();
    assert_eq!(version.content, content("hello"));
    assert_eq!((version.number, version.author.as_str(), version.created_at), (1, "ann", 10));
    assert_eq!(store.version(&name, 1).await.unwrap().unwrap(), version);
    let semver = semver::Version::new(1, 0, 0);
    assert_eq!(store.version_by_semver(&name, &semver).await.unwrap().unwrap(), version);
    let (found, digest) = store.current_suite(&name).await.unwrap().unwrap();
    assert_eq!(found, suite("one"));
    assert_eq!(store.suite(&digest).await.unwrap().unwrap(), found);
    let summary = store.prompt(&name).await.unwrap().unwrap();
    assert_eq!((summary.versions, summary.suite), (1, Some(digest)));
    assert_eq!(store.prompts().await.unwrap(), [summary]);
    assert!(store.prompt(&prompt("no/no")).await.unwrap().is_none());
    assert!(store.version(&name, 2).await.unwrap().is_none());
}

#[tokio::test]
async fn versions_are_numbered_and_listed_newest_first() {
    let scratch = Scratch::new();
    let store = store(&scratch).await;
    store.push(&[first("one")], "ann", 10).await.unwrap();
    store.push(&[next("two", 1)], "ann", 20).await.unwrap();
    let versions = store.versions(&prompt("a/b")).await.unwrap();
    assert_eq!(versions.iter().map(|v| v.number).collect::<Vec<_>>(), [2, 1]);
    let summary = store.prompt(&prompt("a/b")).await.unwrap().unwrap();
    assert_eq!((summary.latest_number, summary.updated_at), (2, 20));
    assert_eq!(summary.latest_hash, versions[0].hash);
}

#[tokio::test]
async fn a_push_is_refused_when_somebody_was_faster() {
    let scratch = Scratch::new();
    let store = store(&scratch).await;
    store.push(&[first("one")], "ann", 10).await.unwrap();
    for late in [first("two"), next("two", 2)] {
        let error = store.push(&[late], "bob", 20).await.unwrap_err();
        assert_eq!(error.kind(), Kind::Conflict);
        assert!(error.to_string().contains("a/b: its newest version is version 1"), "{error}");
    }
    let same = NewVersion { canonical: seal(&content("one")).unwrap(), ..next("x", 1) };
    let error = store.push(&[same], "bob", 20).await.unwrap_err().to_string();
    assert!(error.contains("this content is version 1 already"), "{error}");
    let same = NewVersion { semver: semver::Version::new(1, 0, 0), ..next("two", 1) };
    let error = store.push(&[same], "bob", 20).await.unwrap_err().to_string();
    assert!(error.contains("version 1 is 1.0.0 already"), "{error}");
}

#[tokio::test]
async fn two_pushes_at_once_do_not_both_win() {
    let scratch = Scratch::new();
    let (one, two) = (store(&scratch).await, store(&scratch).await);
    let (left, right) = ([first("left")], [first("right")]);
    let (a, b) = tokio::join!(one.push(&left, "ann", 10), two.push(&right, "bob", 10));
    assert_eq!(usize::from(a.is_ok()) + usize::from(b.is_ok()), 1);
    assert_eq!(one.versions(&prompt("a/b")).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_push_is_all_or_nothing() {
    let scratch = Scratch::new();
    let store = store(&scratch).await;
    let good = NewVersion { prompt: prompt("c/d"), ..first("one") };
    let bad = next("two", 7);
    assert!(store.push(&[good, bad], "ann", 10).await.is_err());
    assert!(store.prompts().await.unwrap().is_empty());
    assert!(store.audit(10).await.unwrap().is_empty());
    assert_eq!(store.revision().await.unwrap(), 0);
}

#[tokio::test]
async fn a_push_without_change_is_no_change() {
    let scratch = Scratch::new();
    let store = store(&scratch).await;
    store.push(&[first("one")], "ann", 10).await.unwrap();
    let again = NewVersion { register: false, after: Some(1), ..first("one") };
    let pushed = store.push(&[again], "ann", 20).await.unwrap();
    assert_eq!(
        (pushed[0].number, pushed[0].new_version, pushed[0].suite_changed),
        (1, false, false)
    );
    assert_eq!(store.revision().await.unwrap(), 1);
    assert_eq!(store.audit(10).await.unwrap().len(), 1);
    assert_eq!(store.prompt(&prompt("a/b")).await.unwrap().unwrap().updated_at, 10);
}

#[tokio::test]
async fn surroundings_change_without_a_version() {
    let scratch = Scratch::new();
    let store = store(&scratch).await;
    store.push(&[first("one")], "ann", 10).await.unwrap();
    let later = NewVersion {
        register: false,
        after: Some(1),
        owner: None,
        suite: None,
        changelog: Some("late words".into()),
        ..first("one")
    };
    let pushed = store.push(std::slice::from_ref(&later), "bob", 20).await.unwrap();
    assert!(pushed[0].suite_changed && !pushed[0].new_version);
    let summary = store.prompt(&prompt("a/b")).await.unwrap().unwrap();
    assert_eq!((summary.owner, summary.suite, summary.updated_at), (None, None, 20));
    let entry = &store.audit(1).await.unwrap()[0];
    assert_eq!((entry.actor.as_str(), entry.action.as_str()), ("bob", "push"));
    assert_eq!(entry.detail, "suite removed; owner removed; changelog of version 1");

    let other_words = NewVersion { changelog: Some("other words".into()), ..later };
    store.push(&[other_words], "bob", 30).await.unwrap();
    let version = store.latest(&prompt("a/b")).await.unwrap().unwrap();
    assert_eq!(version.changelog.as_deref(), Some("late words"));

    let wrong = NewVersion { register: false, after: Some(1), ..first("two") };
    assert_eq!(store.push(&[wrong], "bob", 40).await.unwrap_err().kind(), Kind::Conflict);
    let missing = NewVersion { register: false, prompt: prompt("c/d"), ..first("one") };
    assert_eq!(store.push(&[missing], "bob", 40).await.unwrap_err().kind(), Kind::Conflict);
}

#[tokio::test]
async fn the_revision_is_seen_by_another_store() {
    let scratch = Scratch::new();
    let (one, two) = (store(&scratch).await, store(&scratch).await);
    one.push(&[first("one")], "ann", 10).await.unwrap();
    assert_eq!(two.revision().await.unwrap(), 1);
    let version = two.latest(&prompt("a/b")).await.unwrap().unwrap();
    two.approve(&version.hash, &version.prompt, 1, &approval("bob")).await.unwrap();
    assert_eq!(one.revision().await.unwrap(), 2);
    two.add_key("k", &Digest::of(b"k"), "gm_k", &[Role::Call], "root", 5).await.unwrap();
    assert_eq!(one.revision().await.unwrap(), 3);
    let report = report("r1", &version, Digest::of(b"s"), 30);
    two.save_report(&report, 30).await.unwrap();
    assert_eq!(one.revision().await.unwrap(), 4);
}

#[tokio::test]
async fn one_approval_for_each_person() {
    let scratch = Scratch::new();
    let store = store(&scratch).await;
    store.push(&[first("one")], "ann", 10).await.unwrap();
    let version = store.latest(&prompt("a/b")).await.unwrap().unwrap();
    for actor in ["bob", "bob", "cyd"] {
        store.approve(&version.hash, &version.prompt, 1, &approval(actor)).await.unwrap();
    }
    let found = store.approvals(&version.prompt, &version.hash).await.unwrap();
    assert_eq!(found, [approval("bob"), approval("cyd")]);
    assert_eq!(store.revision().await.unwrap(), 3);
    assert_eq!(store.audit(10).await.unwrap().len(), 3);
    let wrong = store.approve(&Digest::of(b"x"), &version.prompt, 1, &approval("bob")).await;
    assert_eq!(wrong.unwrap_err().kind(), Kind::NotFound);
}

#[tokio::test]
async fn keys_live_and_die() {
    let scratch = Scratch::new();
    let store = store(&scratch).await;
    let roles = [Role::Call, Role::Edit];
    let add = |name: &'static str, secret: &'static [u8]| {
        let store = store.clone();
        async move { store.add_key(name, &Digest::of(secret), "gm_12345", &roles, "root", 5).await }
    };
    add("app", b"one").await.unwrap();
    assert_eq!(add("app", b"two").await.unwrap_err().kind(), Kind::Conflict);
    assert_eq!(add("other", b"one").await.unwrap_err().kind(), Kind::Conflict);
    assert_eq!(add(" ", b"three").await.unwrap_err().kind(), Kind::Invalid);
    let active = store.active_keys().await.unwrap();
    assert_eq!(active.len(), 1);
    assert_eq!((active[0].0, active[0].1.roles.as_slice()), (Digest::of(b"one"), &roles[..]));

    assert!(store.revoke_key("app", "root", 9).await.unwrap());
    assert!(!store.revoke_key("app", "root", 10).await.unwrap());
    assert!(store.active_keys().await.unwrap().is_empty());
    add("app", b"two").await.unwrap();
    let keys = store.keys().await.unwrap();
    assert_eq!(keys.iter().map(|key| key.revoked_at).collect::<Vec<_>>(), [Some(9), None]);
    let actions: Vec<String> =
        store.audit(10).await.unwrap().into_iter().map(|entry| entry.action).collect();
    assert_eq!(actions, ["key.create", "key.revoke", "key.create"]);
}
