//! Whole rollouts over a real store and the real gate, on a simulated clock.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use gatemark_core::assign::{self, Mark, WHOLE};
use gatemark_core::call::{CallPurpose, CallRecord, Outcome};
use gatemark_core::canonical::seal;
use gatemark_core::id::{EnvironmentName, PromptName};
use gatemark_core::prompt::Content;
use gatemark_core::ramp::{Plan, read_steps};
use gatemark_core::rollout::{Command, Rollout, State};
use gatemark_core::stats::random::SplitMix;
use gatemark_gateway::{Meter, Selector};
use gatemark_provider::local::Silent;
use gatemark_store::{NewVersion, Noted};
use serde_json::json;

mod killed;
mod ladder;
mod scene;

use super::Started;
use crate::project::{CONFIG, Files, load_config};
use crate::{Control, Options};

pub(crate) const HOUR: i64 = 3_600_000_000;
pub(crate) const YAML: &str =
    "name: t\nproviders:\n  sim: {}\nenvironments:\n  production: {policy: open}\n";

pub(crate) struct Folder(pub(crate) PathBuf);

impl Folder {
    pub(crate) fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name = format!(
            "gatemark-rollout-{}-{}",
            std::process::id(),
            NEXT.fetch_add(1, Ordering::Relaxed)
        );
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.0).ok();
    }
}

struct Nobody;

impl Meter for Nobody {
    fn ended(&self, _: &CallRecord) {}
    fn lost(&self) {}
}

pub(crate) async fn open(data: &Path) -> Control {
    open_with(data, YAML).await
}

pub(crate) async fn open_with(data: &Path, yaml: &str) -> Control {
    let mut files = Files::new();
    files.insert(CONFIG, yaml);
    let (project, problems) = load_config(&files);
    let project = project.unwrap_or_else(|| panic!("{problems:?}"));
    let options = Options {
        data: data.to_path_buf(),
        project,
        secrets: Default::default(),
        watcher: Arc::new(Silent),
        meter: Arc::new(Nobody),
        keyless: true,
    };
    Control::open(options).await.unwrap()
}

pub(crate) fn name() -> PromptName {
    "a/b".parse().unwrap()
}

pub(crate) fn place() -> EnvironmentName {
    "production".parse().unwrap()
}

pub(crate) fn version(text: &str, after: Option<u32>) -> NewVersion {
    let content: Content = serde_json::from_value(json!({
        "variables": {},
        "messages": [{"role": "user", "text": text}],
        "output": {},
        "models": [{"model": "sim/learner-2026-11-01"}],
        "limits": {},
    }))
    .unwrap();
    NewVersion {
        prompt: name(),
        description: None,
        owner: None,
        semver: semver::Version::new(1, after.unwrap_or(0).into(), 0),
        canonical: seal(&content).unwrap(),
        changelog: None,
        suite: None,
        after,
        register: true,
    }
}

/// Version 1 serves, version 2 is registered.
pub(crate) async fn registered(control: &Control) {
    control.store().push(&[version("one", None)], "ann", 10).await.unwrap();
    control.store().push(&[version("two", Some(1))], "ann", 20).await.unwrap();
    let one = Selector::Number(1);
    control.deploy(&name(), &one, &place(), "dan").await.unwrap();
}

/// Version 1 serves, version 2 begins by `plan`.
async fn begun(control: &Control, plan: Plan) -> Rollout {
    registered(control).await;
    let latest = Selector::Default;
    match control.start_rollout(&name(), &latest, &place(), plan, "dan").await.unwrap() {
        Started::Begun(rollout, _) => *rollout,
        Started::Refused(checklist) => panic!("{checklist:?}"),
    }
}

/// Traffic of people who come once or more, divided as the store says.
struct Traffic {
    random: SplitMix,
    calls: u64,
    people: usize,
    /// By person, whether they ever had the candidate in this epoch.
    had: HashSet<String>,
    seen: HashSet<String>,
}

impl Traffic {
    fn new(people: usize) -> Self {
        Self {
            random: SplitMix::new(7),
            calls: 0,
            people,
            had: HashSet::new(),
            seen: HashSet::new(),
        }
    }

    /// `calls` calls between `from` and an hour later, of which the candidate's fail with probability `bad`.
    async fn hour(&mut self, control: &Control, from: i64, calls: i64, bad: f64) {
        let divisions = control.store().divisions().await.unwrap();
        let Some(divided) = divisions.first() else { return };
        let split = &divided.division.split;
        let mut records = vec![];
        for call in 0..calls {
            self.calls += 1;
            let person = self.random.below(self.people).to_string();
            let candidate = split.arm(&person).is_some();
            self.seen.insert(person.clone());
            let key = format!("{}/{person}", split.salt);
            if candidate {
                self.had.insert(key);
            } else {
                assert!(!self.had.contains(&key), "{person} lost the candidate");
            }
            let fails = self.random.unit() < if candidate { bad } else { 0.01 };
            let id = format!("{:08}", self.calls);
            let (at, model) =
                (from + call * HOUR / calls, "sim/learner-2026-11-01".parse().unwrap());
            records.push(CallRecord {
                prompt: Some(name()),
                number: Some(if candidate { 2 } else { 1 }),
                environment: Some(place()),
                arm: if candidate && split.share() < WHOLE { "candidate" } else { "stable" }.into(),
                split: Some(Mark {
                    id: split.id.clone(),
                    epoch: split.epoch,
                    share: split.share(),
                }),
                unit: Some(assign::pseudonym(&split.salt, &person)),
                outcome: if fails { Outcome::Error } else { Outcome::Ok },
                latency_us: 900,
                vendor_us: 800,
                ..CallRecord::begun(id, at, CallPurpose::Serve, "app".into(), model)
            });
        }
        control.store().insert_calls(&records).await.unwrap();
    }
}

