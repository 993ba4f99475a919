//! Test runs and their reports.

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::HeaderMap;
use gatemark_control::evaluate::{Silent, TestRequest, TestTarget};
use gatemark_control::view::ReportView;
use gatemark_core::access::Action;
use gatemark_core::error::Error;
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
    /// How often each case is asked, 1 to 100; as the suite says by default.
    repeats: Option<u32>,
    /// Whether answers of earlier runs to the same requests are taken; true by default.
    #[serde(default = "yes")]
    cache: bool,
    /// Cases under way at once, 1 to 64.
    #[serde(default = "eight")]
    concurrency: usize,
}

fn eight() -> usize {
    8
}

fn yes() -> bool {
    true
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
    let target = TestTarget::Registered {
        prompt: path.prompt()?,
        selector: selector(asked.version.as_deref())?,
    };
    let request = TestRequest {
        models: models.collect::<Result<_, Error>>()?,
        repeats: asked.repeats.map(|repeats| repeats.clamp(1, 100)),
        recall: asked.cache,
        concurrency: asked.concurrency.clamp(1, 64),
        ..TestRequest::of(target, caller.name)
    };
    let mut views = vec![];
    for run in app.control.test(&request, &Silent).await? {
        views.push(ReportView::new(&run.report, app.control.first_rows(&run.report).await?));
    }
    Ok(Json(views))
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

/// Shows a report with its first 10,000 rows.
#[utoipa::path(get, path = "/api/v1/reports/{id}", tag = "evidence",
    params(("id" = String, Path)), responses((status = 200, body = ReportView)))]
pub(crate) async fn report(
    State(app): State<App>,
    headers: HeaderMap,
    id: Path<String>,
) -> Answer<Json<ReportView>> {
    auth::admit(&app, &headers, Action::Read)?;
    let id = id.read()?;
    let report = app.control.store().report(&id).await?.ok_or_else(|| {
        Error::not_found(format!("there is no report {id:?}")).coded("report_not_found")
    })?;
    let rows = app.control.first_rows(&report).await?;
    Ok(Json(ReportView::new(&report, rows)))
}
