//! From the words of chat completions to a request for a response.
//!
//! | field | becomes |
//! |---|---|
//! | `max_completion_tokens`, `max_tokens` | `max_output_tokens` |
//! | `temperature`, `top_p`, `user`, `metadata`, `service_tier`, `safety_identifier`, `prompt_cache_key`, `prompt_cache_retention`, `parallel_tool_calls`, `store` | the same |
//! | `tools`, `tool_choice` | the same, in the other shape |
//! | `response_format`, `verbosity` | `text` |
//! | `reasoning_effort` | `reasoning.effort` |
//! | `stream_options`, `n: 1`, `logprobs: false`, penalties of 0, `modalities: [text]`, empty `logit_bias` | nothing: they ask for the default |
//! | all others: `stop`, `seed`, `n` over 1, `logprobs`, … | refused |
//!
//! Two defaults differ and are written out: chat completions are not stored, and their tools are not strict.

use gatemark_core::{Error, Result};
use serde_json::value::{RawValue, to_raw_value};
use serde_json::{Map, Value, json};

use super::conversation;
use crate::dialect::Dialect;
use crate::message;
use crate::request::{ChatRequest, Messages};

/// Translates.
///
/// # Errors
/// `Invalid` with the field that cannot be expressed.
pub(crate) fn translate(request: &ChatRequest) -> Result<ChatRequest> {
    let input = conversation::translate(message::read(&request.messages)?)?;
    let mut fields = Vec::with_capacity(request.fields.len() + 1);
    let mut text = Map::new();
    for (name, value) in &request.fields {
        if value.get() == "null" {
            continue;
        }
        match name.as_str() {
            "response_format" => drop(text.insert("format".into(), format(&read(name, value)?)?)),
            "verbosity" => drop(text.insert("verbosity".into(), read(name, value)?)),
            _ => fields.extend(field(name, value)?),
        }
    }
    if !text.is_empty() {
        fields.push(("text".into(), raw(&text.into())?));
    }
    if request.field("store").is_none() {
        fields.push(("store".into(), raw(&Value::Bool(false))?));
    }
    both_bounds(request)?;
    Ok(ChatRequest {
        dialect: Dialect::Responses,
        model: request.model.clone(),
        messages: Messages::Raw(raw(&input.into())?),
        stream: request.stream,
        usage_wanted: request.usage_wanted,
        fields,
        headers: Vec::new(),
        stable: 0,
        form: None,
    })
}

fn raw(value: &Value) -> Result<Box<RawValue>> {
    to_raw_value(value)
        .map_err(|cause| Error::internal("cannot write the vendor's request").because(cause))
}

fn read(name: &str, value: &RawValue) -> Result<Value> {
    serde_json::from_str(value.get())
        .map_err(|cause| Error::invalid(format!("`{name}` is not usable: {cause}")).at(name))
}

/// The bound on the answer by both its names, which must agree; the second is then left out.
fn both_bounds(request: &ChatRequest) -> Result<()> {
    match (request.field("max_completion_tokens"), request.field("max_tokens")) {
        (Some(new), Some(old)) if new.get() != old.get() => {
            let message = "`max_tokens` and `max_completion_tokens` contradict each other";
            Err(Error::invalid(message).at("max_tokens"))
        }
        (Some(_), Some(_)) => {
            let message = "give `max_tokens` or `max_completion_tokens`, not both";
            Err(Error::invalid(message).at("max_tokens"))
        }
        _ => Ok(()),
    }
}

fn field(name: &str, value: &RawValue) -> Result<Option<(String, Box<RawValue>)>> {
    let same = |name: &str| Ok(Some((name.to_string(), value.to_owned())));
    let harmless = match (name, value.get()) {
        ("model" | "messages" | "stream" | "stream_options", _) => true,
        ("n", "1") | ("logprobs", "false") | ("logit_bias", "{}") => true,
        ("frequency_penalty" | "presence_penalty", zero) => zero.parse() == Ok(0.0),
        ("modalities", _) => read(name, value)? == json!(["text"]),
        _ => false,
    };
    if harmless {
        return Ok(None);
    }
    let translated = |name: &str, value: Value| Ok(Some((name.to_string(), raw(&value)?)));
    match name {
        "max_completion_tokens" | "max_tokens" => same("max_output_tokens"),
        "temperature"
        | "top_p"
        | "user"
        | "metadata"
        | "service_tier"
        | "safety_identifier"
        | "prompt_cache_key"
        | "prompt_cache_retention"
        | "parallel_tool_calls"
        | "store" => same(name),
        "reasoning_effort" => translated("reasoning", json!({"effort": read(name, value)?})),
        "tools" => translated("tools", tools(&read(name, value)?)?),
        "tool_choice" => translated("tool_choice", choice(read(name, value)?)?),
        _ => {
            let shown: String = value.get().chars().take(60).collect();
            let message = format!(
                "`{name}: {shown}` has no equivalent at a provider that speaks OpenAI's responses: leave it out \
                 or choose another model"
            );
            Err(Error::invalid(message).at(name).coded("unsupported_field"))
        }
    }
}

fn refused(param: String, why: &str) -> Error {
    Error::invalid(format!("`{param}` {why}")).at(param)
}

/// A schema stands in an object of its own there and beside the `type` here.
fn format(format: &Value) -> Result<Value> {
    let kind = format.get("type").and_then(Value::as_str);
    let Some("json_schema") = kind else { return Ok(format.clone()) };
    let schema = format.get("json_schema").and_then(Value::as_object);
    let why = "needs a `json_schema` with a `name` and a `schema`";
    let schema = schema.ok_or_else(|| refused("response_format".into(), why))?;
    let mut out = Map::new();
    out.insert("type".into(), "json_schema".into());
    out.extend(schema.iter().map(|(key, value)| (key.clone(), value.clone())));
    Ok(out.into())
}

fn tools(tools: &Value) -> Result<Value> {
    let tools = tools.as_array().ok_or_else(|| refused("tools".into(), "must be an array"))?;
    let declared = tools.iter().enumerate().map(|(rank, tool)| {
        let function = tool.get("function").and_then(Value::as_object);
        let kind = tool.get("type").and_then(Value::as_str);
        let (Some("function"), Some(function)) = (kind, function) else {
            // A tool that the API itself runs, in its own words.
            let own = kind.is_some_and(|kind| kind != "function") && function.is_none();
            let why = "is not a function";
            return if own {
                Ok(tool.clone())
            } else {
                Err(refused(format!("tools[{rank}]"), why))
            };
        };
        let mut out = Map::new();
        out.insert("type".into(), "function".into());
        out.extend(function.iter().map(|(key, value)| (key.clone(), value.clone())));
        out.entry("parameters").or_insert(Value::Null);
        out.entry("strict").or_insert(Value::Bool(false));
        Ok(out.into())
    });
    declared.collect()
}

fn choice(choice: Value) -> Result<Value> {
    let Value::Object(object) = &choice else { return Ok(choice) };
    let name = object.get("function").and_then(|function| function.get("name"));
    let why = "must be auto, none, required or {type: function, function: {name}}";
    let name = name.ok_or_else(|| refused("tool_choice".into(), why))?;
    Ok(json!({"type": "function", "name": name}))
}
