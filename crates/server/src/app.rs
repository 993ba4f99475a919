//! What handlers share.

use std::sync::Arc;

use axum::extract::FromRef;
use gatemark_control::Control;
use gatemark_control::task::Board;
use tokio::sync::watch;

use crate::metrics::Metrics;

/// State of the service; cheap to clone.
#[derive(Clone)]
pub(crate) struct App {
    pub(crate) control: Control,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) tasks: Board,
    pub(crate) stop: watch::Receiver<bool>,
}

/// What the router holds: a handler sees [`App`] with the configuration that is in force when its request
/// comes, and keeps that to its end.
#[derive(Clone)]
pub(crate) struct Service(pub(crate) App);

impl FromRef<Service> for App {
    fn from_ref(service: &Service) -> Self {
        let Service(app) = service;
        Self { control: app.control.current(), ..app.clone() }
    }
}
