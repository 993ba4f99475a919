//! Personal data and secrets in texts.

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::HeaderMap;
use gatemark_core::access::Action;
use gatemark_core::error::{Error, Kind};
use gatemark_text::redact::{Wanted, places};
use gatemark_text::safety::pii::Kinds;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use crate::app::App;
use crate::error::Answer;
use crate::{auth, body};

/// Most texts in one request.
const MOST_ITEMS: usize = 1000;

/// Texts that are looked through.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PiiBody {
    /// At most 1,000.
    items: Vec<PiiItem>,
    /// `pii` or `secrets`; both if it is left out.
    #[serde(default)]
    only: Option<Only>,
}

/// One of the two.
#[derive(Deserialize, ToSchema, Clone, Copy)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Only {
    /// Personal data.
    Pii,
    /// Keys, tokens and passwords.
    Secrets,
}

/// A text.
#[derive(Deserialize, ToSchema)]
pub(crate) struct PiiItem {
    /// Given back.
    #[schema(value_type = Object)]
    id: Value,
    /// The text.
    text: String,
}

/// What was found, in the order of the texts.
#[derive(Serialize, ToSchema)]
pub(crate) struct PiiFound {
    items: Vec<PiiSpans>,
}

/// What one text holds.
#[derive(Serialize, ToSchema)]
pub(crate) struct PiiSpans {
    #[schema(value_type = Object)]
    id: Value,
    /// By their start, without overlaps.
    spans: Vec<PiiSpan>,
}

/// A place in a text, in code points.
#[derive(Serialize, ToSchema)]
pub(crate) struct PiiSpan {
    /// What it is, e.g. `EMAIL_ADDRESS` or `API_KEY`: see docs/redaction.md.
    r#type: &'static str,
    /// The first character.
    start: usize,
    /// The first character after it.
    end: usize,
}

/// Says where texts hold personal data and secrets.
#[utoipa::path(post, path = "/api/v1/guard/pii", tag = "guard", request_body = PiiBody,
    responses((status = 200, body = PiiFound), (status = 400, description = "Not such a body"),
        (status = 413, description = "More than 1,000 texts, or too large a body")))]
pub(crate) async fn pii(
    State(app): State<App>,
    headers: HeaderMap,
    body: Body,
) -> Answer<Json<PiiFound>> {
    auth::admit(&app, &headers, Action::Read)?;
    let PiiBody { items, only } = body::json(body).await?;
    if items.len() > MOST_ITEMS {
        let message = format!("{} items: send at most {MOST_ITEMS} in one request", items.len());
        return Err(Error::new(Kind::TooLarge, message).at("items").into());
    }
    let wanted = match only {
        None => Wanted::all(),
        Some(Only::Pii) => Wanted { secrets: false, ..Wanted::all() },
        Some(Only::Secrets) => Wanted { pii: Kinds::NONE, ..Wanted::all() },
    };
    // Some milliseconds for megabytes, which other calls should not wait for.
    let found = tokio::task::spawn_blocking(move || {
        items.into_iter().map(|item| looked_through(item, wanted)).collect()
    });
    let failed = |cause| Error::internal("looking through the texts failed").because(cause);
    Ok(Json(PiiFound { items: found.await.map_err(failed)? }))
}

fn looked_through(item: PiiItem, wanted: Wanted) -> PiiSpans {
    let span = |(what, start, end): (gatemark_text::redact::What, usize, usize)| PiiSpan {
        r#type: what.name(),
        start,
        end,
    };
    PiiSpans { id: item.id, spans: places(&item.text, wanted).into_iter().map(span).collect() }
}
