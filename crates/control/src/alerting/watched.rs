//! What happens in this process and is not to be seen in what it stores: tasks that fail, records that are lost.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use gatemark_core::call::CallRecord;
use gatemark_core::error::{Error, Result};
use gatemark_core::signal::Signal;
use gatemark_gateway::{Meter, clock};

/// Why a task fails, and since when.
#[derive(Debug, Clone)]
pub(super) struct Failing {
    pub(super) since: i64,
    pub(super) error: String,
}

/// How many alerts and undelivered messages there were at the last look.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AlertCounts {
    /// Alerts by the word of their status.
    pub alerts: BTreeMap<String, u64>,
    /// Messages that wait to be delivered.
    pub waiting: u64,
    /// Messages that were given up.
    pub dead: u64,
    /// What monitors and probes saw, by rule and the word of the state.
    pub signals: BTreeMap<(String, &'static str), u64>,
}

/// What was seen. A meter that stands before another one.
pub struct Watched {
    meter: Arc<dyn Meter>,
    failing: Mutex<BTreeMap<&'static str, Failing>>,
    lost: AtomicU64,
    lost_at: AtomicI64,
    counts: Mutex<AlertCounts>,
    /// The rollouts that hold, and the registry's revision at which they did.
    pub(super) holding: Mutex<Option<(i64, Vec<Signal>)>>,
    /// What monitors and probes saw, and the number of changes at which they did.
    pub(super) monitored: Mutex<Option<(i64, Vec<Signal>)>>,
}

impl Watched {
    /// Nothing was seen yet; calls are counted by `meter`.
    pub(crate) fn new(meter: Arc<dyn Meter>) -> Self {
        let (failing, lost, lost_at, counts, holding, monitored) = Default::default();
        Self { meter, failing, lost, lost_at, counts, holding, monitored }
    }

    /// Notes how a task's run went.
    pub(crate) fn ran(&self, task: &'static str, result: &Result<()>) {
        let mut failing = self.failing.lock().unwrap_or_else(PoisonError::into_inner);
        match result {
            Ok(()) => drop(failing.remove(task)),
            Err(error) => {
                let error = Error::to_string(error);
                let begun = || Failing { since: clock::now_us(), error: String::new() };
                failing.entry(task).or_insert_with(begun).error = error;
            }
        }
    }

    /// The tasks whose last run failed.
    pub(super) fn failing(&self) -> Vec<(&'static str, Failing)> {
        let failing = self.failing.lock().unwrap_or_else(PoisonError::into_inner);
        failing.iter().map(|(task, failing)| (*task, failing.clone())).collect()
    }

    pub(super) fn counted(&self, counts: AlertCounts) {
        *self.counts.lock().unwrap_or_else(PoisonError::into_inner) = counts;
    }

    /// How many alerts there were at the last look.
    pub(crate) fn counts(&self) -> AlertCounts {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// How many records of calls were lost, and when the last was; `None` if none was.
    pub(super) fn lost_records(&self) -> Option<(u64, i64)> {
        let lost = self.lost.load(Ordering::Relaxed);
        (lost > 0).then(|| (lost, self.lost_at.load(Ordering::Relaxed)))
    }
}

impl Meter for Watched {
    fn ended(&self, record: &CallRecord) {
        self.meter.ended(record);
    }

    fn lost(&self) {
        self.lost_at.store(clock::now_us(), Ordering::Relaxed);
        self.lost.fetch_add(1, Ordering::Relaxed);
        self.meter.lost();
    }

    fn over_budget(&self, budget: &str) {
        self.meter.over_budget(budget);
    }
}
