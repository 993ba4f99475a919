use bytes::Bytes;
use gatemark_core::model::Usage;
use proptest::prelude::*;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::{Writer, to_chat};
use crate::answer::{Chunk, Finish};
use crate::dialect::{Dialect, Raw};
use crate::frame::Opening;
use crate::request::{ChatRequest, Messages};
use crate::towards::Towards;

fn raw(value: &Value) -> Box<RawValue> {
    RawValue::from_string(value.to_string()).unwrap()
}

fn translated(body: &Value, knows: bool) -> Result<(Value, Value), String> {
    let mut fields = body.as_object().unwrap().clone();
    let messages = fields.remove("messages").unwrap_or(json!([]));
    let request = ChatRequest {
        dialect: Dialect::Messages,
        messages: Messages::Raw(raw(&messages)),
        fields: fields.iter().map(|(key, value)| (key.clone(), raw(value))).collect(),
        ..ChatRequest::default()
    };
    let towards = Towards { provider: "x", knows, bound: "max_completion_tokens" };
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

fn said(messages: Value) -> Result<Value, String> {
    translated(&json!({"messages": messages}), false).map(|(messages, _)| messages)
}

#[test]
fn a_conversation_with_tools_and_images() {
    let body = json!({"system": [{"type": "text", "text": "be brief", "cache_control": {"type": "ephemeral"}}],
        "messages": [
        {"role": "user", "content": [{"type": "text", "text": "look"},
            {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "AAAA"}},
            {"type": "image", "source": {"type": "url", "url": "https://x/y.png"}}]},
        {"role": "assistant", "content": [{"type": "thinking", "thinking": "hm", "signature": ""},
            {"type": "text", "text": "I "}, {"type": "text", "text": "see"},
            {"type": "tool_use", "id": "t1", "name": "f", "input": {"x": 1}},
            {"type": "tool_use", "id": "t2", "name": "g", "input": {}}]},
        {"role": "user", "content": [
            {"type": "tool_result", "tool_use_id": "t1", "content": "one", "is_error": true},
            {"type": "tool_result", "tool_use_id": "t2"},
            {"type": "text", "text": "go on"}]}]});
    let (messages, _) = translated(&body, false).unwrap();
    let call = |id: &str, name: &str, arguments: &str| {
        json!({"id": id, "type": "function",
        "function": {"name": name, "arguments": arguments}})
    };
    let wanted = json!([{"role": "system", "content": "be brief"},
        {"role": "user", "content": [{"type": "text", "text": "look"},
            {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}},
            {"type": "image_url", "image_url": {"url": "https://x/y.png"}}]},
        {"role": "assistant", "content": "I see", "tool_calls":
            [call("t1", "f", "{\"x\":1}"), call("t2", "g", "{}")]},
        {"role": "tool", "content": "[the tool failed] one", "tool_call_id": "t1"},
        {"role": "tool", "content": "", "tool_call_id": "t2"},
        {"role": "user", "content": "go on"}]);
    assert_eq!(messages, wanted);
}

#[test]
fn fields() {
    let schema = json!({"type": "object", "properties": {"b": {}, "a": {}}});
    let body = json!({"max_tokens": 7, "temperature": 0.5, "top_k": 3, "stop_sequences": ["x"],
        "metadata": {"user_id": "u"}, "thinking": {"type": "disabled"}, "service_tier": "auto",
        "tools": [{"name": "f", "input_schema": schema, "cache_control": {"type": "ephemeral"}}],
        "tool_choice": {"type": "any", "disable_parallel_tool_use": true},
        "output_config": {"effort": "low", "format": {"type": "json_schema", "schema": schema}}});
    let (_, fields) = translated(&body, false).unwrap();
    let wanted = json!({"max_completion_tokens": 7, "temperature": 0.5, "top_k": 3, "stop": ["x"],
        "user": "u",
        "tools": [{"type": "function", "function": {"name": "f", "parameters": schema}}],
        "tool_choice": "required", "parallel_tool_calls": false, "reasoning_effort": "low",
        "response_format": {"type": "json_schema",
            "json_schema": {"name": "answer", "strict": true, "schema": schema}}});
    assert_eq!(fields, wanted);
}

