//! Whether the process lives, and whether it can do its work.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

use crate::router::App;

/// A health report.
#[derive(Serialize, ToSchema)]
pub(crate) struct Health {
    /// `ok` or `failing`.
    status: &'static str,
    /// Why it is failing.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

/// The process answers. Nothing else is looked at: restarting cannot mend a database.
#[utoipa::path(get, path = "/health/live", tag = "health", responses((status = 200, body = Health)))]
pub(crate) async fn live() -> Json<Health> {
    Json(Health { status: "ok", reason: None })
}

/// Calls can be served and recorded. The database is not asked: the gateway serves without it.
#[utoipa::path(get, path = "/health/ready", tag = "health",
    responses((status = 200, body = Health), (status = 503, body = Health)))]
pub(crate) async fn ready(State(app): State<App>) -> (StatusCode, Json<Health>) {
    if *app.stop.borrow() {
        let reason = Some("draining".to_string());
        return (StatusCode::SERVICE_UNAVAILABLE, Json(Health { status: "failing", reason }));
    }
    (StatusCode::OK, Json(Health { status: "ok", reason: None }))
}
