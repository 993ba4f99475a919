//! What a model gets when a request is too long for it, and which examples it gets, as the vendor sees it.

use std::fs;
use std::sync::{Arc, Mutex};

use gatemark_text::tokens;
use serde_json::{Value, json};

use crate::http::Response;
use crate::support::{Project, Server};
use crate::upstream::Upstream;

const NAME: &str = "support/fit";
const MODEL: &str = "{context_window: 220, token_margin_percent: 0, input_usd_per_million: 1, output_usd_per_million: 2, pinned: true}";

/// A vendor that keeps what it was asked.
struct Vendor {
    upstream: Upstream,
    seen: Arc<Mutex<Vec<Value>>>,
}

impl Vendor {
    fn new() -> Self {
        let seen: Arc<Mutex<Vec<Value>>> = Arc::default();
        let keep = seen.clone();
        let upstream = Upstream::start(move |request, _| {
            keep.lock().unwrap().push(request.clone());
            Ok("fine".into())
        });
        Self { upstream, seen }
    }

    fn last(&self) -> Vec<(String, String)> {
        let seen = self.seen.lock().unwrap();
        let messages = seen.last().unwrap()["messages"].as_array().unwrap().clone();
        let text = |value: &Value| value.as_str().unwrap().to_string();
        messages.iter().map(|m| (text(&m["role"]), text(&m["content"]))).collect()
    }
}

/// A project with one prompt, pushed.
fn project(vendor: &Vendor, model: &str, prompt: &str) -> Project {
    let project = Project::new();
    fs::remove_dir_all(project.path().join("prompts/support/triage")).unwrap();
    let config = format!(
        "name: fit\nproviders:\n  mock: {{protocol: openai, base_url: \"http://{}/v1\", retries: 0}}\n\
         models:\n  mock/m: {model}\nenvironments:\n  production: {{policy: open}}\n",
        vendor.upstream.address()
    );
    fs::write(project.path().join("gatemark.yaml"), config).unwrap();
    let folder = project.path().join("prompts").join(NAME);
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("prompt.yaml"), prompt).unwrap();
    project
}

fn served(vendor: &Vendor, model: &str, prompt: &str) -> (Project, Server) {
    let project = project(vendor, model, prompt);
    project.run(&["push"]).exits(0);
    project.run(&["deploy", NAME, "--to", "production"]).exits(0);
    let server = Server::start(&project);
    (project, server)
}

fn call(server: &Server, body: Value) -> Response {
    let mut request = json!({"model": format!("gatemark/{NAME}")});
    request.as_object_mut().unwrap().extend(body.as_object().unwrap().clone());
    server.post("/v1/chat/completions", None, &request)
}

fn words(count: usize) -> String {
    (0..count).map(|n| format!("w{n}")).collect::<Vec<_>>().join(" ")
}

const BOUNDED: &str = r#"
version: 1.0.0
variables:
  log: {type: string, max_tokens: 20, truncate: tail}
messages: [{role: user, text: "Log: {{ log }}"}]
models: [mock/m]
"#;

#[test]
fn a_variable_over_its_bound_is_cut_and_said_to_be() {
    let vendor = Vendor::new();
    let (project, server) = served(&vendor, "{pinned: true}", BOUNDED);
    let whole = call(&server, json!({"variables": {"log": "short"}}));
    assert_eq!((whole.status, whole.header("x-gatemark-dropped-tokens")), (200, None));
    let log = words(100);
    let cut = call(&server, json!({"variables": {"log": log}}));
    let [(_, text)] = &vendor.last()[..] else { panic!("one message") };
    let kept = text.strip_prefix("Log: ").unwrap();
    assert!(log.ends_with(kept) && kept.ends_with("w99"), "{kept}");
    assert!((15..=20).contains(&tokens::count(kept)), "{kept}");
    let dropped = tokens::count(&log) - tokens::count(kept);
    assert_eq!(cut.header("x-gatemark-dropped-tokens"), Some(&*dropped.to_string()));
    assert_eq!(cut.header("x-gatemark-dropped"), Some(&*format!("variables.log={dropped}")));
    // Waits for the record without sleeping: ending the server ships it.
    let mut server = server;
    server.signal("TERM");
    let calls = project.run(&["calls", "--json"]).exits(0).out;
    let record: Value = serde_json::from_str(calls.lines().next().unwrap()).unwrap();
    assert_eq!(record["dropped"], json!([{"part": "variables.log", "tokens": dropped}]));
}

