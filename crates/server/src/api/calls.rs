//! Recorded calls.

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use gatemark_core::access::Action;
use gatemark_core::call::{CallPurpose, CallRecord, Outcome};
use gatemark_core::error::{Error, Result};
use gatemark_store::call::CallFilter;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use utoipa::IntoParams;

use super::asked::Query;
use super::named;
use crate::app::App;
use crate::auth;
use crate::error::Answer;

/// Which calls.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct CallQuery {
    /// `service/name`.
    prompt: Option<String>,
    /// Where the version was resolved.
    environment: Option<String>,
    /// The version's number.
    version: Option<u32>,
    /// `provider/model`.
    model: Option<String>,
    /// `ok`, `insufficient`, `off_format`, `fallback`, `cancelled` or `error`.
    outcome: Option<String>,
    /// `serve` or `test`.
    purpose: Option<String>,
    /// Not before this time, in microseconds since 1970.
    since: Option<i64>,
    /// Before this time, in microseconds since 1970.
    until: Option<i64>,
    /// One call by its id.
    id: Option<String>,
    /// At most this many; 50 by default, 1,000 at most.
    limit: Option<u32>,
}

impl CallQuery {
    fn filter(self) -> Result<CallFilter> {
        Ok(CallFilter {
            prompt: self.prompt.map(|text| named(&text, "prompt")).transpose()?,
            environment: self.environment.map(|text| named(&text, "environment")).transpose()?,
            number: self.version,
            model: self.model.map(|text| named(&text, "model")).transpose()?,
            outcome: self.outcome.map(|word| word_of::<Outcome>(word, "outcome")).transpose()?,
            purpose: self
                .purpose
                .map(|word| word_of::<CallPurpose>(word, "purpose"))
                .transpose()?,
            since: self.since,
            until: self.until,
            id: self.id,
            limit: self.limit.unwrap_or(50).min(1000),
        })
    }
}

fn word_of<T: DeserializeOwned>(word: String, param: &str) -> Result<T> {
    serde_json::from_value(Value::String(word))
        .map_err(|error| Error::invalid(format!("`{param}`: {error}")).at(param))
}

/// Lists recorded calls, newest first.
#[utoipa::path(get, path = "/api/v1/calls", tag = "calls", params(CallQuery),
    responses((status = 200, body = Vec<Object>)))]
pub(crate) async fn list(
    State(app): State<App>,
    headers: HeaderMap,
    query: Query<CallQuery>,
) -> Answer<Json<Vec<CallRecord>>> {
    auth::admit(&app, &headers, Action::ReadCalls)?;
    let query = query.read()?;
    Ok(Json(app.control.calls(&query.filter()?).await?))
}
