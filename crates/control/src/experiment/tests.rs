//! Whole experiments over a real store and the real gate, on a simulated clock.

use gatemark_core::assign::{self, Mark, STABLE};
use gatemark_core::call::{CallPurpose, CallRecord, Outcome};
use gatemark_core::canonical::seal;
use gatemark_core::experiment::{Experiment, State};
use gatemark_core::prompt::Content;
use gatemark_core::ramp::Plan;
use gatemark_core::rollout::Command;
use gatemark_core::stats::random::SplitMix;
use gatemark_gateway::{Release, Selector};
use gatemark_store::NewVersion;
use serde_json::json;

use super::Started;
use crate::Control;
use crate::project::{Definition, Files, load_experiment};
use crate::rollout::tests::{
    Folder, HOUR, YAML, name, open, open_with, place, registered, version,
};

pub(crate) const DAY: i64 = 24 * HOUR;
pub(crate) const TONE: &str = "name: tone
prompt: a/b
environment: production
arms:
  two: {version: 2, share: 30%}
  three: {version: 3, share: 30%}
metric: {off_format: {margin: 0.05}}
aim: better
guardrails: {latency: off, cost: off}
samples: 100
units: 100
";

pub(crate) fn definition(text: &str) -> Definition {
    let mut files = Files::new();
    files.insert("e.yaml", text);
    let (definition, problems) = load_experiment(&files, "e.yaml");
    definition.unwrap_or_else(|| panic!("{problems:?}"))
}

/// Version 1 serves, 2 and 3 are registered.
pub(crate) async fn prepared(control: &Control) {
    registered(control).await;
    control.store().push(&[version("three", Some(2))], "ann", 30).await.unwrap();
}

pub(crate) async fn begun(control: &Control) -> Experiment {
    prepared(control).await;
    control.create_experiment(definition(TONE), "ann").await.unwrap();
    match control.start_experiment("tone", "ann").await.unwrap() {
        Started::Begun(experiment) => *experiment,
        Started::Refused(arm, checklist) => panic!("{arm}: {checklist:?}"),
    }
}

/// `people` new ones at `at`, each with a call; `bad` says with what chance an arm's answer is off format.
pub(crate) async fn come(
    control: &Control,
    random: &mut SplitMix,
    (at, people): (i64, usize),
    bad: impl Fn(&str) -> f64,
) {
    let divisions = control.store().divisions().await.unwrap();
    let split = &divisions[0].division.split;
    let mut records = vec![];
    for person in 0..people {
        let unit = format!("{at}-{person}");
        let arm = split.arm(&unit);
        let (name_of, number) = arm.map_or((STABLE, 1), |arm| (arm.name.as_str(), arm.number));
        let off = random.unit() < bad(name_of);
        let model = "sim/learner-2026-11-01".parse().unwrap();
        records.push(CallRecord {
            prompt: Some(name()),
            number: Some(number),
            environment: Some(place()),
            arm: name_of.to_string(),
            split: Some(Mark { id: split.id.clone(), epoch: 1, share: split.share() }),
            unit: Some(assign::pseudonym(&split.salt, &unit)),
            outcome: if off { Outcome::OffFormat } else { Outcome::Ok },
            latency_us: 900,
            vendor_us: 800,
            ..CallRecord::begun(unit, at, CallPurpose::Serve, "app".into(), model)
        });
    }
    control.store().insert_calls(&records).await.unwrap();
}

/// Arm two is better than control, arm three worse.
pub(crate) fn off_format(arm: &str) -> f64 {
    match arm {
        "two" => 0.02,
        "three" => 0.6,
        _ => 0.2,
    }
}

async fn actions(control: &Control) -> Vec<String> {
    let mut entries = control.audit(1_000).await.unwrap();
    entries.reverse();
    let own = entries.into_iter().filter(|entry| entry.action.starts_with("experiment."));
    own.map(|entry| entry.action).collect()
}

