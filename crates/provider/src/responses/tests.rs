mod answers;

use proptest::prelude::*;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::to_chat;
use crate::dialect::Dialect;
use crate::request::{ChatRequest, Messages};
use crate::towards::Towards;

fn raw(value: &Value) -> Box<RawValue> {
    RawValue::from_string(value.to_string()).unwrap()
}

fn fields(body: &Value) -> Vec<(String, Box<RawValue>)> {
    body.as_object().unwrap().iter().map(|(key, value)| (key.clone(), raw(value))).collect()
}

fn translated(body: &Value) -> Result<(Value, Value), String> {
    let mut body = body.clone();
    let input = body.as_object_mut().unwrap().remove("input").unwrap_or(json!([]));
    let request = ChatRequest {
        dialect: Dialect::Responses,
        messages: Messages::Raw(raw(&input)),
        fields: fields(&body),
        ..ChatRequest::default()
    };
    let towards = Towards { provider: "x", knows: false, bound: "max_tokens" };
    let chat = to_chat(&request, &towards).map_err(|error| {
        assert!(error.param().is_some(), "{error:?}");
        error.param().unwrap_or_default().to_string()
    })?;
    let Messages::Raw(messages) = &chat.messages else { panic!("not raw") };
    let fields: serde_json::Map<String, Value> = chat
        .fields
        .iter()
        .map(|(key, value)| (key.clone(), serde_json::from_str(value.get()).unwrap()))
        .collect();
    Ok((serde_json::from_str(messages.get()).unwrap(), fields.into()))
}

fn said(input: Value) -> Result<Value, String> {
    translated(&json!({ "input": input })).map(|(messages, _)| messages)
}

fn asked(name: &str, value: Value) -> Result<Value, String> {
    translated(&json!({ name: value })).map(|(_, fields)| fields)
}

#[test]
fn a_text_is_what_the_user_says() {
    let (messages, _) = translated(&json!({"instructions": "be brief", "input": "hi"})).unwrap();
    let wanted =
        json!([{"role": "system", "content": "be brief"}, {"role": "user", "content": "hi"}]);
    assert_eq!(messages, wanted);
}

#[test]
fn a_conversation_with_tools_images_and_thoughts() {
    let input = json!([
        {"role": "developer", "content": "be brief"},
        {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "look"},
            {"type": "input_image", "image_url": "data:image/png;base64,AAAA", "detail": "low"},
            {"type": "input_file", "file_data": "data:x", "filename": "a.pdf"}]},
        {"type": "reasoning", "id": "rs_1", "summary": [{"type": "summary_text", "text": "hm"}]},
        {"type": "message", "id": "msg_1", "role": "assistant", "status": "completed", "content": [
            {"type": "output_text", "text": "I ", "annotations": [], "logprobs": []},
            {"type": "output_text", "text": "see", "annotations": []}]},
        {"type": "function_call", "id": "fc_1", "call_id": "c1", "name": "f", "arguments": "{\"x\": 7.50}",
            "status": "completed"},
        {"type": "function_call", "call_id": "c2", "name": "g", "arguments": "{}"},
        {"type": "function_call_output", "call_id": "c1", "output": "one"},
        {"type": "function_call_output", "call_id": "c2",
            "output": [{"type": "input_text", "text": "t"}, {"type": "input_text", "text": "wo"}]},
        {"type": "function_call", "call_id": "c3", "name": "f", "arguments": "{}"},
        {"type": "function_call_output", "call_id": "c3", "output": "three"},
        {"role": "user", "content": "go on"}]);
    let call = |id: &str, name: &str, arguments: &str| json!({"id": id, "type": "function", "function": {"name": name, "arguments": arguments}});
    let wanted = json!([{"role": "system", "content": "be brief"},
        {"role": "user", "content": [{"type": "text", "text": "look"},
            {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA", "detail": "low"}},
            {"type": "file", "file": {"file_data": "data:x", "filename": "a.pdf"}}]},
        {"role": "assistant", "content": "I see",
            "tool_calls": [call("c1", "f", "{\"x\": 7.50}"), call("c2", "g", "{}")]},
        {"role": "tool", "content": "one", "tool_call_id": "c1"},
        {"role": "tool", "content": "two", "tool_call_id": "c2"},
        {"role": "assistant", "content": null, "tool_calls": [call("c3", "f", "{}")]},
        {"role": "tool", "content": "three", "tool_call_id": "c3"},
        {"role": "user", "content": "go on"}]);
    assert_eq!(said(input).unwrap(), wanted);
}

