//! The conversation: messages as items, with calls of tools and their results as items of their own.

use gatemark_core::{Error, Result};
use serde_json::{Map, Value, json};

use crate::message::{Part, Said, Speaker, ToolCall};

fn refused(param: String, why: &str) -> Error {
    Error::invalid(format!("`{param}` {why}")).at(param)
}

/// Translates.
pub(super) fn translate(said: Vec<Said>) -> Result<Vec<Value>> {
    let mut items = Vec::with_capacity(said.len());
    for (rank, said) in said.into_iter().enumerate() {
        let param = format!("messages[{rank}]");
        said.nothing_else(&param, &["name"])?;
        match said.speaker {
            Speaker::System => items.push(message("system", content(&param, said.parts)?)),
            Speaker::User => items.push(message("user", content(&param, said.parts)?)),
            Speaker::Tool => items.push(result(&param, said)?),
            Speaker::Assistant => {
                let text = text(&param, &said)?;
                if !text.is_empty() || said.tool_calls.is_empty() {
                    items.push(message("assistant", text.into()));
                }
                items.extend(said.tool_calls.into_iter().map(call));
            }
        }
    }
    Ok(items)
}

fn message(role: &str, content: Value) -> Value {
    json!({"role": role, "content": content})
}

fn call(call: ToolCall) -> Value {
    let ToolCall { id, name, arguments } = call;
    let arguments = if arguments.trim().is_empty() { "{}".to_string() } else { arguments };
    json!({"type": "function_call", "call_id": id, "name": name, "arguments": arguments})
}

fn result(param: &str, said: Said) -> Result<Value> {
    let place = format!("{param}.tool_call_id");
    let id = said.tool_call_id.clone();
    let id = id.ok_or_else(|| refused(place, "is missing: it says which call this answers"))?;
    let output = content(param, said.parts)?;
    Ok(json!({"type": "function_call_output", "call_id": id, "output": output}))
}

fn text(param: &str, said: &Said) -> Result<String> {
    let text = said.text().map_err(|kind| {
        let why = format!("holds a part of type {kind:?} that this provider cannot take");
        refused(format!("{param}.content"), &why)
    })?;
    Ok(text.into_owned())
}

/// One text stands for itself.
fn content(param: &str, parts: Vec<Part>) -> Result<Value> {
    match parts.as_slice() {
        [] => return Ok("".into()),
        [Part::Text(text)] => return Ok(text.as_str().into()),
        _ => {}
    }
    parts.into_iter().map(|part| self::part(&format!("{param}.content"), part)).collect()
}

fn part(param: &str, part: Part) -> Result<Value> {
    let map = match part {
        Part::Text(text) => return Ok(json!({"type": "input_text", "text": text})),
        Part::Other(map) => map,
    };
    let kind = map.get("type").and_then(Value::as_str).unwrap_or("unknown");
    let inner = |name: &str| map.get(name).and_then(Value::as_object).cloned();
    match (kind, inner("image_url"), inner("file")) {
        ("image_url", Some(mut image), _) => {
            let url = image.remove("url");
            let url = url.ok_or_else(|| refused(param.into(), "holds an image without a URL"))?;
            let mut out = Map::new();
            out.insert("type".into(), "input_image".into());
            out.insert("image_url".into(), url);
            out.extend(image);
            Ok(out.into())
        }
        ("file", _, Some(file)) => {
            let mut out = Map::new();
            out.insert("type".into(), "input_file".into());
            out.extend(file);
            Ok(out.into())
        }
        _ => {
            let why = format!("holds a part of type {kind:?} that this provider cannot take");
            Err(refused(param.into(), &why))
        }
    }
}
