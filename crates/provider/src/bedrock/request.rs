//! Writes the request.
//!
//! | field | becomes |
//! |---|---|
//! | system messages | `system` |
//! | `max_completion_tokens`, `max_tokens`, `temperature`, `top_p`, `stop` | `inferenceConfig` |
//! | `tools`, `tool_choice` (not `none`) | `toolConfig` |
//! | `response_format` with a schema | `outputConfig.textFormat` |
//! | `thinking` | `additionalModelRequestFields.thinking` |
//! | `additional_model_request_fields`, `guardrail_config`, `performance_config` (Amazon's own) | the same, in camel case |
//! | `metadata` | `requestMetadata` |
//! | `n: 1`, `stream_options` and other requests for the default | nothing |
//! | all others | refused |

use bytes::Bytes;
use gatemark_core::{Error, Result};
use serde_json::{Map, Value, json};

use super::conversation::{self, Conversation};
use crate::fields::{self, Choice, Fields, refused};
use crate::message;
use crate::request::ChatRequest;

const OWN: [(&str, &str); 3] = [
    ("guardrail_config", "guardrailConfig"),
    ("performance_config", "performanceConfig"),
    ("metadata", "requestMetadata"),
];

/// Writes the body, the same for whole answers and streams.
///
/// # Errors
/// `Invalid` with the field that cannot be expressed.
pub(crate) fn write(request: &ChatRequest) -> Result<Bytes> {
    let Conversation { system, messages } =
        conversation::translate(message::read(&request.messages)?)?;
    let mut fields = Fields::of(request, "Bedrock's protocol")?;
    let mut body = Map::new();
    body.insert("messages".into(), messages.into());
    if !system.is_empty() {
        body.insert("system".into(), system.into());
    }
    let config = inference(&mut fields)?;
    if !config.is_empty() {
        body.insert("inferenceConfig".into(), config.into());
    }
    if let Some(tools) = tools(&mut fields)? {
        body.insert("toolConfig".into(), tools);
    }
    if let Some(format) = shape(&mut fields) {
        body.insert("outputConfig".into(), json!({"textFormat": format}));
    }
    for (key, name) in OWN {
        if let Some(value) =
            fields.take_if(key, |value| value.as_object().is_some_and(|map| !map.is_empty()))
        {
            body.insert(name.into(), value);
        }
    }
    let mut more = match fields.take("additional_model_request_fields") {
        None => Map::new(),
        Some(Value::Object(more)) => more,
        Some(_) => return Err(refused("additional_model_request_fields", "must be an object")),
    };
    more.extend(fields.take("thinking").map(|thinking| ("thinking".to_string(), thinking)));
    if !more.is_empty() {
        body.insert("additionalModelRequestFields".into(), more.into());
    }
    fields.close()?;
    let written = serde_json::to_vec(&body);
    let written = written
        .map_err(|cause| Error::internal("cannot write the vendor's request").because(cause))?;
    Ok(written.into())
}

fn inference(fields: &mut Fields) -> Result<Map<String, Value>> {
    let mut config = Map::new();
    config.extend(fields.max_tokens()?.map(|most| ("maxTokens".to_string(), most.into())));
    config.extend(fields.stop()?.map(|stop| ("stopSequences".to_string(), stop)));
    for (key, name) in [("temperature", "temperature"), ("top_p", "topP")] {
        config.extend(fields.take(key).map(|value| (name.to_string(), value)));
    }
    Ok(config)
}

/// The form of the answer: a schema, which stands there as text. JSON of any shape cannot be asked for, so it is left,
/// and refused.
fn shape(fields: &mut Fields) -> Option<Value> {
    let has_schema = |format: &Value| {
        format.get("type").and_then(Value::as_str) == Some("json_schema")
            && format.pointer("/json_schema/schema").is_some_and(Value::is_object)
    };
    let format = fields.take_if("response_format", has_schema)?;
    let asked = format.get("json_schema")?;
    let mut schema = Map::new();
    schema.insert("schema".into(), asked.get("schema")?.to_string().into());
    for key in ["name", "description"] {
        let text = asked.get(key).filter(|text| text.is_string());
        schema.extend(text.map(|text| (key.to_string(), text.clone())));
    }
    Some(json!({"type": "json_schema", "structure": {"jsonSchema": schema}}))
}

fn tools(fields: &mut Fields) -> Result<Option<Value>> {
    let choice = fields.take("tool_choice").map(|choice| fields::choice(&choice)).transpose()?;
    let Some(tools) = fields.take("tools") else {
        return match choice {
            None | Some(Choice::Auto | Choice::None) => Ok(None),
            Some(_) => Err(refused("tool_choice", "needs `tools`")),
        };
    };
    let specified = fields::declared(&tools)?.into_iter().map(|tool| {
        let empty = || json!({"type": "object", "properties": {}});
        let mut spec = Map::new();
        spec.insert("name".into(), tool.name);
        spec.extend(tool.description.map(|text| ("description".to_string(), text)));
        let schema = tool.parameters.unwrap_or_else(empty);
        spec.insert("inputSchema".into(), json!({"json": schema}));
        json!({"toolSpec": spec})
    });
    let mut config = json!({"tools": specified.collect::<Vec<_>>()});
    let choice = match choice {
        None => return Ok(Some(config)),
        Some(Choice::Auto) => json!({"auto": {}}),
        Some(Choice::Any) => json!({"any": {}}),
        Some(Choice::Named(name)) => json!({"tool": {"name": name}}),
        Some(Choice::None) => {
            return Err(refused(
                "tool_choice",
                "cannot be none at this provider: leave out `tools`",
            ));
        }
    };
    if let Some(config) = config.as_object_mut() {
        config.insert("toolChoice".into(), choice);
    }
    Ok(Some(config))
}

#[cfg(test)]
mod tests;
