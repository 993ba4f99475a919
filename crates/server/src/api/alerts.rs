//! Alerts: listed, taken on, silenced; messages and channels.

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::HeaderMap;
use gatemark_control::alerting::{AlertView, DeliveryView, SilenceView, Silencing, Tried};
use gatemark_core::access::Action;
use gatemark_core::alert::Matcher;
use gatemark_core::error::{Error, Result};
use gatemark_core::ramp::seconds;
use gatemark_core::signal::Severity;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::asked::{Path, Query};
use crate::app::App;
use crate::error::Answer;
use crate::{auth, body};

/// Which alerts.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct AlertsQuery {
    /// `active` (the default: what is not over) or `all`.
    state: Option<String>,
}

/// Lists alerts, the most severe first.
#[utoipa::path(get, path = "/api/v1/alerts", tag = "alerts", params(AlertsQuery),
    responses((status = 200, body = Vec<AlertView>)))]
pub(crate) async fn list(
    State(app): State<App>,
    headers: HeaderMap,
    query: Query<AlertsQuery>,
) -> Answer<Json<Vec<AlertView>>> {
    auth::admit(&app, &headers, Action::Read)?;
    let all = match query.read()?.state.as_deref() {
        None | Some("active") => false,
        Some("all") => true,
        Some(other) => {
            let message = format!("`state` is {other:?}: write active or all");
            return Err(Error::invalid(message).at("state").into());
        }
    };
    Ok(Json(app.control.alerts(all).await?))
}

/// What somebody takes on.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AcknowledgeBody {
    /// The alert's key.
    key: String,
    /// What to say about it, in one line.
    note: Option<String>,
}

/// Takes an alert on: no more reminders until it is over. Channels are told.
#[utoipa::path(post, path = "/api/v1/alerts/acknowledge", tag = "alerts",
    request_body = AcknowledgeBody, responses((status = 200, body = AlertView),
        (status = 404, description = "There is no such alert"),
        (status = 409, description = "It is not active")))]
pub(crate) async fn acknowledge(
    State(app): State<App>,
    headers: HeaderMap,
    body: Body,
) -> Answer<Json<AlertView>> {
    let caller = auth::admit(&app, &headers, Action::Deploy)?;
    let asked: AcknowledgeBody = body::json(body).await?;
    Ok(Json(app.control.acknowledge_alert(&asked.key, &caller.name, asked.note).await?))
}

/// Lists the silences in force, by their end.
#[utoipa::path(get, path = "/api/v1/alerts/silences", tag = "alerts",
    responses((status = 200, body = Vec<SilenceView>)))]
pub(crate) async fn silences(
    State(app): State<App>,
    headers: HeaderMap,
) -> Answer<Json<Vec<SilenceView>>> {
    auth::admit(&app, &headers, Action::Read)?;
    Ok(Json(app.control.silences().await?))
}

/// Which alerts: every field that is there has to fit.
#[derive(Deserialize, ToSchema, Default)]
#[serde(deny_unknown_fields)]
pub(crate) struct MatchBody {
    /// The key, or its beginning and a star.
    key: Option<String>,
    /// The rule, or its beginning and a star.
    rule: Option<String>,
    /// The prompt, or `service/*`.
    prompt: Option<String>,
    /// The environment.
    environment: Option<String>,
    /// The least severity: `info`, `warning` or `critical`.
    severity: Option<String>,
}

/// What is not to be told.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SilenceBody {
    /// Which alerts; required, and `{}` means all.
    #[serde(rename = "match")]
    matcher: Option<MatchBody>,
    /// For how long: `30m`, `2h`, `3d`; at most 30 days.
    #[serde(rename = "for")]
    lasts: String,
    /// Why, in one line.
    reason: Option<String>,
}

fn matcher(asked: MatchBody) -> Result<Matcher> {
    let severity = asked.severity.map(|word| {
        Severity::from_word(&word).ok_or_else(|| {
            let message = format!("`severity` is {word:?}: write info, warning or critical");
            Error::invalid(message).at("severity")
        })
    });
    let MatchBody { key, rule, prompt, environment, .. } = asked;
    Ok(Matcher { key, rule, prompt, environment, severity: severity.transpose()? })
}