const PARTS: &str = r#"
version: 1.0.0
variables:
  documents: {type: list, truncate: head, order: edges}
  ticket: {type: string, truncate: sentence}
messages:
  - {role: system, text: "Answer from the documents."}
  - {role: user, text: "{% for d in documents %}<{{ d }}>{% endfor %} Ticket: {{ ticket }}"}
examples:
  - {variables: {documents: [one], ticket: "First example."}, output: first}
  - {variables: {documents: [two], ticket: "Second example."}, output: second}
models: [{model: mock/m, max_tokens: 20}]
"#;

fn documents(count: usize) -> Vec<String> {
    (0..count).map(|n| format!("document {n} about lids")).collect()
}

#[test]
fn the_least_important_parts_go_first() {
    let vendor = Vendor::new();
    let (_project, server) = served(&vendor, MODEL, PARTS);
    let ask = |documents: Vec<String>, ticket: String| {
        let answer =
            call(&server, json!({"variables": {"documents": documents, "ticket": ticket}}));
        assert_eq!(answer.status, 200, "{}", answer.json());
        let request = vendor.last();
        let size: usize = request.iter().map(|(_, text)| tokens::count(text) + 6).sum();
        assert!(size + 6 + 20 <= 220, "{size}");
        (answer, request)
    };
    let dropped = |answer: &Response| answer.header("x-gatemark-dropped").map(str::to_string);

    let (fits, request) = ask(documents(6), "Broken.".into());
    assert_eq!(dropped(&fits), None);
    assert_eq!(request.len(), 6, "both examples");
    let order: Vec<usize> = (0..6).collect();
    let places: Vec<_> =
        order.iter().map(|n| request[5].1.find(&format!("document {n} ")).unwrap()).collect();
    let mut by_place = order.clone();
    by_place.sort_by_key(|n| places[*n]);
    assert_eq!(by_place, [0, 2, 4, 5, 3, 1], "the most important at both ends");

    let (fewer, request) = ask(documents(60), "Broken.".into());
    assert!(dropped(&fewer).unwrap().starts_with("variables.documents="));
    assert_eq!(request.len(), 6, "examples stay while documents go");
    assert!(request[5].1.contains("document 0 ") && !request[5].1.contains("document 59 "));

    let (ticket_first, request) = ask(documents(60), "It is broken. ".repeat(35));
    let said = dropped(&ticket_first).unwrap();
    assert!(said.contains("documents=") && said.contains("examples="), "{said}");
    assert!(!said.contains("ticket="), "{said}");
    assert!(request.last().unwrap().1.ends_with(&"It is broken. ".repeat(35)));

    let (all, request) = ask(documents(60), "It is broken. ".repeat(200));
    assert!(dropped(&all).unwrap().contains("variables.ticket="));
    assert_eq!(request.len(), 2);
    assert!(request[1].1.ends_with("It is broken."), "whole sentences: {}", request[1].1);
    assert!(tokens::count(&request[1].1) > 120, "no more than needed goes: {}", request[1].1);
}

#[test]
fn the_newest_turns_of_a_conversation_stay() {
    let vendor = Vendor::new();
    let prompt = "version: 1.0.0\nmessages: [{role: system, text: Be brief.}]\nmodels: [{model: mock/m, max_tokens: 20}]\n";
    let (_project, server) = served(&vendor, MODEL, prompt);
    let turn = |n: usize| {
        [
            json!({"role": "user", "content": format!("question {n} {}", words(5))}),
            json!({"role": "assistant", "content": format!("answer {n}")}),
        ]
    };
    let mut messages: Vec<Value> = (0..40).flat_map(turn).collect();
    messages.push(json!({"role": "user", "content": "the last question"}));
    let answer = call(&server, json!({"messages": messages}));
    assert_eq!(answer.status, 200, "{}", answer.json());
    assert!(answer.header("x-gatemark-dropped").unwrap().starts_with("conversation="));
    let request = vendor.last();
    assert_eq!(request[0].1, "Be brief.");
    assert_eq!(request.last().unwrap().1, "the last question");
    let kept = &request[1..request.len() - 1];
    assert!(kept.len() >= 4 && kept.len().is_multiple_of(2), "{}", kept.len());
    assert!(kept[0].1.starts_with("question ") && kept[kept.len() - 1].1 == "answer 39");
    let long = json!([{"role": "user", "content": words(400)}]);
    let refused = call(&server, json!({"messages": long}));
    assert_eq!((refused.status, refused.code().as_str()), (400, "context_length_exceeded"));
}

