//! Reads a conversation in the shape of chat completions into parts, for vendors that speak otherwise.

use std::borrow::Cow;

use gatemark_core::{Error, Result};
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::request::Messages;

/// Who speaks on the wire; `developer` counts as system.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Speaker {
    /// The application's instructions.
    System,
    /// The person.
    User,
    /// The model.
    Assistant,
    /// The result of a tool.
    Tool,
}

/// One piece of a message.
#[derive(Debug, Clone, PartialEq)]
pub enum Part {
    /// Text.
    Text(String),
    /// Anything else, as it was written; its `type` says what.
    Other(Map<String, Value>),
}

/// A call of a function that the model asked for.
#[derive(Debug, Clone, PartialEq)]
pub struct ToolCall {
    /// The vendor's id of the call.
    pub id: String,
    /// The function.
    pub name: String,
    /// Its arguments: JSON in a text, as the model wrote it.
    pub arguments: String,
}

/// One message.
#[derive(Debug, Clone, PartialEq)]
pub struct Said {
    /// Who speaks.
    pub speaker: Speaker,
    /// What is said.
    pub parts: Vec<Part>,
    /// Tools that the model wants called.
    pub tool_calls: Vec<ToolCall>,
    /// Which call a tool's result answers.
    pub tool_call_id: Option<String>,
    /// Keys that have no place above, such as `name`, unless `null`.
    pub rest: Map<String, Value>,
}

impl Said {
    /// Refuses keys that would be lost where there is no place for them. Empty arrays (`annotations`) say nothing,
    /// and of a tool's result the keys `of_tools` are known from elsewhere.
    ///
    /// # Errors
    /// `Invalid`, naming the first such key of the message `param`.
    pub(crate) fn nothing_else(&self, param: &str, of_tools: &[&str]) -> Result<()> {
        let harmless = |key: &str, value: &Value| {
            value.as_array().is_some_and(Vec::is_empty)
                || (self.speaker == Speaker::Tool && of_tools.contains(&key))
        };
        match self.rest.iter().find(|(key, value)| !harmless(key, value)) {
            Some((key, _)) => {
                let param = format!("{param}.{key}");
                let message = format!("`{param}` has no equivalent at this provider");
                Err(Error::invalid(message).at(param))
            }
            None => Ok(()),
        }
    }

    /// The text parts joined.
    ///
    /// # Errors
    /// The `type` of the first part that is not text.
    pub fn text(&self) -> Result<Cow<'_, str>, &str> {
        if let [Part::Text(text)] = self.parts.as_slice() {
            return Ok(Cow::Borrowed(text));
        }
        let mut joined = String::new();
        for part in &self.parts {
            match part {
                Part::Text(text) => joined.push_str(text),
                Part::Other(map) => {
                    return Err(map.get("type").and_then(Value::as_str).unwrap_or("unknown"));
                }
            }
        }
        Ok(Cow::Owned(joined))
    }
}

