//! The gate, approvals, deployments and rollbacks.

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::HeaderMap;
use gatemark_control::gate::Decision;
use gatemark_control::view::{DeploymentView, GateView, VersionView};
use gatemark_core::access::{Action, Caller};
use gatemark_core::error::{Error, Kind, Result};
use gatemark_core::gate::{Checklist, FallbackFinding, Finding};
use gatemark_core::id::{EnvironmentName, PromptName};
use gatemark_core::rollout::Strategy;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::asked::{Path, Query};
use super::{named, selector};
use crate::app::App;
use crate::error::{Answer, Problem};
use crate::{auth, body};

/// Which version, for which environment.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct GateQuery {
    /// The version; the newest by default.
    version: Option<String>,
    /// The environment; the project's default by default.
    environment: Option<String>,
}

fn environment(app: &App, asked: Option<&str>) -> Result<EnvironmentName> {
    match asked {
        Some(name) => named(name, "environment"),
        None => Ok(app.control.project().default_environment.clone()),
    }
}

/// Applies an environment's rules to a version without deploying it.
#[utoipa::path(get, path = "/api/v1/prompts/{service}/{name}/gate", tag = "release",
    params(("service" = String, Path), ("name" = String, Path), GateQuery),
    responses((status = 200, body = GateView)))]
pub(crate) async fn gate(
    State(app): State<App>,
    headers: HeaderMap,
    path: Path<(String, String)>,
    query: Query<GateQuery>,
) -> Answer<Json<GateView>> {
    auth::admit(&app, &headers, Action::Read)?;
    let query = query.read()?;
    let prompt = path.prompt()?;
    let environment = environment(&app, query.environment.as_deref())?;
    let selector = selector(query.version.as_deref())?;
    let (_, checklist) = app.control.checklist(&prompt, &selector, &environment).await?;
    Ok(Json(GateView::from(&checklist)))
}

/// Consent to a version.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ApproveBody {
    /// The version; the newest by default.
    version: Option<String>,
    /// What the reviewer says.
    comment: Option<String>,
}

/// Approves a version. Its author cannot.
#[utoipa::path(post, path = "/api/v1/prompts/{service}/{name}/approve", tag = "release",
    params(("service" = String, Path), ("name" = String, Path)), request_body = ApproveBody,
    responses((status = 200, body = VersionView)))]
pub(crate) async fn approve(
    State(app): State<App>,
    headers: HeaderMap,
    path: Path<(String, String)>,
    body: Body,
) -> Answer<Json<VersionView>> {
    let caller = auth::admit(&app, &headers, Action::Approve)?;
    let asked: ApproveBody = body::json(body).await?;
    let prompt = path.prompt()?;
    let selector = selector(asked.version.as_deref())?;
    let version = app.control.approve(&prompt, &selector, &caller.name, asked.comment).await?;
    Ok(Json(VersionView::from(&version)))
}

/// Where to deploy what.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct MoveBody {
    /// The version. By default the newest for a deployment, and the one before for a rollback.
    version: Option<String>,
    /// The environment. Required for a deployment; a rollback's is the project's default by default.
    environment: Option<String>,
    /// For a rollback: stay on the version that serves and have another of its models answer.
    model: Option<String>,
    /// `all-at-once`, to deploy so where the environment says otherwise.
    strategy: Option<String>,
}

/// A deployment or rollback that took place.
#[derive(Serialize, ToSchema)]
pub(crate) struct Moved {
    /// The deployment.
    deployment: DeploymentView,
    /// The version's other models and what speaks against using them as fallbacks.
    #[schema(value_type = Vec<Object>)]
    fallbacks: Vec<FallbackFinding>,
}

fn moved(decision: &Decision) -> Answer<Json<Moved>> {
    match decision {
        Decision::Moved(deployment, fallbacks) => Ok(Json(Moved {
            deployment: DeploymentView::from(deployment.as_ref()),
            fallbacks: fallbacks.clone(),
        })),
        Decision::Refused(checklist) => Err(refused(checklist)),
    }
}

/// The gate's no, with every rule.
pub(super) fn refused(checklist: &Checklist) -> Problem {
    let unmet: Vec<String> = checklist.unmet().map(unmet).collect();
    let error = Error::new(Kind::Refused, format!("the gate refused: {}", unmet.join("; ")));
    Problem::from(error.coded("gate_refused")).beside("gate", &GateView::from(checklist))
}

fn unmet(finding: &Finding) -> String {
    format!("rule {} wants: {}; found: {}", finding.rule, finding.wanted, finding.found)
}

