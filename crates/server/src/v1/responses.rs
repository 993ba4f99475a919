//! `POST /v1/responses`, in OpenAI's format.
//!
//! Responses are not stored here: an answer is given once, to who asked for it. What asks for one by its id is
//! told so, and what would only make sense with a store is refused by its place rather than left out.

use axum::body::Body;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use gatemark_core::access::Action;
use gatemark_core::error::{Error, Result};
use gatemark_gateway::Incoming;
use gatemark_provider::Dialect;

use super::reply;
use crate::app::{App, Service};
use crate::error::Answer;
use crate::{auth, body};

/// Answers with a response.
///
/// `prompt: {id, version, variables}` names a prompt as OpenAI does, or `model` and `variables` do as in chat
/// completions, or `model` is a plain `provider/model` of any vendor. A vendor that speaks this format gets
/// everything as it is; for others the request is translated, and what cannot be is refused by its place.
#[utoipa::path(post, path = "/v1/responses", tag = "gateway",
    request_body(content = Object, content_type = "application/json"),
    responses(
        (status = 200, description = "A response, or server-sent events when `stream` is true"),
        (status = "4XX", description = "An error in OpenAI's shape"),
        (status = "5XX", description = "An error in OpenAI's shape")))]
pub(crate) async fn create(
    State(Service(app)): State<Service>,
    headers: HeaderMap,
    body: Body,
) -> Answer<Response> {
    let caller = auth::admit(&app, &headers, Action::Call)?;
    let bytes = body::read(body).await?;
    let incoming = reply::incoming(caller, &headers, (Dialect::Responses, &bytes), Vec::new())?;
    check(&incoming)?;
    reply::call(&app, incoming).await
}

/// Nobody could fetch the answer to a request in the background, whichever vendor worked on it.
fn check(incoming: &Incoming) -> Result<()> {
    let mut fields = incoming.fields.iter();
    if !fields.any(|(name, value)| name == "background" && value.get() == "true") {
        return Ok(());
    }
    let message = "`background: true` cannot be honoured: responses are not stored here, so the answer could \
                   not be fetched; leave it out and set `stream: true` for long answers";
    Err(Error::invalid(message).at("background").coded("not_translatable"))
}

/// Says that responses are not stored.
#[utoipa::path(get, path = "/v1/responses/{id}", tag = "gateway",
    params(("id" = String, Path, description = "A response's id")),
    responses((status = 404, description = "An error in OpenAI's shape: responses are not stored")))]
pub(crate) async fn one(
    State(Service(app)): State<Service>,
    headers: HeaderMap,
) -> Answer<Response> {
    not_stored(&app, &headers)
}

/// Says that responses are not stored.
#[utoipa::path(delete, path = "/v1/responses/{id}", tag = "gateway",
    params(("id" = String, Path, description = "A response's id")),
    responses((status = 404, description = "An error in OpenAI's shape: responses are not stored")))]
pub(crate) async fn delete(
    State(Service(app)): State<Service>,
    headers: HeaderMap,
) -> Answer<Response> {
    not_stored(&app, &headers)
}

/// Says that responses are not stored: closing the connection cancels one that is under way.
#[utoipa::path(post, path = "/v1/responses/{id}/cancel", tag = "gateway",
    params(("id" = String, Path, description = "A response's id")),
    responses((status = 404, description = "An error in OpenAI's shape: responses are not stored")))]
pub(crate) async fn cancel(
    State(Service(app)): State<Service>,
    headers: HeaderMap,
) -> Answer<Response> {
    not_stored(&app, &headers)
}

/// Says that responses are not stored.
#[utoipa::path(get, path = "/v1/responses/{id}/input_items", tag = "gateway",
    params(("id" = String, Path, description = "A response's id")),
    responses((status = 404, description = "An error in OpenAI's shape: responses are not stored")))]
pub(crate) async fn input_items(
    State(Service(app)): State<Service>,
    headers: HeaderMap,
) -> Answer<Response> {
    not_stored(&app, &headers)
}

fn not_stored(app: &App, headers: &HeaderMap) -> Answer<Response> {
    auth::admit(app, headers, Action::Call)?;
    let message = "responses are not stored here, so none can be fetched, cancelled or deleted by its id: send \
                   the conversation as `input`, and close the connection to cancel an answer";
    Err(Error::not_found(message).at("response_id").coded("responses_not_stored").into())
}
