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
    #[serde(skip_serializing_if = "Option::is_none")]
    cache_control: Option<&'a RawValue>,
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

/// Declarations.
pub(super) fn declarations(value: &RawValue, towards: &Towards<'_>) -> Result<Box<RawValue>> {
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
    if let Some(kind) = kind.filter(|kind| kind != "custom") {
        // A tool that the vendor itself runs.
        return if towards.knows {
            Ok(value.to_owned())
        } else {
            Err(towards.refuse(param, &format!("a {kind:?} tool")))
        };
    }
    let name = members.take("name");
    let name = name.ok_or_else(|| malformed(&format!("{param}.name"), "a text"))?;
    // It decides in which pieces arguments arrive, and nothing about them.
    members.take("eager_input_streaming");
    let cache_control = members.take("cache_control").filter(|_| towards.knows);
    let tool = Tool {
        r#type: "function",
        function: Function {
            name,
            description: members.take("description"),
            parameters: members.take("input_schema"),
            strict: members.take("strict"),
        },
        cache_control,
    };
    match members.left() {
        Some(key) => Err(towards.refuse(&format!("{param}.{key}"), "this property of a tool")),
        None => raw(&tool),
    }
}

/// The choice, and `parallel_tool_calls` if it says something about that.
pub(super) fn choice(
    value: &RawValue,
    towards: &Towards<'_>,
) -> Result<(Box<RawValue>, Option<Box<RawValue>>)> {
    let wanted = "an object with a `type` of auto, any, tool or none";
    let members = Members::of(value);
    let mut members = members.ok_or_else(|| malformed("tool_choice", wanted))?;
    let kind = members.take("type").and_then(object::text);
    let choice = match kind.as_deref() {
        Some("auto") => json!("auto"),
        Some("any") => json!("required"),
        Some("none") => json!("none"),
        Some("tool") => {
            let name = members.take("name").and_then(object::text);
            let name = name.ok_or_else(|| malformed("tool_choice.name", "a text"))?;
            json!({"type": "function", "function": {"name": name}})
        }
        _ => return Err(malformed("tool_choice", wanted)),
    };
    let single = members.take("disable_parallel_tool_use").is_some_and(|raw| raw.get() == "true");
    if let Some(key) = members.left() {
        return Err(towards.refuse(&format!("tool_choice.{key}"), "this part of a choice"));
    }
    Ok((raw(&choice)?, single.then(|| raw(&false)).transpose()?))
}
