//! API keys.

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use gatemark_control::view::KeyView;
use gatemark_core::access::{Action, Role};
use gatemark_core::error::{Error, Result};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::asked::Path;
use crate::app::App;
use crate::error::Answer;
use crate::{auth, body};

/// Lists keys, without secrets.
#[utoipa::path(get, path = "/api/v1/keys", tag = "keys", responses((status = 200, body = Vec<KeyView>)))]
pub(crate) async fn list(State(app): State<App>, headers: HeaderMap) -> Answer<Json<Vec<KeyView>>> {
    auth::admit(&app, &headers, Action::ManageKeys)?;
    let keys = app.control.keys().await?;
    Ok(Json(keys.into_iter().map(KeyView::from).collect()))
}

/// A key to make.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct KeyBody {
    /// Its name, unique among active keys.
    name: String,
    /// What it is for: `call`, `edit`, `review`, `deploy`, `admin`.
    roles: Vec<String>,
}

/// A made key.
#[derive(Serialize, ToSchema)]
pub(crate) struct MadeKey {
    /// Its name.
    name: String,
    /// What callers send; shown this once.
    secret: String,
}

/// Makes a key.
#[utoipa::path(post, path = "/api/v1/keys", tag = "keys", request_body = KeyBody,
    responses((status = 201, body = MadeKey)))]
pub(crate) async fn create(
    State(app): State<App>,
    headers: HeaderMap,
    body: Body,
) -> Answer<(StatusCode, Json<MadeKey>)> {
    let caller = auth::admit(&app, &headers, Action::ManageKeys)?;
    let asked: KeyBody = body::json(body).await?;
    let roles = asked.roles.iter().map(|word| role(word)).collect::<Result<Vec<_>>>()?;
    let key = app.control.create_key(&asked.name, &roles, &caller.name).await?;
    Ok((StatusCode::CREATED, Json(MadeKey { name: key.name, secret: key.secret })))
}

fn role(word: &str) -> Result<Role> {
    Role::from_word(word).ok_or_else(|| {
        let known: Vec<&str> = Role::ALL.iter().map(|role| role.word()).collect();
        let message = format!("{word:?} is not a role: choose from {}", known.join(", "));
        Error::invalid(message).at("roles")
    })
}

/// Ends a key.
#[utoipa::path(delete, path = "/api/v1/keys/{name}", tag = "keys",
    params(("name" = String, Path)), responses((status = 204)))]
pub(crate) async fn revoke(
    State(app): State<App>,
    headers: HeaderMap,
    name: Path<String>,
) -> Answer<StatusCode> {
    let caller = auth::admit(&app, &headers, Action::ManageKeys)?;
    let name = name.read()?;
    app.control.revoke_key(&name, &caller.name).await?;
    Ok(StatusCode::NO_CONTENT)
}
