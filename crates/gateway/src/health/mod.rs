//! What is remembered of providers and models from call to call: breakers, speed, keys that rest, requests
//! under way, and what retries may cost.
//!
//! It is shared by all calls and outlives snapshots: a change of configuration must not make the gateway
//! forget that a model is down. Settings are looked up at each use, so a change of them works at once. All
//! of it is in memory of this process: each replica finds out by itself, which needs no round trip on the
//! call's path and no trust in another's clock. Locks are held for a few instructions, never across an
//! await.

mod breaker;
mod budget;
mod keys;
mod latency;
mod ticket;
mod view;

use std::collections::HashMap;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::Duration;

use gatemark_core::id::ModelName;
use gatemark_core::model::Provider;
use tokio::time::Instant;

pub use breaker::BreakerState;
pub(crate) use keys::REFUSED;
pub(crate) use ticket::{Closed, Ticket};
pub use view::{ModelState, ProviderState};

use breaker::Breaker;
use budget::Budget;
use keys::Keys;
use latency::Latency;

/// Most models that are remembered: plain calls may name any model of a configured provider.
const MOST_MODELS: usize = 1024;

/// The memory.
#[derive(Default)]
pub(crate) struct Health {
    models: RwLock<HashMap<ModelName, Arc<ModelHealth>>>,
    providers: Mutex<HashMap<String, Arc<ProviderHealth>>>,
}

/// What is remembered of one provider × model.
pub(crate) struct ModelHealth {
    pub(crate) provider: Arc<ProviderHealth>,
    in_flight: AtomicU32,
    state: Mutex<ModelMemory>,
}

struct ModelMemory {
    breaker: Breaker,
    latency: Latency,
}

/// What is remembered of one provider.
#[derive(Default)]
pub(crate) struct ProviderHealth {
    in_flight: AtomicU32,
    budget: Budget,
    keys: Mutex<Keys>,
    counters: Counters,
}

/// What has happened since the start of the process.
#[derive(Default)]
pub(crate) struct Counters {
    pub(crate) retried: AtomicU64,
    pub(crate) retries_refused: AtomicU64,
    pub(crate) hedged: AtomicU64,
    pub(crate) shed: AtomicU64,
}

/// Why a request is repeated or doubled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Again {
    Retry,
    Hedge,
}

impl Default for Budget {
    fn default() -> Self {
        Self::new()
    }
}

impl Health {
    /// What is remembered of `model`.
    pub(crate) fn of(&self, model: &ModelName) -> Arc<ModelHealth> {
        let models = self.models.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = models.get(model) {
            return known.clone();
        }
        drop(models);
        self.meet(model)
    }

    fn meet(&self, model: &ModelName) -> Arc<ModelHealth> {
        let provider =
            locked(&self.providers).entry(model.provider().to_string()).or_default().clone();
        let now = Instant::now();
        let state = ModelMemory { breaker: Breaker::new(now), latency: Latency::default() };
        let new = ModelHealth { provider, in_flight: AtomicU32::new(0), state: Mutex::new(state) };
        let mut models = self.models.write().unwrap_or_else(PoisonError::into_inner);
        if models.len() >= MOST_MODELS {
            // Those that nobody is asking and that do well have nothing worth remembering.
            models.retain(|_, known| Arc::strong_count(known) > 1 || known.is_troubled(now));
        }
        if models.len() >= MOST_MODELS {
            return Arc::new(new);
        }
        models.entry(model.clone()).or_insert_with(|| Arc::new(new)).clone()
    }
}

impl ModelHealth {
    fn memory(&self) -> MutexGuard<'_, ModelMemory> {
        locked(&self.state)
    }

    fn is_troubled(&self, now: Instant) -> bool {
        self.memory().breaker.state(now) != BreakerState::Closed
    }

    /// Whether a request could be sent now: the breaker lets it through, there is room, and some key does
    /// not rest.
    pub(crate) fn is_ready(&self, provider: &Provider, keys: usize, now: Instant) -> bool {
        let settings = provider.resilience.breaker.as_ref();
        settings.is_none_or(|settings| self.memory().breaker.would_admit(settings, now))
            && self.provider.has_room(provider)
            && self.provider.ready_key(keys, now).is_some()
    }

    /// What asking this model costs in time: the expected wait times the requests that share it.
    pub(crate) fn load(&self, now: Instant) -> f64 {
        let waiting = f64::from(self.in_flight.load(Ordering::Relaxed));
        self.memory().latency.expected(now) * (waiting + 1.0)
    }
}

impl ProviderHealth {
    fn has_room(&self, provider: &Provider) -> bool {
        let most = provider.resilience.max_in_flight;
        most.is_none_or(|most| self.in_flight.load(Ordering::Relaxed) < most)
    }

    /// A call is made to it, which pays for a share of a repetition.
    pub(crate) fn earn(&self, provider: &Provider) {
        self.budget.earn(provider.resilience.retry_share);
    }

    /// Whether a request may be repeated or doubled; counted either way.
    pub(crate) fn may(&self, again: Again) -> bool {
        let counters = &self.counters;
        let paid = self.budget.spend();
        let counter = match (paid, again) {
            (true, Again::Retry) => &counters.retried,
            (true, Again::Hedge) => &counters.hedged,
            (false, _) => &counters.retries_refused,
        };
        counter.fetch_add(1, Ordering::Relaxed);
        paid
    }

    /// The key to use, out of `count`.
    pub(crate) fn key(&self, count: usize, now: Instant) -> usize {
        if count > 1 { locked(&self.keys).choose(count, now) } else { 0 }
    }

    /// A key that does not rest.
    pub(crate) fn ready_key(&self, count: usize, now: Instant) -> Option<usize> {
        locked(&self.keys).ready(count, now)
    }

    /// The vendor refused the key.
    pub(crate) fn key_refused(&self, key: usize, now: Instant) {
        locked(&self.keys).rest(key, REFUSED, now);
    }

    /// The key is over its rate.
    pub(crate) fn key_limited(&self, key: usize, asked: Option<Duration>, now: Instant) {
        locked(&self.keys).limited(key, asked, now);
    }

    /// The key was accepted.
    pub(crate) fn key_works(&self, key: usize) {
        locked(&self.keys).works(key);
    }
}

/// A poisoned lock guards plain numbers, which are as good as before.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_callers_make_up_do_not_fill_the_memory() {
        let health = Health::default();
        for number in 0..3 * MOST_MODELS {
            health.of(&format!("p/made-up-{number}").parse().unwrap());
        }
        assert!(health.models.read().unwrap().len() <= MOST_MODELS);
        assert_eq!(locked(&health.providers).len(), 1);
    }
}
