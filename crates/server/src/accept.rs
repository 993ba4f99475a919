//! Accepting connections and speaking HTTP/1.1 on them, within bounds.
//!
//! The loop is our own because axum's has no bounds: here slow or idle clients are cut off, be it that they do
//! not write or that they do not read, and their number is limited so that they cannot use up the file
//! descriptors that calls to vendors need.

use std::collections::HashMap;
use std::convert::Infallible;
use std::io::{Error, ErrorKind};
use std::sync::Arc;
use std::time::Duration;

use axum::http::Request;
use axum::response::Response;
use gatemark_core::resilience::ServerBounds;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::Service;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot, watch};
use tokio::task::{self, JoinError, JoinSet};

use crate::patience::Patient;

/// Most connections at once; more wait in the kernel's queue.
const MAX_CONNECTIONS: usize = 4096;
/// Longest wait for a request's head, and so for the next request on an idle connection: longer than proxies
/// and clients keep theirs, so that it is they who close and no request meets a closing connection.
const SLOWEST_HEAD: Duration = Duration::from_secs(75);
/// After a failure to accept: most often there are no file descriptors left, and some will be freed.
const PAUSE: Duration = Duration::from_millis(100);

/// Tells the bounds that are configured now.
pub(crate) type Bounds = Arc<dyn Fn() -> ServerBounds + Send + Sync>;

/// Serves until `stop` turns true; then takes no more connections, lets requests under way end, and cuts
/// off those that have not ended after the time to drain.
pub(crate) async fn run<S>(
    listener: TcpListener,
    service: S,
    mut stop: watch::Receiver<bool>,
    bounds: Bounds,
) where
    S: Service<Request<Incoming>, Response = Response, Error = Infallible>,
    S: Clone + Send + 'static,
    S::Future: Send,
{
    let permits = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    let mut connections = JoinSet::new();
    // Dropped to tell each connection to end: looking at a channel of its own, as a connection does whenever
    // anything happens on it, is cheaper than at one that all share.
    let mut ends = HashMap::new();
    loop {
        tokio::select! {
            () = told(&mut stop) => break,
            Some(ended) = connections.join_next_with_id() => {
                ends.remove(&id(&ended));
                report(ended);
            }
            (socket, permit) = next(&listener, &permits) => {
                let (end, stopping) = oneshot::channel();
                let socket = (socket, bounds().write_timeout);
                let spoken = connections.spawn(speak(socket, permit, service.clone(), stopping));
                ends.insert(spoken.id(), end);
            }
        }
    }
    drop(listener);
    drop(ends);
    let ending = async {
        while let Some(ended) = connections.join_next_with_id().await {
            report(ended);
        }
    };
    if tokio::time::timeout(bounds().drain.timeout, ending).await.is_err() {
        tracing::warn!("calls were still under way when the drain time had passed");
    }
}

/// A closed channel means that nobody is left to stop us politely: stop.
async fn told(stop: &mut watch::Receiver<bool>) {
    let _ = stop.wait_for(|stop| *stop).await;
}

