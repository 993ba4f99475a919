//! Things to store.

use gatemark_core::call::{CallPurpose, CallRecord, Outcome};
use gatemark_core::canonical::seal;
use gatemark_core::gate::{Approval, Evidence, Permit, Policy, Purpose, decide};
use gatemark_core::model::Usage;
use gatemark_core::prompt::{Content, Version};
use gatemark_core::report::{Report, Row, Summary, Verdict};
use gatemark_core::suite::Suite;
use gatemark_core::upstream::{Upstream, Upstreams};
use gatemark_core::{Digest, EnvironmentName, NanoUsd, PromptName};
use gatemark_store::{NewVersion, Store};
use serde_json::json;

use crate::scratch::Scratch;

pub(crate) async fn store(scratch: &Scratch) -> Store {
    Store::open(&scratch.path().join("gatemark.db")).await.unwrap()
}

pub(crate) fn prompt(name: &str) -> PromptName {
    name.parse().unwrap()
}

pub(crate) fn environment(name: &str) -> EnvironmentName {
    name.parse().unwrap()
}

pub(crate) fn content(text: &str) -> Content {
    serde_json::from_value(json!({
        "variables": {"text": {"type": "string", "trust": "untrusted"}},
        "messages": [{"role": "user", "text": text}],
        "output": {},
        "models": [{"model": "sim/learner-2026-11-01"}],
        "limits": {},
    }))
    .unwrap()
}

pub(crate) fn suite(case: &str) -> Suite {
    let case = json!({"id": case, "category": "happy", "variables": {"text": "x"}});
    serde_json::from_value(json!({"thresholds": {}, "cases": [case]})).unwrap()
}

/// A first version `1.0.0` of `a/b` with a suite.
pub(crate) fn first(text: &str) -> NewVersion {
    NewVersion {
        prompt: prompt("a/b"),
        description: Some("what it is for".into()),
        owner: Some("team".into()),
        semver: semver::Version::new(1, 0, 0),
        canonical: seal(&content(text)).unwrap(),
        changelog: None,
        suite: Some(seal(&suite("one")).unwrap()),
        after: None,
        register: true,
    }
}

/// The version that follows number `after`: `1.<after>.0`.
pub(crate) fn next(text: &str, after: u32) -> NewVersion {
    let semver = semver::Version::new(1, after.into(), 0);
    NewVersion { semver, after: Some(after), ..first(text) }
}

pub(crate) fn row(case: &str) -> Row {
    Row {
        case: case.into(),
        category: "happy".into(),
        repeat: 1,
        score: None,
        weight: None,
        cached: false,
        verdict: Verdict::Pass,
        format_valid: true,
        actual: "answer".into(),
        checks: vec![],
        error: None,
        latency_us: 5,
        cost: Some(NanoUsd(7)),
        paid: None,
        call: "c".into(),
    }
}

pub(crate) fn report(id: &str, version: &Version, suite: Digest, finished_at: i64) -> Report {
    Report {
        id: id.into(),
        prompt: version.prompt.clone(),
        number: version.number,
        version: version.hash,
        suite,
        model: version.content.models[0].model.clone(),
        actor: "tester".into(),
        finished_at,
        stopped: None,
        judges: vec![],
        upstreams: upstreams("http://here"),
        summary: Summary::of(&[row("one")]),
    }
}

/// What the model of the fixture's versions is at `address`.
pub(crate) fn upstreams(address: &str) -> Upstreams {
    let model = "sim/learner-2026-11-01".parse().unwrap();
    Upstreams::from([(model, Upstream::new([("base_url", Some(address.into()))]))])
}

pub(crate) fn approval(actor: &str) -> Approval {
    Approval {
        actor: actor.into(),
        at: 50,
        suite: None,
        judges: vec![],
        comment: Some("fine".into()),
    }
}

pub(crate) fn permit(
    version: &Version,
    place: &str,
    purpose: Purpose,
    report: Option<&Report>,
) -> Permit {
    permit_over(None, version, place, purpose, report)
}

/// The digest of the suite that every version of the fixture comes with.
pub(crate) fn suite_digest() -> Digest {
    seal(&suite("one")).unwrap().digest
}

/// A permit to replace what the deployment `serving` put there.
pub(crate) fn permit_over(
    serving: Option<i64>,
    version: &Version,
    place: &str,
    purpose: Purpose,
    report: Option<&Report>,
) -> Permit {
    let (suite, now) = (suite("one"), upstreams("http://here"));
    let evidence = Evidence {
        version,
        suite: Some((&suite, suite_digest())),
        report,
        judges: &[],
        upstreams: &now,
        approvals: &[],
        model_vouched: false,
        served_before: true,
        serving,
        serves_already: false,
        comparison: None,
        redteam: None,
        fallbacks: &[],
    };
    decide(&Policy::open(), &environment(place), purpose, &evidence).permit().unwrap()
}

pub(crate) fn call(id: &str, at: i64) -> CallRecord {
    let model = "sim/learner-2026-11-01".parse().unwrap();
    CallRecord {
        prompt: Some(prompt("a/b")),
        number: Some(1),
        version: Some(Digest::of(b"v")),
        environment: Some(environment("production")),
        outcome: Outcome::Ok,
        usage: Usage { input: 10, output: 3, ..Usage::default() },
        cost: NanoUsd(100),
        priced: true,
        latency_us: 900,
        vendor_us: 800,
        ..CallRecord::begun(id.into(), at, CallPurpose::Serve, "app".into(), model)
    }
}
