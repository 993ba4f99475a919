//! Each rule by itself.

mod providers;
mod redteam;

use std::sync::LazyLock;

use serde_json::json;

use super::*;
use crate::comparison::{Comparison, Incomparable, NonInferiority, Outcome, compare};
use crate::gate::Approval;
use crate::id::Digest;
use crate::prompt::Version;
use crate::report::{Report, Summary, Tally};
use crate::suite::Suite;
use crate::upstream::{Upstream, Upstreams};

fn version() -> Version {
    let content = json!({
        "variables": {}, "messages": [{"role": "user", "text": "x"}],
        "output": {"fallback": "sorry"}, "models": [{"model": "p/m-2026-01-01"}], "limits": {},
    });
    Version {
        prompt: "a/b".parse().unwrap(),
        number: 2,
        semver: semver::Version::new(1, 0, 0),
        hash: Digest::of(b"version"),
        content: serde_json::from_value(content).unwrap(),
        changelog: Some("Better.".into()),
        author: "ann".into(),
        created_at: 0,
    }
}

fn suite() -> Suite {
    let case = |n: usize| {
        let category = ["happy", "edge", "adversarial"][n % 3];
        json!({"id": n.to_string(), "category": category, "variables": {}})
    };
    let cases: Vec<_> = (0..60).map(case).collect();
    serde_json::from_value(json!({"thresholds": {}, "cases": cases})).unwrap()
}

fn report(passed: u64) -> Report {
    let total = Tally { cases: 60, passed, format_valid: 60, ..Tally::default() };
    Report {
        id: "r".into(),
        prompt: "a/b".parse().unwrap(),
        number: 2,
        version: Digest::of(b"version"),
        suite: Digest::of(b"suite"),
        model: "p/m-2026-01-01".parse().unwrap(),
        actor: "ann".into(),
        finished_at: 0,
        stopped: None,
        judges: vec![],
        upstreams: NOW.clone(),
        summary: Summary { total, ..Summary::default() },
    }
}

/// Every model of these tests, at the address that every report of them was made at.
static NOW: LazyLock<Upstreams> = LazyLock::new(|| {
    let names = ["p/m-2026-01-01", "p/latest", "q/a-2026-01-01", "q/b-2026-01-01", "q/latest"];
    names.iter().map(|name| (name.parse().unwrap(), at("http://here"))).collect()
});

fn at(address: &str) -> Upstream {
    Upstream::new([("base_url", Some(address.into()))])
}

/// What there is to say of a version with its suite and a report, where nothing else is.
fn about<'a>(version: &'a Version, suite: &'a Suite, report: &'a Report) -> Evidence<'a> {
    Evidence {
        version,
        suite: Some((suite, Digest::of(b"suite"))),
        report: Some(report),
        judges: &[],
        upstreams: &NOW,
        approvals: &[],
        model_vouched: false,
        served_before: false,
        serving: None,
        serves_already: false,
        comparison: None,
        redteam: None,
        fallbacks: &[],
    }
}

fn unmet(edit: impl FnOnce(&mut Version, &mut Suite, &mut Report), approver: &str) -> Vec<u8> {
    let (mut version, mut suite, mut report) = (version(), suite(), report(60));
    edit(&mut version, &mut suite, &mut report);
    let suite_hash = Some(Digest::of(b"suite"));
    let approvals = [Approval {
        actor: approver.into(),
        at: 0,
        suite: suite_hash,
        judges: vec![],
        comment: None,
    }];
    let evidence = Evidence { approvals: &approvals, ..about(&version, &suite, &report) };
    let production = "production".parse().unwrap();
    let checklist = decide(&Policy::production(), &production, Purpose::Deploy, &evidence);
    checklist.unmet().map(|finding| finding.rule).collect()
}

