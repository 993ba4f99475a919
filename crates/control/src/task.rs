//! Background tasks: each idempotent, without input, safe to run twice at once, and visible.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::future::BoxFuture;
use gatemark_core::error::Result;
use gatemark_gateway::clock;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::Control;
use crate::reload::Look;

/// What is known about a task.
#[derive(Debug, Clone, Default, serde::Serialize, utoipa::ToSchema)]
pub struct TaskStatus {
    /// Its name.
    pub name: String,
    /// Time between runs, in milliseconds.
    pub period_ms: u64,
    /// How often it has run since the server started.
    pub runs: u64,
    /// When it last ran, in microseconds since 1970.
    pub last_run: Option<i64>,
    /// When it runs next, in microseconds since 1970.
    pub next_run: Option<i64>,
    /// The error of its last run, if that failed.
    pub last_error: Option<String>,
}

type Job = fn(Control) -> BoxFuture<'static, Result<()>>;

struct Task {
    name: &'static str,
    period: Duration,
    job: Job,
}

/// Every task. `refresh` bounds how long a change made by another process takes to be served;
/// `ship` bounds how long a call's record is only in the local log, `reload` how long a changed
/// `gatemark.yaml` is not in force, `rollout` how long a rollout or an experiment's arm goes on with evidence against it, `conversations` how
/// long a call waits for one that is not in memory. `stops` looks at the file of stops and at nothing else,
/// `stop-orders` brings file and database to the same.
const TASKS: [Task; 10] = [
    // Two, so that a database that makes us wait does not keep a stop in the file from being seen.
    Task { name: "stops", period: Duration::from_millis(100), job: stops },
    Task { name: "stop-orders", period: Duration::from_millis(200), job: stop_orders },
    Task { name: "refresh", period: Duration::from_millis(200), job: refresh },
    Task { name: "ship", period: Duration::from_millis(500), job: ship },
    Task { name: "reload", period: Duration::from_secs(1), job: reload },
    Task { name: "rollout", period: Duration::from_secs(1), job: rollout },
    Task { name: "conversations", period: Duration::from_millis(200), job: conversations },
    Task { name: "summarise", period: Duration::from_millis(500), job: summarise },
    Task { name: "examples", period: Duration::from_secs(1), job: examples },
    Task { name: "forget", period: Duration::from_secs(60), job: forget },
];

fn refresh(control: Control) -> BoxFuture<'static, Result<()>> {
    Box::pin(async move { control.refresh().await.map(drop) })
}

fn stops(control: Control) -> BoxFuture<'static, Result<()>> {
    Box::pin(async move { control.look_for_stops().await })
}

fn stop_orders(control: Control) -> BoxFuture<'static, Result<()>> {
    Box::pin(async move { control.share_stops().await })
}

fn ship(control: Control) -> BoxFuture<'static, Result<()>> {
    Box::pin(async move { control.ship().await.map(drop) })
}

fn reload(control: Control) -> BoxFuture<'static, Result<()>> {
    Box::pin(async move { control.reload(Look::IfChanged).await.map(drop) })
}

fn rollout(control: Control) -> BoxFuture<'static, Result<()>> {
    Box::pin(async move {
        // What keeps the one from deciding must not keep the other.
        let rollouts = control.tick_rollouts(clock::now_us()).await;
        let experiments = control.tick_experiments(clock::now_us()).await;
        rollouts.and(experiments).map(drop)
    })
}

fn conversations(control: Control) -> BoxFuture<'static, Result<()>> {
    Box::pin(async move { control.follow_conversations().await })
}

fn summarise(control: Control) -> BoxFuture<'static, Result<()>> {
    Box::pin(async move { control.summarise().await })
}

fn examples(control: Control) -> BoxFuture<'static, Result<()>> {
    Box::pin(async move { control.embed_served_examples().await })
}

fn forget(control: Control) -> BoxFuture<'static, Result<()>> {
    Box::pin(async move { control.expire_conversations().await })
}

/// The running tasks' shared status.
#[derive(Clone, Default)]
pub struct Board {
    statuses: Arc<Mutex<Vec<TaskStatus>>>,
}

impl Board {
    /// What is known about each task.
    pub fn statuses(&self) -> Vec<TaskStatus> {
        self.statuses.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn update(&self, index: usize, change: impl FnOnce(&mut TaskStatus)) {
        let mut statuses = self.statuses.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(status) = statuses.get_mut(index) {
            change(status);
        }
    }
}

/// Runs all tasks until `stop` turns true; then each finishes the run it is in.
pub async fn run(control: &Control, board: &Board, stop: &watch::Receiver<bool>) {
    let mut running = JoinSet::new();
    for (index, task) in TASKS.iter().enumerate() {
        let name = task.name.to_string();
        let period_ms = u64::try_from(task.period.as_millis()).unwrap_or(u64::MAX);
        let status = TaskStatus { name, period_ms, ..TaskStatus::default() };
        board.statuses.lock().unwrap_or_else(PoisonError::into_inner).push(status);
        running.spawn(repeat(task, index, control.clone(), board.clone(), stop.clone()));
    }
    running.join_all().await;
}

async fn repeat(
    task: &'static Task,
    index: usize,
    control: Control,
    board: Board,
    mut stop: watch::Receiver<bool>,
) {
    let mut before = None;
    while !*stop.borrow() {
        let result = (task.job)(control.current()).await;
        let said = result.as_ref().err().map(ToString::to_string);
        // A task that fails the same way several times a second says so once.
        if let Err(error) = &result
            && said != before
        {
            tracing::error!(task = task.name, %error, cause = ?std::error::Error::source(error), "task failed");
        }
        before.clone_from(&said);
        let now = clock::now_us();
        let next = now.saturating_add(i64::try_from(task.period.as_micros()).unwrap_or(0));
        board.update(index, |status| {
            status.runs += 1;
            status.last_run = Some(now);
            status.next_run = Some(next);
            status.last_error = said;
        });
        let woken = tokio::time::timeout(task.period, stop.changed()).await;
        if matches!(woken, Ok(Err(_))) {
            return;
        }
    }
}
