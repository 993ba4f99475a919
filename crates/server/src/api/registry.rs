//! Prompts and their versions.

use std::collections::BTreeMap;

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::HeaderMap;
use gatemark_control::history::Happening;
use gatemark_control::project::Files;
use gatemark_control::registry::Mode;
use gatemark_control::view::{DiffView, PromptView, PushView, VersionView};
use gatemark_core::access::Action;
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use super::asked::{Path, Query};
use super::{prompt_name, selector};
use crate::app::App;
use crate::error::Answer;
use crate::{auth, body};

/// Lists prompts.
#[utoipa::path(get, path = "/api/v1/prompts", tag = "registry",
    responses((status = 200, body = Vec<PromptView>)))]
pub(crate) async fn list(
    State(app): State<App>,
    headers: HeaderMap,
) -> Answer<Json<Vec<PromptView>>> {
    auth::admit(&app, &headers, Action::Read)?;
    Ok(Json(app.control.prompt_views().await?))
}

/// Files to register.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PushRequest {
    /// Text by path relative to the project's root, e.g. `prompts/support/triage/prompt.yaml`.
    files: BTreeMap<String, String>,
    /// Only say what would be done.
    #[serde(default)]
    dry_run: bool,
}

/// Registers every prompt whose content is new; all or nothing. With problems in the files the answer
/// lists all of them and `accepted` is false.
#[utoipa::path(post, path = "/api/v1/push", tag = "registry", request_body = PushRequest,
    responses((status = 200, body = PushView)))]
pub(crate) async fn push(
    State(app): State<App>,
    headers: HeaderMap,
    body: Body,
) -> Answer<Json<PushView>> {
    let caller = auth::admit(&app, &headers, Action::Push)?;
    let request: PushRequest = body::json(body).await?;
    let files = request.files.into_iter().map(|(path, text)| (path, text.into_bytes()));
    let files = Files::from(files.collect::<BTreeMap<_, _>>());
    let mode = if request.dry_run { Mode::DryRun } else { Mode::Register };
    let pushed = app.control.push(&files, &caller.name, mode).await?;
    Ok(Json(PushView::from(pushed)))
}

/// Lists a prompt's versions, newest first.
#[utoipa::path(get, path = "/api/v1/prompts/{service}/{name}/versions", tag = "registry",
    params(("service" = String, Path), ("name" = String, Path)),
    responses((status = 200, body = Vec<VersionView>)))]
pub(crate) async fn versions(
    State(app): State<App>,
    headers: HeaderMap,
    path: Path<(String, String)>,
) -> Answer<Json<Vec<VersionView>>> {
    auth::admit(&app, &headers, Action::Read)?;
    let versions = app.control.versions(&path.prompt()?).await?;
    Ok(Json(versions.iter().map(VersionView::from).collect()))
}

/// Shows a version: a number, a semantic version, an environment or `latest`.
#[utoipa::path(get, path = "/api/v1/prompts/{service}/{name}/versions/{version}", tag = "registry",
    params(("service" = String, Path), ("name" = String, Path), ("version" = String, Path)),
    responses((status = 200, body = VersionView)))]
pub(crate) async fn version(
    State(app): State<App>,
    headers: HeaderMap,
    path: Path<(String, String, String)>,
) -> Answer<Json<VersionView>> {
    auth::admit(&app, &headers, Action::Read)?;
    let (service, name, version) = path.read()?;
    let prompt = prompt_name(&service, &name)?;
    let version = app.control.version(&prompt, &selector(Some(&version))?).await?;
    Ok(Json(VersionView::from(&version)))
}

/// Lists what happened to a prompt, oldest first: versions, tests, requests for review, approvals,
/// deployments, rollbacks, retirements.
#[utoipa::path(get, path = "/api/v1/prompts/{service}/{name}/log", tag = "registry",
    params(("service" = String, Path), ("name" = String, Path)),
    responses((status = 200, body = Vec<Happening>)))]
pub(crate) async fn log(
    State(app): State<App>,
    headers: HeaderMap,
    path: Path<(String, String)>,
) -> Answer<Json<Vec<Happening>>> {
    auth::admit(&app, &headers, Action::Read)?;
    Ok(Json(app.control.history(&path.prompt()?).await?))
}

/// Which versions to compare.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct DiffQuery {
    /// The older one; by default the one before `to`.
    from: Option<String>,
    /// The newer one; by default the newest.
    to: Option<String>,
}

/// Compares two versions, texts by word and the rest by field.
#[utoipa::path(get, path = "/api/v1/prompts/{service}/{name}/diff", tag = "registry",
    params(("service" = String, Path), ("name" = String, Path), DiffQuery),
    responses((status = 200, body = DiffView)))]
pub(crate) async fn diff(
    State(app): State<App>,
    headers: HeaderMap,
    path: Path<(String, String)>,
    query: Query<DiffQuery>,
) -> Answer<Json<DiffView>> {
    auth::admit(&app, &headers, Action::Read)?;
    let query = query.read()?;
    let prompt = path.prompt()?;
    let from = query.from.as_deref().map(|from| selector(Some(from))).transpose()?;
    let to = selector(query.to.as_deref())?;
    Ok(Json(DiffView::from(app.control.diff(&prompt, from.as_ref(), &to).await?)))
}
