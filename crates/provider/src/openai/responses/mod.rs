//! OpenAI's responses, as a vendor speaks them: requests in the same dialect pass through, requests in the
//! words of chat completions are translated.

pub(crate) mod answer;
mod conversation;
pub(crate) mod request;
pub(crate) mod stream;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::sync::Arc;

use gatemark_core::Result;

use crate::answer::{Answer, ChunkStream};
use crate::chunks::Chunks;
use crate::dialect::Dialect;
use crate::line::{Line, Opened};
use crate::native;
use crate::request::ChatRequest;

/// The endpoint.
pub(super) struct Responses {
    line: Line,
    /// Whether requests in other words than its own come here too.
    alone: bool,
}

impl Responses {
    pub(super) fn new(line: Line, alone: bool) -> Self {
        Self { line, alone }
    }

    /// Whether `request` is for this endpoint.
    pub(super) fn takes(&self, request: &ChatRequest) -> bool {
        self.alone || request.dialect == Dialect::Responses
    }

    pub(super) async fn complete(&self, request: &ChatRequest) -> Result<Answer> {
        let request = in_its_words(request)?;
        let body = self.line.whole(native::write(&request, false)?).await?;
        answer::read(&body).map_err(|why| self.line.peer.unreadable(&body, why))
    }

    pub(super) async fn stream(&self, request: &ChatRequest) -> Result<ChunkStream> {
        let request = in_its_words(request)?;
        match self.line.open(native::write(&request, true)?).await? {
            Opened::Events(events) => {
                let peer = Arc::clone(&self.line.peer);
                Ok(Chunks::boxed(events, peer, stream::Reading::default()))
            }
            Opened::Whole(body) => {
                let answer = answer::read(&body);
                let answer = answer.map_err(|why| self.line.peer.unreadable(&body, why))?;
                let chunks = answer.into_chunks().into_iter().map(Ok);
                Ok(Box::pin(futures_util::stream::iter(chunks)))
            }
        }
    }
}

fn in_its_words(request: &ChatRequest) -> Result<Cow<'_, ChatRequest>> {
    match request.dialect {
        Dialect::Responses => Ok(Cow::Borrowed(request)),
        _ => request::translate(request).map(Cow::Owned),
    }
}