#[test]
fn each_rule_stands_alone() {
    assert_eq!(unmet(|_, _, _| {}, "bob"), [0; 0]);
    assert_eq!(unmet(|_, suite, _| suite.cases.truncate(49), "bob"), [2]);
    assert_eq!(unmet(|_, s, _| s.cases.retain(|c| c.category != "edge"), "bob"), [2, 3]);
    assert_eq!(unmet(|_, _, report| report.version = Digest::of(b"other"), "bob"), [4, 5, 6, 7, 8]);
    assert_eq!(unmet(|_, _, report| report.suite = Digest::of(b"other"), "bob"), [4, 5, 6, 7, 8]);
    assert_eq!(
        unmet(|_, _, r| r.model = "p/m-2025-01-01".parse().unwrap(), "bob"),
        [4, 5, 6, 7, 8]
    );
    assert_eq!(unmet(|_, _, report| report.summary.total.passed = 56, "bob"), [5]);
    assert_eq!(unmet(|_, _, report| report.summary.total.format_valid = 59, "bob"), [6]);
    assert_eq!(unmet(|_, _, report| report.summary.p95_latency_us = 10_000_001, "bob"), [7]);
    assert_eq!(unmet(|_, _, r| r.summary.max_cost = crate::NanoUsd(50_000_001), "bob"), [8]);
    assert_eq!(unmet(|_, _, report| report.summary.unpriced = 1, "bob"), [8]);
    assert_eq!(unmet(|version, _, _| version.content.output.fallback = None, "bob"), [10]);
    assert_eq!(unmet(|version, _, _| version.changelog = Some(" ".into()), "bob"), [11]);
    assert_eq!(unmet(|_, _, _| {}, "ann"), [12]);
}

#[test]
fn a_suite_may_set_its_own_accuracy_and_a_version_its_own_limits() {
    let own = |suite: &mut Suite, report: &mut Report| {
        suite.thresholds.accuracy = Some(0.9);
        report.summary.total.passed = 54;
    };
    assert_eq!(unmet(|_, suite, report| own(suite, report), "bob"), [0; 0]);
    let slow = |version: &mut Version, report: &mut Report| {
        version.content.limits.timeout_ms = Some(100);
        report.summary.p95_latency_us = 100_001;
    };
    assert_eq!(unmet(|version, _, report| slow(version, report), "bob"), [7]);
}

#[test]
fn an_approval_of_another_suite_is_none() {
    let (version, suite, report) = (version(), suite(), report(60));
    let approvals =
        [Approval { actor: "bob".into(), at: 0, suite: None, judges: vec![], comment: None }];
    let evidence = Evidence { approvals: &approvals, ..about(&version, &suite, &report) };
    let production = "production".parse().unwrap();
    let checklist = decide(&Policy::production(), &production, Purpose::Deploy, &evidence);
    assert_eq!(checklist.unmet().map(|finding| finding.rule).collect::<Vec<_>>(), [12]);
}

#[test]
fn an_alias_is_not_pinned() {
    let alias = |version: &mut Version, report: &mut Report| {
        let model: crate::ModelName = "p/latest".parse().unwrap();
        report.model = model.clone();
        version.content.models[0].model = model;
    };
    assert_eq!(unmet(|version, _, report| alias(version, report), "bob"), [9]);
}

#[test]
fn an_open_policy_asks_for_nothing_and_a_rollback_for_a_past() {
    let (version, suite, report) = (version(), suite(), report(60));
    let staging = "staging".parse().unwrap();
    let mut evidence = Evidence { suite: None, report: None, ..about(&version, &suite, &report) };
    let decide = |purpose, evidence: &_| decide(&Policy::open(), &staging, purpose, evidence);
    assert!(decide(Purpose::Deploy, &evidence).permit().is_ok());
    let refused = decide(Purpose::Rollback, &evidence).permit().unwrap_err();
    assert_eq!(refused.unmet().map(|finding| finding.rule).collect::<Vec<_>>(), [1]);
    evidence.served_before = true;
    assert!(decide(Purpose::Rollback, &evidence).permit().is_ok());
}

/// The unmet rules of a policy that asks for "not worse", with their findings.
fn against_serving(
    serving: Option<i64>,
    comparison: Option<&Result<Comparison, Incomparable>>,
    purpose: Purpose,
) -> Vec<Finding> {
    let (version, suite, report) = (version(), suite(), report(60));
    let evidence =
        Evidence { served_before: true, serving, comparison, ..about(&version, &suite, &report) };
    let asked = NonInferiority { margin: 0.05, confidence: 0.95 };
    let policy = Policy { not_worse_than_serving: Some(asked), ..Policy::open() };
    let checklist = decide(&policy, &"production".parse().unwrap(), purpose, &evidence);
    checklist.findings().iter().filter(|finding| finding.rule == 13).cloned().collect()
}

