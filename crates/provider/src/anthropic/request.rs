//! Writes the request.
//!
//! Nothing is silently dropped: a field is translated, or it is harmless (it asks for what happens
//! anyway), or the request is refused with the field's name.
//!
//! | field | becomes |
//! |---|---|
//! | `max_completion_tokens`, `max_tokens` | `max_tokens`, which the API demands; 4096 without either |
//! | `temperature`, `top_p`, `top_k`, `thinking` | the same |
//! | `stop` | `stop_sequences` |
//! | `tools`, `tool_choice`, `parallel_tool_calls` | `tools`, `tool_choice` |
//! | `response_format` with a schema | `output_config.format` |
//! | `user` | `metadata.user_id` |
//! | `stream_options` | nothing: usage always comes; the gateway decides what is passed on |
//! | `n: 1`, `store: false`, `logprobs: false`, penalties of 0, `response_format: {type: text}`, `modalities: [text]`, empty `metadata` and `logit_bias`, `service_tier: auto` | nothing: they ask for the default |
//! | all others: `seed`, `n` over 1, `logprobs`, `response_format` of any other JSON, … | refused |

use bytes::Bytes;
use gatemark_core::{Error, Result};
use serde_json::{Map, Value, json};

use super::conversation::{self, Conversation};
use super::stable::End;
use super::tools;
use crate::dialect::Dialect;
use crate::message;
use crate::native;
use crate::request::ChatRequest;

/// Bound on the answer for callers who set none: enough for nearly every answer, and within what the
/// oldest models allow.
const DEFAULT_MAX_TOKENS: u64 = 4096;

/// Writes the body.
///
/// # Errors
/// `Invalid` with the field that cannot be expressed.
pub(crate) fn write(request: &ChatRequest, stream: bool) -> Result<Bytes> {
    if request.dialect == Dialect::Messages {
        return native::write(request, stream);
    }
    let said = message::read(&request.messages)?;
    let stable = End::of(&said, request.stable);
    let mut conversation = conversation::translate(said)?;
    let fields = fields(request)?;
    if let Some(end) = stable {
        end.mark(&mut conversation, &fields);
    }
    let Conversation { system, messages } = conversation;
    let mut body = Map::new();
    body.insert("model".into(), request.model.as_str().into());
    body.insert("max_tokens".into(), max_tokens(&fields)?.into());
    if let Some(system) = system {
        body.insert("system".into(), system);
    }
    body.insert("messages".into(), messages.into());
    for (key, value) in &fields {
        if let Some((name, value)) = field(key, value)? {
            body.insert(name.into(), value);
        }
    }
    let parallel = fields.get("parallel_tool_calls").and_then(Value::as_bool);
    let declared = fields.contains_key("tools");
    if let Some(choice) = tools::choice(fields.get("tool_choice"), parallel, declared)? {
        body.insert("tool_choice".into(), choice);
    }
    if stream {
        body.insert("stream".into(), true.into());
    }
    let written = serde_json::to_vec(&body);
    let written = written
        .map_err(|cause| Error::internal("cannot write the vendor's request").because(cause))?;
    Ok(written.into())
}

/// The fields as values; `null` counts as absent.
fn fields(request: &ChatRequest) -> Result<Map<String, Value>> {
    let mut fields = Map::new();
    for (key, raw) in &request.fields {
        let value: Value = serde_json::from_str(raw.get()).map_err(|cause| {
            Error::invalid(format!("`{key}` is not usable: {cause}")).at(key.as_str())
        })?;
        if !value.is_null() {
            fields.insert(key.clone(), value);
        }
    }
    Ok(fields)
}

fn max_tokens(fields: &Map<String, Value>) -> Result<u64> {
    let read = |key: &str| match fields.get(key) {
        None => Ok(None),
        Some(value) => match value.as_u64().filter(|&count| count > 0) {
            Some(count) => Ok(Some(count)),
            None => Err(Error::invalid(format!("`{key}` must be a whole number over 0")).at(key)),
        },
    };
    match (read("max_completion_tokens")?, read("max_tokens")?) {
        (Some(new), Some(old)) if new != old => {
            let message = "`max_tokens` and `max_completion_tokens` contradict each other";
            Err(Error::invalid(message).at("max_tokens"))
        }
        (new, old) => Ok(new.or(old).unwrap_or(DEFAULT_MAX_TOKENS)),
    }
}

