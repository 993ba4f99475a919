//! `GET /v1/models` and `GET /v1/models/{id}`: what can be put into `model`.
//!
//! The lists of OpenAI and of Anthropic differ in names only, so one object serves the clients of both.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use gatemark_core::access::Action;
use gatemark_core::diagnostic::did_you_mean;
use gatemark_core::error::Error;
use gatemark_gateway::Snapshot;
use serde::Serialize;
use utoipa::ToSchema;

use crate::app::App;
use crate::auth;
use crate::error::Answer;

/// A list in the shape of OpenAI, with Anthropic's marks of its ends; there is always one page.
#[derive(Serialize, ToSchema)]
pub(crate) struct List {
    object: &'static str,
    data: Vec<Model>,
    first_id: Option<String>,
    last_id: Option<String>,
    has_more: bool,
}

/// A model in the shapes of OpenAI (`object`, `created`, `owned_by`) and Anthropic (`type`, `display_name`,
/// `created_at`).
#[derive(Serialize, ToSchema)]
pub(crate) struct Model {
    id: String,
    object: &'static str,
    /// Seconds since 1970; 0 if unknown.
    created: i64,
    owned_by: String,
    r#type: &'static str,
    display_name: String,
    created_at: String,
}

/// Lists deployed prompts and declared models.
#[utoipa::path(get, path = "/v1/models", tag = "gateway", responses((status = 200, body = List)))]
pub(crate) async fn list(State(app): State<App>, headers: HeaderMap) -> Answer<Json<List>> {
    auth::admit(&app, &headers, Action::Call)?;
    let known = known(&app.control.gateway().snapshot());
    let data: Vec<Model> = known.into_iter().map(|(id, about)| model(id, about)).collect();
    let (first_id, last_id) = (data.first(), data.last());
    let (first_id, last_id) = (first_id.map(|m| m.id.clone()), last_id.map(|m| m.id.clone()));
    Ok(Json(List { object: "list", data, first_id, last_id, has_more: false }))
}

/// Shows one of them, or a model of a known provider that is not declared. Its name may hold slashes.
#[utoipa::path(get, path = "/v1/models/{*id}", tag = "gateway",
    params(("id" = String, Path, description = "As in the list")),
    responses((status = 200, body = Model), (status = 404, description = "There is none of that name")))]
pub(crate) async fn one(
    State(app): State<App>,
    headers: HeaderMap,
    Path(id): Path<String>,
) -> Answer<Json<Model>> {
    auth::admit(&app, &headers, Action::Call)?;
    let snapshot = app.control.gateway().snapshot();
    let mut known = known(&snapshot);
    if let Some(about) = known.remove(&id) {
        return Ok(Json(model(id, about)));
    }
    let undeclared = id.parse().ok().filter(|name| snapshot.vendor(name).is_some());
    if let Some(name) = undeclared {
        return Ok(Json(model(id, (0, name.provider().to_string()))));
    }
    let hint = did_you_mean(&id, known.keys().map(String::as_str));
    let hint = hint.map(|close| format!(" (did you mean `{close}`?)")).unwrap_or_default();
    let message = format!("the model `{id}` does not exist{hint}");
    Err(Error::not_found(message).at("model").coded("model_not_found").into())
}

/// When each was made, in seconds since 1970, and whose it is.
fn known(snapshot: &Snapshot) -> BTreeMap<String, (i64, String)> {
    let project = snapshot.project();
    let mut known = BTreeMap::new();
    for name in snapshot.prompts() {
        for (environment, pointer) in snapshot.pointers(name).into_iter().flatten() {
            let id = if *environment == project.default_environment {
                format!("gatemark/{name}")
            } else {
                format!("gatemark/{name}@{environment}")
            };
            let created = pointer.current.version.created_at / 1_000_000;
            known.insert(id, (created, "gatemark".to_string()));
        }
    }
    let declared = project.models.keys();
    known.extend(declared.map(|name| (name.to_string(), (0, name.provider().to_string()))));
    known
}

fn model(id: String, (created, owned_by): (i64, String)) -> Model {
    Model {
        display_name: id.clone(),
        id,
        object: "model",
        created,
        owned_by,
        r#type: "model",
        created_at: jiff::Timestamp::from_second(created).unwrap_or_default().to_string(),
    }
}
