//! Test runs and their reports.

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::HeaderMap;
use gatemark_control::evaluate::{Progress, TestRequest};
use gatemark_control::view::ReportView;
use gatemark_core::access::Action;
use gatemark_core::error::Error;
use gatemark_core::id::ModelName;
use gatemark_core::report::Row;
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use super::asked::{Path, Query};
use super::{named, selector};
use crate::app::App;
use crate::error::Answer;
use crate::{auth, body};

/// What to test.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TestBody {
    /// The version; the newest by default.
    version: Option<String>,
    /// The models; the serving one by default.
    #[serde(default)]
    models: Vec<String>,
    /// Cases under way at once, 1 to 64.
    #[serde(default = "eight")]
    concurrency: usize,
}

fn eight() -> usize {
    8
}

struct Silent;

impl Progress for Silent {
    fn begin(&self, _: &ModelName, _: usize) {}
    fn case(&self, _: &Row) {}
    fn end(&self) {}
}

/// Runs the prompt's suite and answers with a report for each model when it has ended.
#[utoipa::path(post, path = "/api/v1/prompts/{service}/{name}/test", tag = "evidence",
    params(("service" = String, Path), ("name" = String, Path)), request_body = TestBody,
    responses((status = 200, body = Vec<ReportView>)))]
pub(crate) async fn test(
    State(app): State<App>,
    headers: HeaderMap,
    path: Path<(String, String)>,
    body: Body,
) -> Answer<Json<Vec<ReportView>>> {
    let caller = auth::admit(&app, &headers, Action::Test)?;
    let asked: TestBody = body::json(body).await?;
    let models = asked.models.iter().map(|model| named(model, "models"));
    let request = TestRequest {
        prompt: path.prompt()?,
        selector: selector(asked.version.as_deref())?,
        models: models.collect::<Result<_, Error>>()?,
        concurrency: asked.concurrency.clamp(1, 64),
        actor: caller.name,
    };
    let runs = app.control.test(&request, &Silent).await?;
    Ok(Json(runs.into_iter().map(|run| ReportView::new(&run.report, run.rows)).collect()))
}

/// How many to list.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct Limit {
    /// At most this many; 50 by default, 1,000 at most.
    limit: Option<u32>,
}

/// Lists a prompt's reports, newest first, without their rows.
#[utoipa::path(get, path = "/api/v1/prompts/{service}/{name}/reports", tag = "evidence",
    params(("service" = String, Path), ("name" = String, Path), Limit),
    responses((status = 200, body = Vec<ReportView>)))]
pub(crate) async fn reports(
    State(app): State<App>,
    headers: HeaderMap,
    path: Path<(String, String)>,
    query: Query<Limit>,
) -> Answer<Json<Vec<ReportView>>> {
    auth::admit(&app, &headers, Action::Read)?;
    let query = query.read()?;
    let prompt = path.prompt()?;
    let limit = query.limit.unwrap_or(50).min(1000);
    let reports = app.control.store().reports(&prompt, limit).await?;
    Ok(Json(reports.iter().map(|report| ReportView::new(report, vec![])).collect()))
}

/// Shows a report with its rows.
#[utoipa::path(get, path = "/api/v1/reports/{id}", tag = "evidence",
    params(("id" = String, Path)), responses((status = 200, body = ReportView)))]
pub(crate) async fn report(
    State(app): State<App>,
    headers: HeaderMap,
    id: Path<String>,
) -> Answer<Json<ReportView>> {
    auth::admit(&app, &headers, Action::Read)?;
    let id = id.read()?;
    let found = app.control.store().report(&id).await?;
    let (report, rows) = found.ok_or_else(|| {
        Error::not_found(format!("there is no report {id:?}")).coded("report_not_found")
    })?;
    Ok(Json(ReportView::new(&report, rows)))
}
