//! Reads a whole answer.
//!
//! Texts of messages are joined, a refusal counts as text and is marked; `function_call` items become `tool_calls`, summaries
//! and open thoughts the reasoning. What only a caller of the same dialect understands (items of hosted tools,
//! annotations, encrypted thoughts) is in the raw body.

use bytes::Bytes;
use gatemark_core::model::Usage;
use serde::Deserialize;
use serde_json::value::{RawValue, to_raw_value};
use serde_json::{Value, json};

use crate::answer::{Answer, Finish};
use crate::dialect::{Dialect, Raw};
use crate::unreadable::Unreadable;

/// A response, whole or inside an event.
#[derive(Deserialize)]
pub(super) struct Body<'a> {
    #[serde(default)]
    id: String,
    #[serde(default)]
    model: String,
    #[serde(default)]
    status: Option<String>,
    #[serde(borrow, default)]
    output: Option<Vec<Item<'a>>>,
    #[serde(default)]
    incomplete_details: Option<Incomplete>,
    #[serde(default)]
    usage: Option<Counts>,
    #[serde(borrow, default)]
    error: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Incomplete {
    #[serde(default)]
    reason: Option<String>,
}

/// An item of the output.
#[derive(Deserialize)]
pub(super) struct Item<'a> {
    #[serde(default)]
    pub(super) r#type: String,
    #[serde(default)]
    pub(super) call_id: Option<String>,
    #[serde(default)]
    pub(super) name: Option<String>,
    #[serde(default)]
    pub(super) arguments: Option<String>,
    #[serde(borrow, default)]
    content: Option<&'a RawValue>,
    #[serde(borrow, default)]
    summary: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Part {
    #[serde(default)]
    text: Option<String>,
    #[serde(default)]
    refusal: Option<String>,
}

#[derive(Deserialize)]
struct Counts {
    #[serde(default)]
    input_tokens: Option<u64>,
    #[serde(default)]
    output_tokens: Option<u64>,
    #[serde(default)]
    input_tokens_details: Option<Details>,
    #[serde(default)]
    output_tokens_details: Option<Thoughts>,
}

#[derive(Deserialize, Default)]
struct Thoughts {
    #[serde(default)]
    reasoning_tokens: Option<u64>,
}

#[derive(Deserialize, Default)]
struct Details {
    #[serde(default)]
    cached_tokens: Option<u64>,
    #[serde(default)]
    cache_write_tokens: Option<u64>,
}

impl Counts {
    fn usage(self) -> Option<Usage> {
        let details = self.input_tokens_details.unwrap_or_default();
        Some(Usage {
            input: self.input_tokens?,
            cached_input: details.cached_tokens.unwrap_or(0),
            cache_write: details.cache_write_tokens.unwrap_or(0),
            output: self.output_tokens.unwrap_or(0),
            reasoning: self.output_tokens_details.and_then(|d| d.reasoning_tokens).unwrap_or(0),
            ..Usage::default()
        })
    }
}

fn parts(raw: Option<&RawValue>) -> Option<Vec<Part>> {
    serde_json::from_str(raw?.get()).ok()
}

/// Texts of an array of parts, a refusal being one; anything else has none.
fn texts(raw: Option<&RawValue>, between: &str) -> String {
    let parts = parts(raw);
    let texts = parts.unwrap_or_default().into_iter().filter_map(|part| part.text.or(part.refusal));
    texts.collect::<Vec<_>>().join(between)
}

/// A call in the shape of chat completions.
pub(super) fn call(id: &str, name: &str, arguments: &str) -> Value {
    json!({"id": id, "type": "function", "function": {"name": name, "arguments": arguments}})
}

