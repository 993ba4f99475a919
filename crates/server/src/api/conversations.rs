//! Conversations that are kept.

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use gatemark_control::conversation::Meant;
use gatemark_control::conversation_view::{ConversationTexts, ConversationView};
use gatemark_core::access::Action;
use gatemark_core::error::{Error, Result};
use gatemark_store::conversation::ConversationFilter;
use serde::Deserialize;
use utoipa::IntoParams;

use super::asked::{Path, Query};
use super::named;
use crate::app::App;
use crate::auth;
use crate::error::Answer;

/// Which conversations.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct ListQuery {
    /// `service/name`.
    prompt: Option<String>,
    /// Where.
    environment: Option<String>,
    /// Whose.
    caller: Option<String>,
    /// At most this many; 50 by default, 1,000 at most.
    limit: Option<u32>,
}

/// Lists conversations, the one with the newest turn first.
#[utoipa::path(get, path = "/api/v1/conversations", tag = "conversations", params(ListQuery),
    responses((status = 200, body = Vec<ConversationView>)))]
pub(crate) async fn list(
    State(app): State<App>,
    headers: HeaderMap,
    query: Query<ListQuery>,
) -> Answer<Json<Vec<ConversationView>>> {
    auth::admit(&app, &headers, Action::ReadCalls)?;
    let query = query.read()?;
    let filter = ConversationFilter {
        caller: query.caller,
        prompt: query.prompt.map(|text| named(&text, "prompt")).transpose()?,
        environment: query.environment.map(|text| named(&text, "environment")).transpose()?,
        id: None,
        limit: query.limit.unwrap_or(50).min(1000),
    };
    let found = app.control.conversations(&filter).await?;
    Ok(Json(found.into_iter().map(ConversationView::from).collect()))
}

/// Which one, where several have the id.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct OneQuery {
    /// `service/name`.
    prompt: Option<String>,
    /// Where.
    environment: Option<String>,
    /// Whose.
    caller: Option<String>,
}

impl OneQuery {
    fn meant(self, id: &str) -> Result<Meant> {
        let id = id.parse().map_err(|cause: gatemark_core::conversation::BadId| {
            Error::invalid(cause.to_string()).at("id")
        })?;
        Ok(Meant {
            id,
            caller: self.caller,
            prompt: self.prompt.map(|text| named(&text, "prompt")).transpose()?,
            environment: self.environment.map(|text| named(&text, "environment")).transpose()?,
        })
    }
}

/// Shows a conversation: turns, summaries, and what the next call would send.
#[utoipa::path(get, path = "/api/v1/conversations/{id}", tag = "conversations",
    params(("id" = String, Path), OneQuery),
    responses((status = 200, body = ConversationTexts), (status = 404), (status = 409,
        description = "Several callers, prompts or environments have a conversation of this id")))]
pub(crate) async fn show(
    State(app): State<App>,
    headers: HeaderMap,
    id: Path<String>,
    query: Query<OneQuery>,
) -> Answer<Json<ConversationTexts>> {
    auth::admit(&app, &headers, Action::ReadCalls)?;
    let meant = query.read()?.meant(&id.read()?)?;
    Ok(Json(app.control.conversation_texts(&meant).await?))
}

/// Erases a conversation: its turns, its summaries, and the recorded texts of its calls. Applications may erase
/// their own.
#[utoipa::path(delete, path = "/api/v1/conversations/{id}", tag = "conversations",
    params(("id" = String, Path), OneQuery),
    responses((status = 200, body = ConversationView), (status = 404), (status = 409,
        description = "Several callers, prompts or environments have a conversation of this id")))]
pub(crate) async fn erase(
    State(app): State<App>,
    headers: HeaderMap,
    id: Path<String>,
    query: Query<OneQuery>,
) -> Answer<Json<ConversationView>> {
    let (actor, only) = match auth::admit(&app, &headers, Action::Deploy) {
        Ok(caller) => (caller.name, None),
        Err(refused) => {
            let caller = auth::admit(&app, &headers, Action::Call).map_err(|_| refused)?;
            (caller.name.clone(), Some(caller.name))
        }
    };
    let mut meant = query.read()?.meant(&id.read()?)?;
    if let Some(own) = only {
        meant.caller = Some(own);
    }
    let erased = app.control.erase_conversation(&meant, &actor).await?;
    Ok(Json(erased.into()))
}
