//! `kill -9` of the controller at every place of every transition: none is lost and none doubled.
//!
//! A child process, this test binary again, does one thing to a copy of a prepared database and kills itself
//! (SIGKILL) at one place: after reading, after deciding, before and after each commit. Two controllers then go
//! on from what it left. What comes out has to be what comes out where nobody was killed: the same rollout with
//! the same evidence, the same pointer, the same moves and the same entries in the audit log.

use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Child, Stdio};
use std::sync::atomic::AtomicUsize;

use gatemark_store::brink;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::scene::{Deed, Scene, perform};
use super::*;

/// Makes this test binary the process that may be killed.
const ORDER: &str = "GATEMARK_TEST_CONTROLLER";
/// The file in which the child writes down the places that it reaches.
const PLACES: &str = "places";

#[derive(Serialize, Deserialize)]
struct Order {
    folder: PathBuf,
    yaml: String,
    deed: Deed,
    now: i64,
    /// At which place it dies, counted from 0.
    dies_at: Option<usize>,
}

/// Does nothing in an ordinary run; in the child it does what is ordered, or dies on the way.
#[test]
fn the_one_that_dies() {
    let Some(order) = std::env::var_os(ORDER) else { return };
    let order: Order = serde_json::from_str(order.to_str().unwrap()).unwrap();
    let (list, dies_at) = (order.folder.join(PLACES), order.dies_at);
    let reached = AtomicUsize::new(0);
    brink::witness(move |place| {
        let number = reached.fetch_add(1, Ordering::SeqCst);
        let before = fs::read_to_string(&list).unwrap_or_default();
        fs::write(&list, format!("{before}{place}\n")).unwrap();
        if Some(number) == dies_at {
            kill(Pid::this(), Signal::SIGKILL).unwrap();
        }
    });
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
        let control = open_with(&order.folder, &order.yaml).await;
        perform(&control, order.deed, order.now).await;
        control.close().await.unwrap();
    });
}

/// A child that does `deed` at `now`, and dies at the place with that number.
pub(super) fn spawn(
    folder: &Path,
    yaml: &str,
    (deed, now): (Deed, i64),
    dies_at: Option<usize>,
) -> Child {
    let order = Order { folder: folder.into(), yaml: yaml.into(), deed, now, dies_at };
    std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "rollout::tests::killed::the_one_that_dies", "--test-threads=1"])
        .env(ORDER, serde_json::to_string(&order).unwrap())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// Everything that a transition leaves behind.
#[derive(Debug)]
struct Left {
    entries: Vec<String>,
    moves: Vec<u32>,
    serves: Vec<u32>,
    retired: usize,
    rollouts: Vec<Value>,
}

impl Left {
    /// What two controllers make of a folder, told once more what was done there.
    async fn after(folder: &Path, yaml: &str, (deed, now): (Deed, i64)) -> Self {
        let (one, two) = (open_with(folder, yaml).await, open_with(folder, yaml).await);
        perform(&one, deed, now).await;
        for _ in 0..2 {
            tokio::join!(perform(&one, Deed::Tick, now), perform(&two, Deed::Tick, now));
        }
        assert!(one.verify_audit(None).await.unwrap().ok);
        let mut entries = one.audit(1_000).await.unwrap();
        entries.reverse();
        let store = one.store();
        let mut rollouts = vec![];
        for rollout in store.rollouts(None, false, 10).await.unwrap() {
            let read = store.observations(&rollout.id, rollout.cursor, 10_000).await.unwrap();
            assert!(read.is_empty() || rollout.state.is_over(), "{} left unread", read.len());
            rollouts.push(told_apart(serde_json::to_value(rollout).unwrap(), deed));
        }
        for experiment in store.experiments().await.unwrap() {
            rollouts.push(told_apart(serde_json::to_value(experiment).unwrap(), deed));
        }
        let left = Self {
            entries: entries.into_iter().map(|entry| entry.action).collect(),
            moves: moves(&one).await,
            serves: store.pointers().await.unwrap().iter().map(|served| served.number).collect(),
            retired: store.lifecycle(None).await.unwrap().retired.len(),
            rollouts,
        };
        one.close().await.unwrap();
        two.close().await.unwrap();
        left
    }

    fn is_as(&self, other: &Self) -> bool {
        let rollouts = self.rollouts.len() == other.rollouts.len()
            && self.rollouts.iter().zip(&other.rollouts).all(|(one, other)| alike(one, other));
        self.entries == other.entries
            && self.moves == other.moves
            && self.serves == other.serves
            && self.retired == other.retired
            && rollouts
    }
}