fn compared(cases: usize, lost: usize, confidence: f64) -> Result<Comparison, Incomparable> {
    let side = |failing: usize| -> Vec<Outcome> {
        let outcome = |case: usize| Outcome {
            case: case.to_string(),
            passes: u32::from(case >= failing),
            tries: 1,
            ..Outcome::default()
        };
        (0..cases).map(outcome).collect()
    };
    Ok(compare(side(lost), side(0), confidence))
}

#[test]
fn not_worse_than_what_serves() {
    let rule = |serving, comparison: Option<Result<_, _>>| {
        against_serving(serving, comparison.as_ref(), Purpose::Deploy).remove(0)
    };
    let first = rule(None, None);
    assert_eq!((first.met, first.found.as_str()), (true, "nothing serves there yet"));
    assert!(!rule(Some(1), None).met);
    let judges = Err(Incomparable { reason: "different judges".into() });
    assert!(!rule(Some(1), Some(judges)).met);
    let same = rule(Some(1), Some(compared(400, 0, 0.95)));
    assert!(same.met && same.found.contains("at most 0.7 points worse"), "{same:?}");
    // Fewer cases without any difference prove less than the margin.
    let few = rule(Some(1), Some(compared(30, 0, 0.95)));
    assert!(!few.met && few.found.starts_with("inconclusive"), "{few:?}");
    let worse = rule(Some(1), Some(compared(400, 60, 0.95)));
    assert!(!worse.met && worse.fix.unwrap().contains("lost cases: 0, 1"), "{}", worse.found);
    assert!(!rule(Some(1), Some(compared(400, 0, 0.9))).met);
    assert!(against_serving(Some(1), None, Purpose::Rollback).is_empty());
}

#[test]
fn a_suites_own_thresholds_are_rules() {
    let asked = |suite: &mut Suite| {
        suite.thresholds.categories.insert("edge".into(), 0.9);
        suite.thresholds.scores.insert("rouge_l".into(), 0.4);
        suite.thresholds.macro_f1 = Some(0.8);
    };
    assert_eq!(unmet(|_, suite, _| asked(suite), "bob"), [14, 15, 16]);
    let reached = |suite: &mut Suite, report: &mut Report| {
        asked(suite);
        let summary = &mut report.summary;
        let edge = Tally { cases: 20, passed: 18, ..Tally::default() };
        summary.categories.insert("edge".into(), edge);
        summary
            .metrics
            .insert("rouge_l".into(), crate::report::Metric { rows: 60, missing: 0, mean: 0.4 });
        let classes = crate::stats::classification::Classification::default();
        summary.classification =
            Some(crate::stats::classification::Classification { macro_f1: 0.8, ..classes });
    };
    assert_eq!(unmet(|_, suite, report| reached(suite, report), "bob"), [0; 0]);
    let short = |suite: &mut Suite, report: &mut Report| {
        reached(suite, report);
        report.summary.categories.get_mut("edge").unwrap().passed = 17;
    };
    assert_eq!(unmet(|_, suite, report| short(suite, report), "bob"), [14]);
    let other = |suite: &mut Suite, report: &mut Report| {
        reached(suite, report);
        report.version = Digest::of(b"other");
    };
    assert_eq!(unmet(|_, s, r| other(s, r), "bob"), [4, 5, 6, 7, 8, 14, 15, 16]);
}

#[test]
fn a_stopped_run_is_no_evidence_and_a_cached_one_has_no_latency() {
    let stopped = |report: &mut Report| report.stopped = Some("the cap was reached".into());
    assert_eq!(unmet(|_, _, report| stopped(report), "bob"), [4]);
    let cached = |report: &mut Report| (report.summary.rows, report.summary.cached) = (60, 60);
    assert_eq!(unmet(|_, _, report| cached(report), "bob"), [7]);
    let few = |report: &mut Report| (report.summary.rows, report.summary.timed_rows) = (60, 29);
    assert_eq!(unmet(|_, _, report| few(report), "bob"), [7]);
    let timed = |report: &mut Report| (report.summary.rows, report.summary.timed_rows) = (60, 30);
    assert_eq!(unmet(|_, _, report| timed(report), "bob"), [0; 0]);
}

#[test]
fn policies_older_than_a_rule_still_load() {
    let mut old = serde_json::to_value(Policy::production()).unwrap();
    assert!(old.as_object_mut().unwrap().remove("not_worse_than_serving").is_none());
    assert_eq!(serde_json::from_value::<Policy>(old).unwrap(), Policy::production());
}

