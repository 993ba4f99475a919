//! The conversation: the system's text and the turns, as messages of chat completions.
//!
//! A user's turn may answer tools and speak at once; in chat completions those are messages of their own,
//! the answers first. A tool that failed says so in a flag there and in its text here.

use std::borrow::Cow;

use gatemark_core::Result;
use serde::Serialize;
use serde_json::value::RawValue;

use super::block::{self, Said};
use crate::object::{self, Members};
use crate::towards::{Towards, malformed, raw};

/// What a failed tool's text begins with, where the flag has no place.
const FAILED: &str = "[the tool failed] ";

#[derive(Serialize)]
struct Message<'a> {
    role: &'static str,
    content: Option<Content<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tool_calls: Vec<Call<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tool_call_id: Option<Cow<'a, str>>,
    /// Only for vendors that know it.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    is_error: bool,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Content<'a> {
    Text(Cow<'a, str>),
    Parts(Vec<Part<'a>>),
}

#[derive(Serialize)]
#[serde(untagged)]
enum Part<'a> {
    Text { r#type: &'static str, text: Cow<'a, str> },
    Raw(Box<RawValue>),
}

#[derive(Serialize)]
struct Call<'a> {
    id: Cow<'a, str>,
    r#type: &'static str,
    function: Function<'a>,
}

#[derive(Serialize)]
struct Function<'a> {
    name: Cow<'a, str>,
    /// JSON in a text.
    arguments: &'a str,
}

impl<'a> Message<'a> {
    fn new(role: &'static str, content: Option<Content<'a>>) -> Self {
        Self { role, content, tool_calls: Vec::new(), tool_call_id: None, is_error: false }
    }
}

/// Translates; `said` are the elements of `messages`.
pub(super) fn messages(
    system: Option<&RawValue>,
    said: &[&RawValue],
    towards: &Towards<'_>,
) -> Result<Box<RawValue>> {
    let mut out = Vec::with_capacity(said.len() + 1);
    if let Some(system) = system {
        out.push(Message::new("system", Some(plain("system", system, towards)?)));
    }
    for (rank, value) in said.iter().enumerate() {
        let param = format!("messages[{rank}]");
        let mut members = Members::of(value).ok_or_else(|| malformed(&param, "an object"))?;
        let place = format!("{param}.content");
        let content = members.take("content");
        let content = content.ok_or_else(|| malformed(&place, "a text or an array of blocks"))?;
        let role = members.take("role").and_then(object::text);
        if let Some(key) = members.left() {
            return Err(towards.refuse(&format!("{param}.{key}"), "this part of a message"));
        }
        match role.as_deref() {
            Some("user") => user(&place, content, towards, &mut out)?,
            Some("assistant") => {
                if rank + 1 == said.len() && !towards.knows {
                    let what = "an answer that the model is to continue";
                    return Err(towards.refuse(&param, what));
                }
                out.push(assistant(&place, content, towards)?);
            }
            Some("system") => {
                out.push(Message::new("system", Some(plain(&place, content, towards)?)));
            }
            _ => return Err(malformed(&format!("{param}.role"), "user or assistant")),
        }
    }
    raw(&out)
}

/// Content that may be nothing but text.
fn plain<'a>(param: &str, value: &'a RawValue, towards: &Towards<'_>) -> Result<Content<'a>> {
    let parts = block::content(param, value, towards)?;
    let parts = parts.into_iter().enumerate().map(|(rank, said)| match part(said) {
        Some(part) => Ok(part),
        None => Err(towards.refuse(&format!("{param}[{rank}]"), "this block")),
    });
    Ok(content(parts.collect::<Result<_>>()?))
}

fn part(said: Said<'_>) -> Option<Part<'_>> {
    match said {
        Said::Text(text) => Some(Part::Text { r#type: "text", text }),
        Said::Part(raw) => Some(Part::Raw(raw)),
        _ => None,
    }
}

/// One text stands for itself.
fn content(mut parts: Vec<Part<'_>>) -> Content<'_> {
    match parts.pop() {
        Some(Part::Text { text, .. }) if parts.is_empty() => Content::Text(text),
        None => Content::Text(Cow::Borrowed("")),
        Some(last) => {
            parts.push(last);
            Content::Parts(parts)
        }
    }
}

fn user<'a>(
    param: &str,
    value: &'a RawValue,
    towards: &Towards<'_>,
    out: &mut Vec<Message<'a>>,
) -> Result<()> {
    let mut parts = Vec::new();
    for (rank, said) in block::content(param, value, towards)?.into_iter().enumerate() {
        let place = format!("{param}[{rank}]");
        match said {
            Said::Result { id, content, failed } => {
                if !parts.is_empty() {
                    return Err(towards.refuse(&place, "a tool's result after other content"));
                }
                out.push(tool(id, content, failed, towards.knows));
            }
            Said::Call { .. } | Said::OwnThinking => {
                return Err(malformed(&place, "a block that users may send"));
            }
            said => parts.extend(part(said)),
        }
    }
    // A turn of nothing but results is told by their own messages.
    if !parts.is_empty() || out.last().is_none_or(|last| last.role != "tool") {
        out.push(Message::new("user", Some(content(parts))));
    }
    Ok(())
}

fn tool<'a>(id: Cow<'a, str>, said: Vec<Said<'a>>, failed: bool, knows: bool) -> Message<'a> {
    let mut parts: Vec<Part<'_>> = said.into_iter().filter_map(part).collect();
    if failed && !knows {
        match parts.first_mut() {
            Some(Part::Text { text, .. }) => text.to_mut().insert_str(0, FAILED),
            _ => parts.push(Part::Text { r#type: "text", text: Cow::Borrowed(FAILED.trim()) }),
        }
    }
    let mut message = Message::new("tool", Some(content(parts)));
    message.tool_call_id = Some(id);
    message.is_error = failed && knows;
    message
}

fn assistant<'a>(param: &str, value: &'a RawValue, towards: &Towards<'_>) -> Result<Message<'a>> {
    let mut parts = Vec::new();
    let mut tool_calls = Vec::new();
    for (rank, said) in block::content(param, value, towards)?.into_iter().enumerate() {
        match said {
            Said::Call { id, name, input } => {
                let function = Function { name, arguments: input.get() };
                tool_calls.push(Call { id, r#type: "function", function });
            }
            Said::OwnThinking => {}
            Said::Result { .. } => {
                let place = format!("{param}[{rank}]");
                return Err(malformed(&place, "a block that the model writes"));
            }
            said => parts.extend(part(said)),
        }
    }
    // Many servers take only one text from the model; its pieces mean the same in one.
    let texts = parts.iter().map(|part| match part {
        Part::Text { text, .. } => Some(text.as_ref()),
        Part::Raw(_) => None,
    });
    let said = match texts.collect::<Option<Vec<_>>>() {
        Some(texts) if texts.is_empty() && !tool_calls.is_empty() => None,
        Some(texts) => Some(Content::Text(Cow::Owned(texts.concat()))),
        None => Some(content(parts)),
    };
    let mut message = Message::new("assistant", said);
    message.tool_calls = tool_calls;
    Ok(message)
}