impl Body<'_> {
    /// What the vendor says went wrong.
    pub(super) fn failure(&self) -> Option<Unreadable> {
        match self.error.filter(|error| error.get() != "null") {
            Some(error) => Some(complaint(error)),
            None if self.status.as_deref() == Some("failed") => {
                Some(Unreadable::Odd("it failed without a reason".into()))
            }
            None => None,
        }
    }

    /// Why it ended; `called` says whether it wants tools called.
    pub(super) fn finish(&self, called: bool) -> Finish {
        let reason = self.incomplete_details.as_ref().and_then(|details| details.reason.as_deref());
        match (self.status.as_deref(), reason) {
            (Some("incomplete"), Some("content_filter")) => Finish::ContentFilter,
            (Some("incomplete"), Some("max_output_tokens") | None) => Finish::Length,
            (Some("incomplete"), Some(other)) => Finish::Other(other.to_string()),
            _ if called => Finish::ToolCalls,
            _ => Finish::Stop,
        }
    }

    pub(super) fn usage(&mut self) -> Option<Usage> {
        self.usage.take().and_then(Counts::usage)
    }
}

/// An error of a response: it has a code and no type, and the codes about the request mean that another try
/// would end the same.
pub(super) fn complaint(error: &RawValue) -> Unreadable {
    const OURS: [&str; 5] =
        ["server_error", "rate_limit_exceeded", "vector_store_timeout", "insufficient_quota", ""];
    let Ok(mut value) = serde_json::from_str::<Value>(error.get()) else {
        return Unreadable::Says(error.to_owned());
    };
    let Some(object) = value.as_object_mut() else { return Unreadable::Says(error.to_owned()) };
    let inner = object.get("error").filter(|inner| inner.is_object()).cloned();
    if let Some(inner) = inner.as_ref().and_then(Value::as_object) {
        *object = inner.clone();
    }
    let code = object.get("code").and_then(Value::as_str).unwrap_or_default();
    let kind = if OURS.contains(&code) { None } else { Some("invalid_request_error") };
    let untold = object.get("type").is_none_or(|kind| kind.is_null() || kind == "error");
    if untold {
        object.remove("type");
        if let Some(kind) = kind {
            object.insert("type".into(), kind.into());
        }
    }
    to_raw_value(&value).map_or_else(|_| Unreadable::Says(error.to_owned()), Unreadable::Says)
}

/// Reads the body.
pub(crate) fn read(raw: &Bytes) -> Result<Answer, Unreadable> {
    let odd = |why: String| Unreadable::Odd(why);
    let text = std::str::from_utf8(raw).map_err(|_| odd("it is not UTF-8".into()))?;
    if !text.trim_ascii_start().starts_with('{') {
        return Err(odd("it is not a JSON object".into()));
    }
    let mut body: Body<'_> = serde_json::from_str(text).map_err(|cause| odd(cause.to_string()))?;
    if let Some(failure) = body.failure() {
        return Err(failure);
    }
    let items = body.output.take().ok_or_else(|| odd("it holds no output".into()))?;
    let mut answer = Answer::default();
    let mut calls = Vec::new();
    for item in &items {
        match item.r#type.as_str() {
            "message" => {
                answer.text.push_str(&texts(item.content, ""));
                let refused = |parts: Vec<Part>| parts.iter().any(|part| part.refusal.is_some());
                answer.refusal |= parts(item.content).is_some_and(refused);
            }
            "reasoning" => {
                answer.reasoning.push_str(&texts(item.summary, "\n\n"));
                answer.reasoning.push_str(&texts(item.content, ""));
            }
            "function_call" => calls.push(call(
                item.call_id.as_deref().unwrap_or_default(),
                item.name.as_deref().unwrap_or_default(),
                item.arguments.as_deref().unwrap_or("{}"),
            )),
            _ => {}
        }
    }
    answer.finish = body.finish(!calls.is_empty());
    answer.usage = body.usage();
    if !calls.is_empty() {
        answer.tool_calls = Some(to_raw_value(&calls).map_err(|cause| odd(cause.to_string()))?);
    }
    (answer.id, answer.model) = (body.id, body.model);
    answer.raw = Some(Raw { dialect: Dialect::Responses, bytes: raw.clone() });
    Ok(answer)
}