/// Who asks for which prompt's pointer to be moved, and how.
async fn asked(
    app: &App,
    headers: &HeaderMap,
    path: Path<(String, String)>,
    body: Body,
) -> Answer<(Caller, PromptName, MoveBody)> {
    let caller = auth::admit(app, headers, Action::Deploy)?;
    let asked: MoveBody = body::json(body).await?;
    Ok((caller, path.prompt()?, asked))
}

/// Deploys a version through the gate. A refusal answers 409 with every rule.
#[utoipa::path(post, path = "/api/v1/prompts/{service}/{name}/deploy", tag = "release",
    params(("service" = String, Path), ("name" = String, Path)), request_body = MoveBody,
    responses((status = 200, body = Moved),
        (status = 409, body = Object,
            description = "Refused: `error` in OpenAI's shape, and `gate` with every rule")))]
pub(crate) async fn deploy(
    State(app): State<App>,
    headers: HeaderMap,
    path: Path<(String, String)>,
    body: Body,
) -> Answer<Json<Moved>> {
    let (caller, prompt, asked) = asked(&app, &headers, path, body).await?;
    if asked.environment.is_none() {
        let message = "`environment` is missing: say where to deploy";
        return Err(Error::invalid(message).at("environment").into());
    }
    let environment = environment(&app, asked.environment.as_deref())?;
    let selector = selector(asked.version.as_deref())?;
    let usual = app.control.usual_strategy(&prompt, &environment).await?;
    let at_once = asked.strategy.as_deref() == Some(Strategy::AllAtOnce.word());
    if usual != Strategy::AllAtOnce && !at_once {
        let message = format!(
            "deployments to {environment} take place by {}: begin a rollout \
             (POST /api/v1/prompts/{prompt}/rollout), or say `strategy: all-at-once`",
            usual.word()
        );
        return Err(Error::new(Kind::Conflict, message).at("strategy").coded("rolls_out").into());
    }
    let decision = app.control.deploy(&prompt, &selector, &environment, &caller.name).await?;
    moved(&decision)
}

/// Goes back to a version that served before, through the same gate.
#[utoipa::path(post, path = "/api/v1/prompts/{service}/{name}/rollback", tag = "release",
    params(("service" = String, Path), ("name" = String, Path)), request_body = MoveBody,
    responses((status = 200, body = Moved),
        (status = 409, body = Object,
            description = "Refused: `error` in OpenAI's shape, and `gate` with every rule")))]
pub(crate) async fn rollback(
    State(app): State<App>,
    headers: HeaderMap,
    path: Path<(String, String)>,
    body: Body,
) -> Answer<Json<Moved>> {
    let (caller, prompt, asked) = asked(&app, &headers, path, body).await?;
    let environment = environment(&app, asked.environment.as_deref())?;
    let version = asked.version.as_deref().map(|version| selector(Some(version))).transpose()?;
    let control = &app.control;
    let decision = match &asked.model {
        Some(model) => {
            let model = named(model, "model")?;
            control.switch_model(&prompt, &environment, &model, &caller.name).await?
        }
        None => control.rollback(&prompt, version.as_ref(), &environment, &caller.name).await?,
    };
    moved(&decision)
}

/// Which deployments to list.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct DeploymentsQuery {
    /// Only those of this environment.
    environment: Option<String>,
    /// At most this many; 50 by default, 1,000 at most.
    limit: Option<u32>,
}

/// Lists the moves of a prompt's pointers, newest first.
#[utoipa::path(get, path = "/api/v1/prompts/{service}/{name}/deployments", tag = "release",
    params(("service" = String, Path), ("name" = String, Path), DeploymentsQuery),
    responses((status = 200, body = Vec<DeploymentView>)))]
pub(crate) async fn deployments(
    State(app): State<App>,
    headers: HeaderMap,
    path: Path<(String, String)>,
    query: Query<DeploymentsQuery>,
) -> Answer<Json<Vec<DeploymentView>>> {
    auth::admit(&app, &headers, Action::Read)?;
    let query = query.read()?;
    let prompt = path.prompt()?;
    let environment: Option<EnvironmentName> =
        query.environment.as_deref().map(|name| named(name, "environment")).transpose()?;
    let limit = query.limit.unwrap_or(50).min(1000);
    let moves = app.control.deployments(&prompt, environment.as_ref(), limit).await?;
    Ok(Json(moves.iter().map(DeploymentView::from).collect()))
}
