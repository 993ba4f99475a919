//! HTTP in, HTTP out: no decision is taken here.
//!
//! `router` has every route on one page; `v1` speaks to applications in their vendors' formats, `api` to
//! people and tools; `auth` turns a header into a caller, `error` an error into a status.

mod accept;
mod account;
mod alert_metrics;
mod api;
mod app;
mod auth;
mod body;
mod budget_metrics;
mod cache_metrics;
mod caching;
mod cascade_metrics;
mod config_metrics;
mod conversation_metrics;
mod conversing;
mod error;
mod front;
mod guard_metrics;
mod health;
mod metrics;
mod patience;
mod resilience;
mod review_metrics;
mod rollout_metrics;
mod router;
mod series;
mod serve;
mod stop_metrics;
mod structured_metrics;
mod v1;

pub use metrics::Metrics;
pub use serve::{ServeOptions, serve};

/// The OpenAPI 3.1 document of every route, as pretty JSON.
pub fn openapi() -> String {
    let mut text = router::document().to_pretty_json().unwrap_or_default();
    text.push('\n');
    text
}
