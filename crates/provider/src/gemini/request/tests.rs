//! What requests become, and what is refused.

use gatemark_core::Kind;
use serde_json::value::RawValue;

use super::*;
use crate::request::Messages;

const HI: &str = r#"[{"role":"user","content":"hi"}]"#;

fn request(messages: &str, fields: &[(&str, &str)]) -> ChatRequest {
    let raw = |text: &str| RawValue::from_string(text.to_string()).unwrap();
    ChatRequest {
        model: "gemini-x".into(),
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
        json!({"contents": [{"role": "user", "parts": [{"text": "hi"}]}]})
    );
}

#[test]
fn a_conversation_with_tools_and_images() {
    let body = written(
        r#"[{"role":"system","content":"a"},{"role":"developer","content":"b"},
            {"role":"user","content":[{"type":"text","text":"look"},
              {"type":"image_url","image_url":{"url":"data:image/png;base64,AAAA","detail":"low"}}]},
            {"role":"assistant","content":"","refusal":null,"annotations":[],"tool_calls":[
              {"id":"c1__sig__QUI-","type":"function","function":{"name":"f","arguments":"{\"x\":1}"}},
              {"id":"c2","type":"function","function":{"name":"g","arguments":""}}]},
            {"role":"tool","tool_call_id":"c1__sig__QUI-","content":"{\"temperature\":21}"},
            {"role":"tool","tool_call_id":"c2","is_error":true,"content":"two"},
            {"role":"assistant","content":"done"}]"#,
        &[],
    );
    assert_eq!(body["systemInstruction"], json!({"parts": [{"text": "a"}, {"text": "b"}]}));
    let wanted = json!([
        {"role": "user", "parts": [{"text": "look"},
            {"inlineData": {"mimeType": "image/png", "data": "AAAA"}}]},
        {"role": "model", "parts": [
            {"functionCall": {"name": "f", "args": {"x": 1}}, "thoughtSignature": "QUI+"},
            {"functionCall": {"name": "g", "args": {}}}]},
        {"role": "user", "parts": [
            {"functionResponse": {"name": "f", "response": {"temperature": 21}}},
            {"functionResponse": {"name": "g", "response": {"error": "two"}}}]},
        {"role": "model", "parts": [{"text": "done"}]}]);
    assert_eq!(body["contents"], wanted);
}

#[test]
fn fields_are_translated_or_harmless() {
    let body = written(
        HI,
        &[
            ("temperature", "0.5"),
            ("top_p", "0.9"),
            ("max_completion_tokens", "7"),
            ("stop", "\"x\""),
            ("seed", "3"),
            ("n", "1"),
            ("user", "null"),
            ("presence_penalty", "0.1"),
            ("response_format", r#"{"type":"json_object"}"#),
            ("stream_options", r#"{"include_usage":true}"#),
            ("thinking_config", r#"{"thinkingBudget":0}"#),
            (
                "tools",
                r#"[{"type":"function","function":{"name":"f","description":"d","strict":false,
                "parameters":{"type":"object","additionalProperties":false}}}]"#,
            ),
            ("tool_choice", r#"{"type":"function","function":{"name":"f"}}"#),
        ],
    );
    let config = json!({"maxOutputTokens": 7, "stopSequences": ["x"], "temperature": 0.5, "topP": 0.9,
        "seed": 3, "presencePenalty": 0.1, "thinkingConfig": {"thinkingBudget": 0},
        "responseMimeType": "application/json"});
    assert_eq!(body["generationConfig"], config);
    let declared = json!([{"functionDeclarations": [{"name": "f", "description": "d",
        "parametersJsonSchema": {"type": "object", "additionalProperties": false}}]}]);
    assert_eq!(body["tools"], declared);
    let calling = json!({"functionCallingConfig": {"mode": "ANY", "allowedFunctionNames": ["f"]}});
    assert_eq!(body["toolConfig"], calling);
}

#[test]
fn what_cannot_be_expressed_is_refused_by_name() {
    for (key, value) in [
        ("n", "2"),
        ("logprobs", "true"),
        ("response_format", r#"{"type":"json_schema","json_schema":{}}"#),
        ("parallel_tool_calls", "false"),
        ("stop", "5"),
        ("max_tokens", "0"),
        ("tool_choice", "\"maybe\""),
        ("user", "\"u\""),
        ("brand_new", "1"),
    ] {
        assert_eq!(refused(HI, &[(key, value)]), key);
    }
    assert_eq!(refused(r#"[{"role":"system","content":"x"}]"#, &[]), "messages");
    let named = r#"[{"role":"user","name":"ann","content":"x"}]"#;
    assert_eq!(refused(named, &[]), "messages[0].name");
    let link = r#"[{"role":"user","content":[{"type":"image_url","image_url":{"url":"https://x/y.png"}}]}]"#;
    assert_eq!(refused(link, &[]), "messages[0].content");
    let audio = r#"[{"role":"user","content":[{"type":"input_audio","input_audio":{}}]}]"#;
    assert_eq!(refused(audio, &[]), "messages[0].content");
    let lost = r#"[{"role":"tool","tool_call_id":"c","content":"x"}]"#;
    assert_eq!(refused(lost, &[]), "messages[0].tool_call_id");
    let strict = r#"[{"type":"function","function":{"name":"f","strict":true}}]"#;
    assert_eq!(refused(HI, &[("tools", strict)]), "tools[0].function.strict");
    let search = r#"[{"type":"web_search"}]"#;
    assert_eq!(refused(HI, &[("tools", search)]), "tools[0]");
}
