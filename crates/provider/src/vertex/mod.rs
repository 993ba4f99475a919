//! Google Cloud's Vertex AI: models under a project and a location, with short-lived tokens.
//!
//! Google's own models speak Gemini's wire. Those whose name begins with `claude` are Anthropic's and speak its
//! messages, with the model in the path and the version of the API in the body.

mod embeddings;
mod token;

use std::sync::Arc;

use bytes::Bytes;
use futures_util::FutureExt;
use gatemark_core::model::Provider;
use gatemark_core::{Error, Result};
use http::header;
use serde_json::{Map, Value};

use crate::answer::{Answer, ChunkStream};
use crate::chunks::Chunks;
use crate::clock::Clock;
use crate::embedding::Embedded;
use crate::http::Client;
use crate::line::{Line, Opened, Target};
use crate::request::ChatRequest;
use crate::secret::Secret;
use crate::vendor::{BoxFuture, Vendor};
use crate::{anthropic, gemini, segment};
use token::Tokens;

/// The version of Anthropic's API at Vertex.
const ANTHROPIC_VERSION: &str = "vertex-2023-10-16";

/// The vendor.
pub(crate) struct Vertex {
    line: Line,
    tokens: Tokens,
    /// `/v1/projects/…/locations/…/publishers`
    publishers: String,
    base_url: String,
}

impl Vertex {
    pub(crate) fn new(
        provider: &Provider,
        key: Option<&Secret>,
        client: &Client,
        clock: Clock,
    ) -> Result<Self> {
        let named = |what: &'static str, value: &Option<String>| {
            let missing = || {
                let message = format!("provider `{}` needs a `{what}`", provider.name);
                Error::invalid(message).at(what)
            };
            segment::of_model(value.as_deref().ok_or_else(missing)?)
        };
        let project = named("project", &provider.place.project)?;
        let location = named("region", &provider.place.region)?;
        let line = Line::new(provider, key, "", Vec::new(), client)?;
        let tokens = Tokens::new(&provider.name, key, client, clock)?;
        let publishers = format!("/v1/projects/{project}/locations/{location}/publishers");
        Ok(Self { line, tokens, publishers, base_url: provider.base_url.clone() })
    }

    async fn target(&self, publisher: &str, model: &str, method: &str) -> Result<Target> {
        let model = segment::of_model(model)?;
        let path = format!("{}/{publisher}/models/{model}:{method}", self.publishers);
        let mut target = self.line.target(&path)?;
        target.headers.insert(header::AUTHORIZATION, self.tokens.bearer(&self.line.peer).await?);
        Ok(target)
    }

    async fn claude(&self, request: &ChatRequest, method: &str) -> Result<(Target, Bytes)> {
        let stream = method == "streamRawPredict";
        let body = placed(&anthropic::request::write(request, stream)?)?;
        Ok((self.target("anthropic", &request.model, method).await?, body))
    }

    fn claudes_answer(&self, body: &Bytes) -> Result<Answer> {
        anthropic::answer::read(body).map_err(|why| self.line.peer.unreadable(body, why))
    }
}

fn is_claude(request: &ChatRequest) -> bool {
    request.model.starts_with("claude")
}

/// Anthropic's body as Vertex wants it.
fn placed(body: &[u8]) -> Result<Bytes> {
    let failed = |cause| Error::internal("cannot write the vendor's request").because(cause);
    let mut body: Map<String, Value> = serde_json::from_slice(body).map_err(failed)?;
    body.shift_remove("model");
    body.insert("anthropic_version".into(), ANTHROPIC_VERSION.into());
    serde_json::to_vec(&body).map(Bytes::from).map_err(failed)
}

impl Vendor for Vertex {
    fn complete<'a>(&'a self, request: &'a ChatRequest) -> BoxFuture<'a, Result<Answer>> {
        async move {
            if is_claude(request) {
                let (target, body) = self.claude(request, "rawPredict").await?;
                return self.claudes_answer(&self.line.whole_at(target, body).await?);
            }
            let target = self.target("google", &request.model, "generateContent").await?;
            gemini::whole(&self.line, target, request).await
        }
        .boxed()
    }

    fn stream<'a>(&'a self, request: &'a ChatRequest) -> BoxFuture<'a, Result<ChunkStream>> {
        async move {
            if !is_claude(request) {
                let method = "streamGenerateContent?alt=sse";
                let target = self.target("google", &request.model, method).await?;
                return gemini::pieces(&self.line, target, request).await;
            }
            let (target, body) = self.claude(request, "streamRawPredict").await?;
            match self.line.open_at(target, body).await? {
                Opened::Events(events) => {
                    let peer = Arc::clone(&self.line.peer);
                    Ok(Chunks::boxed(events, peer, anthropic::stream::Reading::default()))
                }
                Opened::Whole(body) => {
                    let chunks = self.claudes_answer(&body)?.into_chunks().into_iter().map(Ok);
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
            for batch in texts.chunks(embeddings::most_texts(model)) {
                let target = self.target("google", model, "predict").await?;
                let body = self.line.whole_at(target, embeddings::write(batch)?).await?;
                embeddings::read(&body, batch.len())
                    .and_then(|read| all.append(read))
                    .map_err(|why| self.line.peer.unreadable(&body, why))?;
            }
            Ok(all)
        }
        .boxed()
    }

    fn embedder<'a>(&'a self, model: &'a str) -> BoxFuture<'a, Result<String>> {
        async move { Ok(format!("{}{} {model}", self.base_url, self.publishers)) }.boxed()
    }
}
