//! Vendors of chat completions, of messages and of responses, at one address, that answer alike: so that what a
//! client sees through a door can be compared whatever vendor stands behind it.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use crate::responding::embeddings;

/// Path, head and body of a request.
pub(crate) type Asked = (String, String, Value);

/// The vendors. They live as long as the test process.
pub(crate) struct TwoVendors {
    address: String,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl TwoVendors {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let asked = Arc::new(Mutex::new(vec![]));
        let there = asked.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let asked = there.clone();
                std::thread::spawn(move || converse(&stream, &asked));
            }
        });
        Self { address, asked }
    }

    /// A `gatemark.yaml` with the models `chat/m`, `claude/m` and `gpt/m`, and a `sim`.
    pub(crate) fn config(&self) -> String {
        let address = &self.address;
        let provider = |name: &str, protocol: &str, path: &str| {
            format!(
                "  {name}: {{protocol: {protocol}, base_url: \"http://{address}{path}\", retries: 0, \
                 timeout: 20s}}\n"
            )
        };
        let model = |name: &str| {
            format!("  {name}/m: {{input_usd_per_million: 1, output_usd_per_million: 2}}\n")
        };
        format!(
            "name: vendors\nproviders:\n  sim: {{}}\n{}{}{}models:\n{}{}{}",
            provider("chat", "openai", "/v1"),
            provider("claude", "anthropic", ""),
            provider("gpt", "openai, api: responses", "/v1"),
            model("chat"),
            model("claude"),
            model("gpt")
        )
    }

    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }
}

/// Requests of one connection until it closes.
fn converse(stream: &TcpStream, asked: &Mutex<Vec<Asked>>) -> Option<()> {
    let mut reader = BufReader::new(stream);
    let mut writer = stream;
    loop {
        let (path, head, request) = read(&mut reader)?;
        asked.lock().unwrap().push((path.clone(), head, request.clone()));
        let said = Said::to(&request);
        let chat = path.ends_with("/chat/completions");
        let streamed = request["stream"] == true;
        let body = match path.as_str() {
            "/v1/responses" if streamed => said.response_events(),
            "/v1/responses" => said.response_whole().to_string(),
            "/v1/embeddings" => embeddings(&request).to_string(),
            _ => match (path.ends_with("/count_tokens"), streamed, chat) {
                (true, ..) => json!({"input_tokens": 77}).to_string(),
                (_, false, true) => said.chat_whole().to_string(),
                (_, false, false) => said.claude_whole().to_string(),
                (_, true, true) => said.chat_events(),
                (_, true, false) => said.claude_events(),
            },
        };
        let kind = if body.starts_with('{') { "application/json" } else { "text/event-stream" };
        let length = body.len();
        let head =
            format!("HTTP/1.1 200 OK\r\ncontent-type: {kind}\r\ncontent-length: {length}\r\n\r\n");
        writer.write_all((head + &body).as_bytes()).ok()?;
    }
}

fn read(reader: &mut impl BufRead) -> Option<Asked> {
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if reader.read_line(&mut head).ok()? == 0 {
            return None;
        }
    }
    let lower = head.to_lowercase();
    let length = lower.lines().find_map(|line| line.strip_prefix("content-length: "))?;
    let mut body = vec![0; length.trim().parse().ok()?];
    reader.read_exact(&mut body).ok()?;
    let path = head.split(' ').nth(1)?.to_string();
    Some((path, lower, serde_json::from_slice(&body).ok()?))
}

/// What the vendors answer, each in its own words.
pub(crate) struct Said {
    pub(crate) text: String,
    pub(crate) cities: Vec<&'static str>,
    pub(crate) breaks: bool,
}

impl Said {
    fn to(request: &Value) -> Self {
        let text = request["messages"].to_string() + &request["input"].to_string();
        let format = if request["text"].is_object() { "/text/format" } else { "/response_format" };
        if request.pointer(format).is_some_and(|format| format["type"] == "json_schema") {
            let text = json!({"city": "Graz", "degrees": 4}).to_string();
            return Self { text, cities: vec![], breaks: false };
        }
        let results = text.contains("4 C") && text.contains("7 C");
        let cities =
            if request["tools"].is_array() && !results { vec!["Graz", "Bern"] } else { vec![] };
        let seen = if text.contains("iVBORw0KGgo=") { " image" } else { "" };
        let done = if results { " results" } else { "" };
        Self { text: format!("Grüße{seen}{done}"), cities, breaks: text.contains("break off") }
    }

    fn call(rank: usize, city: &str) -> Value {
        json!({"index": rank, "id": format!("call_{rank}"), "type": "function",
            "function": {"name": "weather", "arguments": format!("{{\"city\": \"{city}\"}}")}})
    }

