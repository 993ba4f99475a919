//! The queue of answers that a person looks at.

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use gatemark_core::access::Action;
use gatemark_core::error::Error;
use gatemark_core::review::{Finding, ReviewItem};
use gatemark_store::queue::ReviewFilter;
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use super::asked::{Path, Query};
use super::named;
use crate::app::App;
use crate::error::Answer;
use crate::{auth, body};

/// Which calls of the queue.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct ReviewQuery {
    /// `open` (the default), `resolved` or `all`.
    state: Option<String>,
    /// `service/name`.
    prompt: Option<String>,
    /// At most this many; 50 by default, 1,000 at most.
    limit: Option<u32>,
}

/// Lists calls whose answers a person is to look at, oldest first.
#[utoipa::path(get, path = "/api/v1/reviews", tag = "reviews", params(ReviewQuery),
    responses((status = 200, body = Vec<Object>)))]
pub(crate) async fn list(
    State(app): State<App>,
    headers: HeaderMap,
    query: Query<ReviewQuery>,
) -> Answer<Json<Vec<ReviewItem>>> {
    auth::admit(&app, &headers, Action::ReadCalls)?;
    let query = query.read()?;
    let resolved = match query.state.as_deref() {
        None | Some("open") => Some(false),
        Some("resolved") => Some(true),
        Some("all") => None,
        Some(other) => {
            let message = format!("`state` is {other:?}: write open, resolved or all");
            return Err(Error::invalid(message).at("state").into());
        }
    };
    let prompt = query.prompt.map(|text| named(&text, "prompt")).transpose()?;
    let filter = ReviewFilter { resolved, prompt, limit: query.limit.unwrap_or(50).min(1000) };
    Ok(Json(app.control.reviews(&filter).await?))
}

/// What was found.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct FindingBody {
    /// `right` or `wrong`.
    #[schema(value_type = String)]
    finding: Finding,
    /// Why.
    note: Option<String>,
}

/// Writes down what a person found about a call's answer.
#[utoipa::path(post, path = "/api/v1/reviews/{call}", tag = "reviews",
    params(("call" = String, Path)), request_body = FindingBody,
    responses((status = 204), (status = 404, description = "The call is not in the queue")))]
pub(crate) async fn resolve(
    State(app): State<App>,
    headers: HeaderMap,
    call: Path<String>,
    body: Body,
) -> Answer<StatusCode> {
    let caller = auth::admit(&app, &headers, Action::Approve)?;
    let call = call.read()?;
    let found: FindingBody = body::json(body).await?;
    app.control.resolve_review(&call, found.finding, found.note, &caller.name).await?;
    Ok(StatusCode::NO_CONTENT)
}
