//! The counters that a call moves, found by what the call is rather than by labels written down anew each time.

use std::hash::{Hash, Hasher};
use std::sync::{Arc, PoisonError, RwLock};

use gatemark_core::call::CallRecord;
use gatemark_core::{EnvironmentName, ModelName, PromptName};
use hashbrown::{Equivalent, HashMap};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::histogram::Histogram;
use std::sync::atomic::AtomicU64;

/// The counters of calls that are alike.
pub(crate) struct Series {
    pub(crate) calls: Counter,
    pub(crate) latency: Histogram,
    pub(crate) cost: Counter<f64, AtomicU64>,
    pub(crate) input: Counter,
    pub(crate) output: Counter,
}

/// What makes calls alike: every label of theirs comes from these.
type Parts<'a> = (
    Option<&'a PromptName>,
    Option<u32>,
    Option<&'a EnvironmentName>,
    &'a ModelName,
    &'static str,
    Option<&'a str>,
    &'static str,
);

struct Key {
    prompt: Option<PromptName>,
    number: Option<u32>,
    environment: Option<EnvironmentName>,
    model: ModelName,
    outcome: &'static str,
    error: Option<String>,
    purpose: &'static str,
}

impl Key {
    fn of(record: &CallRecord) -> Self {
        Self {
            prompt: record.prompt.clone(),
            number: record.number,
            environment: record.environment.clone(),
            model: record.model.clone(),
            outcome: record.outcome.word(),
            error: record.error.clone(),
            purpose: record.purpose.word(),
        }
    }

    fn parts(&self) -> Parts<'_> {
        let Self { prompt, number, environment, model, outcome, error, purpose } = self;
        let names = (prompt.as_ref(), environment.as_ref());
        (names.0, *number, names.1, model, outcome, error.as_deref(), purpose)
    }
}

fn parts(record: &CallRecord) -> Parts<'_> {
    (
        record.prompt.as_ref(),
        record.number,
        record.environment.as_ref(),
        &record.model,
        record.outcome.word(),
        record.error.as_deref(),
        record.purpose.word(),
    )
}

impl Hash for Key {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.parts().hash(state);
    }
}

impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        self.parts() == other.parts()
    }
}

impl Eq for Key {}

/// A call whose series is looked for.
struct Seen<'a>(&'a CallRecord);

impl Hash for Seen<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        parts(self.0).hash(state);
    }
}

impl Equivalent<Key> for Seen<'_> {
    fn equivalent(&self, key: &Key) -> bool {
        parts(self.0) == key.parts()
    }
}

/// The series that were met. As many as there are of the labels that they stand for.
#[derive(Default)]
pub(crate) struct Known(RwLock<HashMap<Key, Arc<Series>>>);

impl Known {
    /// The series of a call, made by `make` if it is the first of them.
    pub(crate) fn of(&self, record: &CallRecord, make: impl FnOnce() -> Series) -> Arc<Series> {
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(series) = known.get(&Seen(record)) {
            return series.clone();
        }
        drop(known);
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        known.entry(Key::of(record)).or_insert_with(|| Arc::new(make())).clone()
    }
}
