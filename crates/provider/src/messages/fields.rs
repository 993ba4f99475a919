//! The fields beside the conversation.
//!
//! | field | becomes |
//! |---|---|
//! | `max_tokens` | the same, or `max_completion_tokens` for OpenAI |
//! | `temperature`, `top_p`, `top_k` | the same |
//! | `stop_sequences` | `stop` |
//! | `metadata.user_id` | `user` |
//! | `tools`, `tool_choice` | `tools`, `tool_choice`, `parallel_tool_calls` |
//! | `output_config.format`, `output_config.effort` | `response_format`, `reasoning_effort` |
//! | `thinking: {type: disabled}`, `service_tier: auto`, `cache_control` | nothing |
//! | all others: `thinking` that is on, `container`, `mcp_servers`, … | refused |

use gatemark_core::Result;
use serde_json::value::RawValue;

use super::tools;
use crate::object::{self, Members};
use crate::towards::{Towards, malformed};

type Fields = Vec<(String, Box<RawValue>)>;

/// Translates one field, which is not `null`, into `out`.
pub(super) fn field(
    name: &str,
    value: &RawValue,
    towards: &Towards<'_>,
    out: &mut Fields,
) -> Result<()> {
    let mut put = |name: &str, value: Box<RawValue>| out.push((name.to_string(), value));
    match name {
        "max_tokens" => put(towards.bound, value.to_owned()),
        "temperature" | "top_p" | "top_k" => put(name, value.to_owned()),
        "stop_sequences" => put("stop", value.to_owned()),
        "tools" => put("tools", tools::declarations(value, towards)?),
        "tool_choice" => {
            let (choice, parallel) = tools::choice(value, towards)?;
            put("tool_choice", choice);
            if let Some(parallel) = parallel {
                put("parallel_tool_calls", parallel);
            }
        }
        "metadata" => {
            let members = Members::of(value);
            let mut members = members.ok_or_else(|| malformed("metadata", "an object"))?;
            if let Some(user) = members.take("user_id") {
                put("user", user.to_owned());
            }
        }
        "output_config" => output(value, towards, out)?,
        "thinking" if towards.knows => put(name, value.to_owned()),
        "thinking" if is_off(value) => {}
        "service_tier" if value.get() == "\"auto\"" => {}
        "cache_control" => {}
        _ => return Err(towards.refuse(name, "this field")),
    }
    Ok(())
}

fn is_off(thinking: &RawValue) -> bool {
    let kind = Members::of(thinking).and_then(|mut members| members.take("type"));
    kind.and_then(object::text).as_deref() == Some("disabled")
}

fn output(value: &RawValue, towards: &Towards<'_>, out: &mut Fields) -> Result<()> {
    let wanted = "an object";
    let members = Members::of(value);
    let mut members = members.ok_or_else(|| malformed("output_config", wanted))?;
    if let Some(effort) = members.take("effort") {
        if !matches!(effort.get(), "\"low\"" | "\"medium\"" | "\"high\"") {
            return Err(towards.refuse("output_config.effort", "this effort"));
        }
        out.push(("reasoning_effort".into(), effort.to_owned()));
    }
    if let Some(format) = members.take("format") {
        let param = "output_config.format";
        let mut format = Members::of(format).ok_or_else(|| malformed(param, wanted))?;
        let kind = format.take("type").and_then(object::text);
        let schema = format.take("schema").filter(|_| kind.as_deref() == Some("json_schema"));
        let (Some(schema), None) = (schema, format.left()) else {
            return Err(towards.refuse(param, "this format"));
        };
        // Put together as text, so that the schema keeps its order.
        let text = format!(
            r#"{{"type":"json_schema","json_schema":{{"name":"answer","strict":true,"schema":{}}}}}"#,
            schema.get()
        );
        let parsed: Box<RawValue> = serde_json::from_str(&text)
            .map_err(|_| malformed("output_config.format.schema", wanted))?;
        out.push(("response_format".into(), parsed));
    }
    match members.left() {
        Some(key) => Err(towards.refuse(&format!("output_config.{key}"), "this field")),
        None => Ok(()),
    }
}
