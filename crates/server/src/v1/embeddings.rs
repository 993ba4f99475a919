//! `POST /v1/embeddings`, in OpenAI's format.

use axum::body::Body;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use gatemark_core::access::Action;
use gatemark_core::error::{Error, Result};
use gatemark_gateway::{Incoming, Target};
use gatemark_provider::Dialect;

use super::reply;
use crate::app::Service;
use crate::error::Answer;
use crate::{auth, body};

/// Answers with vectors.
///
/// `model` is a plain `provider/model`; `input` a text, an array of up to 2,048 texts, or their tokens.
/// Tokens and `dimensions` go through to vendors of this format and are refused for others.
#[utoipa::path(post, path = "/v1/embeddings", tag = "gateway",
    request_body(content = Object, content_type = "application/json"),
    responses(
        (status = 200, description = "A list of embeddings", content_type = "application/json", body = Object),
        (status = "4XX", description = "An error in OpenAI's shape"),
        (status = "5XX", description = "An error in OpenAI's shape")))]
pub(crate) async fn create(
    State(Service(app)): State<Service>,
    headers: HeaderMap,
    body: Body,
) -> Answer<Response> {
    let caller = auth::admit(&app, &headers, Action::Call)?;
    let bytes = body::read(body).await?;
    let incoming = reply::incoming(caller, &headers, (Dialect::Embeddings, &bytes), Vec::new())?;
    check(&incoming)?;
    reply::call(&app, incoming).await
}

fn check(incoming: &Incoming) -> Result<()> {
    if !matches!(incoming.target, Target::Plain(_)) {
        let message = "a prompt cannot be embedded: set `model` to a plain `provider/model`";
        return Err(Error::invalid(message).at("model"));
    }
    if incoming.stream {
        return Err(Error::invalid("embeddings cannot be streamed").at("stream"));
    }
    Ok(())
}
