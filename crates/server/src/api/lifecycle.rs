//! Where versions are in their lives.

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::HeaderMap;
use gatemark_control::lifecycle::StageView;
use gatemark_control::view::VersionView;
use gatemark_core::access::Action;
use gatemark_core::error::Error;
use serde::Deserialize;
use utoipa::ToSchema;

use super::asked::Path;
use super::selector;
use crate::app::App;
use crate::error::Answer;
use crate::{auth, body};

/// Lists a prompt's versions with their stages, newest first.
#[utoipa::path(get, path = "/api/v1/prompts/{service}/{name}/stages", tag = "release",
    params(("service" = String, Path), ("name" = String, Path)),
    responses((status = 200, body = Vec<StageView>)))]
pub(crate) async fn stages(
    State(app): State<App>,
    headers: HeaderMap,
    path: Path<(String, String)>,
) -> Answer<Json<Vec<StageView>>> {
    auth::admit(&app, &headers, Action::Read)?;
    Ok(Json(app.control.stages(&path.prompt()?).await?))
}

/// Whose review is asked for.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ReviewRequestBody {
    /// The version; the newest by default.
    version: Option<String>,
    /// What to look at.
    comment: Option<String>,
}

/// Asks for a version's review. It needs a passing report by the prompt's current suite.
#[utoipa::path(post, path = "/api/v1/prompts/{service}/{name}/review", tag = "release",
    params(("service" = String, Path), ("name" = String, Path)), request_body = ReviewRequestBody,
    responses((status = 200, body = VersionView),
        (status = 409, description = "The version is not at a stage from which that is legal")))]
pub(crate) async fn review(
    State(app): State<App>,
    headers: HeaderMap,
    path: Path<(String, String)>,
    body: Body,
) -> Answer<Json<VersionView>> {
    let caller = auth::admit(&app, &headers, Action::Push)?;
    let asked: ReviewRequestBody = body::json(body).await?;
    let prompt = path.prompt()?;
    let selector = selector(asked.version.as_deref())?;
    let version =
        app.control.request_review(&prompt, &selector, &caller.name, asked.comment).await?;
    Ok(Json(VersionView::from(&version)))
}

/// Which version is over.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RetireBody {
    /// The version; there is no default.
    version: Option<String>,
    /// Why.
    reason: Option<String>,
    /// Takes the retirement back instead.
    #[serde(default)]
    undo: bool,
}

/// Retires a version, or takes that back. One that serves is refused.
#[utoipa::path(post, path = "/api/v1/prompts/{service}/{name}/retire", tag = "release",
    params(("service" = String, Path), ("name" = String, Path)), request_body = RetireBody,
    responses((status = 200, body = VersionView),
        (status = 409, description = "The version is not at a stage from which that is legal")))]
pub(crate) async fn retire(
    State(app): State<App>,
    headers: HeaderMap,
    path: Path<(String, String)>,
    body: Body,
) -> Answer<Json<VersionView>> {
    let caller = auth::admit(&app, &headers, Action::Deploy)?;
    let asked: RetireBody = body::json(body).await?;
    let prompt = path.prompt()?;
    let Some(version) = asked.version.as_deref() else {
        return Err(Error::invalid("`version` is missing: say which is over").at("version").into());
    };
    let selector = selector(Some(version))?;
    let control = &app.control;
    let version = match asked.undo {
        true => control.unretire(&prompt, &selector, &caller.name).await?,
        false => control.retire(&prompt, &selector, &caller.name, asked.reason).await?,
    };
    Ok(Json(VersionView::from(&version)))
}
