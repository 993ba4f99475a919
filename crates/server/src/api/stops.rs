//! Hard stops: listed, given and ended.

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::HeaderMap;
use gatemark_control::stop::{Given, StopView, Wanted};
use gatemark_core::access::Action;
use gatemark_core::error::{Error, Result};
use gatemark_core::stop::{StopKind, StopScope, StopServe};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use super::asked::Query;
use crate::app::App;
use crate::error::Answer;
use crate::{auth, body};

/// What to stop, and what calls get meanwhile.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct StopBody {
    /// `all`, `environment=NAME`, `service=NAME` or `prompt=SERVICE/NAME`.
    scope: String,
    /// `fallback` (the default), `cached` or `error`.
    serve: Option<String>,
    /// Why, in one line; callers read it.
    reason: Option<String>,
}

/// Which stop to end.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct ResumeQuery {
    /// The stop's own scope: `all`, `environment=NAME`, `service=NAME` or `prompt=SERVICE/NAME`.
    scope: String,
    /// Why, in one line.
    reason: Option<String>,
}

fn serve(word: Option<&str>) -> Result<StopServe> {
    let Some(word) = word else { return Ok(StopServe::default()) };
    StopServe::from_word(word).ok_or_else(|| {
        let message = format!("`serve` is {word:?}: write fallback, cached or error");
        Error::invalid(message).at("serve")
    })
}

/// Lists the stops in force, the widest first.
#[utoipa::path(get, path = "/api/v1/stops", tag = "release",
    responses((status = 200, body = Vec<StopView>)))]
pub(crate) async fn list(
    State(app): State<App>,
    headers: HeaderMap,
) -> Answer<Json<Vec<StopView>>> {
    auth::admit(&app, &headers, Action::Read)?;
    Ok(Json(app.control.stops_in_force()))
}

/// Stops calls at once. Works with the database away; `notes` then says so.
#[utoipa::path(post, path = "/api/v1/stops", tag = "release", request_body = StopBody,
    responses((status = 200, body = Given)))]
pub(crate) async fn stop(
    State(app): State<App>,
    headers: HeaderMap,
    body: Body,
) -> Answer<Json<Given>> {
    let caller = auth::admit(&app, &headers, Action::Deploy)?;
    let asked: StopBody = body::json(body).await?;
    let scope: StopScope = asked.scope.parse()?;
    let serve = serve(asked.serve.as_deref())?;
    let wanted = Wanted { scope, kind: StopKind::Stop, serve, reason: asked.reason };
    Ok(Json(app.control.order_stop(wanted, &caller.name).await?))
}

/// Ends the stop of a scope; wider and narrower ones stay.
#[utoipa::path(delete, path = "/api/v1/stops", tag = "release", params(ResumeQuery),
    responses((status = 200, body = Given), (status = 404, description = "There is no such stop")))]
pub(crate) async fn resume(
    State(app): State<App>,
    headers: HeaderMap,
    query: Query<ResumeQuery>,
) -> Answer<Json<Given>> {
    let caller = auth::admit(&app, &headers, Action::Deploy)?;
    let asked = query.read()?;
    let scope: StopScope = asked.scope.parse()?;
    let (kind, serve) = (StopKind::Resume, StopServe::default());
    let wanted = Wanted { scope, kind, serve, reason: asked.reason };
    Ok(Json(app.control.order_stop(wanted, &caller.name).await?))
}
