//! What handlers share.

use std::sync::Arc;

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
