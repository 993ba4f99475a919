//! Anthropic's messages API.

use futures_util::FutureExt;
use gatemark_core::model::Provider;
use gatemark_core::{Error, Result};

use crate::answer::{Answer, ChunkStream};
use crate::http::Client;
use crate::line::Line;
use crate::request::ChatRequest;
use crate::secret::Secret;
use crate::vendor::{BoxFuture, Vendor};

pub(crate) struct Anthropic {
    line: Line,
}

impl Anthropic {
    pub(crate) fn new(provider: &Provider, key: Option<&Secret>, client: &Client) -> Result<Self> {
        let key_header = key.map(|key| ("x-api-key", key.expose().to_string()));
        let headers = key_header.into_iter().collect();
        let line = Line::new(provider, key, "/v1/messages", headers, client)?;
        Ok(Self { line: line.with_header("anthropic-version", "2023-06-01") })
    }
}

impl Vendor for Anthropic {
    fn complete<'a>(&'a self, _: &'a ChatRequest) -> BoxFuture<'a, Result<Answer>> {
        async move { Err(self.line.peer.failed(0, "is not spoken yet")) }.boxed()
    }
    fn stream<'a>(&'a self, _: &'a ChatRequest) -> BoxFuture<'a, Result<ChunkStream>> {
        async move { Err(Error::internal("not yet")) }.boxed()
    }
}
