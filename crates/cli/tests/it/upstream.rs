//! A vendor that speaks chat completions, answers by a rule of the test's, and counts what it was asked.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::{Value, json};

/// What a rule answers: a text, or an HTTP status without one.
pub(crate) type Said = Result<String, u16>;

/// The request, and how many came before it.
type Rule = dyn Fn(&Value, u64) -> Said + Send + Sync;

/// The vendor. Lives as long as the test process.
pub(crate) struct Upstream {
    address: String,
    asked: Arc<AtomicU64>,
}

impl Upstream {
    pub(crate) fn start(rule: impl Fn(&Value, u64) -> Said + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let asked = Arc::new(AtomicU64::new(0));
        let (count, rule): (_, Arc<Rule>) = (asked.clone(), Arc::new(rule));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (count, rule) = (count.clone(), rule.clone());
                std::thread::spawn(move || converse(&stream, &count, rule.as_ref()));
            }
        });
        Self { address, asked }
    }

    /// One that gives vectors, by a rule over the text; an error where it has none.
    pub(crate) fn vectors(rule: impl Fn(&str) -> Option<Vec<f64>> + Send + Sync + 'static) -> Self {
        Self::start(move |request, _| {
            let texts = request["input"].as_array().cloned().unwrap_or_default();
            let vectors = texts.iter().map(|text| rule(text.as_str().unwrap_or_default()));
            let vectors: Option<Vec<Vec<f64>>> = vectors.collect();
            vectors.map(|vectors| json!(vectors).to_string()).ok_or(500)
        })
    }

    /// Address and port.
    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    /// How many requests have come.
    pub(crate) fn asked(&self) -> u64 {
        self.asked.load(Ordering::SeqCst)
    }

    /// A `gatemark.yaml` whose provider `mock` this is, with a priced and pinned model `mock/m`.
    pub(crate) fn config(&self) -> String {
        format!(
            "name: mock\nproviders:\n  mock: {{protocol: openai, base_url: \"http://{}/v1\", retries: 0, \
             timeout: 20s}}\nmodels:\n  mock/m: {{input_usd_per_million: 1, output_usd_per_million: 2, \
             pinned: true}}\nenvironments:\n  production: {{}}\n",
            self.address
        )
    }
}

/// Requests of one connection until it closes.
fn converse(stream: &TcpStream, count: &AtomicU64, rule: &Rule) -> Option<()> {
    let mut reader = BufReader::new(stream);
    let mut writer = stream;
    loop {
        let request = read(&mut reader)?;
        let said = rule(&request, count.fetch_add(1, Ordering::SeqCst));
        let (status, body) = match said {
            Ok(text) if request["input"].is_array() => (200, embeddings(&request, &text)),
            // Its model `s` streams.
            Ok(text) if request["model"] == "s" && request["stream"] == true => {
                (200, events(&text))
            }
            Ok(text) => (200, completion(&text)),
            Err(status) => (status, json!({"error": {"message": "by the rule"}}).to_string()),
        };
        let head = format!(
            "HTTP/1.1 {status} X\r\ncontent-type: {}\r\ncontent-length: {}\r\n\r\n",
            if body.starts_with('{') { "application/json" } else { "text/event-stream" },
            body.len()
        );
        writer.write_all((head + &body).as_bytes()).ok()?;
    }
}

fn read(reader: &mut impl BufRead) -> Option<Value> {
    let mut length = 0;
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).ok()? == 0 {
            return None;
        }
        if line == "\r\n" {
            break;
        }
        if let Some(value) = line.to_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().ok()?;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    serde_json::from_slice(&body).ok()
}

fn completion(text: &str) -> String {
    json!({
        "id": "c", "object": "chat.completion", "created": 1, "model": "m",
        "choices": [{"index": 0, "message": {"role": "assistant", "content": text},
            "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 100, "completion_tokens": 10, "total_tokens": 110}
    })
    .to_string()
}

/// The text in pieces of five characters.
fn events(text: &str) -> String {
    let event = |choice: Value| {
        let chunk = json!({"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m",
            "choices": [choice]});
        format!("data: {chunk}\n\n")
    };
    let signs: Vec<char> = text.chars().collect();
    let pieces = signs.chunks(5).map(|piece| {
        let piece: String = piece.iter().collect();
        event(json!({"index": 0, "delta": {"content": piece}, "finish_reason": null}))
    });
    let end = event(json!({"index": 0, "delta": {}, "finish_reason": "stop"}));
    pieces.chain([end, "data: [DONE]\n\n".to_string()]).collect()
}

/// The vectors that the rule gave, or the same one for every text.
fn embeddings(request: &Value, said: &str) -> String {
    let texts = request["input"].as_array().map_or(0, Vec::len);
    let given: Vec<Value> = serde_json::from_str(said).unwrap_or_default();
    let vector = |index: usize| given.get(index).cloned().unwrap_or(json!([1.0, 0.0]));
    let data: Vec<Value> = (0..texts)
        .map(|index| json!({"object": "embedding", "index": index, "embedding": vector(index)}))
        .collect();
    json!({"object": "list", "model": "m", "data": data,
        "usage": {"prompt_tokens": 10 * texts, "total_tokens": 10 * texts}})
    .to_string()
}

/// The text of a request's last message.
pub(crate) fn last_text(request: &Value) -> String {
    let messages = request["messages"].as_array().cloned().unwrap_or_default();
    messages.last().and_then(|m| m["content"].as_str()).unwrap_or_default().to_string()
}