/// A harmful arm is stopped within a day, a better one wins after a week; by two controllers on one database of
/// which one is opened anew each day, as after a `kill -9`. Its report stays when its observations are gone.
#[tokio::test]
async fn an_experiment_from_its_file_to_its_report() {
    let folder = Folder::new();
    let one = open(&folder.0).await;
    let experiment = begun(&one).await;
    let mut random = SplitMix::new(3);
    let mut changes = vec![];
    for day in 0..7 {
        let at = experiment.started_at + day * DAY;
        come(&one, &mut random, (at, 400), off_format).await;
        let two = open(&folder.0).await;
        let now = at + DAY;
        let (first, second) = tokio::join!(one.tick_experiments(now), two.tick_experiments(now));
        let changed = first.unwrap() + second.unwrap();
        assert!(changed <= 1, "one change at a time, once");
        changes.push(changed);
    }
    assert_eq!((changes[0], changes[1..6].iter().sum::<usize>(), changes[6]), (1, 0, 1));
    let stored = one.experiment("tone").await.unwrap();
    assert_eq!((stored.state, stored.winner.as_deref()), (State::Concluded, Some("two")));
    assert_eq!(
        actions(&one).await,
        ["experiment.create", "experiment.start", "experiment.stop_arm", "experiment.conclude"]
    );
    assert!(one.store().divisions().await.unwrap().is_empty(), "control serves everybody");
    let calls = stored.seen.calls + stored.arms.iter().map(|arm| arm.seen.calls).sum::<u64>();
    let apart = stored.phases.iter().flat_map(|phase| &phase.counts).sum::<u64>();
    assert_eq!(calls, apart, "every unit once, those of the stopped arm nowhere");

    let report = one.experiment_report("tone").await.unwrap();
    assert!(report.sentence.contains("two (version 2) is better than control"), "{report:?}");
    assert!(report.sentence.contains("`gatemark rollout start a/b@2 --to production`"));
    let kept = one.store().kept_report(&stored.id).await.unwrap().unwrap();
    assert!(kept.contains("off_format"), "{kept}");
    let metrics = report.analysis["metrics"].as_array().unwrap();
    let off = metrics.iter().find(|m| m["metric"] == "off_format" && m["candidate"] == "two");
    let off = off.unwrap();
    assert_eq!(off["finding"], "better");
    assert!(off["probability_of_harm"].as_f64().unwrap() < 0.01);
    one.forget_shown(stored.changed_at + 2 * DAY).await.unwrap();
    assert!(one.store().shown(&stored.id, 0, 9).await.unwrap().is_empty());
    assert_eq!(one.experiment_report("tone").await.unwrap().analysis, report.analysis);
}

/// Who ended it was killed before the report was kept: it is kept before its observations are forgotten.
#[tokio::test]
async fn a_report_that_was_not_kept_is_kept_later() {
    let folder = Folder::new();
    let control = open(&folder.0).await;
    let mut experiment = begun(&control).await;
    let (now, store) = (experiment.started_at + DAY, control.store());
    come(&control, &mut SplitMix::new(3), (experiment.started_at, 50), off_format).await;
    let change = experiment.stop(None, now).unwrap().unwrap();
    let told = Some((&change, "ann", now));
    assert!(store.save_experiment(&mut experiment, &[], told).await.unwrap());
    assert_eq!(store.kept_report(&experiment.id).await.unwrap(), None);
    control.forget_shown(now + 2 * DAY).await.unwrap();
    assert!(store.kept_report(&experiment.id).await.unwrap().unwrap().contains("off_format"));
    assert!(store.shown(&experiment.id, 0, 9).await.unwrap().is_empty());
}

#[tokio::test]
async fn one_thing_divides_a_prompt_at_a_time() {
    let folder = Folder::new();
    let control = open(&folder.0).await;
    begun(&control).await;
    let latest = Selector::Default;
    let rollout = control.start_rollout(&name(), &latest, &place(), Plan::canary(), "dan").await;
    let error = rollout.unwrap_err();
    assert_eq!(error.code(), "experiment_going_on");
    assert!(error.to_string().contains("gatemark experiment stop tone"), "{error}");
    let deployed = control.deploy(&name(), &latest, &place(), "dan").await;
    assert_eq!(deployed.unwrap_err().code(), "experiment_going_on");
    let retired = control.retire(&name(), &Selector::Number(2), "dan", None).await;
    assert_eq!(retired.unwrap_err().code(), "illegal_move", "an arm is in use");
    let other = TONE.replace("name: tone", "name: other");
    control.create_experiment(definition(&other), "ann").await.unwrap();
    let second = control.start_experiment("other", "ann").await;
    assert_eq!(second.unwrap_err().code(), "experiment_going_on");
    let twice = control.create_experiment(definition(&other), "ann").await;
    assert_eq!(twice.unwrap_err().code(), "experiment_exists");

    let stopped = control.stop_experiment("tone", Some("enough".into()), "dan").await.unwrap();
    assert_eq!((stopped.state, stopped.reason.as_deref()), (State::Stopped, Some("enough")));
    let again = control.stop_experiment("tone", None, "dan").await.unwrap();
    assert_eq!(again.revision, stopped.revision, "said twice, nothing changes");
    control.start_rollout(&name(), &latest, &place(), Plan::canary(), "dan").await.unwrap();
    let beside = control.start_experiment("other", "ann").await;
    assert_eq!(beside.unwrap_err().code(), "rollout_going_on");
    let abort = Command::Abort { reason: None };
    control.steer_rollout(&name(), &place(), &abort, "dan").await.unwrap();
    assert!(matches!(control.start_experiment("other", "ann").await.unwrap(), Started::Begun(_)));
}

