//! The queue of calls that people look at.

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use gatemark_control::reviews::export::ReviewRow;
use gatemark_control::reviews::standing::ReviewFigures;
use gatemark_control::reviews::{ReviewDetail, ReviewView};
use gatemark_core::access::Action;
use gatemark_core::error::{Error, Result};
use gatemark_core::review::{Act, Cause, Decision, Finding, Label, USUAL_LEASE_US};
use gatemark_gateway::clock;
use gatemark_store::{ReviewFilter, Standing};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use super::asked::{Path, Query};
use super::named;
use crate::app::App;
use crate::error::Answer;
use crate::{auth, body};

/// A minute, in microseconds.
const MINUTE: i64 = 60_000_000;

/// Which calls of the queue.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct ReviewQuery {
    /// `waiting` (the default: open or claimed), `open`, `claimed`, `decided`, `skipped`, `resolved` (decided or
    /// skipped) or `all`.
    state: Option<String>,
    /// `service/name`.
    prompt: Option<String>,
    /// Where the version was resolved.
    environment: Option<String>,
    /// Looked at most of all for this: `guard`, `condition`, `fallback` or `sample`.
    cause: Option<String>,
    /// With this label.
    label: Option<String>,
    /// Assigned to this person or taken by them.
    person: Option<String>,
    /// `true`: only those that somebody was to have decided on by now.
    overdue: Option<bool>,
    /// Begun not before this time, in microseconds since 1970.
    since: Option<i64>,
    /// At most this many; 50 by default, 1,000 at most.
    limit: Option<u32>,
}

impl ReviewQuery {
    fn filter(self) -> Result<ReviewFilter> {
        Ok(ReviewFilter {
            standing: self.state.as_deref().map(standing).transpose()?.unwrap_or_default(),
            prompt: self.prompt.map(|text| named(&text, "prompt")).transpose()?,
            environment: self.environment.map(|text| named(&text, "environment")).transpose()?,
            cause: self.cause.as_deref().map(cause).transpose()?,
            label: self.label.map(|text| named(&text, "label")).transpose()?,
            person: self.person,
            since: self.since,
            limit: self.limit.unwrap_or(50).min(1000),
            ..ReviewFilter::default()
        })
    }
}

fn standing(word: &str) -> Result<Standing> {
    Standing::from_word(word).ok_or_else(|| {
        let words = Standing::WORDS.map(|(word, _)| word).join(", ");
        Error::invalid(format!("`state` is {word:?}: write one of {words}")).at("state")
    })
}

fn cause(word: &str) -> Result<Cause> {
    Cause::from_word(word).ok_or_else(|| {
        let message = format!("`cause` is {word:?}: write guard, condition, fallback or sample");
        Error::invalid(message).at("cause")
    })
}

/// Lists calls that people look at: what waits, the most pressing first; anything else, the oldest first.
#[utoipa::path(get, path = "/api/v1/reviews", tag = "reviews", params(ReviewQuery),
    responses((status = 200, body = Vec<Object>)))]
pub(crate) async fn list(
    State(app): State<App>,
    headers: HeaderMap,
    query: Query<ReviewQuery>,
) -> Answer<Json<Vec<ReviewView>>> {
    auth::admit(&app, &headers, Action::ReadCalls)?;
    let query = query.read()?;
    let late = query.overdue.unwrap_or_default();
    Ok(Json(app.control.reviews(&query.filter()?, late).await?))
}

/// Shows a call of the queue with its record and scores.
#[utoipa::path(get, path = "/api/v1/reviews/{call}", tag = "reviews", params(("call" = String, Path)),
    responses((status = 200, body = Object), (status = 404, description = "The call is not in the queue")))]
pub(crate) async fn show(
    State(app): State<App>,
    headers: HeaderMap,
    call: Path<String>,
) -> Answer<Json<ReviewDetail>> {
    auth::admit(&app, &headers, Action::ReadCalls)?;
    Ok(Json(app.control.review(&call.read()?).await?))
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

/// Writes down what a person found about a call's answer, in the place of what was found before.
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

/// What is done with a call; each command reads what concerns it.
#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct ActBody {
    /// For `claim`: how long it holds, in minutes; 30 by default, 1,440 at most.
    minutes: Option<u32>,
    /// For `assign`: whose it is to look at; nobody's if it is left out.
    to: Option<String>,
    /// For decisions: why.
    note: Option<String>,
    /// For `edit`: the answer as it should have been.
    answer: Option<String>,
    /// For decisions: also in the place of another one.
    replace: bool,
    /// For `label`: to be there.
    #[schema(value_type = Vec<String>)]
    add: Vec<Label>,
    /// For `label`: not to be there.
    #[schema(value_type = Vec<String>)]
    remove: Vec<Label>,
    /// The revision that was seen: if the call has changed since, 409 `review_changed`.
    revision: Option<i64>,
}

