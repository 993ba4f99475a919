//! `GET /v1/models`: what can be put into `model`.

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use gatemark_core::access::Action;
use serde::Serialize;
use utoipa::ToSchema;

use crate::app::App;
use crate::auth;
use crate::error::Answer;

/// A list in OpenAI's shape.
#[derive(Serialize, ToSchema)]
pub(crate) struct List {
    object: &'static str,
    data: Vec<Model>,
}

#[derive(Serialize, ToSchema)]
struct Model {
    id: String,
    object: &'static str,
    created: i64,
    owned_by: String,
}

/// Lists deployed prompts and declared models.
#[utoipa::path(get, path = "/v1/models", tag = "gateway", responses((status = 200, body = List)))]
pub(crate) async fn list(State(app): State<App>, headers: HeaderMap) -> Answer<Json<List>> {
    auth::admit(&app, &headers, Action::Call)?;
    let snapshot = app.control.gateway().snapshot();
    let project = snapshot.project();
    let model = |id: String, created: i64, owner: &str| Model {
        id,
        object: "model",
        created,
        owned_by: owner.to_string(),
    };
    let mut data: Vec<Model> = vec![];
    for name in snapshot.prompts() {
        for (environment, pointer) in snapshot.pointers(name).into_iter().flatten() {
            let id = if *environment == project.default_environment {
                format!("gatemark/{name}")
            } else {
                format!("gatemark/{name}@{environment}")
            };
            let created = pointer.current.version.created_at / 1_000_000;
            data.push(model(id, created, "gatemark"));
        }
    }
    data.extend(project.models.keys().map(|name| model(name.to_string(), 0, name.provider())));
    data.sort_by(|a, b| a.id.cmp(&b.id));
    Ok(Json(List { object: "list", data }))
}
