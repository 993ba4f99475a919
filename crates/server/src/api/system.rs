//! The server itself.

use std::sync::LazyLock;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use gatemark_control::config_status::ConfigStatus;
use gatemark_control::task::TaskStatus;
use gatemark_core::access::Action;

use crate::app::App;
use crate::auth;
use crate::error::Answer;

/// Shows the background tasks: last run, next run, last error.
#[utoipa::path(get, path = "/api/v1/tasks", tag = "system",
    responses((status = 200, body = Vec<TaskStatus>)))]
pub(crate) async fn tasks(
    State(app): State<App>,
    headers: HeaderMap,
) -> Answer<Json<Vec<TaskStatus>>> {
    auth::admit(&app, &headers, Action::Read)?;
    Ok(Json(app.tasks.statuses()))
}

/// Shows the configuration in force, why a changed `gatemark.yaml` is not in force, and deployments that
/// this server cannot serve.
#[utoipa::path(get, path = "/api/v1/system/config", tag = "system",
    responses((status = 200, body = ConfigStatus)))]
pub(crate) async fn config(
    State(app): State<App>,
    headers: HeaderMap,
) -> Answer<Json<ConfigStatus>> {
    auth::admit(&app, &headers, Action::Read)?;
    Ok(Json(app.control.config_status()))
}

/// Building it takes milliseconds, and anybody may ask for it.
static DOCUMENT: LazyLock<String> = LazyLock::new(crate::openapi);

/// The OpenAPI document.
pub(crate) async fn openapi() -> Response {
    let kind = [(header::CONTENT_TYPE, "application/json")];
    (kind, DOCUMENT.as_str()).into_response()
}
