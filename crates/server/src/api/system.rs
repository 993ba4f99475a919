//! The server itself.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
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

/// The OpenAPI document.
pub(crate) async fn openapi() -> Response {
    let kind = [(header::CONTENT_TYPE, "application/json")];
    (kind, crate::openapi()).into_response()
}
