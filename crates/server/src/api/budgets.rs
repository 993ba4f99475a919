//! How budgets stand.

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use gatemark_control::budgets::BudgetState;
use gatemark_core::access::Action;

use crate::app::App;
use crate::auth;
use crate::error::Answer;

/// Lists budgets with what is spent, promised to calls under way, and left in the present window. A
/// budget with `*` in its scope has one entry for each account that has spent something, the dearest
/// thousand of them.
#[utoipa::path(get, path = "/api/v1/budgets", tag = "budgets",
    responses((status = 200, body = Vec<BudgetState>)))]
pub(crate) async fn list(
    State(app): State<App>,
    headers: HeaderMap,
) -> Answer<Json<Vec<BudgetState>>> {
    auth::admit(&app, &headers, Action::Read)?;
    Ok(Json(app.control.budgets()))
}
