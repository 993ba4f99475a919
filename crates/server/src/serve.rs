//! One process, one port: the connections and the background tasks beside them.

use std::sync::Arc;

use gatemark_control::Control;
use gatemark_control::task::{self, Board};
use gatemark_core::error::Result;
use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::app::App;
use crate::front::Front;
use crate::{Metrics, accept};

/// What to serve, and where.
pub struct ServeOptions {
    /// Commands and gateway.
    pub control: Control,
    /// Where calls are counted; the same as `control` was opened with.
    pub metrics: Arc<Metrics>,
    /// A bound socket.
    pub listener: TcpListener,
}

/// Serves until `stop` turns true. From then on it says that it is not ready; after the delay of
/// `server.drain` it takes no more connections, and returns when calls under way have ended or the time to
/// drain has passed.
pub async fn serve(options: ServeOptions, stop: watch::Receiver<bool>) -> Result<()> {
    let gateway = options.control.gateway().clone();
    let bounds: accept::Bounds = Arc::new(move || gateway.snapshot().project().server);
    let (close, closing) = watch::channel(false);
    let tasks = Board::default();
    let app = App {
        control: options.control.clone(),
        metrics: options.metrics,
        tasks: tasks.clone(),
        stop: stop.clone(),
    };
    let serving = accept::run(options.listener, Front::new(app), closing.clone(), bounds.clone());
    let closed = close_after(stop, close, bounds);
    let warm = warm(options.control.gateway().snapshot().counts_tokens());
    tokio::join!(serving, closed, task::run(&options.control, &tasks, &closing), warm);
    Ok(())
}

/// Passes on the word to stop once load balancers have had time to see that the server is not ready.
async fn close_after(
    mut stop: watch::Receiver<bool>,
    close: watch::Sender<bool>,
    bounds: accept::Bounds,
) {
    // A closed channel means that nobody is left to stop us politely: there is nothing to wait for.
    if stop.wait_for(|stop| *stop).await.is_ok() {
        tokio::time::sleep(bounds().drain.delay).await;
    }
    close.send_replace(true);
}

/// Unpacks the tokenizer's vocabulary (20 ms, 10 MiB) beside the first calls rather than inside one of them,
/// on servers whose prompts cap their cost and so count every call.
async fn warm(is_needed: bool) {
    if is_needed {
        let counted = tokio::task::spawn_blocking(|| gatemark_text::tokens::count("warm")).await;
        tracing::debug!(?counted, "the tokenizer is loaded");
    }
}
