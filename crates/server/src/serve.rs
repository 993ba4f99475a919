//! One process, one port: the connections and the background tasks beside them.

use std::sync::Arc;
use std::time::Duration;

use gatemark_control::Control;
use gatemark_control::task::{self, Board};
use gatemark_core::error::Result;
use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::app::App;
use crate::router::router;
use crate::{Metrics, accept};

/// What to serve, and where.
pub struct ServeOptions {
    /// Commands and gateway.
    pub control: Control,
    /// Where calls are counted; the same as `control` was opened with.
    pub metrics: Arc<Metrics>,
    /// A bound socket.
    pub listener: TcpListener,
    /// Longest wait for calls under way after being told to stop.
    pub drain: Duration,
}

/// Serves until `stop` turns true and calls under way have ended or the drain time has passed.
pub async fn serve(options: ServeOptions, stop: watch::Receiver<bool>) -> Result<()> {
    let tasks = Board::default();
    let app = App {
        control: options.control.clone(),
        metrics: options.metrics,
        tasks: tasks.clone(),
        stop: stop.clone(),
    };
    let serving = accept::run(options.listener, router(app), stop.clone(), options.drain);
    let warm = warm(options.control.gateway().snapshot().counts_tokens());
    tokio::join!(serving, task::run(&options.control, &tasks, &stop), warm);
    Ok(())
}

/// Unpacks the tokenizer's vocabulary (20 ms, 10 MiB) beside the first calls rather than inside one of them,
/// on servers whose prompts cap their cost and so count every call.
async fn warm(is_needed: bool) {
    if is_needed {
        let counted = tokio::task::spawn_blocking(|| gatemark_text::tokens::count("warm")).await;
        tracing::debug!(?counted, "the tokenizer is loaded");
    }
}