    fn finish(&self, calling: &'static str, done: &'static str) -> &'static str {
        if self.cities.is_empty() { done } else { calling }
    }

    fn calls(&self) -> Vec<Value> {
        self.cities.iter().enumerate().map(|(rank, city)| Self::call(rank, city)).collect()
    }

    fn chat_usage() -> Value {
        json!({"prompt_tokens": 30, "completion_tokens": 9, "total_tokens": 39,
            "prompt_tokens_details": {"cached_tokens": 8}})
    }

    fn chat_whole(&self) -> Value {
        let mut message =
            json!({"role": "assistant", "content": self.text, "reasoning_content": "hm"});
        if !self.cities.is_empty() {
            message["tool_calls"] = self.calls().into();
        }
        json!({"id": "c", "object": "chat.completion", "created": 1, "model": "m",
            "choices": [{"index": 0, "message": message,
                "finish_reason": self.finish("tool_calls", "stop")}],
            "usage": Self::chat_usage()})
    }

    fn chat_events(&self) -> String {
        let piece = |delta: Value, finish: Value| {
            json!({"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m",
                "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]})
        };
        let mut events = vec![piece(json!({"role": "assistant", "content": ""}), Value::Null)];
        events.push(piece(json!({"reasoning_content": "hm"}), Value::Null));
        events.extend(
            self.text.split_inclusive(' ').map(|word| piece(json!({"content": word}), Value::Null)),
        );
        for mut call in self.calls() {
            let arguments = call["function"]["arguments"].as_str().unwrap().to_string();
            let (first, second) = arguments.split_at(5);
            call["function"]["arguments"] = first.into();
            let index = call["index"].clone();
            let more = json!({"index": index, "function": {"arguments": second}});
            events.push(piece(json!({"tool_calls": [call]}), Value::Null));
            events.push(piece(json!({"tool_calls": [more]}), Value::Null));
        }
        let mut body: String = events.iter().map(|event| format!("data: {event}\n\n")).collect();
        if !self.breaks {
            let last = piece(json!({}), self.finish("tool_calls", "stop").into());
            let usage = json!({"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m",
                "choices": [], "usage": Self::chat_usage()});
            body.push_str(&format!("data: {last}\n\ndata: {usage}\n\ndata: [DONE]\n\n"));
        }
        body
    }

    fn blocks(&self) -> Vec<Value> {
        let mut blocks = vec![
            json!({"type": "thinking", "thinking": "hm", "signature": "c2ln"}),
            json!({"type": "text", "text": self.text}),
        ];
        blocks.extend(self.cities.iter().enumerate().map(|(rank, city)| {
            json!({"type": "tool_use", "id": format!("call_{rank}"), "name": "weather",
                "input": {"city": city}})
        }));
        blocks
    }

    fn claude_whole(&self) -> Value {
        json!({"id": "msg_1", "type": "message", "role": "assistant", "model": "m",
            "content": self.blocks(), "stop_reason": self.finish("tool_use", "end_turn"),
            "stop_sequence": null, "usage": {"input_tokens": 22, "cache_read_input_tokens": 8,
                "cache_creation_input_tokens": 0, "output_tokens": 9}})
    }

    fn claude_events(&self) -> String {
        let mut body = String::new();
        let mut put = |event: Value| {
            let name = event["type"].as_str().unwrap().to_string();
            body.push_str(&format!("event: {name}\ndata: {event}\n\n"));
        };
        let mut started = self.claude_whole();
        started["content"] = json!([]);
        started["stop_reason"] = Value::Null;
        started["usage"]["output_tokens"] = 1.into();
        put(json!({"type": "message_start", "message": started}));
        put(json!({"type": "ping"}));
        for (index, block) in self.blocks().into_iter().enumerate() {
            let (empty, deltas) = pieces(&block);
            put(json!({"type": "content_block_start", "index": index, "content_block": empty}));
            for delta in deltas {
                put(json!({"type": "content_block_delta", "index": index, "delta": delta}));
            }
            put(json!({"type": "content_block_stop", "index": index}));
        }
        if !self.breaks {
            put(json!({"type": "message_delta", "delta": {"stop_sequence": null,
                "stop_reason": self.finish("tool_use", "end_turn")}, "usage": {"output_tokens": 9}}));
            put(json!({"type": "message_stop"}));
        }
        body
    }
}

/// A block as it begins, and what is added to it.
fn pieces(block: &Value) -> (Value, Vec<Value>) {
    let mut empty = block.clone();
    match block["type"].as_str().unwrap() {
        "thinking" => {
            empty["thinking"] = "".into();
            empty["signature"] = "".into();
            let thought = json!({"type": "thinking_delta", "thinking": block["thinking"]});
            let signed = json!({"type": "signature_delta", "signature": block["signature"]});
            (empty, vec![thought, signed])
        }
        "text" => {
            empty["text"] = "".into();
            (empty, vec![json!({"type": "text_delta", "text": block["text"]})])
        }
        _ => {
            let input = block["input"].to_string();
            empty["input"] = json!({});
            let (first, second) = input.split_at(5);
            let delta = |text: &str| json!({"type": "input_json_delta", "partial_json": text});
            (empty, vec![delta(first), delta(second)])
        }
    }
}
