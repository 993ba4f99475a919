//! The fields of a chat completion request, for vendors that have other words for them.
//!
//! Nothing is silently dropped: a vendor takes the fields that it can express ([`Fields::take`]); what is left
//! is harmless, because it asks for what happens anyway, or refused by name ([`Fields::close`]).

use gatemark_core::{Error, Result};
use serde_json::{Map, Value, json};

use crate::request::ChatRequest;

/// The fields that are left.
pub(crate) struct Fields {
    left: Map<String, Value>,
    vendor: &'static str,
}

/// A mistake in the field or message `param`.
pub(crate) fn refused(param: impl Into<String>, why: &str) -> Error {
    let param = param.into();
    Error::invalid(format!("`{param}` {why}")).at(param)
}

impl Fields {
    /// The request's fields; `null` counts as absent. `vendor` completes "a provider that speaks …".
    pub(crate) fn of(request: &ChatRequest, vendor: &'static str) -> Result<Self> {
        let mut left = Map::new();
        for (key, raw) in &request.fields {
            let value: Value = serde_json::from_str(raw.get()).map_err(|cause| {
                Error::invalid(format!("`{key}` is not usable: {cause}")).at(key.as_str())
            })?;
            if !value.is_null() {
                left.insert(key.clone(), value);
            }
        }
        Ok(Self { left, vendor })
    }

    /// Takes a field out.
    pub(crate) fn take(&mut self, key: &str) -> Option<Value> {
        self.left.remove(key)
    }

    /// Takes a field out if its value will do.
    pub(crate) fn take_if(&mut self, key: &str, will_do: impl Fn(&Value) -> bool) -> Option<Value> {
        if self.left.get(key).is_some_and(will_do) { self.take(key) } else { None }
    }

    /// The bound on the answer's tokens, under its new or its old name.
    pub(crate) fn max_tokens(&mut self) -> Result<Option<u64>> {
        let mut read = |key: &str| match self.take(key) {
            None => Ok(None),
            Some(value) => match value.as_u64().filter(|&count| count > 0) {
                Some(count) => Ok(Some(count)),
                None => Err(refused(key, "must be a whole number over 0")),
            },
        };
        match (read("max_completion_tokens")?, read("max_tokens")?) {
            (Some(new), Some(old)) if new != old => {
                Err(refused("max_tokens", "contradicts `max_completion_tokens`"))
            }
            (new, old) => Ok(new.or(old)),
        }
    }

    /// The stop sequences as a list.
    pub(crate) fn stop(&mut self) -> Result<Option<Value>> {
        match self.take("stop") {
            None => Ok(None),
            Some(one @ Value::String(_)) => Ok(Some(json!([one]))),
            Some(Value::Array(all)) if all.iter().all(Value::is_string) => Ok(Some(all.into())),
            Some(_) => Err(refused("stop", "must be a text or a list of texts")),
        }
    }

    /// Refuses what is left and would be lost.
    pub(crate) fn close(self) -> Result<()> {
        let Some((key, value)) = self.left.iter().find(|(key, value)| !harmless(key, value)) else {
            return Ok(());
        };
        let shown: String = value.to_string().chars().take(60).collect();
        let vendor = self.vendor;
        let message = format!(
            "`{key}: {shown}` has no equivalent at a provider that speaks {vendor}: leave it out or choose \
             another model"
        );
        Err(Error::invalid(message).at(key.as_str()).coded("unsupported_field"))
    }
}

/// Whether a field asks for what happens anyway. `stream_options` is the gateway's own business.
fn harmless(key: &str, value: &Value) -> bool {
    match key {
        "model" | "messages" | "stream" | "stream_options" => true,
        "parallel_tool_calls" => value == true,
        "n" => value.as_u64() == Some(1),
        "store" | "logprobs" => value == false,
        "frequency_penalty" | "presence_penalty" => value.as_f64() == Some(0.0),
        "response_format" => *value == json!({"type": "text"}),
        "modalities" => *value == json!(["text"]),
        "metadata" | "logit_bias" => value.as_object().is_some_and(Map::is_empty),
        "service_tier" => value == "auto",
        _ => false,
    }
}

/// A declared function, in the words of chat completions.
pub(crate) struct Declared {
    /// Its name.
    pub(crate) name: Value,
    /// What it does.
    pub(crate) description: Option<Value>,
    /// The JSON schema of its arguments.
    pub(crate) parameters: Option<Value>,
}

/// Reads `tools`. `strict: true` cannot be promised and is refused.
pub(crate) fn declared(tools: &Value) -> Result<Vec<Declared>> {
    let tools = tools.as_array().ok_or_else(|| refused("tools", "must be an array"))?;
    let read = |(rank, tool): (usize, &Value)| {
        let function = tool.get("function").and_then(Value::as_object);
        let is_function = tool.get("type").and_then(Value::as_str) == Some("function");
        let Some(function) = function.filter(|_| is_function) else {
            let why = "is not a function; this provider knows no other tools";
            return Err(refused(format!("tools[{rank}]"), why));
        };
        let has_place = |key: &str, value: &Value| match key {
            "name" | "description" | "parameters" => true,
            "strict" => value == false || value.is_null(),
            _ => value.is_null(),
        };
        let lost = function.iter().find(|(key, value)| !has_place(key, value));
        if let Some((key, _)) = lost {
            let param = format!("tools[{rank}].function.{key}");
            return Err(refused(param, "has no equivalent at this provider"));
        }
        let part = |key: &str| function.get(key).filter(|value| !value.is_null()).cloned();
        let missing = || refused(format!("tools[{rank}].function.name"), "is missing");
        let name = part("name").filter(Value::is_string).ok_or_else(missing)?;
        Ok(Declared { name, description: part("description"), parameters: part("parameters") })
    };
    tools.iter().enumerate().map(read).collect()
}

/// Which tools are to be called.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Choice {
    /// As the model likes.
    Auto,
    /// None.
    None,
    /// At least one.
    Any,
    /// This one.
    Named(String),
}

/// Reads `tool_choice`.
pub(crate) fn choice(value: &Value) -> Result<Choice> {
    let named = value.pointer("/function/name").and_then(Value::as_str);
    match (value.as_str(), named) {
        (Some("auto"), _) => Ok(Choice::Auto),
        (Some("none"), _) => Ok(Choice::None),
        (Some("required"), _) => Ok(Choice::Any),
        (_, Some(name)) => Ok(Choice::Named(name.to_string())),
        _ => {
            let why = "must be auto, none, required or {type: function, function: {name}}";
            Err(refused("tool_choice", why))
        }
    }
}