#[test]
fn fields_are_translated() {
    let schema = json!({"type": "object", "properties": {"b": {}, "a": {}}});
    let body = json!({"max_output_tokens": 7, "temperature": 0.5, "top_p": 1, "user": "u",
        "service_tier": "flex", "metadata": {"a": "b"}, "store": false, "background": false,
        "truncation": "disabled", "top_logprobs": 0, "include": ["reasoning.encrypted_content"],
        "stream_options": {"include_obfuscation": false}, "prompt_cache_key": "k", "max_tool_calls": 3,
        "previous_response_id": null,
        "tools": [{"type": "function", "name": "f", "description": "d", "parameters": schema, "strict": true}],
        "tool_choice": {"type": "function", "name": "f"}, "parallel_tool_calls": false,
        "text": {"verbosity": "low",
            "format": {"type": "json_schema", "name": "n", "schema": schema, "strict": true}},
        "reasoning": {"effort": "low", "summary": "auto"}});
    let (_, fields) = translated(&body).unwrap();
    let wanted = json!({"max_tokens": 7, "temperature": 0.5, "top_p": 1, "user": "u", "service_tier": "flex",
        "tools": [{"type": "function",
            "function": {"name": "f", "description": "d", "parameters": schema, "strict": true}}],
        "tool_choice": {"type": "function", "function": {"name": "f"}}, "parallel_tool_calls": false,
        "verbosity": "low", "response_format": {"type": "json_schema",
            "json_schema": {"name": "n", "schema": schema, "strict": true}},
        "reasoning_effort": "low"});
    assert_eq!(fields, wanted);
    assert_eq!(asked("safety_identifier", json!("s")).unwrap(), json!({"user": "s"}));
    assert_eq!(
        asked("text", json!({"format": {"type": "text"}, "verbosity": "medium"})).unwrap(),
        json!({})
    );
    let object = asked("text", json!({"format": {"type": "json_object"}})).unwrap();
    assert_eq!(object, json!({"response_format": {"type": "json_object"}}));
    let idle = json!({"tools": [], "tool_choice": "auto", "parallel_tool_calls": true});
    assert_eq!(translated(&idle).unwrap().1, json!({}), "vendors refuse these without tools");
    assert_eq!(
        asked("tool_choice", json!("required")).unwrap(),
        json!({"tool_choice": "required"})
    );
}

#[test]
fn what_cannot_be_expressed_is_refused_by_its_place() {
    assert_eq!(said(json!(["x"])).unwrap_err(), "input[0]");
    assert_eq!(said(json!({})).unwrap_err(), "input");
    let item = |value: Value| said(json!([{"role": "user", "content": "x"}, value])).unwrap_err();
    assert_eq!(item(json!({"type": "web_search_call", "id": "w"})), "input[1]");
    assert_eq!(item(json!({"type": "item_reference", "id": "w"})), "input[1]");
    assert_eq!(item(json!({"type": "reasoning", "encrypted_content": "x"})), "input[1]");
    assert_eq!(item(json!({"role": "boss", "content": ""})), "input[1].role");
    assert_eq!(item(json!({"role": "user"})), "input[1].content");
    assert_eq!(item(json!({"role": "user", "content": "", "name": "n"})), "input[1].name");
    assert_eq!(
        item(json!({"type": "function_call", "call_id": "c", "name": "f"})),
        "input[1].arguments"
    );
    let part = |part: Value| item(json!({"role": "user", "content": [part]}));
    assert_eq!(part(json!({"type": "input_audio"})), "input[1].content[0]");
    assert_eq!(part(json!({"type": "input_image", "file_id": "f"})), "input[1].content[0].file_id");
    assert_eq!(
        part(json!({"type": "input_file", "file_url": "f"})),
        "input[1].content[0].file_url"
    );
    assert_eq!(part(json!({"type": "input_image"})), "input[1].content[0].image_url");
    let cited = json!({"type": "output_text", "text": "x", "annotations": [{}]});
    assert_eq!(part(cited), "input[1].content[0].annotations");
    let image = json!([{"type": "input_image", "image_url": "https://x"}]);
    let shown = json!({"type": "function_call_output", "call_id": "c", "output": image});
    assert_eq!(item(shown), "input[1].output[0]");
    for (name, value, place) in [
        ("previous_response_id", json!("r"), "previous_response_id"),
        ("conversation", json!("c"), "conversation"),
        ("background", json!(true), "background"),
        ("store", json!(true), "store"),
        ("truncation", json!("auto"), "truncation"),
        ("include", json!(["message.output_text.logprobs"]), "include"),
        ("top_logprobs", json!(3), "top_logprobs"),
        ("tools", json!([{"type": "web_search"}]), "tools[0]"),
        (
            "tools",
            json!([{"type": "function", "name": "f", "defer_loading": true}]),
            "tools[0].defer_loading",
        ),
        ("tool_choice", json!({"type": "web_search"}), "tool_choice"),
        ("text", json!({"format": {"type": "grammar"}}), "text.format"),
        ("text", json!({"format": {"type": "json_schema", "schema": {}}}), "text.format.name"),
        ("text", json!({"tone": "x"}), "text.tone"),
        ("reasoning", json!({"summary": "detailed"}), "reasoning.summary"),
        ("instructions", json!(["x"]), "instructions"),
        ("brand_new", json!(1), "brand_new"),
    ] {
        assert_eq!(asked(name, value).unwrap_err(), place);
    }
    let both = json!({"user": "u", "safety_identifier": "s"});
    assert_eq!(translated(&both).unwrap_err(), "safety_identifier");
}

fn values() -> impl Strategy<Value = Value> {
    let words = prop_oneof![
        Just("input_text"),
        Just("output_text"),
        Just("input_image"),
        Just("message"),
        Just("function_call"),
        Just("function_call_output"),
        Just("reasoning"),
        Just("user"),
        Just("assistant"),
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
        words.prop_map(Value::from),
        "\\PC{0,6}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 50, 6, |inner| {
        let keys = prop_oneof![
            Just("type"),
            Just("text"),
            Just("role"),
            Just("content"),
            Just("call_id"),
            Just("name"),
            Just("arguments"),
            Just("output"),
            Just("image_url"),
            Just("summary"),
            Just("format"),
        ];
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            proptest::collection::vec((keys, inner), 0..6).prop_map(|pairs| {
                Value::Object(pairs.into_iter().map(|(key, value)| (key.into(), value)).collect())
            }),
        ]
    })
}

proptest! {
    #[test]
    fn any_request_is_translated_into_json_or_refused_by_its_place(
        input in values(), tools in values(), text in values(),
    ) {
        let body = json!({"input": input, "tools": tools, "text": text});
        if let Ok((messages, _)) = translated(&body) {
            prop_assert!(messages.is_array());
        }
    }
}
