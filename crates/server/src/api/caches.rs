//! Caches of this process.

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use gatemark_core::access::Action;
use gatemark_core::error::Error;
use gatemark_gateway::CacheStats;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::asked::Query;
use crate::app::App;
use crate::auth;
use crate::error::Answer;

/// What a cache did since the server started, and what it holds.
#[derive(Serialize, ToSchema)]
pub(crate) struct CacheView {
    /// Its name; `by-request` for plain calls whose callers ask for one.
    name: String,
    /// Answers in it.
    entries: u64,
    /// Bytes that they take.
    bytes: u64,
    /// Most bytes that they may take.
    max_bytes: u64,
    /// Answers given again to exactly the same request.
    hits: u64,
    /// Answers given again to requests of like meaning.
    similar: u64,
    /// Answers given to callers who waited for another's.
    coalesced: u64,
    /// Calls whose answer was not there.
    misses: u64,
    /// Answers that were kept.
    stored: u64,
    /// Answers that were not, because they are not to be given again or are too large.
    refused: u64,
    /// What answers given again would have cost, in nano-dollars.
    saved: i64,
    /// Texts made vectors of.
    embeddings: u64,
    /// Times that this failed, so that the vendor was asked instead.
    embedding_failures: u64,
    /// What it cost, in nano-dollars.
    embedding_cost: i64,
    /// Time spent on it, in microseconds.
    embedding_us: u64,
    /// Time spent on comparing, in microseconds.
    search_us: u64,
}

impl From<CacheStats> for CacheView {
    fn from(stats: CacheStats) -> Self {
        Self {
            name: stats.name,
            entries: stats.entries,
            bytes: stats.bytes,
            max_bytes: stats.max_bytes,
            hits: stats.hits,
            similar: stats.similar,
            coalesced: stats.coalesced,
            misses: stats.misses,
            stored: stats.stored,
            refused: stats.refused,
            saved: stats.saved.0,
            embeddings: stats.embeddings,
            embedding_failures: stats.embedding_failures,
            embedding_cost: stats.embedding_cost.0,
            embedding_us: stats.embedding_us,
            search_us: stats.search_us,
        }
    }
}

/// Shows every cache that was used since the server started.
#[utoipa::path(get, path = "/api/v1/caches", tag = "system",
    responses((status = 200, body = Vec<CacheView>)))]
pub(crate) async fn list(
    State(app): State<App>,
    headers: HeaderMap,
) -> Answer<Json<Vec<CacheView>>> {
    auth::admit(&app, &headers, Action::Read)?;
    let caches = app.control.gateway().caches();
    Ok(Json(caches.into_iter().map(CacheView::from).collect()))
}

/// Which caches.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct ClearQuery {
    /// Only this one.
    name: Option<String>,
}

/// The caches that were emptied.
#[derive(Serialize, ToSchema)]
pub(crate) struct Cleared {
    /// Their names.
    cleared: Vec<String>,
}

/// Forgets the answers of one cache or of all, in this process. Figures go on.
#[utoipa::path(delete, path = "/api/v1/caches", tag = "system", params(ClearQuery),
    responses((status = 200, body = Cleared)))]
pub(crate) async fn clear(
    State(app): State<App>,
    headers: HeaderMap,
    query: Query<ClearQuery>,
) -> Answer<Json<Cleared>> {
    // Who may change what is served may also end what is served again.
    let caller = auth::admit(&app, &headers, Action::Deploy)?;
    let name = query.read()?.name;
    let cleared = app.control.gateway().clear_caches(name.as_deref());
    if let (Some(name), []) = (&name, cleared.as_slice()) {
        let declared = &app.control.project().caching.caches;
        if !declared.iter().any(|cache| cache.name == *name) {
            let message = format!("there is no cache `{name}`: see GET /api/v1/caches");
            return Err(Error::not_found(message).at("name").coded("cache_not_found").into());
        }
    }
    tracing::info!(by = caller.name, caches = cleared.join(","), "caches were emptied");
    Ok(Json(Cleared { cleared }))
}