/// What is told to it by a person is told at the time of the clock.
fn told_apart(mut document: Value, deed: Deed) -> Value {
    let own = ["id", "started_at", "step_since", "changed_at", "looked_at"];
    if deed != Deed::Tick {
        own.iter().for_each(|field| drop(document.as_object_mut().unwrap().remove(*field)));
    }
    document
}

async fn moves(control: &Control) -> Vec<u32> {
    let moves = control.deployments(&name(), None, 100).await.unwrap();
    moves.iter().map(|deployment| deployment.number).collect()
}

/// Equal but for the last bits of sums, which reading JSON may move.
fn alike(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Number(a), Value::Number(b)) => {
            let (a, b) = (a.as_f64().unwrap(), b.as_f64().unwrap());
            (a - b).abs() <= 1e-9 * a.abs().max(b.abs())
        }
        (Value::Array(a), Value::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| alike(a, b))
        }
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(key, a)| b.get(key).is_some_and(|b| alike(a, b)))
        }
        (a, b) => a == b,
    }
}

fn copied(from: &Path) -> Folder {
    let to = Folder::new();
    copy(from, &to.0);
    to
}

fn copy(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            fs::create_dir_all(&target).unwrap();
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// Kills at every place of one transition, and compares each with what comes out where nobody is killed.
async fn killed_everywhere(scene: Scene) {
    let prepared = Folder::new();
    let (deed, now, told) = scene.prepare(&prepared.0).await;
    let yaml = scene.yaml();
    let (whole, begin) = (copied(&prepared.0), copied(&prepared.0));
    let entries = open_with(&begin.0, &yaml).await.audit(1_000).await.unwrap().len();
    let ended = spawn(&whole.0, &yaml, (deed, now), None).wait().unwrap();
    assert!(ended.success(), "{scene:?}: {ended}");
    let places = fs::read_to_string(whole.0.join(PLACES)).unwrap();
    let places: Vec<&str> = places.lines().collect();
    let expected = Left::after(&whole.0, &yaml, (deed, now)).await;
    assert_eq!(expected.entries[entries..], *told, "{scene:?}");
    assert!(places.len() >= 2, "{scene:?} has places before and after its commit: {places:?}");
    for (number, reached) in places.iter().enumerate() {
        let folder = copied(&prepared.0);
        let ended = spawn(&folder.0, &yaml, (deed, now), Some(number)).wait().unwrap();
        assert_eq!(ended.signal(), Some(9), "{scene:?} {reached}: {ended}");
        let left = Left::after(&folder.0, &yaml, (deed, now)).await;
        assert!(
            left.is_as(&expected),
            "{scene:?}, killed {reached}:\n{left:#?}\ninstead of\n{expected:#?}"
        );
    }
}

#[tokio::test]
async fn at_the_start_and_the_steps() {
    for scene in [Scene::Start, Scene::Advance(0), Scene::Advance(1)] {
        killed_everywhere(scene).await;
    }
}

#[tokio::test]
async fn at_the_promotion_and_the_end_of_the_watch() {
    for scene in [Scene::Promotion, Scene::Completion, Scene::Refusal] {
        killed_everywhere(scene).await;
    }
}

#[tokio::test]
async fn where_evidence_is_taken() {
    for scene in [Scene::Learning(5), Scene::Learning(400)] {
        killed_everywhere(scene).await;
    }
}

#[tokio::test]
async fn where_a_candidate_is_taken_back() {
    for scene in [Scene::AbortByGuardrail, Scene::RevertInTheWatch] {
        killed_everywhere(scene).await;
    }
}

#[tokio::test]
async fn where_people_steer() {
    for deed in [Deed::Pause, Deed::Restart, Deed::Promote, Deed::Abort] {
        killed_everywhere(Scene::Steering(deed)).await;
    }
    killed_everywhere(Scene::PausedFirst(Deed::Resume)).await;
}

#[tokio::test]
async fn where_it_is_superseded() {
    for scene in [Scene::Superseded, Scene::SupersededByTheNext] {
        killed_everywhere(scene).await;
    }
}

#[tokio::test]
async fn where_an_experiment_begins_and_decides() {
    let days = [1, 2, 7].map(Scene::ExperimentDecides);
    for scene in days.into_iter().chain([Scene::ExperimentBegins]) {
        killed_everywhere(scene).await;
    }
}
