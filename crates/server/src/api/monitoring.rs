//! What calls were like, and what monitors see.

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use gatemark_control::metrics::{Asked, By, MetricsView};
use gatemark_control::online::OnlineStanding;
use gatemark_core::access::Action;
use gatemark_core::error::{Error, Result};
use gatemark_core::rollup::Period;
use gatemark_core::signal::Signal;
use gatemark_gateway::clock;
use serde::Deserialize;
use utoipa::IntoParams;

use super::asked::Query;
use super::named;
use crate::app::App;
use crate::auth;
use crate::error::Answer;

/// Which calls.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct MetricsQuery {
    /// `service/name`; all by default.
    prompt: Option<String>,
    /// Only calls there.
    environment: Option<String>,
    /// How far back: `5m`, `1h` (the default), `24h`, `7d` or `28d`.
    window: Option<String>,
    /// What rows are set apart by, beside prompt and environment: `environment` (the default, nothing more),
    /// `version`, `model` or `arm`.
    by: Option<String>,
}

/// The meaning of one of fixed words.
fn one_of<T: Copy>(word: &str, param: &str, known: &[(&str, T)]) -> Result<T> {
    known.iter().find(|(name, _)| *name == word).map(|(_, meaning)| *meaning).ok_or_else(|| {
        let words: Vec<&str> = known.iter().map(|(name, _)| *name).collect();
        Error::invalid(format!("`{param}` is {word:?}: write one of {}", words.join(", ")))
            .at(param)
    })
}

/// What applications' calls were like in a window: counts, shares, costs, quantiles of latency, scores.
#[utoipa::path(get, path = "/api/v1/metrics", tag = "monitoring", params(MetricsQuery),
    responses((status = 200, body = MetricsView)))]
pub(crate) async fn metrics(
    State(app): State<App>,
    headers: HeaderMap,
    query: Query<MetricsQuery>,
) -> Answer<Json<MetricsView>> {
    auth::admit(&app, &headers, Action::Read)?;
    let query = query.read()?;
    let window = query.window.as_deref().unwrap_or("1h");
    let by = query.by.as_deref().unwrap_or("environment");
    let asked = Asked {
        prompt: query.prompt.map(|text| named(&text, "prompt")).transpose()?,
        environment: query.environment.map(|text| named(&text, "environment")).transpose()?,
        window: one_of(window, "window", &Period::WORDS)?,
        by: one_of(by, "by", &By::WORDS)?,
    };
    Ok(Json(app.control.metrics(&asked, clock::now_us()).await?))
}

/// Lists what monitors saw at their last look, which is at most a minute old.
#[utoipa::path(get, path = "/api/v1/signals", tag = "monitoring",
    responses((status = 200, body = Vec<Object>)))]
pub(crate) async fn signals(
    State(app): State<App>,
    headers: HeaderMap,
) -> Answer<Json<Vec<Signal>>> {
    auth::admit(&app, &headers, Action::Read)?;
    Ok(Json(app.control.signals().await?))
}

/// Shows how the judging of production's answers goes, by environment, since midnight UTC.
#[utoipa::path(get, path = "/api/v1/evaluation", tag = "monitoring",
    responses((status = 200, body = Vec<OnlineStanding>)))]
pub(crate) async fn evaluation(
    State(app): State<App>,
    headers: HeaderMap,
) -> Answer<Json<Vec<OnlineStanding>>> {
    auth::admit(&app, &headers, Action::Read)?;
    Ok(Json(app.control.online_standing(clock::now_us()).await?))
}
