//! A bare HTTP/1.1 server for the mock vendor and the floor.

use std::net::SocketAddr;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::combinators::BoxBody;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use crate::{Fault, Result};

/// A body of either kind.
pub(crate) type Body = BoxBody<Bytes, Fault>;

/// How to serve.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Where to listen; the address is printed
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:0")]
    listen: SocketAddr,
    /// End when standard input ends, as it does when the parent dies
    #[arg(long, hide = true)]
    child: bool,
}

/// Serves until told to stop.
pub(crate) async fn run<F>(
    options: Options,
    answer: impl Fn(Request<Incoming>) -> F + Clone + Send + 'static,
) -> Result<()>
where
    F: Future<Output = Result<Response<Body>>> + Send + 'static,
{
    let listener = TcpListener::bind(options.listen).await?;
    println!("{}", listener.local_addr()?);
    let orphaned = async {
        if options.child {
            parent_gone().await;
        } else {
            std::future::pending::<()>().await;
        }
    };
    tokio::select! {
        result = accept(&listener, answer) => result,
        () = orphaned => Ok(()),
        result = tokio::signal::ctrl_c() => Ok(result?),
    }
}

/// Ends when standard input does. The thread is not waited for, so that other ways to end stay open.
async fn parent_gone() {
    let (gone, told) = tokio::sync::oneshot::channel::<()>();
    std::thread::spawn(move || {
        // However reading ends, there is nobody left to write.
        let _ = std::io::copy(&mut std::io::stdin().lock(), &mut std::io::sink());
        drop(gone);
    });
    let _ = told.await;
}

async fn accept<F>(
    listener: &TcpListener,
    answer: impl Fn(Request<Incoming>) -> F + Clone + Send + 'static,
) -> Result<()>
where
    F: Future<Output = Result<Response<Body>>> + Send + 'static,
{
    let mut connections = JoinSet::new();
    loop {
        let (socket, _) = listener.accept().await?;
        socket.set_nodelay(true)?;
        let service = service_fn(answer.clone());
        // A broken connection is the client's to notice.
        connections.spawn(http1::Builder::new().serve_connection(TokioIo::new(socket), service));
        while connections.try_join_next().is_some() {}
    }
}