async fn stored(control: &Control) -> Rollout {
    control.rollout(&name(), &place()).await.unwrap()
}

async fn actions(control: &Control) -> Vec<String> {
    let mut entries = control.audit(1_000).await.unwrap();
    entries.reverse();
    let told =
        |action: &str| action.starts_with("rollout.") || ["deploy", "retire"].contains(&action);
    entries.into_iter().map(|entry| entry.action).filter(|a| told(a)).skip(1).collect()
}

/// Each observation is in the evidence once, whatever order, whoever reads it, and however often a controller is
/// killed before it could store what it had read.
#[tokio::test]
async fn observations_are_neither_lost_nor_doubled() {
    let folder = Folder::new();
    let control = open(&folder.0).await;
    let rollout = begun(&control, Plan::canary()).await;
    let mut traffic = Traffic::new(300);
    for hour in 0..20 {
        let from = rollout.started_at + hour * HOUR;
        traffic.hour(&control, from, 60, 0.01).await;
        // Killed between reading and storing: what it had computed is gone.
        let mut killed = stored(&control).await;
        let read = control.store().observations(&killed.id, killed.cursor, 10_000).await.unwrap();
        killed.absorb(&read);
        killed.tick(from + HOUR);
        drop(killed);
        control.tick_rollouts(from + HOUR).await.unwrap();
        control.tick_rollouts(from + HOUR).await.unwrap();
    }
    let rollout = stored(&control).await;
    assert_eq!(u64::try_from(rollout.cursor).unwrap(), traffic.calls);
    let (control_units, candidate_units) = rollout.rails[0].evidence.units();
    let people = u64::try_from(traffic.seen.len()).unwrap();
    assert_eq!(control_units + candidate_units, people, "every person once");
}

/// Killed between deciding to promote and asking the gate: the next run goes on from there, once.
#[tokio::test]
async fn a_promotion_goes_on_after_a_kill() {
    let folder = Folder::new();
    let control = open(&folder.0).await;
    let mut rollout = begun(&control, Plan::canary()).await;
    let now = rollout.started_at + HOUR;
    let change = rollout.command(Command::Promote, now).unwrap().unwrap();
    let noted = Noted { change: &change, actor: "dan", at: now };
    assert!(control.store().save_rollout(&mut rollout, &[], Some(noted)).await.unwrap());
    drop(control);
    let (one, two) = (open(&folder.0).await, open(&folder.0).await);
    let (first, second) = tokio::join!(one.tick_rollouts(now + 1), two.tick_rollouts(now + 1));
    assert_eq!(first.unwrap() + second.unwrap(), 1);
    assert_eq!(stored(&one).await.state, State::Watching);
    assert_eq!(one.deployments(&name(), None, 10).await.unwrap().len(), 2);
}

#[tokio::test]
async fn a_bad_candidate_is_taken_back_before_and_after_its_promotion() {
    let folder = Folder::new();
    let control = open(&folder.0).await;
    let rollout = begun(&control, Plan::canary()).await;
    let mut traffic = Traffic::new(1_000_000);
    traffic.hour(&control, rollout.started_at, 600, 0.7).await;
    assert_eq!(control.tick_rollouts(rollout.started_at + HOUR).await.unwrap(), 1);
    let aborted = stored(&control).await;
    assert_eq!((aborted.state, aborted.share()), (State::Aborted, 0));
    let pointer = |snapshot: &gatemark_gateway::Snapshot| {
        let pointers = snapshot.pointers(&name()).unwrap();
        let pointer = &pointers[&place()];
        (pointer.current.version.number, pointer.division.is_some())
    };
    assert_eq!(pointer(&control.gateway().snapshot()), (1, false));

    let plan = Plan { watch_s: 7 * 24 * 3_600, ..Plan::canary() };
    let started =
        control.start_rollout(&name(), &Selector::Default, &place(), plan, "dan").await.unwrap();
    assert!(matches!(started, Started::Begun(..)));
    assert_eq!(pointer(&control.gateway().snapshot()), (1, true));
    let watching =
        control.steer_rollout(&name(), &place(), &Command::Promote, "dan").await.unwrap();
    assert_eq!(watching.state, State::Watching, "{:?}", watching.reason);
    assert_eq!(pointer(&control.gateway().snapshot()).0, 2);
    // Control was never seen in this rollout: the candidate is held to what it was like before.
    assert_eq!(watching.rails.first().map(|rail| rail.plan.name()), Some("errors"));
    let back = control
        .steer_rollout(&name(), &place(), &Command::Abort { reason: None }, "eve")
        .await
        .unwrap();
    assert_eq!(back.state, State::Aborted, "{:?}", back.reason);
    assert_eq!(pointer(&control.gateway().snapshot()), (1, false));
    let moves = control.deployments(&name(), None, 10).await.unwrap();
    assert_eq!(moves.iter().map(|m| m.number).collect::<Vec<_>>(), [1, 2, 1]);
}

