//! The conversation: system text apart, then turns of blocks.
//!
//! The messages API has one `system` text before everything; system messages from later on are moved
//! there, in order. Neighbouring messages of one speaker become one turn, since results of parallel
//! tools must stand together.

use gatemark_core::{Error, Result};
use serde_json::{Map, Value, json};

use crate::message::{Part, Said, Speaker, ToolCall};

/// A conversation as the API wants it.
#[derive(Debug, PartialEq)]
pub(crate) struct Conversation {
    /// A text, or text blocks if there are several.
    pub(crate) system: Option<Value>,
    /// The turns.
    pub(crate) messages: Vec<Value>,
}

/// Keys of text blocks, of which all but two are the API's own.
const OWN_IN_TEXT: [&str; 4] = ["type", "text", "cache_control", "citations"];

/// Blocks of the API's own that may be written straight into the content.
const OWN: [&str; 14] = [
    "image",
    "document",
    "search_result",
    "thinking",
    "redacted_thinking",
    "server_tool_use",
    "web_search_tool_result",
    "web_fetch_tool_result",
    "code_execution_tool_result",
    "bash_code_execution_tool_result",
    "text_editor_code_execution_tool_result",
    "mcp_tool_use",
    "mcp_tool_result",
    "container_upload",
];

fn refused(param: String, why: &str) -> Error {
    Error::invalid(format!("`{param}` {why}")).at(param)
}

/// Translates.
pub(crate) fn translate(said: Vec<Said>) -> Result<Conversation> {
    let mut system: Vec<Value> = Vec::new();
    let mut turns: Vec<(&str, Vec<Value>)> = Vec::new();
    for (rank, said) in said.into_iter().enumerate() {
        let param = format!("messages[{rank}]");
        said.nothing_else(&param, &["name", "is_error"])?;
        let (speaker, blocks) = match said.speaker {
            Speaker::System => {
                system.extend(blocks(&param, said.parts)?);
                continue;
            }
            Speaker::User => ("user", blocks(&param, said.parts)?),
            Speaker::Assistant => ("assistant", assistant(&param, said)?),
            Speaker::Tool => ("user", vec![result(&param, said)?]),
        };
        match turns.last_mut() {
            Some((last, all)) if *last == speaker => all.extend(blocks),
            _ => turns.push((speaker, blocks)),
        }
    }
    if turns.is_empty() {
        let why = "needs at least one message that is not a system message";
        return Err(refused("messages".into(), why));
    }
    let system = match system.as_slice() {
        [] => None,
        [Value::Object(one)] if one.len() == 2 => one.get("text").cloned(),
        _ => Some(Value::Array(system)),
    };
    let messages =
        turns.into_iter().map(|(role, content)| json!({"role": role, "content": content}));
    Ok(Conversation { system, messages: messages.collect() })
}

fn blocks(param: &str, parts: Vec<Part>) -> Result<Vec<Value>> {
    parts.into_iter().map(|part| block(param, part)).collect()
}

fn block(param: &str, part: Part) -> Result<Value> {
    let map = match part {
        Part::Text(text) => return Ok(json!({"type": "text", "text": text})),
        Part::Other(map) => map,
    };
    let param = format!("{param}.content");
    match map.get("type").and_then(Value::as_str) {
        Some("image_url") => image(&param, &map),
        Some("text") if map.keys().all(|k| OWN_IN_TEXT.contains(&k.as_str())) => Ok(map.into()),
        Some(kind) if OWN.contains(&kind) => Ok(map.into()),
        kind => {
            let kind = kind.unwrap_or("unknown");
            let why =
                format!("holds a part of type {kind:?} that this provider cannot take as it is");
            Err(refused(param, &why))
        }
    }
}

/// An image by data URL or https. `detail` tells another vendor how finely to look; it has no meaning
/// here and changes nothing about what is asked.
fn image(param: &str, part: &Map<String, Value>) -> Result<Value> {
    let url = part.get("image_url").and_then(|image| image.get("url")).and_then(Value::as_str);
    let url = url.ok_or_else(|| refused(param.into(), "holds an image without `image_url.url`"))?;
    if url.starts_with("https://") {
        return Ok(json!({"type": "image", "source": {"type": "url", "url": url}}));
    }
    let data = url.strip_prefix("data:").and_then(|rest| rest.split_once(";base64,"));
    let why = "holds an image whose URL is neither https nor data:<type>;base64,<data>";
    let (kind, data) = data.ok_or_else(|| refused(param.into(), why))?;
    let source = json!({"type": "base64", "media_type": kind, "data": data});
    Ok(json!({"type": "image", "source": source}))
}

fn assistant(param: &str, said: Said) -> Result<Vec<Value>> {
    let mut out = blocks(param, said.parts)?;
    if !said.tool_calls.is_empty() {
        // The API takes no empty texts; beside calls one is usual and says nothing.
        out.retain(|block| block.get("text").and_then(Value::as_str) != Some(""));
    }
    for ToolCall { id, name, arguments } in said.tool_calls {
        let text = if arguments.trim().is_empty() { "{}" } else { arguments.as_str() };
        let input: Map<String, Value> = serde_json::from_str(text).map_err(|_| {
            refused(format!("{param}.tool_calls"), "has arguments that are not a JSON object")
        })?;
        out.push(json!({"type": "tool_use", "id": id, "name": name, "input": input}));
    }
    Ok(out)
}

fn result(param: &str, said: Said) -> Result<Value> {
    let missing = || refused(format!("{param}.tool_call_id"), "is missing");
    let id = said.tool_call_id.ok_or_else(missing)?;
    let failed = said.rest.get("is_error") == Some(&Value::Bool(true));
    let content = blocks(param, said.parts)?;
    let mut result = json!({"type": "tool_result", "tool_use_id": id, "content": content});
    if let Some(result) = result.as_object_mut().filter(|_| failed) {
        result.insert("is_error".into(), Value::Bool(true));
    }
    Ok(result)
}
