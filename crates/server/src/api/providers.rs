//! Providers and their models as this process finds them at present.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use gatemark_core::access::Action;
use gatemark_gateway::{ModelState, ProviderState};
use serde::Serialize;
use utoipa::ToSchema;

use crate::app::App;
use crate::auth;
use crate::error::Answer;

/// How calls fare.
#[derive(Serialize, ToSchema)]
pub(crate) struct Fortune {
    /// Calls under way in this process.
    calls_in_flight: usize,
    /// Calls that wait for a place.
    calls_waiting: u32,
    /// Calls refused since the start for want of a place.
    calls_shed: u64,
    /// Every provider that was asked since the start.
    providers: Vec<ProviderView>,
}

/// A provider.
#[derive(Serialize, ToSchema)]
pub(crate) struct ProviderView {
    /// Its name.
    name: String,
    /// Requests under way.
    in_flight: u32,
    /// Requests not sent since the start, because `max_in_flight` were under way.
    shed: u64,
    /// Requests repeated since the start.
    retries: u64,
    /// Requests doubled since the start.
    hedges: u64,
    /// Requests not repeated since the start, because the retry budget was empty.
    retries_refused: u64,
    /// Repetitions that the retry budget pays for at present.
    retry_tokens: u64,
    /// Keys that rest because the vendor refused or limited them.
    keys_resting: usize,
    /// Its models that were asked.
    models: Vec<ModelView>,
}

/// A model.
#[derive(Serialize, ToSchema)]
pub(crate) struct ModelView {
    /// Its name.
    model: String,
    /// `closed` (calls go through), `half_open` (a few probes do) or `open` (none do).
    breaker: &'static str,
    /// How often the breaker has opened since the start.
    opened: u64,
    /// Calls in the breaker's window.
    calls: u32,
    /// Of these, failed.
    failed: u32,
    /// Of these, slow.
    slow: u32,
    /// Requests under way.
    in_flight: u32,
    /// Expected milliseconds to an answer or its first output, from a moving average.
    expected_ms: u64,
}

/// Shows how providers and models fare: breakers, retries, keys, requests under way. Each process has its own
/// view.
#[utoipa::path(get, path = "/api/v1/providers", tag = "system",
    responses((status = 200, body = Fortune)))]
pub(crate) async fn list(State(app): State<App>, headers: HeaderMap) -> Answer<Json<Fortune>> {
    auth::admit(&app, &headers, Action::Read)?;
    let gateway = app.control.gateway();
    let mut models: BTreeMap<String, Vec<ModelView>> = BTreeMap::new();
    for state in gateway.models() {
        models.entry(state.model.provider().to_string()).or_default().push(model(state));
    }
    let providers = gateway.providers().into_iter();
    let providers = providers.map(|state| {
        let models = models.remove(&state.name).unwrap_or_default();
        provider(state, models)
    });
    let providers = providers.collect();
    let load = gateway.load();
    Ok(Json(Fortune {
        calls_in_flight: load.in_flight,
        calls_waiting: load.waiting,
        calls_shed: load.shed,
        providers,
    }))
}

fn provider(state: ProviderState, models: Vec<ModelView>) -> ProviderView {
    ProviderView {
        name: state.name,
        in_flight: state.in_flight,
        shed: state.shed,
        retries: state.retried,
        hedges: state.hedged,
        retries_refused: state.retries_refused,
        retry_tokens: state.retry_tokens,
        keys_resting: state.keys_resting,
        models,
    }
}

fn model(state: ModelState) -> ModelView {
    ModelView {
        model: state.model.to_string(),
        breaker: state.breaker.word(),
        opened: state.opened,
        calls: state.calls,
        failed: state.failed,
        slow: state.slow,
        in_flight: state.in_flight,
        expected_ms: u64::try_from(state.expected.as_millis()).unwrap_or(u64::MAX),
    }
}
