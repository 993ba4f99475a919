//! The audit log: read, and verified.

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use gatemark_control::auditing::{AuditVerdict, kept_hash};
use gatemark_core::access::Action;
use gatemark_core::audit::AuditEntry;
use serde::Deserialize;
use utoipa::IntoParams;

use super::asked::Query;
use crate::app::App;
use crate::auth;
use crate::error::Answer;

/// How many entries.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct AuditQuery {
    /// At most this many; 50 by default, 1,000 at most.
    limit: Option<u32>,
}

/// Lists what was done, newest first.
#[utoipa::path(get, path = "/api/v1/audit", tag = "audit", params(AuditQuery),
    responses((status = 200, body = Vec<Object>)))]
pub(crate) async fn list(
    State(app): State<App>,
    headers: HeaderMap,
    query: Query<AuditQuery>,
) -> Answer<Json<Vec<AuditEntry>>> {
    auth::admit(&app, &headers, Action::Read)?;
    let query = query.read()?;
    Ok(Json(app.control.audit(query.limit.unwrap_or(50).min(1000)).await?))
}

/// What the log has to hold.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct VerifyQuery {
    /// A head that was kept elsewhere, `ID:HASH` or `HASH`.
    expect: Option<String>,
}

/// Goes through the whole audit log; `broken` is the first entry that is not as it was written.
#[utoipa::path(get, path = "/api/v1/audit/verify", tag = "audit", params(VerifyQuery),
    responses((status = 200, body = AuditVerdict)))]
pub(crate) async fn verify(
    State(app): State<App>,
    headers: HeaderMap,
    query: Query<VerifyQuery>,
) -> Answer<Json<AuditVerdict>> {
    auth::admit(&app, &headers, Action::Read)?;
    let query = query.read()?;
    let expect = query.expect.as_deref().map(kept_hash).transpose()?;
    Ok(Json(app.control.verify_audit(expect).await?))
}
