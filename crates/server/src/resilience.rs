//! Metrics about how failures are met: breakers, retries, hedges, and calls turned away.
//!
//! The gateway counts; these are copies, made when somebody asks, so that a call pays nothing for them.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;

use gatemark_gateway::{BreakerState, Gateway};
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct ProviderLabel {
    provider: String,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct ModelLabel {
    model: String,
}

/// The metrics.
#[derive(Default)]
pub(crate) struct ResilienceMetrics {
    state: Family<ModelLabel, Gauge>,
    opened: Family<ModelLabel, Counter>,
    retried: Family<ProviderLabel, Counter>,
    refused: Family<ProviderLabel, Counter>,
    hedged: Family<ProviderLabel, Counter>,
    provider_shed: Family<ProviderLabel, Counter>,
    resting: Family<ProviderLabel, Gauge>,
    in_flight: Gauge,
    waiting: Gauge,
    shed: Counter,
}

impl ResilienceMetrics {
    /// Makes them known to `registry`.
    pub(crate) fn register(&self, registry: &mut Registry) {
        let breaker = "State of a model's circuit breaker: 0 closed, 1 half-open, 2 open";
        registry.register("breaker_state", breaker, self.state.clone());
        registry.register("breaker_opened", "Openings of a breaker", self.opened.clone());
        registry.register("retries", "Requests to vendors repeated", self.retried.clone());
        let refused = "Requests not repeated because the retry budget was empty";
        registry.register("retries_refused", refused, self.refused.clone());
        registry.register("hedges", "Requests to vendors doubled", self.hedged.clone());
        let shed = "Requests not sent because the provider had too many under way";
        registry.register("provider_shed", shed, self.provider_shed.clone());
        let resting = "Keys that rest because the vendor refused or limited them";
        registry.register("keys_resting", resting, self.resting.clone());
        registry.register("calls_in_flight", "Calls under way", self.in_flight.clone());
        registry.register("calls_waiting", "Calls that wait for a place", self.waiting.clone());
        registry.register("calls_shed", "Calls refused for want of a place", self.shed.clone());
    }

    /// Copies what `gateway` has counted.
    pub(crate) fn read(&self, gateway: &Gateway) {
        let snapshot = gateway.snapshot();
        let project = snapshot.project();
        // Callers may make up models: those that the project does not name share a label, with the worst
        // of their states.
        let mut models: BTreeMap<String, (i64, u64)> = BTreeMap::new();
        for state in gateway.models() {
            let name = &state.model;
            let is_known = project.models.contains_key(name) || snapshot.serves_on(name);
            let label =
                if is_known { name.to_string() } else { format!("{}/other", name.provider()) };
            let entry = models.entry(label).or_default();
            entry.0 = entry.0.max(number(state.breaker));
            entry.1 += state.opened;
        }
        for (model, (state, opened)) in models {
            let label = ModelLabel { model };
            self.state.get_or_create(&label).set(state);
            raise(&self.opened.get_or_create(&label), opened);
        }
        for state in gateway.providers() {
            let label = ProviderLabel { provider: state.name };
            raise(&self.retried.get_or_create(&label), state.retried);
            raise(&self.refused.get_or_create(&label), state.retries_refused);
            raise(&self.hedged.get_or_create(&label), state.hedged);
            raise(&self.provider_shed.get_or_create(&label), state.shed);
            let resting = i64::try_from(state.keys_resting).unwrap_or(i64::MAX);
            self.resting.get_or_create(&label).set(resting);
        }
        let load = gateway.load();
        self.in_flight.set(i64::try_from(load.in_flight).unwrap_or(i64::MAX));
        self.waiting.set(i64::from(load.waiting));
        raise(&self.shed, load.shed);
    }
}

fn number(state: BreakerState) -> i64 {
    match state {
        BreakerState::Closed => 0,
        BreakerState::HalfOpen => 1,
        BreakerState::Open => 2,
    }
}

/// Counters only grow; what the gateway has forgotten stays counted.
fn raise(counter: &Counter, to: u64) {
    counter.inner().fetch_max(to, Ordering::Relaxed);
}