#[test]
fn what_cannot_be_expressed_is_refused_by_its_place() {
    let user = |block: Value| said(json!([{"role": "user", "content": [block]}])).unwrap_err();
    assert_eq!(user(json!({"type": "document", "source": {}})), "messages[0].content[0]");
    assert_eq!(
        user(json!({"type": "text", "text": "x", "citations": [{}]})),
        "messages[0].content[0].citations"
    );
    let file = json!({"type": "image", "source": {"type": "file", "file_id": "f"}});
    assert_eq!(user(file.clone()), "messages[0].content[0].source");
    let shown = json!({"type": "tool_result", "tool_use_id": "t", "content": [
        {"type": "image", "source": {"type": "url", "url": "https://x"}}]});
    assert_eq!(user(shown), "messages[0].content[0].content[0]");
    let thought = json!([{"role": "assistant", "content": [
        {"type": "thinking", "thinking": "hm", "signature": "c2ln"}]}, {"role": "user", "content": "x"}]);
    assert_eq!(said(thought).unwrap_err(), "messages[0].content[0]");
    let begun = json!([{"role": "user", "content": "x"}, {"role": "assistant", "content": "{"}]);
    assert_eq!(said(begun).unwrap_err(), "messages[1]");
    for (field, value, place) in [
        ("thinking", json!({"type": "enabled", "budget_tokens": 1024}), "thinking"),
        ("tools", json!([{"type": "web_search_20250305", "name": "web_search"}]), "tools[0]"),
        ("tools", json!([{"name": "f", "defer_loading": true}]), "tools[0].defer_loading"),
        ("container", json!("c"), "container"),
        ("brand_new", json!(1), "brand_new"),
    ] {
        assert_eq!(translated(&json!({ field: value }), false).unwrap_err(), place);
    }
}

#[test]
fn a_vendor_that_knows_the_blocks_gets_them() {
    let blocks = json!([{"type": "thinking", "thinking": "hm", "signature": "c2ln"},
        {"type": "text", "text": "x", "cache_control": {"type": "ephemeral"}}]);
    let search = json!({"type": "web_search_20250305", "name": "web_search"});
    let body = json!({"messages": [{"role": "assistant", "content": blocks}], "tools": [search]});
    let (messages, fields) = translated(&body, true).unwrap();
    assert_eq!(messages[0]["content"], blocks);
    assert_eq!(fields["tools"][0], search);
}

/// The events of a stream, by name.
fn streamed(chunks: &[Chunk]) -> Vec<(String, Value)> {
    let opening = Opening { call: "c".into(), model: "m".into(), ..Opening::default() };
    let mut writer = Writer::new(opening);
    let mut frames: Vec<Bytes> =
        chunks.iter().filter_map(|chunk| writer.chunk(chunk).unwrap()).collect();
    frames.push(writer.end().unwrap());
    let text = String::from_utf8(frames.concat()).unwrap();
    let events = text.split_terminator("\n\n").map(|event| {
        let (name, data) = event.split_once("\ndata: ").unwrap();
        let name = name.strip_prefix("event: ").unwrap().to_string();
        let data: Value = serde_json::from_str(data).unwrap();
        assert_eq!(data["type"], name.as_str());
        (name, data)
    });
    events.collect()
}

fn called(pieces: &Value) -> Chunk {
    Chunk { tool_calls: Some(raw(pieces)), ..Chunk::default() }
}

#[test]
fn interleaved_calls_become_blocks_one_after_the_other() {
    let usage = Usage { input: 10, cached_input: 4, output: 3, ..Usage::default() };
    let chunks = [
        Chunk { text: "a".into(), ..Chunk::default() },
        called(&json!([{"index": 0, "id": "x", "function": {"name": "f", "arguments": "{\"a\""}},
            {"index": 1, "id": "y", "function": {"name": "g", "arguments": "{"}}])),
        called(&json!([{"index": 0, "function": {"arguments": ":1}"}}])),
        called(&json!([{"index": 1, "function": {"arguments": "}"}}])),
        Chunk { finish: Some(Finish::ToolCalls), ..Chunk::default() },
        Chunk::of_usage(usage),
    ];
    let events = streamed(&chunks);
    let names: Vec<&str> = events.iter().map(|(name, _)| name.as_str()).collect();
    let (start, delta, stop) = ("content_block_start", "content_block_delta", "content_block_stop");
    let wanted = [
        "message_start",
        start,
        delta,
        stop,
        start,
        delta,
        delta,
        stop,
        start,
        delta,
        stop,
        "message_delta",
        "message_stop",
    ];
    assert_eq!(names, wanted);
    assert_eq!(events[9].1["delta"]["partial_json"], "{}");
    assert_eq!(events[9].1["index"], 2);
    let end = &events[11].1;
    assert_eq!(end["delta"]["stop_reason"], "tool_use");
    assert_eq!(end["usage"]["input_tokens"], 6);
    assert_eq!(end["usage"]["cache_read_input_tokens"], 4);
}