#[test]
fn what_cannot_be_cut_is_refused_with_its_sizes() {
    let vendor = Vendor::new();
    let prompt = "version: 1.0.0\nvariables: {ticket: string}\nmessages: [{role: user, text: \"{{ ticket }}\"}]\nmodels: [mock/m]\n";
    let (_project, server) = served(&vendor, MODEL, prompt);
    let refused = call(&server, json!({"variables": {"ticket": words(300)}}));
    assert_eq!((refused.status, refused.code().as_str()), (400, "context_length_exceeded"));
    let message = refused.json()["error"]["message"].as_str().unwrap().to_string();
    let size = tokens::count(&words(300));
    for part in
        [format!("messages[0] (user) {size}"), "holds 220".into(), "55 are for the answer".into()]
    {
        assert!(message.contains(&part), "{part}: {message}");
    }
    assert_eq!(vendor.upstream.asked(), 0);
}

const CHOSEN: &str = r#"
version: 1.0.0
variables: {ticket: string}
messages: [{role: user, text: "Ticket: {{ ticket }}"}]
examples:
  choose: {by: similarity, k: 2}
  list:
    - {variables: {ticket: "The parcel has not arrived"}, output: parcel}
    - {variables: {ticket: "The lid is cracked"}, output: lid}
    - {variables: {ticket: "The invoice is wrong"}, output: invoice}
    - {variables: {ticket: "My parcel came to the wrong address"}, output: address}
models: [mock/m]
"#;

#[test]
fn the_nearest_examples_are_sent_in_tests_as_in_production() {
    let vendor = Vendor::new();
    let project = project(&vendor, "{pinned: true}", CHOSEN);
    let suite = "cases:\n  - {id: a, category: happy, variables: {ticket: Where is my parcel?}, checks: [contains: fine]}\n";
    fs::write(project.path().join("prompts").join(NAME).join("suite.yaml"), suite).unwrap();
    project.run(&["push"]).exits(0);
    project.run(&["test", NAME]).exits(0);
    let tested = vendor.last();
    project.run(&["deploy", NAME, "--to", "production"]).exits(0);
    let server = Server::start(&project);
    assert_eq!(call(&server, json!({"variables": {"ticket": "Where is my parcel?"}})).status, 200);
    assert_eq!(vendor.last(), tested);
    let answers: Vec<&str> =
        tested.iter().filter(|(role, _)| role == "assistant").map(|(_, text)| &**text).collect();
    assert_eq!(answers.len(), 2);
    assert!(answers.contains(&"parcel") && answers.contains(&"address"), "{answers:?}");
    call(&server, json!({"variables": {"ticket": "two invoices, both wrong"}}));
    assert_eq!(vendor.last()[3].1, "invoice", "the nearest stands next to the question");
}

#[test]
fn what_cannot_be_meant_is_told_at_push() {
    let vendor = Vendor::new();
    let prompt = r#"
version: 1.0.0
variables:
  count: {type: integer, truncate: head}
  documents: {type: list, truncate: sentence}
  ticket: {type: string, priority: 3, order: edges}
messages: [{role: user, text: "{{ count }} {{ documents }} {{ ticket }}", truncate: front}]
examples: {list: [], choose: {by: luck, k: 0, diversity: 2}}
models: [mock/m]
limits: {max_input_tokens: 0}
"#;
    project(&vendor, "{context_window: none}", prompt).run(&["push"]).exits(2).complains(&[
        "a variable of type integer cannot be cut",
        "a list has no sentences",
        "`priority` without `truncate` says nothing",
        "`order` is for lists",
        "`truncate` must be one of head, tail, middle, sentence, none",
        "`by` must be one of similarity",
        "`k` must be from 1 to 100",
        "`diversity` must be a share",
        "`max_input_tokens` must be from 1",
        "`context_window` must be a number",
    ]);
}
