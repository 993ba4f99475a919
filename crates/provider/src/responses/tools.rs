//! Declarations of tools and the choice among them.

use gatemark_core::Result;
use serde::Serialize;
use serde_json::json;
use serde_json::value::RawValue;

use crate::object::{self, Members};
use crate::towards::{Towards, malformed, raw};

#[derive(Serialize)]
struct Tool<'a> {
    r#type: &'static str,
    function: Function<'a>,
}

#[derive(Serialize)]
struct Function<'a> {
    name: &'a RawValue,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    parameters: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    strict: Option<&'a RawValue>,
}

/// Translates `tools`, `tool_choice` or `parallel_tool_calls`.
pub(super) fn field(name: &str, value: &RawValue, towards: &Towards<'_>) -> Result<Box<RawValue>> {
    match name {
        "tools" => declarations(value, towards),
        "tool_choice" => choice(value, towards),
        _ => Ok(value.to_owned()),
    }
}

fn declarations(value: &RawValue, towards: &Towards<'_>) -> Result<Box<RawValue>> {
    let tools = object::elements(value).ok_or_else(|| malformed("tools", "an array"))?;
    let declared: Result<Vec<Box<RawValue>>> = tools
        .into_iter()
        .enumerate()
        .map(|(rank, tool)| declaration(&format!("tools[{rank}]"), tool, towards))
        .collect();
    raw(&declared?)
}

fn declaration(param: &str, value: &RawValue, towards: &Towards<'_>) -> Result<Box<RawValue>> {
    let mut members = Members::of(value).ok_or_else(|| malformed(param, "an object"))?;
    let kind = members.take("type").and_then(object::text);
    let kind = kind.ok_or_else(|| malformed(&format!("{param}.type"), "a text"))?;
    if kind != "function" {
        return Err(towards.refuse(param, &format!("a {kind:?} tool")));
    }
    let name = members.take("name");
    let name = name.ok_or_else(|| malformed(&format!("{param}.name"), "a text"))?;
    let function = Function {
        name,
        description: members.take("description"),
        parameters: members.take("parameters"),
        strict: members.take("strict"),
    };
    match members.left() {
        Some(key) => Err(towards.refuse(&format!("{param}.{key}"), "this property of a tool")),
        None => raw(&Tool { r#type: "function", function }),
    }
}

fn choice(value: &RawValue, towards: &Towards<'_>) -> Result<Box<RawValue>> {
    if matches!(value.get(), "\"auto\"" | "\"none\"" | "\"required\"") {
        return Ok(value.to_owned());
    }
    let wanted = "auto, none, required or {type: function, name}";
    let members = Members::of(value);
    let mut members = members.ok_or_else(|| malformed("tool_choice", wanted))?;
    let kind = members.take("type").and_then(object::text);
    let name = members.take("name").and_then(object::text);
    match (kind.as_deref(), name, members.left()) {
        (Some("function"), Some(name), None) => {
            raw(&json!({"type": "function", "function": {"name": name}}))
        }
        (Some("function") | None, ..) => Err(malformed("tool_choice", wanted)),
        (Some(kind), ..) => Err(towards.refuse("tool_choice", &format!("a {kind:?} choice"))),
    }
}
