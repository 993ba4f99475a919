//! Vendors that speak chat completions: OpenAI and every compatible server.

mod stream;

use std::sync::Arc;

use bytes::Bytes;
use futures_util::FutureExt;
use gatemark_core::Result;
use gatemark_core::model::Provider;

use crate::answer::{Answer, ChunkStream};
use crate::chat;
use crate::chunks::Chunks;
use crate::http::Client;
use crate::line::{Line, Opened};
use crate::request::ChatRequest;
use crate::secret::Secret;
use crate::vendor::{BoxFuture, Vendor};

/// The vendor.
pub(crate) struct Openai {
    line: Line,
}

impl Openai {
    pub(crate) fn new(provider: &Provider, key: Option<&Secret>, client: &Client) -> Result<Self> {
        let bearer = key.map(|key| ("authorization", format!("Bearer {}", key.expose())));
        let headers = bearer.into_iter().collect();
        let line = Line::new(provider, key, "/chat/completions", headers, client)?;
        Ok(Self { line })
    }

    fn read(&self, body: Bytes) -> Result<Answer> {
        chat::read::answer(body.clone()).map_err(|why| self.line.peer.unreadable(&body, why))
    }
}

impl Vendor for Openai {
    fn complete<'a>(&'a self, request: &'a ChatRequest) -> BoxFuture<'a, Result<Answer>> {
        async move {
            let body = self.line.whole(chat::body::write(request, false)?).await?;
            self.read(body)
        }
        .boxed()
    }

    fn stream<'a>(&'a self, request: &'a ChatRequest) -> BoxFuture<'a, Result<ChunkStream>> {
        async move {
            let stream: ChunkStream =
                match self.line.open(chat::body::write(request, true)?).await? {
                    Opened::Events(events) => Chunks::boxed(
                        events,
                        Arc::clone(&self.line.peer),
                        stream::Reading::default(),
                    ),
                    // A server that cannot stream answers at once; for the caller that is a short stream.
                    Opened::Whole(body) => {
                        let mut answer = self.read(body)?;
                        answer.raw = None;
                        let chunks = answer.into_chunks().into_iter().map(Ok);
                        Box::pin(futures_util::stream::iter(chunks))
                    }
                };
            Ok(stream)
        }
        .boxed()
    }
}
