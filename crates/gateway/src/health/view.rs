//! The memory of health as people and metrics see it.

use std::sync::atomic::Ordering;
use std::time::Duration;

use gatemark_core::id::ModelName;
use gatemark_core::model::Project;
use gatemark_core::resilience::BreakerSettings;
use tokio::time::Instant;

use super::breaker::{BreakerState, Counts};
use super::{Health, PoisonError, locked};
use crate::Gateway;

/// What is remembered of a provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProviderState {
    /// Its name.
    pub name: String,
    /// Requests under way.
    pub in_flight: u32,
    /// Repetitions that are paid for at present.
    pub retry_tokens: u64,
    /// Requests repeated since the start.
    pub retried: u64,
    /// Requests doubled since the start.
    pub hedged: u64,
    /// Repetitions not made since the start, because the budget was empty.
    pub retries_refused: u64,
    /// Requests not sent since the start, because the provider had too many under way.
    pub shed: u64,
    /// Keys that rest because the vendor refused or limited them.
    pub keys_resting: usize,
}

/// What is remembered of a provider's model.
#[derive(Debug, Clone, PartialEq)]
pub struct ModelState {
    /// Its name.
    pub model: ModelName,
    /// What its breaker does with calls.
    pub breaker: BreakerState,
    /// How often it has opened since the start.
    pub opened: u64,
    /// Calls in the window.
    pub calls: u32,
    /// Of these, failed.
    pub failed: u32,
    /// Of these, slow.
    pub slow: u32,
    /// Requests under way.
    pub in_flight: u32,
    /// How long an answer, or its first output, is expected to take.
    pub expected: Duration,
}

impl Health {
    /// Every provider that was asked, by name.
    pub(crate) fn provider_states(&self) -> Vec<ProviderState> {
        let now = Instant::now();
        let mut states: Vec<ProviderState> = locked(&self.providers)
            .iter()
            .map(|(name, health)| ProviderState {
                name: name.clone(),
                in_flight: health.in_flight.load(Ordering::Relaxed),
                retry_tokens: health.budget.left(),
                retried: health.counters.retried.load(Ordering::Relaxed),
                hedged: health.counters.hedged.load(Ordering::Relaxed),
                retries_refused: health.counters.retries_refused.load(Ordering::Relaxed),
                shed: health.counters.shed.load(Ordering::Relaxed),
                keys_resting: locked(&health.keys).resting(now),
            })
            .collect();
        states.sort_by(|a, b| a.name.cmp(&b.name));
        states
    }

    /// Every model that was asked, by name.
    pub(crate) fn model_states(&self, project: &Project) -> Vec<ModelState> {
        let now = Instant::now();
        let models = self.models.read().unwrap_or_else(PoisonError::into_inner);
        let mut states: Vec<ModelState> = models
            .iter()
            .map(|(model, health)| {
                let settings = project.providers.get(model.provider());
                let settings = settings.and_then(|provider| provider.resilience.breaker);
                let memory = health.memory();
                let counts = |settings: BreakerSettings| memory.breaker.counts(&settings, now);
                let Counts { calls, failed, slow } = settings.map(counts).unwrap_or_default();
                ModelState {
                    model: model.clone(),
                    breaker: memory.breaker.state(now),
                    opened: memory.breaker.opened(),
                    calls,
                    failed,
                    slow,
                    in_flight: health.in_flight.load(Ordering::Relaxed),
                    expected: Duration::try_from_secs_f64(memory.latency.expected(now))
                        .unwrap_or_default(),
                }
            })
            .collect();
        states.sort_by(|a, b| a.model.cmp(&b.model));
        states
    }
}

impl Gateway {
    /// What is remembered of every provider that was asked.
    pub fn providers(&self) -> Vec<ProviderState> {
        self.health().provider_states()
    }

    /// What is remembered of every model that was asked.
    pub fn models(&self) -> Vec<ModelState> {
        self.health().model_states(self.snapshot().project())
    }
}
