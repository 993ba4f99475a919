//! OpenAI's models at Azure: chat completions at other addresses, with another key header.
//!
//! With an `api-version` the path names a deployment, which is what the model's name then is; without one the
//! paths are those under `/openai/v1`, and the body names the deployment.
//!
//! Azure's filter adds events to a stream that are no chunks in OpenAI's sense: one without choices before the
//! first word, and, when it judges late, some whose choice has no `delta`. OpenAI's own clients stumble over both,
//! so they are left out; verdicts on chunks that carry something stay in those.

use std::collections::VecDeque;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::FutureExt;
use gatemark_core::Result;
use gatemark_core::model::Provider;

use crate::answer::{Answer, Chunk, ChunkStream};
use crate::chat;
use crate::chunks::{Chunks, Progress, Reader};
use crate::embedding::{Embedded, MOST_TEXTS};
use crate::http::Client;
use crate::line::{Line, Opened, Target};
use crate::openai::{embeddings, stream};
use crate::request::ChatRequest;
use crate::secret::Secret;
use crate::segment;
use crate::sse::Event;
use crate::unreadable::Unreadable;
use crate::vendor::{BoxFuture, Vendor};

/// The vendor.
pub(crate) struct Azure {
    line: Line,
    base_url: String,
    api_version: Option<String>,
}

impl Azure {
    pub(crate) fn new(provider: &Provider, key: Option<&Secret>, client: &Client) -> Result<Self> {
        let key_header = key.map(|key| ("api-key", key.expose().to_string()));
        let line = Line::new(provider, key, "", key_header.into_iter().collect(), client)?;
        let base_url = provider.base_url.trim_end_matches('/').to_string();
        Ok(Self { line, base_url, api_version: provider.place.api_version.clone() })
    }

    fn target(&self, model: &str, method: &str) -> Result<Target> {
        let path = match &self.api_version {
            Some(version) => {
                let deployment = segment::of_model(model)?;
                format!("/openai/deployments/{deployment}/{method}?api-version={version}")
            }
            None if self.base_url.ends_with("/openai/v1") => format!("/{method}"),
            None => format!("/openai/v1/{method}"),
        };
        self.line.target(&path)
    }

    fn read(&self, body: Bytes) -> Result<Answer> {
        chat::read::answer(body.clone()).map_err(|why| self.line.peer.unreadable(&body, why))
    }
}

impl Vendor for Azure {
    fn output_bound(&self) -> &'static str {
        "max_completion_tokens"
    }

    fn complete<'a>(&'a self, request: &'a ChatRequest) -> BoxFuture<'a, Result<Answer>> {
        async move {
            let target = self.target(&request.model, "chat/completions")?;
            self.read(self.line.whole_at(target, chat::body::write(request, false)?).await?)
        }
        .boxed()
    }

    fn stream<'a>(&'a self, request: &'a ChatRequest) -> BoxFuture<'a, Result<ChunkStream>> {
        async move {
            let target = self.target(&request.model, "chat/completions")?;
            match self.line.open_at(target, chat::body::write(request, true)?).await? {
                Opened::Events(events) => {
                    Ok(Chunks::boxed(events, Arc::clone(&self.line.peer), Reading::default()))
                }
                Opened::Whole(body) => {
                    let answer = Answer { raw: None, ..self.read(body)? };
                    let chunks = answer.into_chunks().into_iter().map(Ok);
                    let stream: ChunkStream = Box::pin(futures_util::stream::iter(chunks));
                    Ok(stream)
                }
            }
        }
        .boxed()
    }

    fn embed<'a>(&'a self, model: &'a str, texts: &'a [String]) -> BoxFuture<'a, Result<Embedded>> {
        async move {
            let mut all = Embedded::default();
            for batch in texts.chunks(MOST_TEXTS) {
                let target = self.target(model, "embeddings")?;
                let body = self.line.whole_at(target, embeddings::write(model, batch)?).await?;
                embeddings::read(&body, batch.len())
                    .and_then(|read| all.append(read))
                    .map_err(|why| self.line.peer.unreadable(&body, why))?;
            }
            Ok(all)
        }
        .boxed()
    }

    fn embedder<'a>(&'a self, model: &'a str) -> BoxFuture<'a, Result<String>> {
        async move { Ok(format!("{} {model}", self.base_url)) }.boxed()
    }
}

/// OpenAI's reading, without the filter's own events.
#[derive(Default)]
pub(crate) struct Reading(stream::Reading);

impl Reader for Reading {
    fn read(&mut self, event: &Event, out: &mut VecDeque<Chunk>) -> Result<Progress, Unreadable> {
        let before = out.len();
        let progress = self.0.read(event, out)?;
        if out.get(before).is_some_and(is_of_the_filter) {
            out.truncate(before);
        }
        Ok(progress)
    }

    fn may_end(&self) -> bool {
        self.0.may_end()
    }
}

fn is_of_the_filter(chunk: &Chunk) -> bool {
    let says = |mark: &str| {
        let raw = chunk.raw.as_ref().map(|raw| &*raw.bytes).unwrap_or_default();
        raw.windows(mark.len()).any(|part| part == mark.as_bytes())
    };
    chunk.is_silent()
        && (says("\"prompt_filter_results\"") || says("\"content_filter_offsets\""))
        && !says("\"delta\"")
}
