//! The conversation: system text apart, then turns of content blocks by `user` and `assistant`.
//!
//! Neighbouring messages of one speaker become one turn, since results of parallel tools must stand together.

use gatemark_core::Result;
use serde_json::{Map, Value, json};

use crate::fields::refused;
use crate::image::{self, Image};
use crate::message::{Part, Said, Speaker, ToolCall};

/// A conversation as the API wants it.
#[derive(Debug, PartialEq)]
pub(super) struct Conversation {
    /// Blocks of system text.
    pub(super) system: Vec<Value>,
    /// The turns.
    pub(super) messages: Vec<Value>,
}

/// Translates.
pub(super) fn translate(said: Vec<Said>) -> Result<Conversation> {
    let mut system = Vec::new();
    let mut turns: Vec<(&str, Vec<Value>)> = Vec::new();
    for (rank, said) in said.into_iter().enumerate() {
        let param = format!("messages[{rank}]");
        said.nothing_else(&param, &["name", "is_error"])?;
        let (speaker, blocks) = match said.speaker {
            Speaker::System => {
                system.extend(blocks(&param, &said.parts)?);
                continue;
            }
            Speaker::User => ("user", blocks(&param, &said.parts)?),
            Speaker::Assistant => ("assistant", assistant(&param, &said)?),
            Speaker::Tool => ("user", vec![result(&param, &said)?]),
        };
        match turns.last_mut() {
            Some((last, all)) if *last == speaker => all.extend(blocks),
            _ => turns.push((speaker, blocks)),
        }
    }
    if turns.is_empty() {
        let why = "needs at least one message that is not a system message";
        return Err(refused("messages", why));
    }
    let messages =
        turns.into_iter().map(|(role, content)| json!({"role": role, "content": content}));
    Ok(Conversation { system, messages: messages.collect() })
}

fn blocks(param: &str, parts: &[Part]) -> Result<Vec<Value>> {
    parts.iter().map(|part| block(param, part)).collect()
}

fn block(param: &str, part: &Part) -> Result<Value> {
    let map = match part {
        Part::Text(text) => return Ok(json!({"text": text})),
        Part::Other(map) => map,
    };
    let param = format!("{param}.content");
    let why = match map.get("type").and_then(Value::as_str) {
        Some("image_url") => match image::read(&param, map)? {
            Image::Data { media_type, data } => {
                let format =
                    media_type.strip_prefix("image/").map(|kind| kind.replace("jpg", "jpeg"));
                match format.as_deref() {
                    Some(format @ ("png" | "jpeg" | "gif" | "webp")) => {
                        return Ok(json!({"image": {"format": format, "source": {"bytes": data}}}));
                    }
                    _ => format!(
                        "holds a {media_type:?}; this provider takes png, jpeg, gif and webp"
                    ),
                }
            }
            Image::Link(_) => "links to an image, which this provider does not fetch: send it as \
                               data:<type>;base64,<data>"
                .to_string(),
        },
        kind => {
            let kind = kind.unwrap_or("unknown");
            format!("holds a part of type {kind:?} that this provider cannot take as it is")
        }
    };
    Err(refused(param, &why))
}

fn assistant(param: &str, said: &Said) -> Result<Vec<Value>> {
    let mut out = blocks(param, &said.parts)?;
    if !said.tool_calls.is_empty() {
        // The API takes no empty texts; beside calls one is usual and says nothing.
        out.retain(|block| block.get("text").and_then(Value::as_str) != Some(""));
    }
    for ToolCall { id, name, arguments } in &said.tool_calls {
        let text = if arguments.trim().is_empty() { "{}" } else { arguments.as_str() };
        let input: Map<String, Value> = serde_json::from_str(text).map_err(|_| {
            refused(format!("{param}.tool_calls"), "has arguments that are not a JSON object")
        })?;
        out.push(json!({"toolUse": {"toolUseId": id, "name": name, "input": input}}));
    }
    Ok(out)
}

fn result(param: &str, said: &Said) -> Result<Value> {
    let missing = || refused(format!("{param}.tool_call_id"), "is missing");
    let id = said.tool_call_id.as_ref().ok_or_else(missing)?;
    let content = blocks(param, &said.parts)?;
    let mut result = json!({"toolUseId": id, "content": content});
    let failed = said.rest.get("is_error") == Some(&Value::Bool(true));
    if let Some(result) = result.as_object_mut().filter(|_| failed) {
        result.insert("status".into(), "error".into());
    }
    Ok(json!({"toolResult": result}))
}
