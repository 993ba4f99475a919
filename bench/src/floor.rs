//! The floor: a reverse proxy over hyper that passes bytes and looks at nothing.
//!
//! It has the same HTTP library, client pool and runtime as the gateway, so what the gateway costs beyond it
//! is the gateway's own work.

use std::net::SocketAddr;

use http::uri::{Authority, Scheme};
use http::{Request, Response, Uri};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};

use crate::Result;
use crate::serve::Body;

/// The proxy; clones share its connections.
#[derive(Clone)]
pub(crate) struct Floor {
    client: Client<HttpConnector, Incoming>,
    to: SocketAddr,
}

impl Floor {
    /// A proxy that passes to `to`.
    pub(crate) fn new(to: SocketAddr) -> Self {
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        let client =
            Client::builder(TokioExecutor::new()).pool_timer(TokioTimer::new()).build(connector);
        Self { client, to }
    }

    /// Passes one request.
    pub(crate) async fn pass(self, mut request: Request<Incoming>) -> Result<Response<Body>> {
        let mut parts = std::mem::take(request.uri_mut()).into_parts();
        parts.scheme = Some(Scheme::HTTP);
        parts.authority = Some(self.to.to_string().parse::<Authority>()?);
        *request.uri_mut() = Uri::from_parts(parts)?;
        let response = self.client.request(request).await?;
        Ok(response.map(|body| body.map_err(Into::into).boxed()))
    }
}