/// Silences alerts: they go on changing their state, and nothing of it is told until then.
#[utoipa::path(post, path = "/api/v1/alerts/silences", tag = "alerts", request_body = SilenceBody,
    responses((status = 200, body = SilenceView)))]
pub(crate) async fn silence(
    State(app): State<App>,
    headers: HeaderMap,
    body: Body,
) -> Answer<Json<SilenceView>> {
    let caller = auth::admit(&app, &headers, Action::Deploy)?;
    let asked: SilenceBody = body::json(body).await?;
    let Some(meant) = asked.matcher else {
        let message = "`match` is missing: say which alerts, `{}` for all";
        return Err(Error::invalid(message).at("match").into());
    };
    let seconds = seconds(&asked.lasts).map_err(|error| error.at("for"))?;
    let wanted = Silencing { matcher: matcher(meant)?, seconds, reason: asked.reason };
    Ok(Json(app.control.silence_alerts(wanted, &caller.name).await?))
}

/// Ends a silence. What is still so and was not told is told then.
#[utoipa::path(delete, path = "/api/v1/alerts/silences/{id}", tag = "alerts",
    params(("id" = String, Path)), responses((status = 200, body = SilenceView),
        (status = 404, description = "There is none of that id in force")))]
pub(crate) async fn unsilence(
    State(app): State<App>,
    headers: HeaderMap,
    path: Path<String>,
) -> Answer<Json<SilenceView>> {
    let caller = auth::admit(&app, &headers, Action::Deploy)?;
    Ok(Json(app.control.end_silence(&path.read()?, &caller.name).await?))
}

/// Which messages.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct DeliveriesQuery {
    /// `waiting`, `sent` or `dead`; all by default.
    state: Option<String>,
    /// At most this many; 50 by default, 1,000 at most.
    limit: Option<u32>,
}

/// Lists messages to channels and what became of them, newest first.
#[utoipa::path(get, path = "/api/v1/alerts/deliveries", tag = "alerts", params(DeliveriesQuery),
    responses((status = 200, body = Vec<DeliveryView>)))]
pub(crate) async fn deliveries(
    State(app): State<App>,
    headers: HeaderMap,
    query: Query<DeliveriesQuery>,
) -> Answer<Json<Vec<DeliveryView>>> {
    auth::admit(&app, &headers, Action::Read)?;
    let query = query.read()?;
    let limit = query.limit.unwrap_or(50).min(1000);
    Ok(Json(app.control.deliveries(query.state.as_deref(), limit).await?))
}

/// Which message is tried again.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RetryBody {
    /// Its id; all that were given up by default.
    id: Option<String>,
}

/// How many are tried again.
#[derive(Serialize, ToSchema)]
pub(crate) struct Retried {
    /// The number of messages.
    messages: usize,
}

/// Has messages that were given up tried again.
#[utoipa::path(post, path = "/api/v1/alerts/deliveries/retry", tag = "alerts",
    request_body = RetryBody, responses((status = 200, body = Retried)))]
pub(crate) async fn retry(
    State(app): State<App>,
    headers: HeaderMap,
    body: Body,
) -> Answer<Json<Retried>> {
    auth::admit(&app, &headers, Action::Deploy)?;
    let asked: RetryBody = body::json(body).await?;
    let messages = app.control.retry_deliveries(asked.id.as_deref()).await?;
    Ok(Json(Retried { messages }))
}

/// Sends a message to a channel at once, and nowhere else.
#[utoipa::path(post, path = "/api/v1/alerts/channels/{name}/test", tag = "alerts",
    params(("name" = String, Path)), responses((status = 200, body = Tried),
        (status = 404, description = "There is no such channel")))]
pub(crate) async fn test(
    State(app): State<App>,
    headers: HeaderMap,
    path: Path<String>,
) -> Answer<Json<Tried>> {
    let caller = auth::admit(&app, &headers, Action::Deploy)?;
    Ok(Json(app.control.try_channel(&path.read()?, &caller.name).await?))
}
