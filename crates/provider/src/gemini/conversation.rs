//! The conversation: system text apart, then turns of parts by `user` and `model`.
//!
//! A tool's result names its function, which chat completions leave to the call's id; the name comes from the
//! call earlier in the conversation. Neighbouring messages of one speaker become one turn, since results of
//! parallel tools must stand together.

use std::collections::HashMap;

use gatemark_core::Result;
use serde_json::{Map, Value, json};

use super::signature;
use crate::fields::refused;
use crate::image::{self, Image};
use crate::message::{Part, Said, Speaker, ToolCall};

/// A conversation as the API wants it.
#[derive(Debug, PartialEq)]
pub(super) struct Conversation {
    /// Parts of the system's instruction.
    pub(super) system: Vec<Value>,
    /// The turns.
    pub(super) contents: Vec<Value>,
}

/// Translates.
pub(super) fn translate(said: Vec<Said>) -> Result<Conversation> {
    let mut names: HashMap<String, String> = HashMap::new();
    let mut system = Vec::new();
    let mut turns: Vec<(&str, Vec<Value>)> = Vec::new();
    for (rank, said) in said.into_iter().enumerate() {
        let param = format!("messages[{rank}]");
        said.nothing_else(&param, &["name", "is_error"])?;
        let (speaker, parts) = match said.speaker {
            Speaker::System => {
                system.extend(parts(&param, &said.parts)?);
                continue;
            }
            Speaker::User => ("user", parts(&param, &said.parts)?),
            Speaker::Assistant => {
                names.extend(said.tool_calls.iter().map(|c| (c.id.clone(), c.name.clone())));
                ("model", model(&param, &said)?)
            }
            Speaker::Tool => ("user", vec![result(&param, &said, &names)?]),
        };
        match turns.last_mut() {
            Some((last, all)) if *last == speaker => all.extend(parts),
            _ => turns.push((speaker, parts)),
        }
    }
    if turns.is_empty() {
        let why = "needs at least one message that is not a system message";
        return Err(refused("messages", why));
    }
    let contents = turns.into_iter().map(|(role, parts)| json!({"role": role, "parts": parts}));
    Ok(Conversation { system, contents: contents.collect() })
}

fn parts(param: &str, parts: &[Part]) -> Result<Vec<Value>> {
    parts.iter().map(|one| part(param, one)).collect()
}

fn part(param: &str, part: &Part) -> Result<Value> {
    let map = match part {
        Part::Text(text) => return Ok(json!({"text": text})),
        Part::Other(map) => map,
    };
    let param = format!("{param}.content");
    match map.get("type").and_then(Value::as_str) {
        Some("image_url") => match image::read(&param, map)? {
            Image::Data { media_type, data } => {
                Ok(json!({"inlineData": {"mimeType": media_type, "data": data}}))
            }
            Image::Link(_) => {
                let why = "links to an image, which this provider does not fetch: send it as data:<type>;base64,<data>";
                Err(refused(param, why))
            }
        },
        kind => {
            let kind = kind.unwrap_or("unknown");
            let why =
                format!("holds a part of type {kind:?} that this provider cannot take as it is");
            Err(refused(param, &why))
        }
    }
}

fn model(param: &str, said: &Said) -> Result<Vec<Value>> {
    let mut out = parts(param, &said.parts)?;
    if !said.tool_calls.is_empty() {
        // Beside calls an empty text is usual and says nothing.
        out.retain(|part| part.get("text").and_then(Value::as_str) != Some(""));
    }
    for ToolCall { id, name, arguments } in &said.tool_calls {
        let text = if arguments.trim().is_empty() { "{}" } else { arguments.as_str() };
        let args: Map<String, Value> = serde_json::from_str(text).map_err(|_| {
            refused(format!("{param}.tool_calls"), "has arguments that are not a JSON object")
        })?;
        let mut part = json!({"functionCall": {"name": name, "args": args}});
        if let (Some(signature), Some(part)) = (signature::detach(id), part.as_object_mut()) {
            part.insert("thoughtSignature".into(), signature.into());
        }
        out.push(part);
    }
    Ok(out)
}

/// A result that is a JSON object is told as it is, any other under `output` and a failure
/// under `error`, the API's words for them.
fn result(param: &str, said: &Said, names: &HashMap<String, String>) -> Result<Value> {
    let missing = || refused(format!("{param}.tool_call_id"), "is missing");
    let id = said.tool_call_id.as_ref().ok_or_else(missing)?;
    let own = said.rest.get("name").and_then(Value::as_str);
    let unknown = || {
        let why = "names no call earlier in `messages`, from which this provider needs the function's name";
        refused(format!("{param}.tool_call_id"), why)
    };
    let name = names.get(id).map(String::as_str).or(own).ok_or_else(unknown)?;
    let text = said.text().map_err(|kind| {
        refused(
            format!("{param}.content"),
            &format!("holds a part of type {kind:?}; results are text here"),
        )
    })?;
    let failed = said.rest.get("is_error") == Some(&Value::Bool(true));
    let response = match serde_json::from_str::<Value>(&text) {
        _ if failed => json!({"error": text}),
        Ok(object @ Value::Object(_)) => object,
        _ => json!({"output": text}),
    };
    Ok(json!({"functionResponse": {"name": name, "response": response}}))
}