#[test]
fn the_vendors_own_last_event_waits_for_the_end() {
    let mut writer = Writer::new(Opening::default());
    let own = |text: &'static str| Chunk {
        raw: Some(Raw { dialect: Dialect::Messages, bytes: Bytes::from_static(text.as_bytes()) }),
        ..Chunk::default()
    };
    let ping = writer.chunk(&own("{\"type\": \"ping\"}")).unwrap().unwrap();
    assert_eq!(ping, "event: ping\ndata: {\"type\": \"ping\"}\n\n");
    let late = writer.chunk(&own(r#"{"x":1,"type":"new_event"}"#)).unwrap().unwrap();
    assert!(late.starts_with(b"event: new_event\n"));
    assert_eq!(writer.chunk(&own(r#"{"type":"message_stop"}"#)).unwrap(), None);
    let end = writer.end().unwrap();
    assert_eq!(end, "event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n");
    let error = writer.error(&gatemark_core::Error::invalid("no"));
    assert!(error.starts_with(b"event: error\n") && !error.ends_with(b"[DONE]\n\n"));
}

fn values() -> impl Strategy<Value = Value> {
    let words = prop_oneof![
        Just("text"),
        Just("image"),
        Just("tool_use"),
        Just("tool_result"),
        Just("thinking"),
        Just("user"),
        Just("assistant"),
        Just("base64"),
        Just("url"),
        Just("auto"),
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
        words.prop_map(Value::from),
        "\\PC{0,6}".prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 60, 6, |inner| {
        let keys = prop_oneof![
            Just("type"),
            Just("text"),
            Just("role"),
            Just("content"),
            Just("source"),
            Just("id"),
            Just("name"),
            Just("input"),
            Just("tool_use_id"),
            Just("data"),
            Just("media_type"),
            Just("input_schema"),
            Just("url"),
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

fn blocks() -> impl Strategy<Value = Value> {
    let text = "\\PC{0,8}".prop_map(|text| json!({"type": "text", "text": text}));
    let call = ("\\PC{0,4}", values())
        .prop_map(|(id, input)| json!({"type": "tool_use", "id": id, "name": "f", "input": input}));
    let result = values()
        .prop_map(|content| json!({"type": "tool_result", "tool_use_id": "t", "content": content}));
    prop_oneof![text, call, result, values()]
}

proptest! {
    #[test]
    fn any_request_is_translated_into_json_or_refused_by_its_place(
        turns in proptest::collection::vec(
            (prop_oneof![Just("user"), Just("assistant")], proptest::collection::vec(blocks(), 0..4)),
            0..4),
        tools in values(),
        knows in any::<bool>(),
    ) {
        let messages: Vec<Value> = turns
            .into_iter()
            .map(|(role, content)| json!({"role": role, "content": content}))
            .collect();
        let body = json!({"messages": messages, "tools": tools, "max_tokens": 5});
        if let Ok((messages, _)) = translated(&body, knows) {
            prop_assert!(messages.is_array());
        }
    }

    #[test]
    fn any_pieces_make_events_in_order(
        pieces in proptest::collection::vec((0u64..3, "[a-z]{0,3}", "[a-z]{0,3}"), 0..12),
    ) {
        let opening = Opening::default();
        let mut writer = Writer::new(opening);
        let mut text = Vec::new();
        let mut broken = false;
        for (index, said, arguments) in pieces {
            let mut chunk = called(&json!([{"index": index, "id": format!("i{index}"),
                "function": {"name": "f", "arguments": arguments}}]));
            chunk.text = said;
            match writer.chunk(&chunk) {
                Ok(frame) => text.extend(frame.unwrap_or_default()),
                Err(_) => { broken = true; break }
            }
        }
        if !broken {
            text.extend(writer.end().unwrap());
            let text = String::from_utf8(text).unwrap();
            let opened = text.matches("event: content_block_start\n").count();
            prop_assert_eq!(opened, text.matches("event: content_block_stop\n").count());
            let last = "data: {\"type\":\"message_stop\"}\n\n";
            prop_assert!(text.ends_with(last));
        }
    }
}
