//! Experiments: write down, begin, look, stop.

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::HeaderMap;
use gatemark_control::experiment::{ExperimentReport, ExperimentView, Started};
use gatemark_control::project::{Files, load_experiment};
use gatemark_core::access::Action;
use gatemark_core::error::Error;
use gatemark_gateway::clock;
use serde::Deserialize;
use utoipa::ToSchema;

use super::asked::Path;
use super::release::refused;
use crate::app::App;
use crate::error::Answer;
use crate::{auth, body};

/// The name under which a definition's mistakes are told.
const FILE: &str = "experiment.yaml";

/// Lists experiments, newest first.
#[utoipa::path(get, path = "/api/v1/experiments", tag = "release",
    responses((status = 200, body = Vec<ExperimentView>)))]
pub(crate) async fn list(
    State(app): State<App>,
    headers: HeaderMap,
) -> Answer<Json<Vec<ExperimentView>>> {
    auth::admit(&app, &headers, Action::Read)?;
    let found = app.control.experiments().await?;
    let now = clock::now_us();
    Ok(Json(found.iter().map(|experiment| ExperimentView::at(experiment, now)).collect()))
}

/// An experiment as a file says it.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct DefinitionBody {
    /// The text of the file, in YAML.
    definition: String,
}

/// Writes an experiment down. It divides no calls before it is started.
#[utoipa::path(post, path = "/api/v1/experiments", tag = "release", request_body = DefinitionBody,
    responses((status = 200, body = ExperimentView)))]
pub(crate) async fn create(
    State(app): State<App>,
    headers: HeaderMap,
    body: Body,
) -> Answer<Json<ExperimentView>> {
    let caller = auth::admit(&app, &headers, Action::Deploy)?;
    let asked: DefinitionBody = body::json(body).await?;
    let mut files = Files::new();
    files.insert(FILE, asked.definition);
    let (definition, problems) = load_experiment(&files, FILE);
    let Some(definition) = definition else {
        let told = problems.iter().map(|problem| {
            let line = problem.place.line;
            format!("line {line}: {}", problem.message)
        });
        let message = told.collect::<Vec<_>>().join("; ");
        return Err(Error::invalid(message).at("definition").into());
    };
    let drafted = app.control.create_experiment(definition, &caller.name).await?;
    Ok(Json(ExperimentView::at(&drafted, clock::now_us())))
}

/// What an experiment shows so far, or showed.
#[utoipa::path(get, path = "/api/v1/experiments/{name}", tag = "release",
    params(("name" = String, Path)), responses((status = 200, body = ExperimentReport)))]
pub(crate) async fn report(
    State(app): State<App>,
    headers: HeaderMap,
    path: Path<String>,
) -> Answer<Json<ExperimentReport>> {
    auth::admit(&app, &headers, Action::Read)?;
    Ok(Json(app.control.experiment_report(&path.read()?).await?))
}

/// What an experiment is told.
#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ExperimentBody {
    /// Why, for `stop`.
    reason: Option<String>,
}

/// Tells an experiment to `start` or `stop`. The gate may refuse an arm (409 with every rule).
#[utoipa::path(post, path = "/api/v1/experiments/{name}/{command}", tag = "release",
    params(("name" = String, Path), ("command" = String, Path)), request_body = ExperimentBody,
    responses((status = 200, body = ExperimentView),
        (status = 409, body = Object,
            description = "Refused: `error` in OpenAI's shape, and `gate` with every rule")))]
pub(crate) async fn steer(
    State(app): State<App>,
    headers: HeaderMap,
    path: Path<(String, String)>,
    body: Body,
) -> Answer<Json<ExperimentView>> {
    let caller = auth::admit(&app, &headers, Action::Deploy)?;
    let asked: ExperimentBody = body::json(body).await?;
    let (name, command) = path.read()?;
    let control = &app.control;
    let experiment = match command.as_str() {
        "start" => match control.start_experiment(&name, &caller.name).await? {
            Started::Begun(experiment) => *experiment,
            Started::Refused(_, checklist) => return Err(refused(&checklist)),
        },
        "stop" => control.stop_experiment(&name, asked.reason, &caller.name).await?,
        other => {
            let message =
                format!("{other:?} is nothing that an experiment can be told: start or stop");
            return Err(Error::not_found(message).into());
        }
    };
    Ok(Json(ExperimentView::at(&experiment, clock::now_us())))
}