impl ActBody {
    fn act(self, command: &str) -> Result<Act> {
        let decision = Decision::from_word(command);
        let unread = [
            ("minutes", self.minutes.is_some() && command != "claim"),
            ("to", self.to.is_some() && command != "assign"),
            ("note", self.note.is_some() && decision.is_none()),
            ("answer", self.answer.is_some() && decision.is_none()),
            ("replace", self.replace && decision.is_none()),
            ("add", !self.add.is_empty() && command != "label"),
            ("remove", !self.remove.is_empty() && command != "label"),
        ];
        if let Some((field, _)) = unread.into_iter().find(|(_, given)| *given) {
            let message = format!("`{field}` has no meaning for {command}: leave it out");
            return Err(Error::invalid(message).at(field));
        }
        if let Some(decision) = decision {
            let (answer, note, again) = (self.answer, self.note, self.replace);
            return Ok(Act::Decide { decision, answer, note, again });
        }
        Ok(match command {
            "claim" => Act::Claim { until: clock::now_us().saturating_add(lease(self.minutes)) },
            "release" => Act::Release,
            "assign" => Act::Assign { to: self.to },
            "label" => Act::Label {
                add: self.add.into_iter().collect(),
                remove: self.remove.into_iter().collect(),
            },
            _ => {
                let message = format!(
                    "{command:?} is no command: write claim, release, assign, approve, reject, edit, skip or label"
                );
                return Err(Error::not_found(message));
            }
        })
    }
}

fn lease(minutes: Option<u32>) -> i64 {
    minutes.map_or(USUAL_LEASE_US, |minutes| i64::from(minutes).saturating_mul(MINUTE))
}

/// Does something with a call of the queue: `claim`, `release`, `assign`, `approve`, `reject`, `edit`, `skip` or
/// `label`. Asked twice, it changes nothing the second time.
#[utoipa::path(post, path = "/api/v1/reviews/{call}/{command}", tag = "reviews",
    params(("call" = String, Path), ("command" = String, Path)), request_body = ActBody,
    responses((status = 200, body = Object), (status = 404, description = "The call is not in the queue"),
        (status = 409, description = "Somebody else has it, has decided, or has changed it")))]
pub(crate) async fn act(
    State(app): State<App>,
    headers: HeaderMap,
    path: Path<(String, String)>,
    body: Body,
) -> Answer<Json<ReviewView>> {
    let caller = auth::admit(&app, &headers, Action::Approve)?;
    let (call, command) = path.read()?;
    let asked: ActBody = body::json(body).await?;
    let seen = asked.revision;
    let act = asked.act(&command)?;
    Ok(Json(app.control.act_on_review(&call, &act, &caller.name, seen).await?))
}

/// What to look at next.
#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct NextBody {
    /// `service/name`.
    prompt: Option<String>,
    /// Where the version was resolved.
    environment: Option<String>,
    /// `guard`, `condition`, `fallback` or `sample`.
    cause: Option<String>,
    /// How long the claim holds, in minutes; 30 by default, 1,440 at most.
    minutes: Option<u32>,
}

/// Claims the call that the caller should look at next: assigned to them first, then the most pressing, then the
/// oldest. `null` if there is none.
#[utoipa::path(post, path = "/api/v1/reviews/next", tag = "reviews", request_body = NextBody,
    responses((status = 200, body = Object)))]
pub(crate) async fn next(
    State(app): State<App>,
    headers: HeaderMap,
    body: Body,
) -> Answer<Json<Option<ReviewView>>> {
    let caller = auth::admit(&app, &headers, Action::Approve)?;
    let asked: NextBody = body::json(body).await?;
    let filter = ReviewFilter {
        prompt: asked.prompt.map(|text| named(&text, "prompt")).transpose()?,
        environment: asked.environment.map(|text| named(&text, "environment")).transpose()?,
        cause: asked.cause.as_deref().map(cause).transpose()?,
        ..ReviewFilter::default()
    };
    let lease = lease(asked.minutes);
    Ok(Json(app.control.claim_next_review(&filter, &caller.name, lease).await?))
}

/// Since when.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct StatsQuery {
    /// Decisions about calls begun not before this time, in microseconds since 1970; all by default.
    since: Option<i64>,
}

/// How the queue stands in each environment, and what became of the calls by cause.
#[utoipa::path(get, path = "/api/v1/reviews/stats", tag = "reviews", params(StatsQuery),
    responses((status = 200, body = Object)))]
pub(crate) async fn stats(
    State(app): State<App>,
    headers: HeaderMap,
    query: Query<StatsQuery>,
) -> Answer<Json<ReviewFigures>> {
    auth::admit(&app, &headers, Action::ReadCalls)?;
    let since = query.read()?.since.unwrap_or(i64::MIN);
    Ok(Json(app.control.review_figures(clock::now_us(), since).await?))
}

/// Which decided calls.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct ExportQuery {
    /// `service/name`.
    prompt: Option<String>,
    /// Where the version was resolved.
    environment: Option<String>,
    /// With this label.
    label: Option<String>,
    /// Begun not before this time, in microseconds since 1970.
    since: Option<i64>,
    /// `true`: placeholders for what looks personal or secret.
    redact: Option<bool>,
    /// At most this many, the oldest first; 1,000 by default and at most.
    limit: Option<u32>,
}

/// Decided calls as rows: texts, label, labels.
#[utoipa::path(get, path = "/api/v1/reviews/export", tag = "reviews", params(ExportQuery),
    responses((status = 200, body = Vec<Object>)))]
pub(crate) async fn export(
    State(app): State<App>,
    headers: HeaderMap,
    query: Query<ExportQuery>,
) -> Answer<Json<Vec<ReviewRow>>> {
    auth::admit(&app, &headers, Action::ReadCalls)?;
    let query = query.read()?;
    let filter = ReviewFilter {
        prompt: query.prompt.map(|text| named(&text, "prompt")).transpose()?,
        environment: query.environment.map(|text| named(&text, "environment")).transpose()?,
        label: query.label.map(|text| named(&text, "label")).transpose()?,
        since: query.since,
        limit: query.limit.unwrap_or(1000).min(1000),
        ..ReviewFilter::default()
    };
    Ok(Json(app.control.export_reviews(&filter, query.redact.unwrap_or_default()).await?))
}
