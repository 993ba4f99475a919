//! A vendor that is told the form of the answer in the way that suits it.

use std::sync::Arc;

use futures_util::FutureExt;
use gatemark_core::model::{Protocol, Provider, Structured};
use gatemark_core::{Error, Result};
use serde_json::Value;

use super::{table, tell};
use crate::answer::{Answer, ChunkStream};
use crate::dialect::Dialect;
use crate::embedding::{Embedded, TokenVectors};
use crate::form::fits_anthropic;
use crate::request::ChatRequest;
use crate::vendor::{BoxFuture, Vendor};

/// The vendor of `provider`.
pub(crate) struct Shaped {
    provider: Provider,
    vendor: Arc<dyn Vendor>,
}

/// A request as the vendor gets it.
struct Told {
    request: ChatRequest,
    by_tool: bool,
}

impl Shaped {
    pub(crate) fn new(provider: &Provider, vendor: Arc<dyn Vendor>) -> Self {
        Self { provider: provider.clone(), vendor }
    }

    fn is_anthropic(&self) -> bool {
        self.provider.protocol == Protocol::Anthropic
    }

    /// Whether its own mode refuses schemas outside of Anthropic's subset. Amazon documents the same one.
    fn is_narrow(&self) -> bool {
        matches!(self.provider.protocol, Protocol::Anthropic | Protocol::Bedrock)
    }

    /// Whether the request reaches the vendor as it is.
    fn passes(&self, request: &ChatRequest) -> bool {
        let own = self.is_anthropic() && request.field("response_format").is_some();
        request.form.is_none() && !(own && request.dialect == Dialect::Chat)
    }

    fn tell(&self, request: &ChatRequest) -> Result<Told> {
        let plain = |request| Ok(Told { request, by_tool: false });
        let Some(form) = request.form.as_deref() else { return self.own_format(request) };
        let mut mode = self.structured(&request.model);
        if form.has_marker {
            // Every stronger way forbids the marker.
            mode = match mode {
                Structured::Prompt | Structured::Json => Structured::Prompt,
                _ => Structured::Off,
            };
        }
        if mode == Structured::Strict && self.is_narrow() && !fits_anthropic(&form.schema) {
            mode = Structured::Tool;
        }
        match mode {
            Structured::Strict => plain(tell::by_field(request, form)),
            Structured::Tool if tell::can_force(request) => {
                Ok(Told { request: tell::by_tool(request, &form.schema)?, by_tool: true })
            }
            Structured::Json if !self.is_anthropic() => plain(tell::by_words(request, form, true)?),
            Structured::Tool | Structured::Json | Structured::Prompt => {
                plain(tell::by_words(request, form, false)?)
            }
            Structured::Off => plain(ChatRequest { form: None, ..request.clone() }),
        }
    }

    /// A caller's own `response_format` at Anthropic, which has no field of that name.
    fn own_format(&self, request: &ChatRequest) -> Result<Told> {
        let asked = request.field("response_format").map(|raw| serde_json::from_str(raw.get()));
        let asked: Value = asked.and_then(std::result::Result::ok).unwrap_or_default();
        let schema = asked.pointer("/json_schema/schema").filter(|schema| schema.is_object());
        let is_schema = asked.get("type").and_then(Value::as_str) == Some("json_schema");
        let Some(schema) = schema.filter(|_| is_schema) else {
            return Ok(Told { request: request.clone(), by_tool: false });
        };
        let strict = self.structured(&request.model) == Structured::Strict;
        if strict && fits_anthropic(schema) {
            return Ok(Told { request: request.clone(), by_tool: false });
        }
        let is_object = schema.get("type").and_then(Value::as_str) == Some("object");
        let promised = asked.pointer("/json_schema/strict") == Some(&Value::Bool(true));
        if is_object && !promised && tell::can_force(request) {
            return Ok(Told { request: tell::by_tool(request, schema)?, by_tool: true });
        }
        let message = format!(
            "`response_format` cannot be kept by `{}`: its mode for schemas takes closed objects without bounds or \
             references, and its tools promise no strictness and stand beside no other tools or thinking",
            request.model
        );
        Err(Error::invalid(message).at("response_format").coded("unsupported_field"))
    }
}

impl Vendor for Shaped {
    fn structured(&self, model: &str) -> Structured {
        let chosen = self.provider.structured.of(model);
        chosen.unwrap_or_else(|| table::mode(&self.provider, model))
    }

    fn speaks(&self, dialect: Dialect) -> bool {
        self.vendor.speaks(dialect)
    }

    fn output_bound(&self) -> &'static str {
        self.vendor.output_bound()
    }

    fn complete<'a>(&'a self, request: &'a ChatRequest) -> BoxFuture<'a, Result<Answer>> {
        if self.passes(request) {
            return self.vendor.complete(request);
        }
        async move {
            let told = self.tell(request)?;
            let answer = self.vendor.complete(&told.request).await?;
            if told.by_tool { tell::whole_from_tool(answer) } else { Ok(answer) }
        }
        .boxed()
    }

    fn stream<'a>(&'a self, request: &'a ChatRequest) -> BoxFuture<'a, Result<ChunkStream>> {
        if self.passes(request) {
            return self.vendor.stream(request);
        }
        async move {
            let told = self.tell(request)?;
            let chunks = self.vendor.stream(&told.request).await?;
            Ok(if told.by_tool { tell::pieces_from_tool(chunks) } else { chunks })
        }
        .boxed()
    }

    fn count<'a>(&'a self, request: &'a ChatRequest) -> BoxFuture<'a, Result<Option<u64>>> {
        self.vendor.count(request)
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
