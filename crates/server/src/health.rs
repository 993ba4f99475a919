//! Whether the process lives, whether it can do its work, and how it does.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use gatemark_core::access::Action;
use gatemark_core::error::Error;
use gatemark_gateway::clock;
use serde::Serialize;
use utoipa::ToSchema;

use crate::app::App;
use crate::auth;
use crate::error::Answer;

/// A health report.
#[derive(Serialize, ToSchema)]
pub(crate) struct Health {
    /// `ok` or `failing`.
    status: &'static str,
    /// Why it is failing.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    /// What a person should look at although it is not failing.
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
    /// How many hard stops are in force.
    #[serde(skip_serializing_if = "is_none")]
    stops: usize,
}

#[allow(clippy::trivially_copy_pass_by_ref)]
fn is_none(stops: &usize) -> bool {
    *stops == 0
}

impl Health {
    fn ok() -> Self {
        Self { status: "ok", reason: None, detail: None, stops: 0 }
    }

    fn failing(reason: String) -> Self {
        Self { reason: Some(reason), status: "failing", ..Self::ok() }
    }
}

/// The process answers. Nothing else is looked at: restarting cannot mend a database.
#[utoipa::path(get, path = "/health/live", tag = "health", responses((status = 200, body = Health)))]
pub(crate) async fn live() -> Json<Health> {
    Json(Health::ok())
}

/// Every deployed prompt can be served, and the server is not draining. The database is not asked: the
/// gateway serves without it. A hard stop is counted and makes nothing fail: somebody wanted it.
#[utoipa::path(get, path = "/health/ready", tag = "health",
    responses((status = 200, body = Health), (status = 503, body = Health)))]
pub(crate) async fn ready(State(app): State<App>) -> (StatusCode, Json<Health>) {
    if *app.stop.borrow() {
        return (StatusCode::SERVICE_UNAVAILABLE, Json(Health::failing("draining".to_string())));
    }
    let gateway = app.control.gateway();
    if let Some((prompt, model)) = gateway.snapshot().unserved().next() {
        let reason = format!("{prompt} serves on {model}, whose provider is not configured here");
        return (StatusCode::SERVICE_UNAVAILABLE, Json(Health::failing(reason)));
    }
    if let Some((prompt, place, one)) = gateway.snapshot().unproven().find(|found| found.2.stops) {
        let reason = format!("{prompt}@{} in {place} has no evidence", one.number);
        return (StatusCode::SERVICE_UNAVAILABLE, Json(Health::failing(reason)));
    }
    let stops = gateway.stops().in_force().count();
    (StatusCode::OK, Json(Health { detail: detail(&app), stops, ..Health::ok() }))
}

/// Anybody may ask whether the server is ready, so what is wrong is not told here.
fn detail(app: &App) -> Option<String> {
    let status = app.control.config_status();
    let what = match (&status.last_error, status.held.is_empty()) {
        (Some(_), _) => "gatemark.yaml has changed and is not in force",
        (None, false) => "a deployed version cannot be served here, and the one before goes on",
        (None, true) => return None,
    };
    Some(format!("{what}: see /api/v1/system/config"))
}

/// Prometheus text format (OpenMetrics). Needs a key with `read` once keys exist: names of prompts and
/// what they cost are nobody else's business.
#[utoipa::path(get, path = "/metrics", tag = "health", responses((status = 200, body = String)))]
pub(crate) async fn metrics(State(app): State<App>, headers: HeaderMap) -> Answer<Response> {
    auth::admit(&app, &headers, Action::Read)?;
    app.metrics.look_at(app.control.gateway());
    app.metrics.show_caches(&app.control.gateway().caches());
    app.metrics.show_alerts(&app.control.alert_counts());
    let now = clock::now_us();
    // Without the database the queue is shown as it was.
    match app.control.review_standing(now).await {
        Ok(standing) => app.metrics.show_reviews(&standing, now),
        Err(error) => tracing::warn!(%error, "the review queue is shown as it was"),
    }
    let pending = app.control.gateway().log().pending_bytes();
    let text = app
        .metrics
        .encode(pending, &app.control.gateway().budgets(), &app.control.config_status())
        .map_err(|cause| Error::internal("metrics cannot be written").because(cause))?;
    let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    Ok(([(header::CONTENT_TYPE, kind)], text).into_response())
}
