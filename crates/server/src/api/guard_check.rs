//! What the layers of the input guard find in texts.

use std::collections::BTreeSet;

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::HeaderMap;
use gatemark_core::access::Action;
use gatemark_core::error::Error;
use gatemark_core::guard::{Finding, Layer, Opinion, Profile, Settings, Verdict};
use gatemark_text::guard::Guard;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::guard::{bounded, failed};
use crate::app::App;
use crate::error::Answer;
use crate::{auth, body};

/// Texts that are looked at, and how.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CheckBody {
    /// At most 1,000.
    items: Vec<CheckItem>,
    /// `user` (the default) or `document`.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    profile: Profile,
    /// Layers that are not asked: `views`, `rules`, `fuzzy`, `classifier`.
    #[serde(default)]
    #[schema(value_type = Option<Vec<String>>)]
    off: BTreeSet<Layer>,
    /// The least score that is flagged; 0.5 if it is left out.
    flag_at: Option<f64>,
    /// The least score that is blocked; 0.9 if it is left out.
    block_at: Option<f64>,
}

/// A text.
#[derive(Deserialize, ToSchema)]
pub(crate) struct CheckItem {
    /// Given back.
    #[schema(value_type = Object)]
    id: Value,
    /// The text.
    text: String,
}

/// What is thought of the texts, in their order.
#[derive(Serialize, ToSchema)]
pub(crate) struct Checked {
    items: Vec<CheckedItem>,
}

/// What is thought of a text: `verdict` (`allow`, `flag` or `block`), `score` from 0 to 1, and `findings` with `layer`,
/// `rule`, `score` and their places in code points, `start` and `end`.
#[derive(Serialize, ToSchema)]
pub(crate) struct CheckedItem {
    #[schema(value_type = Object)]
    id: Value,
    #[schema(value_type = String)]
    verdict: Verdict,
    score: f64,
    #[schema(value_type = Vec<Object>)]
    findings: Vec<Finding>,
}

/// Finds attacks on prompts in texts, as the gateway would. No call is made and nothing is kept.
#[utoipa::path(post, path = "/api/v1/guard/check", tag = "guard", request_body = CheckBody,
    responses((status = 200, body = Checked), (status = 400, description = "Not such a body")))]
pub(crate) async fn check(
    State(app): State<App>,
    headers: HeaderMap,
    body: Body,
) -> Answer<Json<Checked>> {
    auth::admit(&app, &headers, Action::Read)?;
    let asked: CheckBody = body::json(body).await?;
    bounded(asked.items.len())?;
    let items = tokio::task::spawn_blocking(move || checked(asked)).await.map_err(failed)??;
    Ok(Json(Checked { items }))
}

fn checked(asked: CheckBody) -> Result<Vec<CheckedItem>, Error> {
    let guard = Guard::builtin().map_err(|bad| Error::internal(bad.to_string()).because(bad))?;
    let built_in = Guard::settings(asked.profile);
    let settings = Settings {
        off: asked.off,
        flag_at: asked.flag_at.unwrap_or(built_in.flag_at),
        block_at: asked.block_at.unwrap_or(built_in.block_at),
        ..built_in
    };
    let checked = asked.items.into_iter().map(|item| {
        let Opinion { verdict, score, findings } = guard.check(&item.text, &settings);
        CheckedItem { id: item.id, verdict, score, findings }
    });
    Ok(checked.collect())
}
