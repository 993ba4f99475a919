use bytes::Bytes;
use gatemark_core::model::Usage;
use gatemark_core::{Error, Kind};
use proptest::prelude::*;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::{Writer, to_chat, write_answer};
use crate::answer::{Answer, Chunk, Finish};
use crate::dialect::{Dialect, Raw};
use crate::frame::Opening;
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

fn opening(asked: &Value) -> Opening {
    let asked = fields(asked).into();
    Opening { call: "0-1".into(), model: "m".into(), created: 7, asked, ..Opening::default() }
}

fn answer() -> Answer {
    let calls = json!([{"id": "c1", "type": "function", "function": {"name": "f", "arguments": "{\"x\": 1}"}},
        {"function": {"name": "g", "arguments": ""}}]);
    Answer {
        text: "hi".into(),
        reasoning: "hm".into(),
        tool_calls: Some(raw(&calls)),
        finish: Finish::ToolCalls,
        usage: Some(Usage {
            input: 10,
            cached_input: 4,
            output: 3,
            reasoning: 2,
            ..Usage::default()
        }),
        ..Answer::default()
    }
}

fn whole(answer: &Answer, asked: &Value) -> Value {
    serde_json::from_slice(&write_answer(answer, &opening(asked)).unwrap()).unwrap()
}

#[test]
fn a_response_from_parts() {
    let asked = json!({"metadata": {"a": "b"}, "temperature": 0.5, "seed": 1, "top_p": null});
    let response = whole(&answer(), &asked);
    let wanted = json!([
        {"id": "rs_01_0", "type": "reasoning", "summary": [{"type": "summary_text", "text": "hm"}]},
        {"id": "msg_01_1", "type": "message", "status": "completed", "role": "assistant", "content": [
            {"type": "output_text", "text": "hi", "annotations": [], "logprobs": []}]},
        {"id": "fc_01_2", "type": "function_call", "status": "completed", "arguments": "{\"x\": 1}",
            "call_id": "c1", "name": "f"},
        {"id": "fc_01_3", "type": "function_call", "status": "completed", "arguments": "{}",
            "call_id": "call_01_1", "name": "g"}]);
    assert_eq!(response["output"], wanted);
    let usage = json!({"input_tokens": 10, "input_tokens_details": {"cached_tokens": 4}, "output_tokens": 3,
        "output_tokens_details": {"reasoning_tokens": 2}, "total_tokens": 13});
    assert_eq!(response["usage"], usage);
    for (name, value) in [
        ("id", json!("resp_01")),
        ("object", json!("response")),
        ("created_at", json!(7)),
        ("status", json!("completed")),
        ("model", json!("m")),
        ("metadata", json!({"a": "b"})),
        ("temperature", json!(0.5)),
        ("top_p", Value::Null),
        ("tools", json!([])),
        ("store", json!(false)),
    ] {
        assert_eq!(response[name], value, "{name}");
    }
    assert!(response.get("seed").is_none());
}

#[test]
fn an_answer_that_was_cut_off_says_why() {
    let ended = |finish: Finish| whole(&Answer { finish, ..Answer::default() }, &json!({}));
    let cut = ended(Finish::Length);
    assert_eq!(
        (&cut["status"], &cut["incomplete_details"]["reason"]),
        (&json!("incomplete"), &json!("max_output_tokens"))
    );
    assert_eq!(cut["output"][0]["status"], "incomplete");
    assert_eq!(ended(Finish::ContentFilter)["incomplete_details"]["reason"], "content_filter");
    assert_eq!(ended(Finish::Other("eos".into()))["status"], "completed");
    let own = Raw { dialect: Dialect::Responses, bytes: Bytes::from_static(b"{ }") };
    let own = Answer { raw: Some(own), ..Answer::default() };
    assert_eq!(write_answer(&own, &Opening::default()).unwrap(), "{ }");
}

/// The events of a stream, by name; their numbers are checked.
fn events(text: &str) -> Vec<(String, Value)> {
    let read = |(number, event): (usize, &str)| {
        let (name, data) = event.split_once("\ndata: ").unwrap();
        let name = name.strip_prefix("event: ").unwrap().to_string();
        let data: Value = serde_json::from_str(data).unwrap();
        assert_eq!(
            (&data["type"], &data["sequence_number"]),
            (&json!(name), &json!(number)),
            "{text}"
        );
        (name, data)
    };
    text.split_terminator("\n\n").enumerate().map(read).collect()
}

fn streamed(chunks: &[Chunk]) -> Result<String, Error> {
    let mut writer = Writer::new(opening(&json!({})));
    let mut text = Vec::new();
    for chunk in chunks {
        text.extend(writer.chunk(chunk)?.unwrap_or_default());
    }
    text.extend(writer.end()?);
    Ok(String::from_utf8(text).unwrap())
}

#[test]
fn a_whole_answer_as_a_stream_is_the_same_answer() {
    let text = streamed(&answer().into_chunks()).unwrap();
    let events = events(&text);
    let names: Vec<&str> =
        events.iter().map(|(name, _)| name.strip_prefix("response.").unwrap()).collect();
    let item = |inner: &[&'static str]| {
        let mut all = vec!["output_item.added"];
        all.extend(inner);
        all.push("output_item.done");
        all
    };
    let mut wanted = vec!["created", "in_progress"];
    wanted.extend(item(&[
        "reasoning_summary_part.added",
        "reasoning_summary_text.delta",
        "reasoning_summary_text.done",
        "reasoning_summary_part.done",
    ]));
    wanted.extend(item(&[
        "content_part.added",
        "output_text.delta",
        "output_text.done",
        "content_part.done",
    ]));
    wanted.extend(item(&["function_call_arguments.delta", "function_call_arguments.done"]));
    wanted.extend(item(&["function_call_arguments.delta", "function_call_arguments.done"]));
    wanted.push("completed");
    assert_eq!(names, wanted);
    let mut last = events.last().unwrap().1["response"].clone();
    let mut expected = whole(&answer(), &json!({}));
    assert_eq!(last["output"].take(), expected["output"].take());
    assert_eq!(last, expected);
    let opened = &events[0].1["response"];
    assert_eq!((&opened["status"], &opened["usage"]), (&json!("in_progress"), &Value::Null));
}

