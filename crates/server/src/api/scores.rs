//! Judgements on calls.

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::HeaderMap;
use gatemark_core::access::Action;
use gatemark_core::error::Error;
use gatemark_core::score::{Score, ScoreSource, ScoreValue};
use gatemark_gateway::clock;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::asked::Path;
use crate::app::App;
use crate::error::Answer;
use crate::{auth, body};

/// A judgement.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ScoreBody {
    /// Of what: `quality`, `helpful`, one's own.
    name: String,
    /// A number, `true` or `false` (1 or 0), or a category, which is kept and not counted.
    #[schema(value_type = Object)]
    value: ScoreValue,
    /// Why.
    comment: Option<String>,
    /// `user` (the default), `reviewer`, `check` or `judge`.
    #[schema(value_type = Option<String>)]
    source: Option<ScoreSource>,
    /// Who says so; the key's name by default. Of several judgements of one author the last counts.
    author: Option<String>,
}

/// What became of it.
#[derive(Serialize, ToSchema)]
pub(crate) struct ScoreKept {
    call: String,
    name: String,
    /// `new`, `changed` if it takes the place of another, or `same`.
    result: &'static str,
}

/// Keeps a judgement on a call. Applications may say what their users say of their own calls; everything else
/// needs the role of a reviewer.
#[utoipa::path(post, path = "/api/v1/calls/{id}/scores", tag = "monitoring",
    params(("id" = String, Path)), request_body = ScoreBody,
    responses((status = 200, body = ScoreKept), (status = 404, description = "There is no such call")))]
pub(crate) async fn score(
    State(app): State<App>,
    headers: HeaderMap,
    id: Path<String>,
    body: Body,
) -> Answer<Json<ScoreKept>> {
    let (author, refused) = match auth::admit(&app, &headers, Action::Approve) {
        Ok(caller) => (caller.name, None),
        Err(refused) => match auth::admit(&app, &headers, Action::Call) {
            Ok(caller) => (caller.name, Some(refused)),
            Err(_) => return Err(refused.into()),
        },
    };
    let call = id.read()?;
    let asked: ScoreBody = body::json(body).await?;
    let source = asked.source.unwrap_or(ScoreSource::User);
    let only = refused.is_some().then(|| author.clone());
    if let Some(refused) = refused
        && source != ScoreSource::User
    {
        return Err(refused.into());
    }
    if source == ScoreSource::Reviewer && asked.author.as_ref().is_some_and(|name| *name != author)
    {
        let message = "a reviewer speaks for themselves: leave `author` out";
        return Err(Error::invalid(message).at("author").into());
    }
    let score = Score {
        call: call.clone(),
        name: asked.name.clone(),
        value: asked.value,
        comment: asked.comment,
        source,
        author: asked.author.unwrap_or(author),
        at: clock::now_us(),
    };
    let kept = app.control.score(score, only.as_deref()).await?;
    Ok(Json(ScoreKept { call, name: asked.name, result: kept.word() }))
}

/// Lists the judgements on a call, oldest first.
#[utoipa::path(get, path = "/api/v1/calls/{id}/scores", tag = "monitoring",
    params(("id" = String, Path)), responses((status = 200, body = Vec<Object>)))]
pub(crate) async fn list(
    State(app): State<App>,
    headers: HeaderMap,
    id: Path<String>,
) -> Answer<Json<Vec<Score>>> {
    auth::admit(&app, &headers, Action::ReadCalls)?;
    Ok(Json(app.control.scores(&id.read()?).await?))
}
