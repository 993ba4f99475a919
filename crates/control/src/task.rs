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

impl Task {
    /// Whether it is left where it stands when the server stops: it goes on there the next time.
    fn may_take_long(&self) -> bool {
        self.name == "probes"
    }
}

/// Every task. `refresh` bounds how long a change made by another process takes to be served;
/// `ship` bounds how long a call's record is only in the local log, `reload` how long a changed
/// `gatemark.yaml` is not in force, `rollout` how long a rollout or an experiment's arm goes on with evidence against it, `conversations` how
/// long a call waits for one that is not in memory. `stops` looks at the file of stops and at nothing else,
/// `stop-orders` brings file and database to the same. `alerts` bounds how long what is wrong is not
/// seen, `deliver` how long what is seen is not told.
const TASKS: [Task; 18] = [
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
    Task { name: "evaluate", period: Duration::from_secs(1), job: evaluate },
    Task { name: "forget", period: Duration::from_secs(60), job: forget },
    Task { name: "monitor", period: Duration::from_secs(60), job: monitor },
    Task { name: "probes", period: Duration::from_secs(60), job: probes },
    Task { name: "rollups", period: Duration::from_secs(60), job: rollups },
    Task { name: "alerts", period: Duration::from_secs(1), job: alerts },
    Task { name: "deliver", period: Duration::from_millis(500), job: deliver },
    Task { name: "forget-alerts", period: Duration::from_secs(3600), job: forget_alerts },
    Task { name: "forget-shown", period: Duration::from_secs(3600), job: forget_shown },
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

fn evaluate(control: Control) -> BoxFuture<'static, Result<()>> {
    Box::pin(async move { control.evaluate_online(clock::now_us()).await.map(drop) })
}

fn forget(control: Control) -> BoxFuture<'static, Result<()>> {
    Box::pin(async move { control.expire_conversations().await })
}

fn monitor(control: Control) -> BoxFuture<'static, Result<()>> {
    Box::pin(async move { control.look(clock::now_us()).await.map(drop) })
}

fn probes(control: Control) -> BoxFuture<'static, Result<()>> {
    Box::pin(async move { control.probe_due(clock::now_us()).await })
}

fn rollups(control: Control) -> BoxFuture<'static, Result<()>> {
    Box::pin(async move { control.consolidate(clock::now_us()).await.map(drop) })
}

fn alerts(control: Control) -> BoxFuture<'static, Result<()>> {
    Box::pin(async move {
        let looked = control.look_for_alerts(clock::now_us()).await;
        control.announce().await?;
        looked.map(drop)
    })
}

fn deliver(control: Control) -> BoxFuture<'static, Result<()>> {
    Box::pin(async move { control.deliver(clock::now_us()).await })
}

fn forget_alerts(control: Control) -> BoxFuture<'static, Result<()>> {
    Box::pin(async move { control.forget_alerts(clock::now_us()).await })
}

fn forget_shown(control: Control) -> BoxFuture<'static, Result<()>> {
    Box::pin(async move { control.forget_shown(clock::now_us()).await })
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

/// Runs all tasks until `stop` turns true; then each finishes the run it is in, unless that may take long.
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
        let job = (task.job)(control.current());
        let result = if task.may_take_long() {
            tokio::select! {
                result = job => result,
                _ = stop.wait_for(|stop| *stop) => return,
            }
        } else {
            job.await
        };
        control.in_process().ran(task.name, &result);
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
