//! Writes the request.
//!
//! | field | becomes |
//! |---|---|
//! | system messages | `systemInstruction` |
//! | `max_completion_tokens`, `max_tokens` | `generationConfig.maxOutputTokens` |
//! | `temperature`, `top_p`, `top_k`, `seed`, `presence_penalty`, `frequency_penalty` | the same, in camel case |
//! | `stop` | `generationConfig.stopSequences` |
//! | `response_format` | see `output` |
//! | `tools`, `tool_choice` | `functionDeclarations`, `functionCallingConfig` |
//! | `thinking_config`, `safety_settings`, `cached_content` (Google's own) | the same, in camel case |
//! | `n: 1`, `stream_options` and other requests for the default | nothing |
//! | all others | refused |

use bytes::Bytes;
use gatemark_core::{Error, Result};
use serde_json::{Map, Value, json};

use super::conversation::{self, Conversation};
use super::output;
use crate::fields::{self, Choice, Fields};
use crate::message;
use crate::request::ChatRequest;

const SAMPLING: [(&str, &str); 6] = [
    ("temperature", "temperature"),
    ("top_p", "topP"),
    ("top_k", "topK"),
    ("seed", "seed"),
    ("presence_penalty", "presencePenalty"),
    ("frequency_penalty", "frequencyPenalty"),
];

/// Writes the body, the same for whole answers and streams.
///
/// # Errors
/// `Invalid` with the field that cannot be expressed.
pub(crate) fn write(request: &ChatRequest) -> Result<Bytes> {
    let Conversation { system, contents } =
        conversation::translate(message::read(&request.messages)?)?;
    let mut fields = Fields::of(request, "Gemini's protocol")?;
    let mut body = Map::new();
    if !system.is_empty() {
        body.insert("systemInstruction".into(), json!({"parts": system}));
    }
    body.insert("contents".into(), contents.into());
    if let Some(tools) = fields.take("tools") {
        body.insert("tools".into(), declarations(&tools)?);
    }
    if let Some(choice) = fields.take("tool_choice") {
        body.insert("toolConfig".into(), json!({"functionCallingConfig": calling(&choice)?}));
    }
    let config = config(&mut fields)?;
    if !config.is_empty() {
        body.insert("generationConfig".into(), config.into());
    }
    for (key, name) in [("safety_settings", "safetySettings"), ("cached_content", "cachedContent")]
    {
        if let Some(value) = fields.take(key) {
            body.insert(name.into(), value);
        }
    }
    fields.close()?;
    let written = serde_json::to_vec(&body);
    let written = written
        .map_err(|cause| Error::internal("cannot write the vendor's request").because(cause))?;
    Ok(written.into())
}

fn config(fields: &mut Fields) -> Result<Map<String, Value>> {
    let mut config = Map::new();
    if let Some(most) = fields.max_tokens()? {
        config.insert("maxOutputTokens".into(), most.into());
    }
    if let Some(stop) = fields.stop()? {
        config.insert("stopSequences".into(), stop);
    }
    for (key, name) in SAMPLING {
        if let Some(value) = fields.take(key) {
            config.insert(name.into(), value);
        }
    }
    if let Some(thinking) = fields.take("thinking_config") {
        config.insert("thinkingConfig".into(), thinking);
    }
    output::shape(fields, &mut config);
    Ok(config)
}

/// `parametersJsonSchema` takes a JSON schema as it is; `parameters` would want Google's own dialect.
fn declarations(tools: &Value) -> Result<Value> {
    let declared = fields::declared(tools)?.into_iter().map(|tool| {
        let mut out = Map::new();
        out.insert("name".into(), tool.name);
        out.extend(tool.description.map(|text| ("description".to_string(), text)));
        out.extend(tool.parameters.map(|schema| ("parametersJsonSchema".to_string(), schema)));
        Value::from(out)
    });
    Ok(json!([{"functionDeclarations": declared.collect::<Vec<_>>()}]))
}

fn calling(choice: &Value) -> Result<Value> {
    Ok(match fields::choice(choice)? {
        Choice::Auto => json!({"mode": "AUTO"}),
        Choice::None => json!({"mode": "NONE"}),
        Choice::Any => json!({"mode": "ANY"}),
        Choice::Named(name) => json!({"mode": "ANY", "allowedFunctionNames": [name]}),
    })
}

#[cfg(test)]
mod tests;
