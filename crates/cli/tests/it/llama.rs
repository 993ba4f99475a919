//! A vendor that we did not write: llama.cpp's server behind the gateway.
//!
//! Its Python edition keeps a schema through a forced tool only; the C++ one knows `json_schema` as well
//! (`GATEMARK_LLAMA_STRUCTURED=strict`).
//!
//! Run on demand, since the server takes ten minutes to build: start one (docs/development.md says how) and name it in
//! `GATEMARK_LLAMA_SERVER=http://127.0.0.1:8080`. The model may be of random weights: nothing here looks at what it
//! says, only at what is true of every answer. What it once answered is replayed by
//! `crates/provider/tests/wire/llamacpp.rs`.

use std::fs;

use serde_json::{Value, json};

use crate::http::Response;
use crate::support::{Project, Server};

const WHY: &str = "GATEMARK_LLAMA_SERVER=http://host:port of a llama.cpp server";

/// The project of `init` whose prompt is answered by llama.cpp, deployed to a place without rules.
fn serving() -> (Project, Server) {
    let url = std::env::var("GATEMARK_LLAMA_SERVER").expect(WHY);
    let mode = std::env::var("GATEMARK_LLAMA_STRUCTURED").unwrap_or_else(|_| "tool".into());
    let project = Project::new();
    let config = format!(
        "name: mock\nproviders:\n  llama: {{protocol: llamacpp, base_url: \"{}/v1\", retries: 0, timeout: 120s, \
         structured: {{default: {mode}}}}}\nmodels:\n  llama/tiny: {{input_usd_per_million: 1, \
         output_usd_per_million: 2, pinned: true}}\nenvironments:\n  production: {{}}\n  staging: {{policy: open, record: content}}\n",
        url.trim_end_matches('/')
    );
    fs::write(project.path().join("gatemark.yaml"), config).unwrap();
    project.edit("prompt.yaml", "sim/learner-2026-11-01", "llama/tiny");
    project.edit("prompt.yaml", "  fallback: {queue: technical}", "");
    project.run(&["push"]).exits(0);
    project.run(&["deploy", "support/triage", "--to", "staging"]).exits(0);
    let server = Server::start(&project);
    (project, server)
}

fn plain(server: &Server, more: Value) -> Response {
    let mut body = json!({"model": "llama/tiny", "max_tokens": 12, "temperature": 0,
        "messages": [{"role": "user", "content": "Say something."}]});
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let response = server.post("/v1/chat/completions", None, &body);
    assert_eq!(response.status, 200, "{}", response.body);
    response
}

/// The data of each event but the terminator, which must be there.
fn events(response: &Response) -> Vec<Value> {
    let lines = response.body.lines().filter_map(|line| line.strip_prefix("data: "));
    let mut data: Vec<&str> = lines.collect();
    assert_eq!(data.pop(), Some("[DONE]"), "{}", response.body);
    data.iter().map(|data| serde_json::from_str(data).unwrap()).collect()
}

fn streamed_text(events: &[Value]) -> String {
    let deltas = events.iter().filter_map(|event| event["choices"][0]["delta"]["content"].as_str());
    deltas.collect()
}

/// What the newest call took by its record: tokens in, tokens out, billionths of a dollar.
fn recorded(project: &Project, server: Server) -> (u64, u64, u64) {
    drop(server);
    let calls = project.run(&["calls", "--json"]).exits(0).out;
    let call: Value = serde_json::from_str(calls.lines().next().unwrap()).unwrap();
    let number = |value: &Value| value.as_u64().unwrap_or_else(|| panic!("{call}"));
    let usage = &call["usage"];
    (number(&usage["input"]), number(&usage["output"]), number(&call["cost"]))
}

#[test]
#[ignore = "needs GATEMARK_LLAMA_SERVER"]
fn whole_answers_are_counted_and_priced() {
    let (project, server) = serving();
    let answer = plain(&server, json!({}));
    let body = answer.json();
    let usage = &body["usage"];
    let (input, output) =
        (usage["prompt_tokens"].as_u64().unwrap(), usage["completion_tokens"].as_u64().unwrap());
    assert!(input > 0 && output <= 12, "{usage}");
    let finish = body["choices"][0]["finish_reason"].as_str().unwrap();
    assert!(finish == "length" && output == 12 || finish == "stop", "{body}");
    assert_eq!(recorded(&project, server), (input, output, 1000 * input + 2000 * output));
}

