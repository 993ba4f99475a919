//! Google's Gemini API: `generateContent`, translated from and to the vocabulary of chat completions.
//!
//! The wire (`request`, `answer`, `stream`) is used by Vertex as well, which differs in addresses and keys.

pub(crate) mod answer;
mod conversation;
mod embeddings;
mod output;
pub(crate) mod request;
mod signature;
pub(crate) mod stream;

use std::sync::Arc;

use futures_util::FutureExt;
use gatemark_core::Result;
use gatemark_core::model::Provider;

use crate::answer::{Answer, ChunkStream};
use crate::chunks::Chunks;
use crate::embedding::Embedded;
use crate::http::Client;
use crate::line::{Line, Opened, Target};
use crate::request::ChatRequest;
use crate::secret::Secret;
use crate::segment;
use crate::vendor::{BoxFuture, Vendor};

/// The vendor.
pub(crate) struct Gemini {
    line: Line,
    /// What stands between the root and a path: the version, unless the root has it.
    version: &'static str,
    base_url: String,
}

impl Gemini {
    pub(crate) fn new(provider: &Provider, key: Option<&Secret>, client: &Client) -> Result<Self> {
        let key_header = key.map(|key| ("x-goog-api-key", key.expose().to_string()));
        let headers = key_header.into_iter().collect();
        let last = provider.base_url.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
        let versioned = matches!(last, "v1" | "v1alpha" | "v1beta");
        let version = if versioned { "" } else { "/v1beta" };
        let line = Line::new(provider, key, "", headers, client)?;
        Ok(Self { line, version, base_url: provider.base_url.clone() })
    }

    fn target(&self, model: &str, method: &str) -> Result<Target> {
        let model = segment::of_model(model.strip_prefix("models/").unwrap_or(model))?;
        self.line.target(&format!("{}/models/{model}:{method}", self.version))
    }
}

/// A whole answer from `line`.
pub(crate) async fn whole(line: &Line, target: Target, request: &ChatRequest) -> Result<Answer> {
    let body = line.whole_at(target, request::write(request)?).await?;
    answer::read(&body).map_err(|why| line.peer.unreadable(&body, why))
}

/// An answer in pieces from `line`.
pub(crate) async fn pieces(
    line: &Line,
    target: Target,
    request: &ChatRequest,
) -> Result<ChunkStream> {
    match line.open_at(target, request::write(request)?).await? {
        Opened::Events(events) => {
            Ok(Chunks::boxed(events, Arc::clone(&line.peer), stream::Reading::default()))
        }
        Opened::Whole(body) => {
            let answer = answer::read(&body).map_err(|why| line.peer.unreadable(&body, why))?;
            let chunks = answer.into_chunks().into_iter().map(Ok);
            let stream: ChunkStream = Box::pin(futures_util::stream::iter(chunks));
            Ok(stream)
        }
    }
}

impl Vendor for Gemini {
    fn complete<'a>(&'a self, request: &'a ChatRequest) -> BoxFuture<'a, Result<Answer>> {
        async move {
            whole(&self.line, self.target(&request.model, "generateContent")?, request).await
        }
        .boxed()
    }

    fn stream<'a>(&'a self, request: &'a ChatRequest) -> BoxFuture<'a, Result<ChunkStream>> {
        async move {
            let target = self.target(&request.model, "streamGenerateContent?alt=sse")?;
            pieces(&self.line, target, request).await
        }
        .boxed()
    }

    fn embed<'a>(&'a self, model: &'a str, texts: &'a [String]) -> BoxFuture<'a, Result<Embedded>> {
        async move {
            let peer = &self.line.peer;
            let mut all = Embedded::default();
            for batch in texts.chunks(embeddings::MOST_TEXTS) {
                let target = self.target(model, "batchEmbedContents")?;
                let body = self.line.whole_at(target, embeddings::write(model, batch)?).await?;
                embeddings::read(&body, batch.len())
                    .and_then(|read| all.append(read))
                    .map_err(|why| peer.unreadable(&body, why))?;
            }
            Ok(all)
        }
        .boxed()
    }

    fn embedder<'a>(&'a self, model: &'a str) -> BoxFuture<'a, Result<String>> {
        async move { Ok(format!("{} {model}", self.base_url)) }.boxed()
    }
}