/// What one field becomes; `None` if it is dealt with elsewhere or harmless.
fn field(key: &str, value: &Value) -> Result<Option<(&'static str, Value)>> {
    let harmless = match key {
        "model"
        | "messages"
        | "stream"
        | "stream_options"
        | "max_tokens"
        | "max_completion_tokens"
        | "tool_choice" => true,
        "parallel_tool_calls" => value.is_boolean(),
        "n" => value.as_u64() == Some(1),
        "store" | "logprobs" => value == false,
        "frequency_penalty" | "presence_penalty" => value.as_f64() == Some(0.0),
        "response_format" => *value == json!({"type": "text"}),
        "modalities" => *value == json!(["text"]),
        "metadata" | "logit_bias" => value.as_object().is_some_and(Map::is_empty),
        "service_tier" => value == "auto",
        _ => false,
    };
    if harmless {
        return Ok(None);
    }
    Ok(Some(match key {
        "temperature" => ("temperature", value.clone()),
        "top_p" => ("top_p", value.clone()),
        "top_k" => ("top_k", value.clone()),
        "thinking" => ("thinking", value.clone()),
        "stop" if value.is_string() => ("stop_sequences", json!([value])),
        "stop" if value.is_array() => ("stop_sequences", value.clone()),
        "tools" => ("tools", tools::declarations(value)?),
        "response_format" if schema(value).is_some() => {
            let format = json!({"type": "json_schema", "schema": schema(value)});
            ("output_config", json!({"format": format}))
        }
        "user" if value.is_string() => ("metadata", json!({"user_id": value})),
        _ => {
            let shown: String = value.to_string().chars().take(60).collect();
            let message = format!(
                "`{key}: {shown}` has no equivalent at a provider that speaks Anthropic's protocol: \
                 leave it out or choose another model"
            );
            return Err(Error::invalid(message).at(key).coded("unsupported_field"));
        }
    }))
}

