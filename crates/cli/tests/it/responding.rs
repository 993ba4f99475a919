//! What the vendor of responses says, and vectors.

use serde_json::{Value, json};

use crate::twovendors::Said;

impl Said {
    fn items(&self) -> Vec<Value> {
        let mut items = vec![
            json!({"id": "rs_1", "type": "reasoning",
                "summary": [{"type": "summary_text", "text": "hm"}]}),
            json!({"id": "msg_1", "type": "message", "status": "completed", "role": "assistant",
                "content": [{"type": "output_text", "text": self.text, "annotations": []}]}),
        ];
        items.extend(self.cities.iter().enumerate().map(|(rank, city)| {
            json!({"id": format!("fc_{rank}"), "type": "function_call", "status": "completed",
                "call_id": format!("call_{rank}"), "name": "weather",
                "arguments": format!("{{\"city\": \"{city}\"}}")})
        }));
        items
    }

    pub(crate) fn response_whole(&self) -> Value {
        json!({"id": "resp_1", "object": "response", "created_at": 1, "status": "completed",
            "model": "m", "output": self.items(), "error": null, "incomplete_details": null,
            "parallel_tool_calls": true, "tool_choice": "auto", "tools": [], "metadata": {},
            "usage": {"input_tokens": 30, "input_tokens_details": {"cached_tokens": 8},
                "output_tokens": 9, "output_tokens_details": {"reasoning_tokens": 2},
                "total_tokens": 39}})
    }

    pub(crate) fn response_events(&self) -> String {
        let mut opened = self.response_whole();
        opened["status"] = "in_progress".into();
        opened["output"] = json!([]);
        opened["usage"] = Value::Null;
        let mut events = vec![
            ("response.created", json!({"response": opened})),
            ("response.in_progress", json!({"response": opened})),
        ];
        for (index, item) in self.items().into_iter().enumerate() {
            events.extend(item_events(index, &item));
        }
        if !self.breaks {
            events.push(("response.completed", json!({"response": self.response_whole()})));
        }
        let mut body = String::new();
        for (number, (name, mut event)) in events.into_iter().enumerate() {
            event["type"] = name.into();
            event["sequence_number"] = number.into();
            body.push_str(&format!("event: {name}\ndata: {event}\n\n"));
        }
        body
    }
}

fn item_events(index: usize, item: &Value) -> Vec<(&'static str, Value)> {
    let place = |more: Value| {
        let mut event = json!({"item_id": item["id"], "output_index": index});
        event.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        event
    };
    let mut empty = item.clone();
    let inner = match item["type"].as_str().unwrap() {
        "reasoning" => {
            empty["summary"] = json!([]);
            let at = |key: &str, value: Value| place(json!({"summary_index": 0, key: value}));
            let part = |text: &Value| json!({"type": "summary_text", "text": text});
            let text = &item["summary"][0]["text"];
            vec![
                ("response.reasoning_summary_part.added", at("part", part(&"".into()))),
                ("response.reasoning_summary_text.delta", at("delta", text.clone())),
                ("response.reasoning_summary_text.done", at("text", text.clone())),
                ("response.reasoning_summary_part.done", at("part", part(text))),
            ]
        }
        "message" => {
            empty["content"] = json!([]);
            let at = |key: &str, value: Value| {
                place(json!({"content_index": 0, "logprobs": [], key: value}))
            };
            let part =
                |text: &Value| json!({"type": "output_text", "text": text, "annotations": []});
            let text = &item["content"][0]["text"];
            vec![
                ("response.content_part.added", at("part", part(&"".into()))),
                ("response.output_text.delta", at("delta", text.clone())),
                ("response.output_text.done", at("text", text.clone())),
                ("response.content_part.done", at("part", part(text))),
            ]
        }
        _ => {
            empty["arguments"] = "".into();
            let arguments = item["arguments"].as_str().unwrap();
            let (first, second) = arguments.split_at(5);
            let delta = |text: &str| {
                ("response.function_call_arguments.delta", place(json!({"delta": text})))
            };
            let whole = place(json!({"arguments": arguments, "name": item["name"]}));
            vec![delta(first), delta(second), ("response.function_call_arguments.done", whole)]
        }
    };
    let framed = |item: &Value| json!({"output_index": index, "item": item});
    let mut events = vec![("response.output_item.added", framed(&empty))];
    events.extend(inner);
    events.push(("response.output_item.done", framed(item)));
    events
}

/// The vector (0.5, -1) for every input.
pub(crate) fn embeddings(request: &Value) -> Value {
    let input = &request["input"];
    let one = input.is_string() || input[0].is_number();
    let count = if one { 1 } else { input.as_array().map_or(0, Vec::len) };
    let packed = request["encoding_format"] == "base64";
    let vector = if packed { json!("AAAAPwAAgL8=") } else { json!([0.5, -1.0]) };
    let data: Vec<Value> = (0..count)
        .map(|index| json!({"object": "embedding", "index": index, "embedding": vector}))
        .collect();
    json!({"object": "list", "model": "m", "data": data,
        "usage": {"prompt_tokens": 3 * count, "total_tokens": 3 * count}})
}