/// The unmet rules where `now` judge, a report is by `reported` and an approval was given under `approved`.
fn judged(now: &[&str], reported: &[&str], approved: &[&str]) -> Vec<Finding> {
    let owned = |names: &[&str]| names.iter().map(ToString::to_string).collect::<Vec<String>>();
    let (version, suite) = (version(), suite());
    let report = Report { judges: owned(reported), ..report(60) };
    let digest = Digest::of(b"suite");
    let (actor, judges) = ("bob".to_string(), owned(approved));
    let approvals = [Approval { actor, at: 0, suite: Some(digest), judges, comment: None }];
    let now = owned(now);
    let evidence =
        Evidence { judges: &now, approvals: &approvals, ..about(&version, &suite, &report) };
    let production = "production".parse().unwrap();
    let checklist = decide(&Policy::production(), &production, Purpose::Deploy, &evidence);
    checklist.unmet().cloned().collect()
}

#[test]
fn evidence_is_of_the_judges_of_its_time() {
    let rules = |findings: Vec<Finding>| findings.iter().map(|f| f.rule).collect::<Vec<u8>>();
    let (one, two) = ("j/r@1 on p/m", "j/r@2 on p/m");
    assert_eq!(rules(judged(&[one, two], &[two, one], &[two, one])), [0; 0]);
    assert_eq!(rules(judged(&[two], &[one], &[one])), [12, 17]);
    assert_eq!(rules(judged(&[two], &[two], &[one])), [12]);
    assert_eq!(rules(judged(&[two], &[one], &[two])), [17]);
    assert_eq!(rules(judged(&[], &[one], &[])), [17]);
    assert_eq!(rules(judged(&[one], &[], &[])), [12, 17]);
    let told = judged(&[two], &[one], &[one]);
    assert!(told[0].wanted.contains("version, suite and judges"), "{told:?}");
    assert_eq!(told[0].found, "none; bob approved when j/r@1 on p/m judged");
    assert_eq!(told[1].found, "report r is by j/r@1 on p/m");
    assert!(told[1].wanted.contains(two) && told[1].fix.as_ref().unwrap().contains("test a/b@2"));
}

#[test]
fn fallback_models_need_evidence_of_their_own_and_never_stop_the_version() {
    let (version, suite, first) = (version(), suite(), report(60));
    let model = |name: &str| name.parse::<crate::ModelName>().unwrap();
    let (good, bad, floating, untested) = (
        model("q/a-2026-01-01"),
        model("q/b-2026-01-01"),
        model("q/latest"),
        model("q/c-2026-01-01"),
    );
    let on = |name: &crate::ModelName, passed| Report {
        id: format!("on {name}"),
        model: name.clone(),
        ..report(passed)
    };
    let (good_report, bad_report) = (on(&good, 60), on(&bad, 50));
    let (floating_report, elsewhere) = (on(&floating, 60), on(&good, 60));
    let other = |model, report, model_vouched| FallbackEvidence { model, report, model_vouched };
    let fallbacks = [
        other(&good, Some(&good_report), false),
        other(&bad, Some(&bad_report), false),
        other(&floating, Some(&floating_report), false),
        // A report on another model is none on this one.
        other(&untested, Some(&elsewhere), false),
    ];
    let approvals = [Approval {
        actor: "bob".into(),
        at: 0,
        suite: Some(Digest::of(b"suite")),
        judges: vec![],
        comment: None,
    }];
    let evidence = Evidence {
        approvals: &approvals,
        fallbacks: &fallbacks,
        ..about(&version, &suite, &first)
    };
    let production = "production".parse().unwrap();
    let checklist = decide(&Policy::production(), &production, Purpose::Deploy, &evidence);
    let unmet: Vec<Vec<u8>> = checklist
        .fallbacks()
        .iter()
        .map(|fallback| fallback.unmet.iter().map(|finding| finding.rule).collect())
        .collect();
    assert_eq!(unmet, [vec![], vec![5], vec![9], vec![4, 5, 6, 7, 8]]);
    let permit = checklist.permit().unwrap();
    let admitted = AdmittedModel {
        model: good.clone(),
        evidence: Some(good_report.id.clone()),
        upstreams: NOW.clone(),
    };
    assert_eq!(permit.fallbacks(), [admitted]);
    let open = decide(&Policy::open(), &production, Purpose::Deploy, &evidence).permit().unwrap();
    assert_eq!(open.fallbacks().len(), 4, "where nothing is asked, nothing is missing");
}
