//! `POST /v1/chat/completions`, in OpenAI's format.

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

/// Answers a chat completion.
///
/// `model` is `gatemark/service/name`, with `@environment`, `@semver` or `@number` behind it if wanted,
/// and `variables` holds the prompt's inputs; or `prompt: {id, version, variables}` names it as OpenAI
/// does; or `model` is a plain `provider/model` and everything passes through.
#[utoipa::path(post, path = "/v1/chat/completions", tag = "gateway",
    request_body(content = Object, content_type = "application/json"),
    responses(
        (status = 200, description = "A chat completion, or server-sent events when `stream` is true"),
        (status = "4XX", description = "An error in OpenAI's shape"),
        (status = "5XX", description = "An error in OpenAI's shape")))]
pub(crate) async fn completions(
    State(Service(app)): State<Service>,
    headers: HeaderMap,
    body: Body,
) -> Answer<Response> {
    let caller = auth::admit(&app, &headers, Action::Call)?;
    let bytes = body::read(body).await?;
    let incoming = reply::incoming(caller, &headers, (Dialect::Chat, &bytes), Vec::new())?;
    reply::call(&app, incoming).await
}
