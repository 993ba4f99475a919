//! A running server, for commands about what only its process knows.

use bytes::Bytes;
use gatemark_core::error::{Error, Kind, Result};
use http_body_util::{BodyExt, Full, Limited};
use hyper::{Method, Request, Uri, header};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde_json::Value;

/// Longest answer read, in bytes.
const LONGEST: usize = 4 << 20;

/// Longest wait for one.
const WAIT: std::time::Duration = std::time::Duration::from_secs(10);

/// Where the server is and how to enter.
#[derive(Debug, clap::Args)]
pub(crate) struct Server {
    /// Root of the server's API
    #[arg(long, value_name = "URL", env = "GATEMARK_URL", default_value = "http://127.0.0.1:8787")]
    server: String,
    /// An API key of the server, if it has any
    #[arg(long, value_name = "KEY", env = "GATEMARK_API_KEY", hide_env_values = true)]
    key: Option<String>,
}

impl Server {
    /// The JSON that the server answers.
    ///
    /// # Errors
    /// `Unavailable` without an answer; else by what the server says.
    pub(crate) async fn ask(&self, method: Method, path: &str) -> Result<Value> {
        let root = self.server.trim_end_matches('/');
        let uri: Uri = format!("{root}{path}").parse().map_err(|cause| {
            let message = format!("{root:?} is not a URL: write http://HOST:PORT");
            Error::invalid(message).at("--server").because(cause)
        })?;
        if uri.scheme_str() != Some("http") {
            let message = "only http:// is spoken here: run the command where the server is, or behind a tunnel";
            return Err(Error::invalid(message).at("--server"));
        }
        let mut request = Request::builder().method(method).uri(uri);
        if let Some(key) = &self.key {
            request = request.header(header::AUTHORIZATION, format!("Bearer {key}"));
        }
        let request = request
            .body(Full::new(Bytes::new()))
            .map_err(|_| Error::invalid("the key holds characters that no key has").at("--key"))?;
        let exchange = async {
            let pool: Client<_, Full<Bytes>> =
                Client::builder(TokioExecutor::new()).build(HttpConnector::new());
            let response =
                pool.request(request).await.map_err(|cause| self.silent(cause.into()))?;
            let status = response.status();
            let body = Limited::new(response.into_body(), LONGEST).collect().await;
            let body = body.map_err(|cause| self.silent(cause))?.to_bytes();
            Ok::<_, Error>((status, body))
        };
        let late = |cause: tokio::time::error::Elapsed| self.silent(cause.into());
        let (status, body) = tokio::time::timeout(WAIT, exchange).await.map_err(late)??;
        let said: Value = serde_json::from_slice(&body).unwrap_or_default();
        if status.is_success() {
            return Ok(said);
        }
        let message = said["error"]["message"].as_str();
        let message = message.map_or_else(|| format!("the server answered {status}"), Into::into);
        let kind = if status.is_client_error() { Kind::Invalid } else { Kind::Unavailable };
        Err(Error::new(kind, message))
    }

    fn silent(&self, cause: Box<dyn std::error::Error + Send + Sync>) -> Error {
        let message = format!(
            "no server answers at {}: start one with `gatemark serve`, or name it with --server",
            self.server
        );
        Error::new(Kind::Unavailable, message).because(cause)
    }
}