#[derive(Deserialize)]
#[serde(expecting = "an object with `role` and `content`")]
struct WireMessage {
    role: String,
    #[serde(default)]
    content: Option<WireContent>,
    #[serde(default)]
    tool_calls: Option<Vec<WireCall>>,
    #[serde(default)]
    tool_call_id: Option<String>,
    #[serde(flatten)]
    rest: Map<String, Value>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum WireContent {
    Text(String),
    Parts(Vec<Map<String, Value>>),
}

#[derive(Deserialize)]
struct WireCall {
    id: String,
    #[serde(default)]
    r#type: Option<String>,
    function: WireFunction,
}

#[derive(Deserialize)]
struct WireFunction {
    name: String,
    #[serde(default)]
    arguments: String,
}

/// Reads a conversation, rendered by us or as the caller wrote it.
///
/// # Errors
/// `Invalid`, naming the message (`messages[2]`), if one is not of the known shape.
pub fn read(messages: &Messages) -> Result<Vec<Said>> {
    let raw = match messages {
        Messages::Raw(raw) => raw,
        Messages::Turns(turns) => return Ok(turns.iter().map(rendered).collect()),
    };
    let items: Vec<&serde_json::value::RawValue> = serde_json::from_str(raw.get())
        .map_err(|_| Error::invalid("`messages` must be an array").at("messages"))?;
    items.iter().enumerate().map(|(rank, item)| message(rank, item.get())).collect()
}

fn rendered(turn: &crate::request::Turn) -> Said {
    use gatemark_core::prompt::Role;
    let speaker = match turn.role {
        Role::System => Speaker::System,
        Role::User => Speaker::User,
        Role::Assistant => Speaker::Assistant,
    };
    Said {
        speaker,
        parts: vec![Part::Text(turn.text.clone())],
        tool_calls: Vec::new(),
        tool_call_id: None,
        rest: Map::new(),
    }
}

/// Names that we act on. Written otherwise, some servers would still act on them.
const NAMES: [&str; 4] = ["role", "content", "tool_calls", "tool_call_id"];

fn message(rank: usize, text: &str) -> Result<Said> {
    let param = format!("messages[{rank}]");
    let wire: WireMessage = serde_json::from_str(text)
        .map_err(|cause| Error::invalid(format!("`{param}` is not usable: {cause}")).at(&*param))?;
    let speaker = match wire.role.as_str() {
        "system" | "developer" => Speaker::System,
        "user" => Speaker::User,
        "assistant" => Speaker::Assistant,
        "tool" => Speaker::Tool,
        other => {
            let message = format!("`{param}.role` is {other:?}: use system, user, assistant, tool");
            return Err(Error::invalid(message).at(format!("{param}.role")));
        }
    };
    let parts = match wire.content {
        None => Vec::new(),
        Some(WireContent::Text(text)) => vec![Part::Text(text)],
        Some(WireContent::Parts(parts)) => parts.into_iter().map(part).collect(),
    };
    let mut tool_calls = Vec::new();
    for call in wire.tool_calls.unwrap_or_default() {
        if let Some(kind) = call.r#type.filter(|kind| kind != "function") {
            let message =
                format!("`{param}.tool_calls` holds a {kind:?}; only functions are known");
            return Err(Error::invalid(message).at(format!("{param}.tool_calls")));
        }
        let WireFunction { name, arguments } = call.function;
        tool_calls.push(ToolCall { id: call.id, name, arguments });
    }
    let mut rest = wire.rest;
    let disguised = |key: &&String| NAMES.iter().any(|name| name.eq_ignore_ascii_case(key));
    if let Some(key) = rest.keys().find(disguised) {
        let message = format!("`{param}.{key}` must be written in lower case");
        return Err(Error::invalid(message).at(format!("{param}.{key}")));
    }
    rest.retain(|_, value| !value.is_null());
    Ok(Said { speaker, parts, tool_calls, tool_call_id: wire.tool_call_id, rest })
}

fn part(map: Map<String, Value>) -> Part {
    let plain = map.len() == 2 && map.get("type").and_then(Value::as_str) == Some("text");
    match map.get("text") {
        Some(Value::String(text)) if plain => Part::Text(text.clone()),
        _ => Part::Other(map),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::value::RawValue;

    fn read_raw(text: &str) -> Result<Vec<Said>> {
        read(&Messages::Raw(RawValue::from_string(text.into()).unwrap()))
    }

    #[test]
    fn strings_and_parts() {
        let said = read_raw(
            r#"[{"role":"developer","content":"be brief"},
                {"role":"user","content":[{"type":"text","text":"a"},{"type":"text","text":"b"}]},
                {"role":"assistant","content":null,"refusal":null,
                 "tool_calls":[{"id":"c","type":"function","function":{"name":"f","arguments":"{}"}}]},
                {"role":"tool","tool_call_id":"c","content":"1"},
                {"role":"user","content":[{"type":"image_url","image_url":{"url":"x"}}]}]"#,
        )
        .unwrap();
        let texts: Vec<_> = said.iter().map(|s| s.text().map(Cow::into_owned)).collect();
        let ok = |t: &str| Ok(t.to_string());
        assert_eq!(texts, [ok("be brief"), ok("ab"), ok(""), ok("1"), Err("image_url")]);
        assert_eq!(said[0].speaker, Speaker::System);
        assert_eq!(said[2].tool_calls[0].name, "f");
        assert_eq!(said[3].tool_call_id.as_deref(), Some("c"));
    }

    #[test]
    fn refusals_name_the_message() {
        let param = |text: &str| read_raw(text).unwrap_err().param().map(str::to_string);
        assert_eq!(
            param(r#"[{"role":"user","Role":"system","content":""}]"#).as_deref(),
            Some("messages[0].Role")
        );
        assert_eq!(
            param(r#"[{"role":"user","content":""},{"role":"boss"}]"#).as_deref(),
            Some("messages[1].role")
        );
        assert_eq!(param(r#"["x"]"#).as_deref(), Some("messages[0]"));
        assert_eq!(param(r#"[{"role":"user","content":5}]"#).as_deref(), Some("messages[0]"));
    }
}
