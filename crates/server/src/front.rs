//! What a connection speaks to: the doors of calls, and the router for everything else.
//!
//! The router finds one of many routes and takes a request apart as each wants it, which costs as much as a
//! tenth of what a plain call does. The doors that applications call all day are few and take the same three
//! things, so they are asked directly. They are in the router, too: for the document, for other methods, and as
//! the place where all routes are found.

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, Method, Request};
use axum::response::{IntoResponse, Response};
use hyper::body::Incoming;
use hyper_util::service::TowerToHyperService;

use crate::app::{App, Service};
use crate::router::router;
use crate::v1;

type Answering = Pin<Box<dyn Future<Output = Result<Response, Infallible>> + Send>>;

/// Doors and router; clones share them.
#[derive(Clone)]
pub(crate) struct Front {
    service: Service,
    rest: TowerToHyperService<Router>,
}

impl Front {
    /// Everything that `app` answers.
    pub(crate) fn new(app: App) -> Self {
        let service = Service(Arc::new(app));
        Self { rest: TowerToHyperService::new(router(service.clone())), service }
    }

    /// Asks a door.
    fn ask<F, A>(
        &self,
        door: fn(State<Service>, HeaderMap, Body) -> F,
        request: Request<Incoming>,
    ) -> Answering
    where
        F: Future<Output = A> + Send + 'static,
        A: IntoResponse,
    {
        let (head, body) = request.into_parts();
        let service = State(self.service.clone());
        // The door's future comes to life in the box: it is large, and would be copied into it.
        Box::pin(
            async move { Ok(door(service, head.headers, Body::new(body)).await.into_response()) },
        )
    }
}

impl hyper::service::Service<Request<Incoming>> for Front {
    type Response = Response;
    type Error = Infallible;
    type Future = Answering;

    fn call(&self, request: Request<Incoming>) -> Answering {
        let posted = request.method() == Method::POST;
        match request.uri().path() {
            "/v1/chat/completions" if posted => self.ask(v1::chat::completions, request),
            "/v1/messages" if posted => self.ask(v1::messages::create, request),
            "/v1/responses" if posted => self.ask(v1::responses::create, request),
            "/v1/embeddings" if posted => self.ask(v1::embeddings::create, request),
            _ => Box::pin(hyper::service::Service::call(&self.rest, request)),
        }
    }
}
