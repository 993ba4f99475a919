//! Amazon Bedrock's `Converse` and `ConverseStream`, translated from and to the vocabulary of chat completions.
//!
//! One form for the models of all makers. The key is either a bearer token or a pair with which each request is
//! signed (`sign`).

pub(crate) mod answer;
mod conversation;
mod embeddings;
pub(crate) mod request;
mod sign;
pub(crate) mod stream;

use std::sync::Arc;

use bytes::Bytes;
use futures_util::FutureExt;
use gatemark_core::model::Provider;
use gatemark_core::{Error, Result};
use http::{HeaderValue, header};

use crate::answer::{Answer, ChunkStream};
use crate::chunks::Chunks;
use crate::clock::Clock;
use crate::embedding::Embedded;
use crate::http::Client;
use crate::line::{Line, Opened, Target};
use crate::request::ChatRequest;
use crate::secret::Secret;
use crate::segment;
use crate::vendor::{BoxFuture, Vendor};

/// The vendor.
pub(crate) struct Bedrock {
    line: Line,
    key: Option<Secret>,
    region: String,
    clock: Clock,
}

impl Bedrock {
    pub(crate) fn new(
        provider: &Provider,
        key: Option<&Secret>,
        client: &Client,
        clock: Clock,
    ) -> Result<Self> {
        let bearer = key.filter(|key| key.signs().is_none());
        let bearer = bearer.map(|key| ("authorization", format!("Bearer {}", key.expose())));
        let line = Line::new(provider, key, "", bearer.into_iter().collect(), client)?;
        let missing = || {
            let message = format!("provider `{}` needs a `region`", provider.name);
            Error::invalid(message).at("region")
        };
        let region = provider.place.region.clone().ok_or_else(missing)?;
        Ok(Self { line, key: key.cloned(), region, clock })
    }

    /// Where `body` goes, signed if the key signs.
    fn target(&self, model: &str, method: &str, body: &Bytes) -> Result<Target> {
        let mut target =
            self.line.target(&format!("/model/{}/{method}", segment::of_model(model)?))?;
        if let Some(key) = self.key.as_ref().filter(|key| key.signs().is_some()) {
            sign::sign(&mut target, body, key, &self.region, (self.clock)())?;
        }
        Ok(target)
    }
}

impl Vendor for Bedrock {
    fn complete<'a>(&'a self, request: &'a ChatRequest) -> BoxFuture<'a, Result<Answer>> {
        async move {
            let body = request::write(request)?;
            let target = self.target(&request.model, "converse", &body)?;
            let body = self.line.whole_at(target, body).await?;
            answer::read(&body).map_err(|why| self.line.peer.unreadable(&body, why))
        }
        .boxed()
    }

    fn stream<'a>(&'a self, request: &'a ChatRequest) -> BoxFuture<'a, Result<ChunkStream>> {
        async move {
            let body = request::write(request)?;
            let mut target = self.target(&request.model, "converse-stream", &body)?;
            let framed = HeaderValue::from_static("application/vnd.amazon.eventstream");
            target.headers.insert(header::ACCEPT, framed);
            match self.line.open_at(target, body).await? {
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

    fn embed<'a>(&'a self, model: &'a str, texts: &'a [String]) -> BoxFuture<'a, Result<Embedded>> {
        async move {
            let form = embeddings::Form::of(model)?;
            let mut all = Embedded::default();
            for batch in texts.chunks(form.most_texts()) {
                let body = form.write(batch)?;
                let target = self.target(model, "invoke", &body)?;
                let body = self.line.whole_at(target, body).await?;
                form.read(&body, batch.len())
                    .and_then(|read| all.append(read))
                    .map_err(|why| self.line.peer.unreadable(&body, why))?;
            }
            Ok(all)
        }
        .boxed()
    }

    fn embedder<'a>(&'a self, model: &'a str) -> BoxFuture<'a, Result<String>> {
        async move { Ok(format!("bedrock {} {model}", self.region)) }.boxed()
    }
}
