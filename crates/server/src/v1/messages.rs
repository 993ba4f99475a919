//! `POST /v1/messages` and `POST /v1/messages/count_tokens`, in Anthropic's format.

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::Response;
use gatemark_core::access::Action;
use gatemark_core::error::Error;
use gatemark_gateway::{Count, Incoming};
use gatemark_provider::{Dialect, messages};

use super::reply;
use crate::app::{App, Service};
use crate::error::{Answer, Problem};
use crate::{auth, body};

/// The header by which clients switch features of the API on; vendors that speak the format get it.
const BETA: &str = "anthropic-beta";

/// Answers a message.
///
/// `model` and `variables` name a prompt as in chat completions, or `model` is a plain `provider/model` of
/// any vendor. A vendor that speaks this format gets everything as it is; for others the request is
/// translated, and what cannot be is refused by its place.
#[utoipa::path(post, path = "/v1/messages", tag = "gateway",
    request_body(content = Object, content_type = "application/json"),
    responses(
        (status = 200, description = "A message, or server-sent events when `stream` is true"),
        (status = "4XX", description = "An error in Anthropic's shape"),
        (status = "5XX", description = "An error in Anthropic's shape")))]
pub(crate) async fn create(
    State(Service(app)): State<Service>,
    headers: HeaderMap,
    body: Body,
) -> Answer<Response> {
    answered(&app, &headers, body).await.map_err(|problem| problem.told_in(Dialect::Messages))
}

/// Counts the tokens that a message would read.
///
/// A vendor of this format is asked for its own count; for all others it is this server's (o200k), and the
/// header `x-gatemark-estimate: true` says so.
#[utoipa::path(post, path = "/v1/messages/count_tokens", tag = "gateway",
    request_body(content = Object, content_type = "application/json"),
    responses(
        (status = 200, description = "`{input_tokens}`", content_type = "application/json", body = Object),
        (status = "4XX", description = "An error in Anthropic's shape")))]
pub(crate) async fn count_tokens(
    State(Service(app)): State<Service>,
    headers: HeaderMap,
    body: Body,
) -> Answer<Response> {
    counted(&app, &headers, body).await.map_err(|problem| problem.told_in(Dialect::Messages))
}

async fn answered(app: &App, headers: &HeaderMap, body: Body) -> Result<Response, Problem> {
    reply::call(app, read(app, headers, body).await?).await
}

async fn counted(app: &App, headers: &HeaderMap, body: Body) -> Result<Response, Problem> {
    let incoming = read(app, headers, body).await?;
    let counted = match app.control.gateway().count(incoming).await? {
        Count::Known(counted) => counted,
        Count::Long(work) => {
            let counting = tokio::task::spawn_blocking(move || work.run());
            counting.await.map_err(|cause| Error::internal("a count failed").because(cause))??
        }
    };
    let mut response = Response::new(Body::from(messages::write_count(counted.tokens)));
    let json = HeaderValue::from_static("application/json");
    response.headers_mut().insert(header::CONTENT_TYPE, json);
    if counted.estimated {
        let said = HeaderValue::from_static("true");
        response.headers_mut().insert("x-gatemark-estimate", said);
    }
    Ok(response)
}

async fn read(app: &App, headers: &HeaderMap, body: Body) -> Result<Incoming, Problem> {
    let caller = auth::admit(app, headers, Action::Call)?;
    let bytes = body::read(body).await?;
    Ok(reply::incoming(caller, headers, (Dialect::Messages, &bytes), features(headers))?)
}

/// What the caller wants the vendor to switch on; several headers mean the same as one list.
fn features(headers: &HeaderMap) -> Vec<(&'static str, String)> {
    let given = headers.get_all(BETA).iter().filter_map(|value| value.to_str().ok());
    let list = given.collect::<Vec<_>>().join(",");
    if list.is_empty() { Vec::new() } else { vec![(BETA, list)] }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn features_are_one_list() {
        let mut headers = HeaderMap::new();
        assert!(features(&headers).is_empty());
        headers.append(BETA, "a-1".parse().unwrap());
        headers.append(BETA, "b-2,c-3".parse().unwrap());
        assert_eq!(features(&headers), [(BETA, "a-1,b-2,c-3".to_string())]);
    }
}
