use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::request::translate;
use crate::native;
use crate::request::{ChatRequest, Messages};

fn raw(text: &str) -> Box<RawValue> {
    RawValue::from_string(text.to_string()).unwrap()
}

fn request(messages: &Value, fields: &[(&str, &str)]) -> ChatRequest {
    ChatRequest {
        model: "m".into(),
        messages: Messages::Raw(raw(&messages.to_string())),
        fields: fields.iter().map(|(k, v)| (k.to_string(), raw(v))).collect(),
        ..ChatRequest::default()
    }
}

fn text(messages: &Value, fields: &[(&str, &str)]) -> String {
    let translated = translate(&request(messages, fields)).unwrap();
    String::from_utf8(native::write(&translated, false).unwrap().to_vec()).unwrap()
}

fn written(messages: &Value, fields: &[(&str, &str)]) -> Value {
    serde_json::from_str(&text(messages, fields)).unwrap()
}

fn hi() -> Value {
    json!([{"role": "user", "content": "hi"}])
}

fn refused(messages: &Value, fields: &[(&str, &str)]) -> String {
    let error = translate(&request(messages, fields)).unwrap_err();
    assert_eq!(error.kind(), gatemark_core::Kind::Invalid);
    error.param().unwrap().to_string()
}

#[test]
fn the_least_request_is_not_stored() {
    let wanted =
        json!({"model": "m", "input": [{"role": "user", "content": "hi"}], "store": false});
    assert_eq!(written(&hi(), &[]), wanted);
    assert_eq!(written(&hi(), &[("store", "true")])["store"], true);
}

#[test]
fn a_conversation_with_tools_and_images() {
    let messages = json!([{"role": "system", "content": "a"},
        {"role": "user", "content": [{"type": "text", "text": "look"},
            {"type": "image_url", "image_url": {"url": "https://x/y.png", "detail": "low"}},
            {"type": "file", "file": {"file_data": "d", "filename": "n"}}]},
        {"role": "assistant", "content": "", "refusal": null, "annotations": [], "tool_calls": [
            {"id": "c1", "type": "function", "function": {"name": "f", "arguments": "{\"x\":7.50}"}},
            {"id": "c2", "type": "function", "function": {"name": "g", "arguments": ""}}]},
        {"role": "tool", "tool_call_id": "c1", "name": "f", "content": "one"},
        {"role": "assistant", "content": "well"}]);
    let wanted = json!([{"role": "system", "content": "a"},
        {"role": "user", "content": [{"type": "input_text", "text": "look"},
            {"type": "input_image", "image_url": "https://x/y.png", "detail": "low"},
            {"type": "input_file", "file_data": "d", "filename": "n"}]},
        {"type": "function_call", "call_id": "c1", "name": "f", "arguments": "{\"x\":7.50}"},
        {"type": "function_call", "call_id": "c2", "name": "g", "arguments": "{}"},
        {"type": "function_call_output", "call_id": "c1", "output": "one"},
        {"role": "assistant", "content": "well"}]);
    assert_eq!(written(&messages, &[])["input"], wanted);
}

#[test]
fn fields_are_translated_or_harmless() {
    let schema =
        r#"{"type":"json_schema","json_schema":{"name":"n","strict":true,"schema":{"b":1,"a":2}}}"#;
    let tools = r#"[{"type":"function","function":{"name":"f"}},{"type":"web_search"}]"#;
    let fields = [
        ("temperature", "0.50"),
        ("max_completion_tokens", "7"),
        ("response_format", schema),
        ("verbosity", "\"low\""),
        ("reasoning_effort", "\"high\""),
        ("tools", tools),
        ("tool_choice", r#"{"type":"function","function":{"name":"f"}}"#),
        ("n", "1"),
        ("seed", "null"),
        ("presence_penalty", "0.0"),
        ("modalities", "[\"text\"]"),
        ("stream_options", r#"{"include_usage":true}"#),
    ];
    let body = written(&hi(), &fields);
    let wanted = json!({"model": "m", "input": hi(), "temperature": 0.5, "max_output_tokens": 7,
        "text": {"format": {"type": "json_schema", "name": "n", "strict": true, "schema": {"b": 1, "a": 2}},
            "verbosity": "low"},
        "reasoning": {"effort": "high"}, "store": false, "tool_choice": {"type": "function", "name": "f"},
        "tools": [{"type": "function", "name": "f", "parameters": null, "strict": false},
            {"type": "web_search"}]});
    assert_eq!(body, wanted);
    assert!(text(&hi(), &fields).contains(r#""temperature":0.50"#), "spelling is kept");
}

#[test]
fn what_cannot_be_expressed_is_refused_by_name() {
    for (key, value) in [
        ("n", "2"),
        ("seed", "1"),
        ("stop", "\"x\""),
        ("logprobs", "true"),
        ("frequency_penalty", "0.5"),
        ("response_format", r#"{"type":"json_schema"}"#),
        ("tools", "5"),
        ("tool_choice", "{}"),
        ("brand_new", "1"),
    ] {
        assert_eq!(refused(&hi(), &[(key, value)]), key);
    }
    assert_eq!(
        refused(&hi(), &[("max_tokens", "5"), ("max_completion_tokens", "6")]),
        "max_tokens"
    );
    let message = |message: Value| refused(&json!([message]), &[]);
    let audio = json!([{"type": "input_audio", "input_audio": {}}]);
    assert_eq!(message(json!({"role": "user", "content": audio})), "messages[0].content");
    assert_eq!(message(json!({"role": "user", "name": "ann", "content": "x"})), "messages[0].name");
    assert_eq!(message(json!({"role": "tool", "content": "x"})), "messages[0].tool_call_id");
}
