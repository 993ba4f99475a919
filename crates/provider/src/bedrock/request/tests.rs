//! What requests become, and what is refused.

use gatemark_core::Kind;
use serde_json::value::RawValue;

use super::*;
use crate::request::Messages;

const HI: &str = r#"[{"role":"user","content":"hi"}]"#;
const TOOL: &str = r#"[{"type":"function","function":{"name":"f"}}]"#;

fn request(messages: &str, fields: &[(&str, &str)]) -> ChatRequest {
    let raw = |text: &str| RawValue::from_string(text.to_string()).unwrap();
    ChatRequest {
        model: "x.y".into(),
        messages: Messages::Raw(raw(messages)),
        fields: fields.iter().map(|(k, v)| (k.to_string(), raw(v))).collect(),
        ..ChatRequest::default()
    }
}

fn written(messages: &str, fields: &[(&str, &str)]) -> Value {
    serde_json::from_slice(&write(&request(messages, fields)).unwrap()).unwrap()
}

fn refused(messages: &str, fields: &[(&str, &str)]) -> String {
    let error = write(&request(messages, fields)).unwrap_err();
    assert_eq!(error.kind(), Kind::Invalid);
    error.param().unwrap().to_string()
}

#[test]
fn the_least_request() {
    assert_eq!(
        written(HI, &[]),
        json!({"messages": [{"role": "user", "content": [{"text": "hi"}]}]})
    );
}

#[test]
fn a_conversation_with_tools_and_images() {
    let body = written(
        r#"[{"role":"system","content":"a"},
            {"role":"user","content":[{"type":"text","text":"look"},
              {"type":"image_url","image_url":{"url":"data:image/jpg;base64,AAAA"}}]},
            {"role":"assistant","content":"","tool_calls":[
              {"id":"c1","type":"function","function":{"name":"f","arguments":"{\"x\":1}"}},
              {"id":"c2","type":"function","function":{"name":"g","arguments":""}}]},
            {"role":"tool","tool_call_id":"c1","name":"f","content":"one"},
            {"role":"tool","tool_call_id":"c2","is_error":true,"content":"two"}]"#,
        &[],
    );
    assert_eq!(body["system"], json!([{"text": "a"}]));
    let wanted = json!([
        {"role": "user", "content": [{"text": "look"},
            {"image": {"format": "jpeg", "source": {"bytes": "AAAA"}}}]},
        {"role": "assistant", "content": [
            {"toolUse": {"toolUseId": "c1", "name": "f", "input": {"x": 1}}},
            {"toolUse": {"toolUseId": "c2", "name": "g", "input": {}}}]},
        {"role": "user", "content": [
            {"toolResult": {"toolUseId": "c1", "content": [{"text": "one"}]}},
            {"toolResult": {"toolUseId": "c2", "content": [{"text": "two"}], "status": "error"}}]}]);
    assert_eq!(body["messages"], wanted);
}

#[test]
fn fields_are_translated_or_harmless() {
    let body = written(
        HI,
        &[
            ("temperature", "0.5"),
            ("top_p", "0.9"),
            ("max_tokens", "7"),
            ("stop", r#"["x","y"]"#),
            ("n", "1"),
            ("metadata", r#"{"team":"a"}"#),
            ("thinking", r#"{"type":"enabled","budget_tokens":1024}"#),
            ("additional_model_request_fields", r#"{"top_k":5}"#),
            ("tools", TOOL),
            ("tool_choice", "\"required\""),
        ],
    );
    let config =
        json!({"maxTokens": 7, "stopSequences": ["x", "y"], "temperature": 0.5, "topP": 0.9});
    assert_eq!(body["inferenceConfig"], config);
    assert_eq!(body["requestMetadata"], json!({"team": "a"}));
    let more = json!({"top_k": 5, "thinking": {"type": "enabled", "budget_tokens": 1024}});
    assert_eq!(body["additionalModelRequestFields"], more);
    let schema = json!({"json": {"type": "object", "properties": {}}});
    let tools = json!({"tools": [{"toolSpec": {"name": "f", "inputSchema": schema}}],
        "toolChoice": {"any": {}}});
    assert_eq!(body["toolConfig"], tools);
}

#[test]
fn what_cannot_be_expressed_is_refused_by_name() {
    for (key, value) in [
        ("n", "2"),
        ("seed", "1"),
        ("top_k", "5"),
        ("logprobs", "true"),
        ("response_format", r#"{"type":"json_object"}"#),
        ("response_format", r#"{"type":"json_schema"}"#),
        ("parallel_tool_calls", "false"),
        ("frequency_penalty", "0.5"),
        ("tool_choice", "\"required\""),
        ("max_tokens", "\"many\""),
        ("additional_model_request_fields", "5"),
    ] {
        assert_eq!(refused(HI, &[(key, value)]), key);
    }
    assert_eq!(refused(HI, &[("tools", TOOL), ("tool_choice", "\"none\"")]), "tool_choice");
    assert_eq!(refused(r#"[{"role":"system","content":"x"}]"#, &[]), "messages");
    let image = |url: &str| {
        format!(
            r#"[{{"role":"user","content":[{{"type":"image_url","image_url":{{"url":"{url}"}}}}]}}]"#
        )
    };
    for url in ["https://x/y.png", "data:image/tiff;base64,AA", "ftp://x", "data:image/png,AA"] {
        assert_eq!(refused(&image(url), &[]), "messages[0].content", "{url}");
    }
    assert_eq!(refused(r#"[{"role":"tool","content":"x"}]"#, &[]), "messages[0].tool_call_id");
}
