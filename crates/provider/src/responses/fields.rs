//! The fields beside the conversation.
//!
//! | field | becomes |
//! |---|---|
//! | `max_output_tokens` | `max_tokens`, or `max_completion_tokens` for OpenAI |
//! | `temperature`, `top_p`, `user`, `service_tier` | the same |
//! | `safety_identifier` | `user` |
//! | `tools`, `tool_choice`, `parallel_tool_calls` | the same, in the other shape; nothing without tools |
//! | `text.format`, `text.verbosity` | `response_format`, `verbosity` |
//! | `reasoning.effort` | `reasoning_effort` |
//! | `store: false`, `background: false`, `truncation: disabled`, `top_logprobs: 0`, `reasoning.summary: auto`, `service_tier: auto`, `text.verbosity: medium`, `include: [reasoning.encrypted_content]`, `metadata`, `max_tool_calls`, `stream_options`, `prompt_cache_key`, `prompt_cache_retention` | nothing |
//! | all others: `previous_response_id`, `conversation`, … | refused |

use gatemark_core::Result;
use serde::Serialize;
use serde_json::value::RawValue;

use super::tools;
use crate::object::{self, Members};
use crate::request::ChatRequest;
use crate::towards::{Towards, malformed, raw};

type Fields = Vec<(String, Box<RawValue>)>;

/// Translates all fields but `instructions`.
pub(super) fn fields(request: &ChatRequest, towards: &Towards<'_>) -> Result<Fields> {
    let mut out = Vec::with_capacity(request.fields.len());
    let has_tools = request.field("tools").is_some_and(|tools| !is_empty(tools));
    for (name, value) in &request.fields {
        let told = value.get() != "null" && name != "instructions";
        let about_tools = matches!(name.as_str(), "tools" | "tool_choice" | "parallel_tool_calls");
        if !told {
            continue;
        }
        if !about_tools {
            field(name, value, request, towards, &mut out)?;
        } else if has_tools || !says_little(name, value) {
            out.push((name.clone(), tools::field(name, value, towards)?));
        }
    }
    Ok(out)
}

fn is_empty(array: &RawValue) -> bool {
    object::elements(array).is_some_and(|elements| elements.is_empty())
}

/// What may be said of tools where there are none; vendors of chat completions refuse it.
fn says_little(name: &str, value: &RawValue) -> bool {
    match name {
        "tools" => is_empty(value),
        "tool_choice" => matches!(value.get(), "\"auto\"" | "\"none\""),
        _ => matches!(value.get(), "true" | "false"),
    }
}

fn field(
    name: &str,
    value: &RawValue,
    request: &ChatRequest,
    towards: &Towards<'_>,
    out: &mut Fields,
) -> Result<()> {
    let mut put = |name: &str| out.push((name.to_string(), value.to_owned()));
    match (name, value.get()) {
        ("max_output_tokens", _) => put(towards.bound),
        ("service_tier", "\"auto\"") => {}
        ("temperature" | "top_p" | "user" | "service_tier", _) => put(name),
        ("safety_identifier", _) if request.field("user").is_none() => put("user"),
        ("text", _) => text(value, towards, out)?,
        ("reasoning", _) => reasoning(value, towards, out)?,
        ("include", _) if is_of_thoughts(value) => {}
        ("store" | "background", "false") => {}
        ("truncation", "\"disabled\"") | ("top_logprobs", "0") => {}
        (
            "metadata"
            | "max_tool_calls"
            | "stream_options"
            | "prompt_cache_key"
            | "prompt_cache_retention",
            _,
        ) => {}
        ("store" | "background" | "truncation" | "top_logprobs" | "include", _) => {
            let shown: String = value.get().chars().take(60).collect();
            return Err(towards.refuse(name, &format!("the value {shown}")));
        }
        _ => return Err(towards.refuse(name, "this field")),
    }
    Ok(())
}

/// Whether nothing is to be included but thoughts in a form that only their vendor reads: where the vendor
/// has none, there is nothing to leave out.
fn is_of_thoughts(include: &RawValue) -> bool {
    let wanted = object::elements(include);
    wanted.is_some_and(|all| all.iter().all(|raw| raw.get() == "\"reasoning.encrypted_content\""))
}

#[derive(Serialize)]
struct Format<'a> {
    r#type: &'static str,
    json_schema: Schema<'a>,
}

#[derive(Serialize)]
struct Schema<'a> {
    name: &'a RawValue,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<&'a RawValue>,
    schema: &'a RawValue,
    #[serde(skip_serializing_if = "Option::is_none")]
    strict: Option<&'a RawValue>,
}

fn text(value: &RawValue, towards: &Towards<'_>, out: &mut Fields) -> Result<()> {
    let mut text = Members::of(value).ok_or_else(|| malformed("text", "an object"))?;
    if let Some(verbosity) = text.take("verbosity").filter(|raw| raw.get() != "\"medium\"") {
        out.push(("verbosity".into(), verbosity.to_owned()));
    }
    if let Some(value) = text.take("format") {
        let format = format(value, towards)?;
        out.extend(format.map(|format| ("response_format".to_string(), format)));
    }
    none_left(&text, "text", towards)
}

fn format(value: &RawValue, towards: &Towards<'_>) -> Result<Option<Box<RawValue>>> {
    let param = "text.format";
    let mut format = Members::of(value).ok_or_else(|| malformed(param, "an object"))?;
    let kind = format.take("type").and_then(object::text);
    let translated = match kind.as_deref() {
        Some("text") => None,
        Some("json_object") => Some(raw(&serde_json::json!({"type": "json_object"}))?),
        Some("json_schema") => {
            let mut needed = |name: &str, wanted: &str| {
                let found = format.take(name);
                found.ok_or_else(|| malformed(&format!("{param}.{name}"), wanted))
            };
            let json_schema = Schema {
                name: needed("name", "a text")?,
                schema: needed("schema", "an object")?,
                description: format.take("description"),
                strict: format.take("strict"),
            };
            Some(raw(&Format { r#type: "json_schema", json_schema })?)
        }
        _ => return Err(towards.refuse(param, "this format")),
    };
    none_left(&format, param, towards)?;
    Ok(translated)
}

fn reasoning(value: &RawValue, towards: &Towards<'_>, out: &mut Fields) -> Result<()> {
    let mut reasoning = Members::of(value).ok_or_else(|| malformed("reasoning", "an object"))?;
    if let Some(effort) = reasoning.take("effort") {
        out.push(("reasoning_effort".into(), effort.to_owned()));
    }
    // Thoughts are shown as far as the vendor shows them.
    for name in ["summary", "generate_summary"] {
        reasoning.0.retain(|(key, raw)| key != name || raw.get() != "\"auto\"");
    }
    none_left(&reasoning, "reasoning", towards)
}

fn none_left(members: &Members<'_>, param: &str, towards: &Towards<'_>) -> Result<()> {
    match members.left() {
        Some(key) => Err(towards.refuse(&format!("{param}.{key}"), "this field")),
        None => Ok(()),
    }
}
