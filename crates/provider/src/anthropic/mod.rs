//! Anthropic's messages API: what callers of the same dialect ask passes through with the model's name
//! replaced, what others ask is translated from the vocabulary of chat completions.

mod answer;
mod conversation;
mod request;
mod stream;
mod tools;
mod usage;

use std::sync::Arc;

use futures_util::FutureExt;
use gatemark_core::Result;
use gatemark_core::model::Provider;

use crate::answer::{Answer, ChunkStream};
use crate::chunks::Chunks;
use crate::dialect::Dialect;
use crate::http::Client;
use crate::line::{Line, Opened};
use crate::request::ChatRequest;
use crate::secret::Secret;
use crate::vendor::{BoxFuture, Vendor};

/// The version of the API that this module is written after.
const VERSION: &str = "2023-06-01";

/// The vendor.
pub(crate) struct Anthropic {
    line: Line,
}

impl Anthropic {
    pub(crate) fn new(provider: &Provider, key: Option<&Secret>, client: &Client) -> Result<Self> {
        let key_header = key.map(|key| ("x-api-key", key.expose().to_string()));
        let headers = key_header.into_iter().collect();
        // Its documentation shows both forms of the root; either is meant well.
        let versioned = provider.base_url.trim_end_matches('/').ends_with("/v1");
        let path = if versioned { "/messages" } else { "/v1/messages" };
        let line = Line::new(provider, key, path, headers, client)?;
        Ok(Self { line: line.with_header("anthropic-version", VERSION) })
    }
}

impl Vendor for Anthropic {
    fn speaks(&self, dialect: Dialect) -> bool {
        matches!(dialect, Dialect::Chat | Dialect::Messages)
    }

    fn complete<'a>(&'a self, request: &'a ChatRequest) -> BoxFuture<'a, Result<Answer>> {
        async move {
            let body =
                self.line.whole_with(request::write(request, false)?, &request.headers).await?;
            answer::read(&body).map_err(|why| self.line.peer.unreadable(&body, why))
        }
        .boxed()
    }

    fn stream<'a>(&'a self, request: &'a ChatRequest) -> BoxFuture<'a, Result<ChunkStream>> {
        async move {
            match self.line.open_with(request::write(request, true)?, &request.headers).await? {
                Opened::Events(events) => {
                    let peer = Arc::clone(&self.line.peer);
                    Ok(Chunks::boxed(events, peer, stream::Reading::default()))
                }
                Opened::Whole(body) => {
                    let answer = answer::read(&body);
                    let answer = answer.map_err(|why| self.line.peer.unreadable(&body, why))?;
                    let chunks = answer.into_chunks().into_iter().map(Ok);
                    let stream: ChunkStream = Box::pin(futures_util::stream::iter(chunks));
                    Ok(stream)
                }
            }
        }
        .boxed()
    }
}