/// Every arm needs the gate's permit, and a moved pointer ends it all.
#[tokio::test]
async fn the_gate_admits_arms_and_another_deployment_ends_them() {
    let folder = Folder::new();
    let control = open(&folder.0).await;
    prepared(&control).await;
    control.create_experiment(definition(TONE), "ann").await.unwrap();
    let strict = open_with(&folder.0, &YAML.replace("{policy: open}", "{}")).await;
    let refused = strict.start_experiment("tone", "ann").await.unwrap();
    let Started::Refused(arm, checklist) = refused else { panic!("{refused:?}") };
    assert!(arm == "two" && !checklist.passes());
    assert_eq!(control.experiment("tone").await.unwrap().state, State::Draft);

    let same = TONE.replace("version: 3", "version: 1").replace("name: tone", "name: same");
    control.create_experiment(definition(&same), "ann").await.unwrap();
    let serves = control.start_experiment("same", "ann").await;
    assert_eq!(serves.unwrap_err().code(), "serves_already");
    let none = TONE.replace("version: 3", "version: 9").replace("name: tone", "name: none");
    let missing = control.create_experiment(definition(&none), "ann").await;
    assert_eq!(missing.unwrap_err().code(), "version_not_found");

    let Started::Begun(running) = control.start_experiment("tone", "ann").await.unwrap() else {
        panic!("refused")
    };
    let pointer = control.gateway().snapshot();
    let pointer = &pointer.pointers(&name()).unwrap()[&place()];
    let division = pointer.division.as_ref().unwrap();
    let mut numbers: Vec<u32> =
        division.sides.iter().map(|side| side.release.version.number).collect();
    numbers.sort_unstable();
    assert_eq!(numbers, [2, 3]);
    let two = Selector::Number(2);
    let id = running.deployment;
    let version = crate::select::version(control.store(), &name(), &two).await.unwrap();
    let purpose = gatemark_core::gate::Purpose::Deploy;
    let asked = control.ask(&version, &place(), purpose).await.unwrap();
    let crate::gate::Asked::Permitted(permit, _) = asked else { panic!("refused") };
    control.store().apply(*permit, "eve", running.started_at + 1).await.unwrap();
    assert_eq!(control.tick_experiments(running.started_at + 2).await.unwrap(), 1);
    let ended = control.experiment("tone").await.unwrap();
    assert_eq!((ended.state, ended.deployment), (State::Stopped, id));
    assert!(ended.reason.unwrap().contains("version 2 was put in control's place"));
    assert_eq!(control.tick_experiments(running.started_at + 3).await.unwrap(), 0);
}

/// An arm may be what serves, on another of its models: the same version, another answer.
#[tokio::test]
async fn an_arm_may_be_another_model_of_a_version() {
    let folder = Folder::new();
    let control = open(&folder.0).await;
    let (first, other) = ("sim/learner-2026-11-01", "sim/other-2026-11-01");
    let content: Content = serde_json::from_value(json!({
        "variables": {},
        "messages": [{"role": "user", "text": "one"}],
        "output": {},
        "models": [{"model": first}, {"model": other}],
        "limits": {},
    }))
    .unwrap();
    let both = NewVersion { canonical: seal(&content).unwrap(), ..version("one", None) };
    control.store().push(&[both], "ann", 10).await.unwrap();
    control.deploy(&name(), &Selector::Number(1), &place(), "dan").await.unwrap();
    let arms = |model: &str| {
        let arms = format!("  other: {{version: 1, model: {model}, share: 50%}}\n");
        TONE.replace("  two: {version: 2, share: 30%}\n  three: {version: 3, share: 30%}\n", &arms)
    };
    let tries = [("none", "sim/none", "model_not_of_version"), ("same", first, "serves_already")];
    for (name, model, code) in tries {
        let text = arms(model).replace("name: tone", &format!("name: {name}"));
        control.create_experiment(definition(&text), "ann").await.unwrap();
        let error = control.start_experiment(name, "ann").await.unwrap_err();
        assert_eq!(error.code(), code, "{error}");
    }
    control.create_experiment(definition(&arms(other)), "ann").await.unwrap();
    let started = control.start_experiment("tone", "ann").await.unwrap();
    assert!(matches!(started, Started::Begun(_)), "{started:?}");
    let snapshot = control.gateway().snapshot();
    let pointer = &snapshot.pointers(&name()).unwrap()[&place()];
    let leads = |release: &Release| release.version.content.models[0].model.to_string();
    assert_eq!(leads(&pointer.current), first);
    let division = pointer.division.as_ref().unwrap();
    assert_eq!(leads(&division.sides[0].release), other);
    assert_eq!(division.split.arms[0].model, division.sides[0].model);
    let began = control.experiment("tone").await.unwrap().started_at;
    let mut random = SplitMix::new(4);
    for day in 0..7 {
        let bad = |arm: &str| if arm == STABLE { 0.3 } else { 0.02 };
        come(&control, &mut random, (began + day * DAY, 300), bad).await;
        control.tick_experiments(began + (day + 1) * DAY).await.unwrap();
    }
    // A rollout of version 1 would bring in its first model, which lost.
    let report = control.experiment_report("tone").await.unwrap();
    let advice = format!("`gatemark rollback a/b --model {other} --env production`");
    assert!(report.sentence.contains(&advice), "{}", report.sentence);
}
