//! Requests in a dialect that a vendor does not speak, put into the words of chat completions.

use std::sync::Arc;

use futures_util::FutureExt;
use gatemark_core::model::Structured;
use gatemark_core::{Error, Result};
use serde_json::value::RawValue;

use crate::answer::{Answer, ChunkStream};
use crate::dialect::Dialect;
use crate::embedding::{Embedded, TokenVectors};
use crate::request::{ChatRequest, Messages};
use crate::towards::Towards;
use crate::vendor::{BoxFuture, Vendor};
use crate::{embeddings, messages, responses};

/// The request in the words of chat completions, for `vendor` of that provider.
///
/// # Errors
/// `Invalid`, naming the place, for what cannot be expressed.
pub fn in_chat(request: &ChatRequest, provider: &str, vendor: &dyn Vendor) -> Result<ChatRequest> {
    match request.dialect {
        Dialect::Chat => Ok(request.clone()),
        Dialect::Messages => {
            let knows = vendor.speaks(Dialect::Messages);
            let towards = Towards { provider, knows, bound: vendor.output_bound() };
            messages::to_chat(request, &towards)
        }
        Dialect::Responses => {
            let towards = Towards { provider, knows: false, bound: vendor.output_bound() };
            responses::to_chat(request, &towards)
        }
        Dialect::Embeddings => Err(Error::invalid("embeddings are no conversation").at("input")),
    }
}

/// What a caller adds to a prompt's conversation, in the words of chat completions. There may be nothing.
///
/// # Errors
/// As [`in_chat`].
pub fn continuation(
    request: &ChatRequest,
    provider: &str,
    vendor: &dyn Vendor,
) -> Result<ChatRequest> {
    if request.dialect == Dialect::Responses && request.field("instructions").is_some() {
        let message = "a call to a prompt cannot add `instructions`: they are part of its version";
        return Err(Error::invalid(message).at("instructions"));
    }
    let none = matches!(request.messages, Messages::Turns(_));
    let request = ChatRequest {
        messages: if none { Messages::Raw(empty()?) } else { request.messages.clone() },
        ..request.clone()
    };
    in_chat(&request, provider, vendor)
}

fn empty() -> Result<Box<RawValue>> {
    RawValue::from_string("[]".into())
        .map_err(|cause| Error::internal("an empty array is not JSON").because(cause))
}

/// A vendor that takes every dialect. What it speaks itself goes straight through.
pub(crate) struct Translated {
    provider: String,
    vendor: Arc<dyn Vendor>,
}

impl Translated {
    pub(crate) fn new(provider: &str, vendor: Arc<dyn Vendor>) -> Self {
        Self { provider: provider.to_string(), vendor }
    }
}

impl Vendor for Translated {
    fn speaks(&self, dialect: Dialect) -> bool {
        self.vendor.speaks(dialect)
    }

    fn output_bound(&self) -> &'static str {
        self.vendor.output_bound()
    }

    fn structured(&self, model: &str) -> Structured {
        self.vendor.structured(model)
    }

    fn complete<'a>(&'a self, request: &'a ChatRequest) -> BoxFuture<'a, Result<Answer>> {
        if self.vendor.speaks(request.dialect) {
            return self.vendor.complete(request);
        }
        async move {
            if request.dialect == Dialect::Embeddings {
                return embeddings::complete(&self.provider, &*self.vendor, request).await;
            }
            let request = in_chat(request, &self.provider, &*self.vendor)?;
            self.vendor.complete(&request).await
        }
        .boxed()
    }

    fn stream<'a>(&'a self, request: &'a ChatRequest) -> BoxFuture<'a, Result<ChunkStream>> {
        if self.vendor.speaks(request.dialect) {
            return self.vendor.stream(request);
        }
        async move {
            let request = in_chat(request, &self.provider, &*self.vendor)?;
            self.vendor.stream(&request).await
        }
        .boxed()
    }

    fn count<'a>(&'a self, request: &'a ChatRequest) -> BoxFuture<'a, Result<Option<u64>>> {
        if self.vendor.speaks(request.dialect) {
            return self.vendor.count(request);
        }
        async { Ok(None) }.boxed()
    }

    fn embed<'a>(&'a self, model: &'a str, texts: &'a [String]) -> BoxFuture<'a, Result<Embedded>> {
        self.vendor.embed(model, texts)
    }

    fn embed_tokens<'a>(
        &'a self,
        model: &'a str,
        texts: &'a [String],
    ) -> BoxFuture<'a, Result<Vec<TokenVectors>>> {
        self.vendor.embed_tokens(model, texts)
    }

    fn embedder<'a>(&'a self, model: &'a str) -> BoxFuture<'a, Result<String>> {
        self.vendor.embedder(model)
    }
}
