//! Rollouts: begin, look, steer.

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::HeaderMap;
use gatemark_control::rollout::{Asked as Plan, RolloutView, Started};
use gatemark_core::access::Action;
use gatemark_core::error::{Error, Result};
use gatemark_core::id::{EnvironmentName, PromptName};
use gatemark_core::ramp::seconds;
use gatemark_core::rollout::Command;
use gatemark_gateway::clock;
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use super::asked::{Path, Query};
use super::release::refused;
use super::{named, prompt_name, selector};
use crate::app::App;
use crate::error::Answer;
use crate::{auth, body};

/// Which rollouts.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct RolloutsQuery {
    /// `active` (the default) or `all`.
    state: Option<String>,
    /// `service/name`.
    prompt: Option<String>,
    /// At most this many; 50 by default, 1,000 at most.
    limit: Option<u32>,
}

/// Lists rollouts, newest first.
#[utoipa::path(get, path = "/api/v1/rollouts", tag = "release", params(RolloutsQuery),
    responses((status = 200, body = Vec<RolloutView>)))]
pub(crate) async fn list(
    State(app): State<App>,
    headers: HeaderMap,
    query: Query<RolloutsQuery>,
) -> Answer<Json<Vec<RolloutView>>> {
    auth::admit(&app, &headers, Action::Read)?;
    let query = query.read()?;
    let only_active = match query.state.as_deref() {
        None | Some("active") => true,
        Some("all") => false,
        Some(other) => {
            let message = format!("`state` is {other:?}: write active or all");
            return Err(Error::invalid(message).at("state").into());
        }
    };
    let prompt: Option<PromptName> =
        query.prompt.as_deref().map(|text| named(text, "prompt")).transpose()?;
    let limit = query.limit.unwrap_or(50).min(1000);
    let found = app.control.rollouts(prompt.as_ref(), only_active, limit).await?;
    let now = clock::now_us();
    Ok(Json(found.iter().map(|rollout| RolloutView::at(rollout, now)).collect()))
}

/// Where the rollout is.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct PlaceQuery {
    /// The environment; the project's default by default.
    environment: Option<String>,
}

fn environment(app: &App, asked: Option<&str>) -> Result<EnvironmentName> {
    match asked {
        Some(name) => named(name, "environment"),
        None => Ok(app.control.project().default_environment.clone()),
    }
}

/// A prompt's newest rollout in an environment.
#[utoipa::path(get, path = "/api/v1/prompts/{service}/{name}/rollout", tag = "release",
    params(("service" = String, Path), ("name" = String, Path), PlaceQuery),
    responses((status = 200, body = RolloutView)))]
pub(crate) async fn one(
    State(app): State<App>,
    headers: HeaderMap,
    path: Path<(String, String)>,
    query: Query<PlaceQuery>,
) -> Answer<Json<RolloutView>> {
    auth::admit(&app, &headers, Action::Read)?;
    let query = query.read()?;
    let environment = environment(&app, query.environment.as_deref())?;
    let rollout = app.control.rollout(&path.prompt()?, &environment).await?;
    Ok(Json(RolloutView::at(&rollout, clock::now_us())))
}

/// What to bring in, where and how.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct StartBody {
    /// The version; the newest by default, or the one before if `over` is given.
    version: Option<String>,
    /// The environment; required.
    environment: String,
    /// Go back over this time (`30m`), in equal steps, instead of bringing something in.
    over: Option<String>,
    /// How; what is left out is as the environment says.
    #[serde(default)]
    plan: Plan,
}

/// Begins a rollout, if the gate admits its candidate. A refusal answers 409 with every rule.
#[utoipa::path(post, path = "/api/v1/prompts/{service}/{name}/rollout", tag = "release",
    params(("service" = String, Path), ("name" = String, Path)), request_body = StartBody,
    responses((status = 200, body = RolloutView),
        (status = 409, body = Object,
            description = "Refused: `error` in OpenAI's shape, and `gate` with every rule")))]
pub(crate) async fn start(
    State(app): State<App>,
    headers: HeaderMap,
    path: Path<(String, String)>,
    body: Body,
) -> Answer<Json<RolloutView>> {
    let caller = auth::admit(&app, &headers, Action::Deploy)?;
    let asked: StartBody = body::json(body).await?;
    let prompt = path.prompt()?;
    let environment = named(&asked.environment, "environment")?;
    let control = &app.control;
    let started = match &asked.over {
        Some(over) => {
            let seconds = seconds(over).map_err(|error| error.at("over"))?;
            let version = asked.version.as_deref().map(|text| selector(Some(text))).transpose()?;
            control
                .rollback_over(&prompt, version.as_ref(), &environment, seconds, &caller.name)
                .await?
        }
        None => {
            let plan = control.rollout_plan(&environment, &asked.plan)?;
            let selector = selector(asked.version.as_deref())?;
            control.start_rollout(&prompt, &selector, &environment, plan, &caller.name).await?
        }
    };
    match started {
        Started::Begun(rollout, _) => Ok(Json(RolloutView::at(&rollout, clock::now_us()))),
        Started::Refused(checklist) => Err(refused(&checklist)),
    }
}

/// What a rollout is told.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SteerBody {
    /// The environment; the project's default by default.
    environment: Option<String>,
    /// Why, for `pause` and `abort`.
    reason: Option<String>,
    /// Other steps, for `restart`.
    #[serde(default)]
    plan: Plan,
}

/// Steers a rollout: `pause`, `resume`, `promote`, `abort` or `restart`. Asked twice, it changes nothing the
/// second time.
#[utoipa::path(post, path = "/api/v1/prompts/{service}/{name}/rollout/{command}", tag = "release",
    params(("service" = String, Path), ("name" = String, Path), ("command" = String, Path)),
    request_body = SteerBody, responses((status = 200, body = RolloutView)))]
pub(crate) async fn steer(
    State(app): State<App>,
    headers: HeaderMap,
    path: Path<(String, String, String)>,
    body: Body,
) -> Answer<Json<RolloutView>> {
    let caller = auth::admit(&app, &headers, Action::Deploy)?;
    let asked: SteerBody = body::json(body).await?;
    let (service, name, word) = path.read()?;
    let prompt = prompt_name(&service, &name)?;
    let environment = environment(&app, asked.environment.as_deref())?;
    let reason = asked.reason;
    let command = match word.as_str() {
        "pause" => Command::Pause { reason },
        "resume" => Command::Resume,
        "promote" => Command::Promote,
        "abort" => Command::Abort { reason },
        "restart" => {
            let before = app.control.rollout(&prompt, &environment).await?;
            Command::Restart(Box::new(asked.plan.over(Some(&before.plan))?))
        }
        other => {
            let message = format!(
                "{other:?} is nothing that a rollout can be told: pause, resume, promote, abort or restart"
            );
            return Err(Error::not_found(message).into());
        }
    };
    let rollout = app.control.steer_rollout(&prompt, &environment, &command, &caller.name).await?;
    Ok(Json(RolloutView::at(&rollout, clock::now_us())))
}