fn called(pieces: &Value) -> Chunk {
    Chunk { tool_calls: Some(raw(pieces)), ..Chunk::default() }
}

#[test]
fn interleaved_calls_come_one_after_the_other() {
    let begun = |index: u64| {
        called(&json!([{"index": index, "id": format!("c{index}"),
            "function": {"name": "f", "arguments": ""}}]))
    };
    let more = |index: u64, text: &str| {
        called(&json!([{"index": index, "function": {"arguments": text}}]))
    };
    let chunks =
        [begun(0), more(0, "{\"a\""), begun(1), more(1, "{\"b\""), more(0, ":1}"), more(1, ":2}")];
    let text = streamed(&chunks).unwrap();
    let events = events(&text);
    let output = &events.last().unwrap().1["response"]["output"];
    assert_eq!(
        (&output[0]["arguments"], &output[1]["arguments"]),
        (&json!("{\"a\":1}"), &json!("{\"b\":2}"))
    );
    let mut open = None;
    for (name, event) in &events {
        match name.as_str() {
            "response.output_item.added" => {
                assert!(open.replace(event["item"]["id"].clone()).is_none())
            }
            "response.output_item.done" => {
                assert_eq!(open.take().as_ref(), Some(&event["item"]["id"]))
            }
            "response.function_call_arguments.delta" => {
                assert_eq!(open.as_ref(), Some(&event["item_id"]))
            }
            _ => {}
        }
    }
}

#[test]
fn nothing_said_and_cut_off() {
    let chunk = Chunk { finish: Some(Finish::Length), ..Chunk::default() };
    let text = streamed(&[chunk]).unwrap();
    let events = events(&text);
    let (name, last) = events.last().unwrap();
    assert_eq!(name, "response.incomplete");
    assert_eq!(last["response"]["output"][0]["content"][0]["text"], "");
    assert_eq!(last["response"]["output"][0]["status"], "incomplete");
}

#[test]
fn a_broken_stream_does_not_look_whole() {
    let mut writer = Writer::new(opening(&json!({})));
    let mut text =
        writer.chunk(&Chunk { text: "hi".into(), ..Chunk::default() }).unwrap().unwrap().to_vec();
    text.extend(writer.error(&Error::new(Kind::Limited, "slow \"down\"")));
    let events = events(std::str::from_utf8(&text).unwrap());
    let (name, error) = &events[events.len() - 2];
    assert_eq!((name.as_str(), &error["message"]), ("error", &json!("slow \"down\"")));
    assert_eq!(error["error"]["type"], "rate_limit_error");
    let (name, failed) = events.last().unwrap();
    assert_eq!(
        (name.as_str(), &failed["response"]["status"]),
        ("response.failed", &json!("failed"))
    );
    assert_eq!(failed["response"]["error"]["code"], "rate_limit_exceeded");
}

#[test]
fn the_vendors_own_events_pass_and_the_last_one_waits() {
    let mut writer = Writer::new(opening(&json!({})));
    let own = |text: &'static str| Chunk {
        raw: Some(Raw { dialect: Dialect::Responses, bytes: Bytes::from_static(text.as_bytes()) }),
        ..Chunk::default()
    };
    let first = r#"{"type":"response.created","sequence_number":0,"response":{"id":"resp_v"}}"#;
    let frame = writer.chunk(&own(first)).unwrap().unwrap();
    assert_eq!(frame, format!("event: response.created\ndata: {first}\n\n"));
    let last = r#"{"type":"response.completed","sequence_number":1}"#;
    assert_eq!(writer.chunk(&own(last)).unwrap(), None);
    let mut broken = Writer::new(opening(&json!({})));
    broken.chunk(&own(first)).unwrap();
    assert_eq!(writer.end().unwrap(), format!("event: response.completed\ndata: {last}\n\n"));
    let text = broken.error(&Error::new(Kind::VendorFailed, "gone"));
    let text = std::str::from_utf8(&text).unwrap();
    assert!(
        text.starts_with("event: error\ndata: {\"type\":\"error\",\"sequence_number\":1,"),
        "{text}"
    );
    assert!(text.contains(r#""id":"resp_v""#), "{text}");
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

    #[test]
    fn any_pieces_make_numbered_events_of_items_in_order(
        pieces in proptest::collection::vec((0u64..3, "[a-z]{0,3}", "[a-z]{0,3}", "[a-z]{0,2}"), 0..12),
    ) {
        let chunks = pieces.into_iter().map(|(index, said, arguments, reasoning)| Chunk {
            text: said,
            reasoning,
            ..called(&json!([{"index": index, "id": format!("i{index}"),
                "function": {"name": "f", "arguments": arguments}}]))
        });
        let chunks: Vec<Chunk> = chunks.collect();
        if let Ok(text) = streamed(&chunks) {
            let events = events(&text);
            let all = |wanted: &str| {
                let of = events.iter().filter(|(name, _)| name == wanted);
                of.map(|(_, event)| event["item"]["id"].clone()).collect::<Vec<_>>()
            };
            prop_assert_eq!(all("response.output_item.added"), all("response.output_item.done"));
            let output = &events.last().unwrap().1["response"]["output"];
            prop_assert_eq!(output.as_array().unwrap().len(), all("response.output_item.done").len());
        }
    }
}
