//! Reads a whole answer.
//!
//! Text blocks are joined; `tool_use` blocks become `tool_calls`, thinking blocks the reasoning. What only a
//! caller of the same dialect understands (signatures, citations, the blocks of server tools) is in the raw
//! body.

use bytes::Bytes;
use gatemark_core::Result;
use serde::Deserialize;
use serde_json::value::{RawValue, to_raw_value};

use super::usage::Counts;
use crate::answer::{Answer, Finish};
use crate::called::Call;
use crate::dialect::{Dialect, Raw};
use crate::unreadable::Unreadable;

#[derive(Deserialize)]
struct Body<'a> {
    #[serde(default)]
    id: String,
    #[serde(default)]
    model: String,
    #[serde(borrow, default)]
    content: Option<Vec<Block<'a>>>,
    #[serde(default)]
    stop_reason: Option<String>,
    #[serde(default)]
    stop_sequence: Option<String>,
    #[serde(default)]
    usage: Option<Counts>,
    #[serde(borrow, default)]
    error: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Block<'a> {
    r#type: String,
    #[serde(default)]
    text: Option<String>,
    #[serde(default)]
    thinking: Option<String>,
    #[serde(default)]
    id: Option<String>,
    #[serde(default)]
    name: Option<String>,
    #[serde(borrow, default)]
    input: Option<&'a RawValue>,
}

/// The reason in the words of chat completions.
pub(crate) fn finish(stop_reason: &str) -> Finish {
    match stop_reason {
        "end_turn" | "stop_sequence" => Finish::Stop,
        "max_tokens" | "model_context_window_exceeded" => Finish::Length,
        "tool_use" => Finish::ToolCalls,
        "refusal" => Finish::ContentFilter,
        other => Finish::Other(other.to_string()),
    }
}

/// Reads the body.
pub(crate) fn read(raw: &Bytes) -> Result<Answer, Unreadable> {
    let odd = |why: String| Unreadable::Odd(why);
    let text = std::str::from_utf8(raw).map_err(|_| odd("it is not UTF-8".into()))?;
    if !text.trim_ascii_start().starts_with('{') {
        return Err(odd("it is not a JSON object".into()));
    }
    let body: Body<'_> = serde_json::from_str(text).map_err(|cause| odd(cause.to_string()))?;
    if let Some(error) = body.error.filter(|error| error.get() != "null") {
        return Err(Unreadable::Says(error.to_owned()));
    }
    let blocks = body.content.ok_or_else(|| odd("it holds no content".into()))?;
    let mut text = String::new();
    let mut reasoning = String::new();
    let mut calls = Vec::new();
    for block in &blocks {
        match block.r#type.as_str() {
            "text" => text.push_str(block.text.as_deref().unwrap_or_default()),
            "thinking" => reasoning.push_str(block.thinking.as_deref().unwrap_or_default()),
            "tool_use" => calls.push(Call::whole(
                block.id.as_deref().unwrap_or_default(),
                block.name.as_deref().unwrap_or_default(),
                block.input.map_or("{}", RawValue::get),
            )),
            _ => {}
        }
    }
    let tool_calls = if calls.is_empty() {
        None
    } else {
        Some(to_raw_value(&calls).map_err(|cause| odd(cause.to_string()))?)
    };
    Ok(Answer {
        raw: Some(Raw { dialect: Dialect::Messages, bytes: raw.clone() }),
        id: body.id,
        model: body.model,
        text,
        reasoning,
        tool_calls,
        finish: body.stop_reason.as_deref().map_or(Finish::Stop, finish),
        stop_sequence: body.stop_sequence,
        usage: body.usage.and_then(Counts::usage),
        ..Answer::default()
    })
}
