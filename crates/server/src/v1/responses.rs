//! `POST /v1/responses`, in OpenAI's format.

use axum::body::Body;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use gatemark_core::access::Action;
use gatemark_provider::Dialect;

use super::reply;
use crate::app::Service;
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
    reply::call(&app, incoming).await
}
