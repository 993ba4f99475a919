//! What handlers share.

use std::sync::Arc;

use axum::extract::FromRef;
use gatemark_control::Control;
use gatemark_control::task::Board;
use tokio::sync::watch;

use crate::metrics::Metrics;

/// State of the service.
#[derive(Clone)]
pub(crate) struct App {
    pub(crate) control: Control,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) tasks: Board,
    pub(crate) stop: watch::Receiver<bool>,
}

/// What the router holds, and what doors take: they look at the snapshot in force and at no configuration, and
/// share the state rather than clone it. Other handlers see [`App`] with the configuration that is in force when
/// their request comes, and keep that to its end.
#[derive(Clone)]
pub(crate) struct Service(pub(crate) Arc<App>);

impl FromRef<Service> for App {
    fn from_ref(service: &Service) -> Self {
        let Service(app) = service;
        Self {
            control: app.control.current(),
            metrics: app.metrics.clone(),
            tasks: app.tasks.clone(),
            stop: app.stop.clone(),
        }
    }
}