/// The next connection and its place among those allowed. Loses nothing when dropped.
async fn next(
    listener: &TcpListener,
    permits: &Arc<Semaphore>,
) -> (TcpStream, Option<OwnedSemaphorePermit>) {
    // The semaphore is never closed.
    let permit = permits.clone().acquire_owned().await.ok();
    loop {
        match listener.accept().await {
            Ok((socket, _)) => return (socket, permit),
            Err(error) if is_of_one_connection(&error) => {}
            Err(error) => {
                tracing::error!(%error, "a connection could not be accepted");
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}

/// Whether a client merely went away before it was accepted.
fn is_of_one_connection(error: &Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::ConnectionAborted | ErrorKind::ConnectionRefused | ErrorKind::ConnectionReset
    )
}

async fn speak<S>(
    (socket, patience): (TcpStream, Duration),
    _place: Option<OwnedSemaphorePermit>,
    service: S,
    stop: oneshot::Receiver<Infallible>,
) where
    S: Service<Request<Incoming>, Response = Response, Error = Infallible>,
{
    // Small writes must leave at once: Nagle's algorithm with delayed acknowledgements costs 40 ms a token.
    if let Err(error) = socket.set_nodelay(true) {
        tracing::debug!(%error, "TCP_NODELAY could not be set");
    }
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(SLOWEST_HEAD)
        .keep_alive(true)
        .serve_connection(TokioIo::new(Patient::new(socket, patience)), service);
    tokio::pin!(connection);
    let result = tokio::select! {
        biased;
        result = connection.as_mut() => result,
        _ = stop => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = result {
        tracing::debug!(%error, "a connection ended early");
    }
}

fn id(ended: &Result<(task::Id, ()), JoinError>) -> task::Id {
    match ended {
        Ok((id, ())) => *id,
        Err(error) => error.id(),
    }
}

fn report(ended: Result<(task::Id, ()), JoinError>) {
    if let Err(error) = ended {
        tracing::error!(%error, "a connection's task failed");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::Router;
    use axum::body::Body;
    use futures_util::{StreamExt, stream};
    use gatemark_core::resilience::Drain;
    use hyper_util::service::TowerToHyperService;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    struct Running {
        stop: watch::Sender<bool>,
        address: std::net::SocketAddr,
        server: JoinSet<()>,
    }

    async fn start(drain: Duration) -> Running {
        start_with(drain, Duration::from_secs(30)).await
    }

    async fn start_with(drain: Duration, write_timeout: Duration) -> Running {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopping) = watch::channel(false);
        let router = Router::new()
            .route("/", axum::routing::get(async || "well"))
            .route("/events", axum::routing::get(events))
            .route("/flood", axum::routing::get(flood))
            .route("/never", axum::routing::get(std::future::pending::<()>));
        let mut server = JoinSet::new();
        let drain = Drain { timeout: drain, ..Drain::default() };
        let bounds = ServerBounds { drain, write_timeout, ..ServerBounds::default() };
        let service = TowerToHyperService::new(router);
        server.spawn(run(listener, service, stopping, Arc::new(move || bounds)));
        Running { stop, address, server }
    }

    /// One event, and no end.
    async fn events() -> Body {
        let first = stream::iter([Ok::<_, Infallible>("data: 1\n\n")]);
        Body::from_stream(first.chain(stream::pending()))
    }

    /// More than anybody's buffers hold.
    async fn flood() -> Body {
        let piece = "x".repeat(1 << 20);
        Body::from_stream(stream::iter(std::iter::repeat_with(move || {
            Ok::<_, Infallible>(piece.clone())
        })))
    }

    #[tokio::test]
    async fn a_caller_who_does_not_read_does_not_keep_the_server() {
        let mut running = start_with(Duration::from_secs(60), Duration::from_millis(50)).await;
        let mut socket = TcpStream::connect(running.address).await.unwrap();
        socket.write_all(b"GET /flood HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
        socket.readable().await.unwrap();
        running.stop.send_replace(true);
        // Long before the time to drain is over.
        let ended = tokio::time::timeout(Duration::from_secs(20), running.server.join_next());
        ended.await.unwrap().unwrap().unwrap();
    }

    async fn ask(socket: &mut TcpStream, path: &str) -> String {
        let request = format!("GET {path} HTTP/1.1\r\nhost: x\r\n\r\n");
        socket.write_all(request.as_bytes()).await.unwrap();
        let mut answer = vec![0; 1024];
        let read = socket.read(&mut answer).await.unwrap();
        String::from_utf8_lossy(&answer[..read]).into_owned()
    }

    #[tokio::test]
    async fn connections_are_kept_alive_and_idle_ones_do_not_delay_the_end() {
        let mut running = start(Duration::from_secs(60)).await;
        let mut socket = TcpStream::connect(running.address).await.unwrap();
        for _ in 0..2 {
            assert!(ask(&mut socket, "/").await.ends_with("well"));
        }
        running.stop.send_replace(true);
        running.server.join_next().await.unwrap().unwrap();
        assert_eq!(socket.read(&mut [0; 8]).await.unwrap(), 0);
        assert!(TcpStream::connect(running.address).await.is_err());
    }

    #[tokio::test]
    async fn pieces_of_a_stream_leave_at_once() {
        let running = start(Duration::ZERO).await;
        let mut socket = TcpStream::connect(running.address).await.unwrap();
        let mut answer = ask(&mut socket, "/events").await;
        while !answer.contains("data: 1") {
            let mut more = [0; 256];
            let read = socket.read(&mut more).await.unwrap();
            answer.push_str(std::str::from_utf8(&more[..read]).unwrap());
        }
    }

    #[tokio::test]
    async fn calls_that_do_not_end_are_cut_off_after_the_drain_time() {
        let mut running = start(Duration::from_millis(1)).await;
        let mut socket = TcpStream::connect(running.address).await.unwrap();
        socket.write_all(b"GET /never HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
        running.stop.send_replace(true);
        running.server.join_next().await.unwrap().unwrap();
    }
}
