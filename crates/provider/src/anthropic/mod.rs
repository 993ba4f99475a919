//! Anthropic's messages API: what callers of the same dialect ask passes through with the model's name
//! replaced, what others ask is translated from the vocabulary of chat completions.

pub(crate) mod answer;
mod conversation;
pub(crate) mod request;
mod stable;
pub(crate) mod stream;
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
use crate::native;
use crate::request::ChatRequest;
use crate::secret::Secret;
use crate::vendor::{BoxFuture, Vendor};

/// The version of the API that this module is written after.
const VERSION: &str = "2023-06-01";

/// The vendor.
pub(crate) struct Anthropic {
    line: Line,
    counting: Line,
}

impl Anthropic {
    pub(crate) fn new(provider: &Provider, key: Option<&Secret>, client: &Client) -> Result<Self> {
        let key_header = key.map(|key| ("x-api-key", key.expose().to_string()));
        let headers: Vec<_> = key_header.into_iter().collect();
        // Its documentation shows both forms of the root; either is meant well.
        let versioned = provider.base_url.trim_end_matches('/').ends_with("/v1");
        let root = if versioned { "" } else { "/v1" };
        let line = |path: &str| {
            let line = Line::new(provider, key, &format!("{root}{path}"), headers.clone(), client)?;
            Ok::<_, gatemark_core::Error>(line.with_header("anthropic-version", VERSION))
        };
        Ok(Self { line: line("/messages")?, counting: line("/messages/count_tokens")? })
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

    /// What others ask would have to be translated first, and then our own count is as good.
    fn count<'a>(&'a self, request: &'a ChatRequest) -> BoxFuture<'a, Result<Option<u64>>> {
        async move {
            if request.dialect != Dialect::Messages {
                return Ok(None);
            }
            let line = &self.counting;
            let body = line.whole_with(native::write(request, false)?, &request.headers).await?;
            let count = usage::counted(&body);
            count.map(Some).map_err(|why| line.peer.unreadable(&body, why))
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
