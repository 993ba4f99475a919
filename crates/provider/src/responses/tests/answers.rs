use super::{fields, raw};
use bytes::Bytes;
use gatemark_core::model::Usage;
use gatemark_core::{Error, Kind};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::answer::{Answer, Chunk, Finish};
use crate::dialect::{Dialect, Raw};
use crate::frame::Opening;
use crate::responses::{Writer, write_answer};

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

proptest! {
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
