//! What guards make of texts.

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::HeaderMap;
use gatemark_core::access::Action;
use gatemark_core::error::{Error, Kind};
use gatemark_core::guard::Verdict;
use gatemark_text::output::leak::{Judged, Kept, LeakFinding};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use crate::app::App;
use crate::error::Answer;
use crate::{auth, body};

/// Most texts in one request.
const MOST_ITEMS: usize = 1000;

/// Texts that are looked at.
#[derive(Deserialize, ToSchema)]
pub(crate) struct LeakBody {
    /// At most 1,000.
    items: Vec<LeakItem>,
}

/// An answer, and what must not come back in it.
#[derive(Deserialize, ToSchema)]
pub(crate) struct LeakItem {
    /// Given back.
    #[schema(value_type = Object)]
    id: Value,
    /// The system text.
    system: String,
    /// The answer.
    text: String,
    /// A mark that was planted in the system text.
    canary: Option<String>,
    /// What the user said, which may be said back.
    user: Option<String>,
}

/// What is thought of the answers, in their order.
#[derive(Serialize, ToSchema)]
pub(crate) struct LeakJudged {
    items: Vec<JudgedItem>,
}

/// What is thought of an answer: `verdict` (`allow`, `flag` or `block`), `score` from 0 to 1, and `findings` with
/// `rule`, `score` and their places in code points, `start` and `end`.
#[derive(Serialize, ToSchema)]
pub(crate) struct JudgedItem {
    #[schema(value_type = Object)]
    id: Value,
    #[schema(value_type = String)]
    verdict: Verdict,
    score: f64,
    #[schema(value_type = Vec<Object>)]
    findings: Vec<LeakFinding>,
}

/// Says which answers give their system text away.
#[utoipa::path(post, path = "/api/v1/guard/leak", tag = "guard", request_body = LeakBody,
    responses((status = 200, body = LeakJudged), (status = 400, description = "Not such a body")))]
pub(crate) async fn leak(
    State(app): State<App>,
    headers: HeaderMap,
    body: Body,
) -> Answer<Json<LeakJudged>> {
    auth::admit(&app, &headers, Action::Read)?;
    let LeakBody { items } = body::json(body).await?;
    bounded(items.len())?;
    let judged = tokio::task::spawn_blocking(move || items.into_iter().map(judged).collect());
    let items = judged.await.map_err(failed)?;
    Ok(Json(LeakJudged { items }))
}

fn judged(item: LeakItem) -> JudgedItem {
    let marks: Vec<&str> = item.canary.as_deref().into_iter().collect();
    let kept = Kept::new(&[&item.system], &marks);
    let Judged { verdict, score, findings } = kept.judge(&item.text, item.user.as_deref());
    JudgedItem { id: item.id, verdict, score, findings }
}

pub(super) fn bounded(items: usize) -> Result<(), Error> {
    if items <= MOST_ITEMS {
        return Ok(());
    }
    let message = format!("{items} items: send at most {MOST_ITEMS} in one request");
    Err(Error::new(Kind::TooLarge, message).at("items"))
}

pub(super) fn failed(cause: tokio::task::JoinError) -> Error {
    Error::internal("looking at the texts failed").because(cause)
}
