//! Vendors that speak chat completions, responses or both: OpenAI and every compatible server.

pub(crate) mod embeddings;
pub(crate) mod quirks;
pub(crate) mod responses;
pub(crate) mod stream;

use std::sync::Arc;

use bytes::Bytes;
use futures_util::FutureExt;
use gatemark_core::model::{Api, Provider, Quirks};
use gatemark_core::{Error, Result};

use crate::answer::{Answer, ChunkStream};
use crate::chat;
use crate::chunks::Chunks;
use crate::dialect::{Dialect, Raw};
use crate::embedding::{Embedded, MOST_TEXTS};
use crate::http::Client;
use crate::line::{Line, Opened};
use crate::native;
use crate::request::{ChatRequest, Messages};
use crate::secret::Secret;
use crate::vendor::{BoxFuture, Vendor};
use responses::Responses;

/// The vendor.
pub(crate) struct Openai {
    line: Line,
    embeddings: Line,
    responses: Option<Responses>,
    base_url: String,
    quirks: Quirks,
}

impl Openai {
    pub(crate) fn new(provider: &Provider, key: Option<&Secret>, client: &Client) -> Result<Self> {
        let bearer = key.map(|key| ("authorization", format!("Bearer {}", key.expose())));
        let headers: Vec<_> = bearer.into_iter().collect();
        let line = |path| Line::new(provider, key, path, headers.clone(), client);
        Ok(Self {
            line: line("/chat/completions")?,
            embeddings: line("/embeddings")?,
            responses: match provider.api {
                Api::Chat => None,
                Api::Responses => Some(Responses::new(line("/responses")?, true)),
                Api::Both => Some(Responses::new(line("/responses")?, false)),
            },
            base_url: provider.base_url.clone(),
            quirks: provider.quirks,
        })
    }

    /// The endpoint of responses, if `request` is for it.
    fn responses(&self, request: &ChatRequest) -> Option<&Responses> {
        self.responses.as_ref().filter(|responses| responses.takes(request))
    }

    /// The caller's own request for vectors, and the vendor's own answer.
    async fn vectors(&self, request: &ChatRequest) -> Result<Answer> {
        let Messages::Raw(input) = &request.messages else {
            return Err(Error::internal("embeddings without an input"));
        };
        let body = self.embeddings.whole(native::write(request, false)?).await?;
        let usage = embeddings::usage(&body, crate::embeddings::check(input)?);
        let usage = usage.map_err(|why| self.embeddings.peer.unreadable(&body, why))?;
        let raw = Some(Raw { dialect: Dialect::Embeddings, bytes: body });
        Ok(Answer { raw, usage, ..Answer::default() })
    }

    fn read(&self, body: Bytes) -> Result<Answer> {
        chat::read::answer(body.clone()).map_err(|why| self.line.peer.unreadable(&body, why))
    }
}

impl Vendor for Openai {
    fn speaks(&self, dialect: Dialect) -> bool {
        match dialect {
            Dialect::Chat | Dialect::Embeddings => true,
            Dialect::Responses => self.responses.is_some(),
            Dialect::Messages => false,
        }
    }

    fn complete<'a>(&'a self, request: &'a ChatRequest) -> BoxFuture<'a, Result<Answer>> {
        async move {
            if request.dialect == Dialect::Embeddings {
                return self.vectors(request).await;
            }
            if let Some(responses) = self.responses(request) {
                return responses.complete(request).await;
            }
            let body = self.line.whole(quirks::write(self.quirks, request, false)?).await?;
            self.read(body)
        }
        .boxed()
    }

    fn stream<'a>(&'a self, request: &'a ChatRequest) -> BoxFuture<'a, Result<ChunkStream>> {
        async move {
            if let Some(responses) = self.responses(request) {
                return responses.stream(request).await;
            }
            let stream: ChunkStream =
                match self.line.open(quirks::write(self.quirks, request, true)?).await? {
                    Opened::Events(events) => Chunks::boxed(
                        events,
                        Arc::clone(&self.line.peer),
                        stream::Reading::default(),
                    ),
                    // A server that cannot stream answers at once; for the caller that is a short stream.
                    Opened::Whole(body) => {
                        let chunks = self.read(body)?.into_chunks().into_iter().map(Ok);
                        Box::pin(futures_util::stream::iter(chunks))
                    }
                };
            Ok(stream)
        }
        .boxed()
    }

    fn output_bound(&self) -> &'static str {
        let openai = self.base_url.contains("//api.openai.com");
        if openai { "max_completion_tokens" } else { "max_tokens" }
    }

    fn embed<'a>(&'a self, model: &'a str, texts: &'a [String]) -> BoxFuture<'a, Result<Embedded>> {
        async move {
            let mut all = Embedded::default();
            for batch in texts.chunks(MOST_TEXTS) {
                let body = self.embeddings.whole(embeddings::write(model, batch)?).await?;
                let read = embeddings::read(&body, batch.len());
                let read = read.map_err(|why| self.embeddings.peer.unreadable(&body, why))?;
                all.append(read).map_err(|why| self.embeddings.peer.unreadable(&body, why))?;
            }
            Ok(all)
        }
        .boxed()
    }

    fn embedder<'a>(&'a self, model: &'a str) -> BoxFuture<'a, Result<String>> {
        async move { Ok(format!("{} {model}", self.base_url)) }.boxed()
    }
}
