//! One process, one port: accept, serve, drain.

use std::sync::Arc;
use std::time::Duration;

use axum::serve::ListenerExt;
use gatemark_control::Control;
use gatemark_control::task::{self, Board};
use gatemark_core::error::{Error, Result};
use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::Metrics;
use crate::app::App;
use crate::router::router;

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
    // Small writes must leave at once: Nagle's algorithm with delayed acknowledgements costs 40 ms a token.
    let listener = options.listener.tap_io(|socket| {
        if let Err(error) = socket.set_nodelay(true) {
            tracing::debug!(%error, "TCP_NODELAY could not be set");
        }
    });
    let mut stopping = stop.clone();
    let server = axum::serve(listener, router(app)).with_graceful_shutdown(async move {
        // A closed channel means that nobody is left to stop us politely: stop.
        let _ = stopping.wait_for(|stop| *stop).await;
    });
    let mut deadline = stop.clone();
    let drained = async {
        let _ = deadline.wait_for(|stop| *stop).await;
        tokio::time::sleep(options.drain).await;
    };
    let serving = async {
        tokio::select! {
            result = server.into_future() => result,
            () = drained => {
                tracing::warn!("calls were still under way when the drain time had passed");
                Ok(())
            }
        }
    };
    let warm = warm(options.control.gateway().snapshot().prompts().next().is_some());
    let (result, (), ()) = tokio::join!(serving, task::run(&options.control, &tasks, &stop), warm);
    result.map_err(|cause| Error::internal("the server failed").because(cause))
}

/// Loads the tokenizer's dictionary (60 ms, 60 MiB) beside the first calls rather than inside one of them,
/// on servers that have prompts to count for.
async fn warm(has_prompts: bool) {
    if has_prompts {
        let counted = tokio::task::spawn_blocking(|| gatemark_text::tokens::count("warm")).await;
        tracing::debug!(?counted, "the tokenizer is loaded");
    }
}
