//! Every route, on one page.

use axum::Router;
use axum::http::{Method, Uri};
use axum::response::{IntoResponse, Response};
use gatemark_core::error::Error;
use utoipa::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::Service;
use crate::error::Problem;
use crate::{api, health, v1};

#[derive(OpenApi)]
#[openapi(info(
    title = "Gatemark",
    description = "The release system for prompts: registry, gate and gateway."
))]
struct Document;

fn routes() -> OpenApiRouter<Service> {
    OpenApiRouter::with_openapi(Document::openapi())
        .routes(routes!(v1::chat::completions))
        .routes(routes!(v1::messages::create))
        .routes(routes!(v1::messages::count_tokens))
        .routes(routes!(v1::responses::create))
        .routes(routes!(v1::responses::one, v1::responses::delete))
        .routes(routes!(v1::responses::cancel))
        .routes(routes!(v1::responses::input_items))
        .routes(routes!(v1::embeddings::create))
        .routes(routes!(v1::models::list))
        .routes(routes!(v1::models::one))
        .routes(routes!(api::alerts::list))
        .routes(routes!(api::alerts::acknowledge))
        .routes(routes!(api::alerts::silences, api::alerts::silence))
        .routes(routes!(api::alerts::unsilence))
        .routes(routes!(api::alerts::deliveries))
        .routes(routes!(api::alerts::retry))
        .routes(routes!(api::alerts::test))
        .routes(routes!(api::caches::list, api::caches::clear))
        .routes(routes!(api::registry::list))
        .routes(routes!(api::registry::push))
        .routes(routes!(api::registry::versions))
        .routes(routes!(api::registry::version))
        .routes(routes!(api::registry::diff))
        .routes(routes!(api::registry::log))
        .routes(routes!(api::evidence::test))
        .routes(routes!(api::evidence::reports))
        .routes(routes!(api::evidence::report))
        .routes(routes!(api::release::gate))
        .routes(routes!(api::release::approve))
        .routes(routes!(api::release::deploy))
        .routes(routes!(api::release::rollback))
        .routes(routes!(api::release::deployments))
        .routes(routes!(api::rollouts::list))
        .routes(routes!(api::rollouts::one, api::rollouts::start))
        .routes(routes!(api::rollouts::steer))
        .routes(routes!(api::experiments::list, api::experiments::create))
        .routes(routes!(api::experiments::report))
        .routes(routes!(api::experiments::steer))
        .routes(routes!(api::stops::list, api::stops::stop, api::stops::resume))
        .routes(routes!(api::calls::list))
        .routes(routes!(api::scores::list, api::scores::score))
        .routes(routes!(api::monitoring::evaluation))
        .routes(routes!(api::monitoring::metrics))
        .routes(routes!(api::monitoring::signals))
        .routes(routes!(api::audit::list))
        .routes(routes!(api::audit::verify))
        .routes(routes!(api::guard_pii::pii))
        .routes(routes!(api::lifecycle::stages))
        .routes(routes!(api::lifecycle::review))
        .routes(routes!(api::lifecycle::retire))
        .routes(routes!(api::conversations::list))
        .routes(routes!(api::conversations::show, api::conversations::erase))
        .routes(routes!(api::guard::leak))
        .routes(routes!(api::guard_check::check))
        .routes(routes!(api::budgets::list))
        .routes(routes!(api::reviews::list))
        .routes(routes!(api::reviews::next))
        .routes(routes!(api::reviews::stats))
        .routes(routes!(api::reviews::export))
        .routes(routes!(api::reviews::show, api::reviews::resolve))
        .routes(routes!(api::reviews::act))
        .routes(routes!(api::keys::list, api::keys::create))
        .routes(routes!(api::keys::revoke))
        .routes(routes!(api::system::tasks))
        .routes(routes!(api::providers::list))
        .routes(routes!(api::system::config))
        .routes(routes!(health::live))
        .routes(routes!(health::ready))
        .routes(routes!(health::metrics))
}

/// The OpenAPI document.
pub(crate) fn document() -> utoipa::openapi::OpenApi {
    let mut document = routes().into_openapi();
    // The router's mark of a name that may hold slashes is none of OpenAPI's.
    let paths = &mut document.paths.paths;
    if let Some(found) = paths.remove("/v1/models/{*id}") {
        paths.insert("/v1/models/{id}".to_string(), found);
    }
    document
}

/// The service.
pub(crate) fn router(service: Service) -> Router {
    let (router, _) = routes().split_for_parts();
    router
        .route("/api/v1/openapi.json", axum::routing::get(api::system::openapi))
        .fallback(unknown)
        .method_not_allowed_fallback(wrong_method)
        .with_state(service)
}

async fn unknown(method: Method, uri: Uri) -> Response {
    let message = format!("there is no {method} {}; see /api/v1/openapi.json", uri.path());
    Problem::from(Error::not_found(message).coded("route_not_found")).into_response()
}

/// The router adds the `Allow` header.
async fn wrong_method(method: Method, uri: Uri) -> Response {
    let message = format!("{} does not take {method}; see /api/v1/openapi.json", uri.path());
    Problem::method_not_allowed(message).into_response()
}