#[tokio::test]
async fn one_rollout_at_a_time_and_no_deployment_beside_it() {
    let folder = Folder::new();
    let control = open(&folder.0).await;
    begun(&control, Plan::canary()).await;
    let latest = Selector::Default;
    let again = control.start_rollout(&name(), &latest, &place(), Plan::canary(), "dan").await;
    assert_eq!(again.unwrap_err().code(), "rollout_going_on");
    let beside = control.deploy(&name(), &latest, &place(), "dan").await;
    assert_eq!(beside.unwrap_err().code(), "rollout_going_on");
    let same = Selector::Number(1);
    let serving = control.start_rollout(&name(), &same, &place(), Plan::canary(), "dan").await;
    assert_eq!(serving.unwrap_err().code(), "serves_already");
    let elsewhere: PromptName = "a/none".parse().unwrap();
    assert!(
        control.start_rollout(&elsewhere, &latest, &place(), Plan::canary(), "d").await.is_err()
    );
    let none = Plan { steps: vec![], ..Plan::canary() };
    let error = control.start_rollout(&name(), &latest, &place(), none, "d").await.unwrap_err();
    assert!(error.to_string().contains("no steps"), "{error}");
}

/// Where no server runs nobody notices that the pointer was moved: the next rollout does.
#[tokio::test]
async fn a_rollout_whose_pointer_was_moved_is_in_nobodys_way() {
    let folder = Folder::new();
    let control = open(&folder.0).await;
    let first = begun(&control, Plan::canary()).await;
    control.steer_rollout(&name(), &place(), &Command::Promote, "dan").await.unwrap();
    control.store().push(&[version("three", Some(2))], "ann", 30).await.unwrap();
    let three = Selector::Number(3);
    let second = control.start_rollout(&name(), &three, &place(), Plan::canary(), "dan").await;
    let Started::Begun(second, _) = second.unwrap() else { panic!("refused") };
    control.rollback(&name(), None, &place(), "eve").await.unwrap();
    let third = control.start_rollout(&name(), &three, &place(), Plan::canary(), "dan").await;
    let Started::Begun(third, _) = third.unwrap() else { panic!("refused") };
    let all = control.rollouts(None, false, 9).await.unwrap();
    let state = |id: &str| all.iter().find(|one| one.id == id).unwrap().state;
    assert_eq!(state(&first.id), State::Completed, "its watch ended with the second's begin");
    assert_eq!((state(&second.id), state(&third.id)), (State::Aborted, State::Running));
    let told = actions(&control).await;
    assert_eq!(told[told.len() - 2..], ["rollout.supersede", "rollout.start"], "{told:?}");
}

/// The way back over half an hour: by the clock alone, through the gate, to the version before.
#[tokio::test]
async fn a_staged_rollback_goes_back_by_the_clock() {
    let folder = Folder::new();
    let control = open(&folder.0).await;
    let rollout = begun(&control, Plan::canary()).await;
    control.steer_rollout(&name(), &place(), &Command::Promote, "dan").await.unwrap();
    let started = control.rollback_over(&name(), None, &place(), 1_800, "dan").await.unwrap();
    let Started::Begun(back, _) = started else { panic!("{started:?}") };
    assert_eq!((back.candidate.number, back.control.number, back.share()), (1, 2, 1_000));
    let mut shares = vec![];
    for minute in 1..=30 {
        control.tick_rollouts(back.started_at + minute * 60_000_000).await.unwrap();
        shares.push(stored(&control).await.share());
    }
    assert_eq!((shares[2], shares[14], shares[26]), (2_000, 6_000, WHOLE));
    assert_eq!(stored(&control).await.state, State::Completed);
    assert_eq!(control.store().pointers().await.unwrap()[0].number, 1);
    assert_ne!(rollout.id, back.id);
}

#[tokio::test]
async fn a_changed_plan_deals_anew() {
    let folder = Folder::new();
    let control = open(&folder.0).await;
    let before = begun(&control, Plan::canary()).await;
    let steps = read_steps("20%:1h, 50%:1h", 10).unwrap();
    let plan = Plan { steps, ..Plan::canary() };
    let command = Command::Restart(Box::new(plan));
    let after = control.steer_rollout(&name(), &place(), &command, "dan").await.unwrap();
    assert_eq!((after.epoch, after.share()), (2, 2_000));
    let split = &control.store().divisions().await.unwrap()[0].division.split;
    assert_ne!(split.salt, before.salt());
}