#[test]
#[ignore = "needs GATEMARK_LLAMA_SERVER"]
fn streams_say_what_whole_answers_say_and_are_counted() {
    let (project, server) = serving();
    let whole = plain(&server, json!({}));
    let whole = whole.json();
    let stream =
        events(&plain(&server, json!({"stream": true, "stream_options": {"include_usage": true}})));
    let said = whole["choices"][0]["message"]["content"].as_str().unwrap();
    assert_eq!(streamed_text(&stream), said);
    let finishes: Vec<&str> =
        stream.iter().filter_map(|event| event["choices"][0]["finish_reason"].as_str()).collect();
    assert_eq!(finishes, [whole["choices"][0]["finish_reason"].as_str().unwrap()]);
    let (_, output, cost) = recorded(&project, server);
    assert!(output > 0 && cost > 0);
}

#[test]
#[ignore = "needs GATEMARK_LLAMA_SERVER"]
fn a_stop_sequence_ends_the_answer() {
    let (_project, server) = serving();
    let said = plain(&server, json!({})).json();
    let said = said["choices"][0]["message"]["content"].as_str().unwrap().to_string();
    let stop: String = said.chars().skip(3).take(2).collect();
    assert!(stop.chars().count() == 2, "too short an answer to stop in: {said:?}");
    let answer = plain(&server, json!({"stop": [stop]})).json();
    assert_eq!(answer["choices"][0]["finish_reason"], "stop");
    let cut = answer["choices"][0]["message"]["content"].as_str().unwrap();
    assert!(
        said.starts_with(cut) && !cut.contains(&stop) && cut.len() < said.len(),
        "{cut:?} of {said:?}"
    );
}

/// The other doors speak to it in translation.
#[test]
#[ignore = "needs GATEMARK_LLAMA_SERVER"]
fn other_doors_are_answered_too() {
    let (_project, server) = serving();
    let message = json!({"model": "llama/tiny", "max_tokens": 12, "temperature": 0,
        "messages": [{"role": "user", "content": "Say something."}]});
    let answer = server.post("/v1/messages", None, &message);
    assert_eq!(answer.status, 200, "{}", answer.body);
    let answer = answer.json();
    assert!(matches!(answer["stop_reason"].as_str(), Some("max_tokens" | "end_turn")), "{answer}");
    assert!(answer["usage"]["input_tokens"].as_u64() > Some(0), "{answer}");
    let plain = plain(&server, json!({})).json();
    assert_eq!(answer["content"][0]["text"], plain["choices"][0]["message"]["content"]);
    let mut stream = message.clone();
    stream["stream"] = json!(true);
    let stream = server.post("/v1/messages", None, &stream).body;
    assert!(stream.contains("event: message_stop"), "{stream}");
    let asked = json!({"model": "llama/tiny", "max_output_tokens": 12, "temperature": 0, "input": "Say something."});
    let response = server.post("/v1/responses", None, &asked).json();
    assert!(matches!(response["status"].as_str(), Some("completed" | "incomplete")), "{response}");
    assert_eq!(
        response["output"][0]["content"][0]["text"],
        plain["choices"][0]["message"]["content"]
    );
}

/// A model of random weights keeps a schema only if the server holds it to it: so it was told, in its own words.
#[test]
#[ignore = "needs GATEMARK_LLAMA_SERVER"]
fn a_prompts_schema_is_kept() {
    let (project, server) = serving();
    let asked = json!({"model": "gatemark/support/triage@staging", "messages": [],
        "variables": {"message": "The app crashes."}});
    for stream in [false, true] {
        let mut asked = asked.clone();
        asked["stream"] = json!(stream);
        let answer = server.post("/v1/chat/completions", None, &asked);
        assert_eq!(answer.status, 200, "{}", answer.body);
        let text = if stream {
            streamed_text(&events(&answer))
        } else {
            assert_eq!(answer.header("x-gatemark-outcome"), Some("ok"), "{}", answer.body);
            assert_eq!(answer.header("x-gatemark-repaired"), None);
            answer.json()["choices"][0]["message"]["content"].as_str().unwrap().to_string()
        };
        let value: Value =
            serde_json::from_str(&text).unwrap_or_else(|cause| panic!("{cause}: {text}"));
        assert!(value["queue"].is_string(), "{value}");
    }
    drop(server);
    let calls = project.run(&["calls", "--outcome", "ok", "--json"]).exits(0).out;
    assert_eq!(calls.lines().count(), 2, "{calls}");
}

/// Tools are declared without a fault; whether they are called is the model's affair.
#[test]
#[ignore = "needs GATEMARK_LLAMA_SERVER"]
fn tools_may_be_declared() {
    let (_project, server) = serving();
    let tools = json!([{"type": "function", "function": {"name": "look", "description": "Looks.",
        "parameters": {"type": "object", "properties": {"at": {"type": "string"}}, "required": ["at"]}}}]);
    let answer = plain(&server, json!({"tools": tools})).json();
    let message = &answer["choices"][0]["message"];
    assert!(message["content"].is_string() || message["tool_calls"].is_array(), "{answer}");
}