/// The schema that `response_format` asks for.
fn schema(format: &Value) -> Option<&Value> {
    let wanted = format.get("type").and_then(Value::as_str) == Some("json_schema");
    format.pointer("/json_schema/schema").filter(|schema| wanted && schema.is_object())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::request::Messages;
    use serde_json::value::RawValue;

    fn request(messages: &str, fields: &[(&str, &str)]) -> ChatRequest {
        let raw = |text: &str| RawValue::from_string(text.to_string()).unwrap();
        ChatRequest {
            model: "claude-x".into(),
            messages: Messages::Raw(raw(messages)),
            fields: fields.iter().map(|(k, v)| (k.to_string(), raw(v))).collect(),
            ..ChatRequest::default()
        }
    }

    fn written(messages: &str, fields: &[(&str, &str)]) -> Value {
        let bytes = write(&request(messages, fields), false).unwrap();
        serde_json::from_slice(&bytes).unwrap()
    }

    fn refused(messages: &str, fields: &[(&str, &str)]) -> String {
        let error = write(&request(messages, fields), false).unwrap_err();
        assert_eq!(error.kind(), gatemark_core::Kind::Invalid);
        error.param().unwrap().to_string()
    }

    const HI: &str = r#"[{"role":"user","content":"hi"}]"#;

    #[test]
    fn the_least_request() {
        let wanted = json!({"model": "claude-x", "max_tokens": 4096,
            "messages": [{"role": "user", "content": [{"type": "text", "text": "hi"}]}]});
        assert_eq!(written(HI, &[]), wanted);
    }

    #[test]
    fn a_conversation_with_tools_and_images() {
        let body = written(
            r#"[{"role":"system","content":"a"},{"role":"system","content":"b"},
                {"role":"user","content":[{"type":"text","text":"look"},
                  {"type":"image_url","image_url":{"url":"data:image/png;base64,AAAA","detail":"low"}},
                  {"type":"image_url","image_url":{"url":"https://x/y.png"}}]},
                {"role":"assistant","content":"","refusal":null,"annotations":[],"tool_calls":[
                  {"id":"c1","type":"function","function":{"name":"f","arguments":"{\"x\":1}"}},
                  {"id":"c2","type":"function","function":{"name":"g","arguments":""}}]},
                {"role":"tool","tool_call_id":"c1","name":"f","content":"one"},
                {"role":"tool","tool_call_id":"c2","content":"two"}]"#,
            &[],
        );
        let text = |text: &str| json!({"type": "text", "text": text});
        assert_eq!(body["system"], json!([text("a"), text("b")]));
        let png = json!({"type": "base64", "media_type": "image/png", "data": "AAAA"});
        let wanted = json!([
            {"role": "user", "content": [text("look"), {"type": "image", "source": png},
                {"type": "image", "source": {"type": "url", "url": "https://x/y.png"}}]},
            {"role": "assistant", "content": [
                {"type": "tool_use", "id": "c1", "name": "f", "input": {"x": 1}},
                {"type": "tool_use", "id": "c2", "name": "g", "input": {}}]},
            {"role": "user", "content": [
                {"type": "tool_result", "tool_use_id": "c1", "content": [text("one")]},
                {"type": "tool_result", "tool_use_id": "c2", "content": [text("two")]}]}]);
        assert_eq!(body["messages"], wanted);
    }

    #[test]
    fn fields_are_translated_or_harmless() {
        let fields = [
            ("temperature", "0.5"),
            ("max_completion_tokens", "7"),
            ("stop", "\"x\""),
            ("user", "\"u\""),
            ("n", "1"),
            ("seed", "null"),
            ("store", "false"),
            ("presence_penalty", "0.0"),
            ("response_format", r#"{"type":"text"}"#),
            ("stream_options", r#"{"include_usage":true}"#),
        ];
        let schema =
            r#"{"type":"json_schema","json_schema":{"name":"x","schema":{"type":"object"}}}"#;
        let wanted = json!({"format": {"type": "json_schema", "schema": {"type": "object"}}});
        assert_eq!(written(HI, &[("response_format", schema)])["output_config"], wanted);
        let body = written(HI, &fields);
        let mut keys: Vec<_> = body.as_object().unwrap().keys().map(String::as_str).collect();
        keys.sort_unstable();
        let wanted =
            ["max_tokens", "messages", "metadata", "model", "stop_sequences", "temperature"];
        assert_eq!(keys, wanted);
        assert_eq!(body["max_tokens"], 7);
        assert_eq!(body["stop_sequences"], json!(["x"]));
        assert_eq!(body["metadata"], json!({"user_id": "u"}));
    }

    #[test]
    fn what_cannot_be_expressed_is_refused_by_name() {
        for (key, value) in [
            ("n", "2"),
            ("seed", "1"),
            ("logprobs", "true"),
            ("store", "true"),
            ("response_format", r#"{"type":"json_object"}"#),
            ("response_format", r#"{"type":"json_schema","json_schema":{}}"#),
            ("frequency_penalty", "0.5"),
            ("stop", "5"),
            ("max_tokens", "0"),
            ("max_tokens", "\"many\""),
            ("brand_new", "1"),
        ] {
            assert_eq!(refused(HI, &[(key, value)]), key);
        }
        let both = [("max_tokens", "5"), ("max_completion_tokens", "6")];
        assert_eq!(refused(HI, &both), "max_tokens");
        assert_eq!(refused(r#"[{"role":"system","content":"x"}]"#, &[]), "messages");
        let named = r#"[{"role":"user","name":"ann","content":"x"}]"#;
        assert_eq!(refused(named, &[]), "messages[0].name");
        let audio = r#"[{"role":"user","content":[{"type":"input_audio","input_audio":{}}]}]"#;
        assert_eq!(refused(audio, &[]), "messages[0].content");
        let lost = r#"[{"role":"tool","content":"x"}]"#;
        assert_eq!(refused(lost, &[]), "messages[0].tool_call_id");
    }
}
