//! Worked examples chosen by the vectors of an embedding model, as a vendor sees them.

use std::fs;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::{Project, Server};
use crate::upstream::Upstream;

const NAME: &str = "support/near";

/// By words the first and the last are nearest to what is asked; by meaning the second and the third.
const PROMPT: &str = r#"
version: 1.0.0
variables: {ticket: string}
messages: [{role: user, text: "{{ ticket }}"}]
examples:
  choose: {by: embedding, k: 2, model: embed/e}
  list:
    - {variables: {ticket: "money money"}, output: first}
    - {variables: {ticket: "REFUND please"}, output: second}
    - {variables: {ticket: "REFUND again"}, output: third}
    - {variables: {ticket: "money"}, output: fourth}
models: [mock/m]
"#;

const SUITE: &str = "cases:\n  - {id: a, category: happy, variables: {ticket: REFUND my money}, checks: [contains: fine]}\n";

struct Vendor {
    upstream: Upstream,
    embedder: Upstream,
    seen: Arc<Mutex<Vec<Value>>>,
    broken: Arc<AtomicBool>,
}

impl Vendor {
    fn new() -> Self {
        let (seen, broken): (Arc<Mutex<Vec<Value>>>, Arc<AtomicBool>) = Default::default();
        let (keep, fails) = (seen.clone(), broken.clone());
        let upstream = Upstream::start(move |request, _| {
            keep.lock().unwrap().push(request.clone());
            Ok("fine".into())
        });
        // One direction for what is about refunds, another for all else.
        let embedder = Upstream::vectors(move |text| match fails.load(Ordering::SeqCst) {
            true => None,
            false if text.contains("REFUND") => Some(vec![1.0, 0.1]),
            false => Some(vec![0.0, 1.0]),
        });
        Self { upstream, embedder, seen, broken }
    }

    fn project(&self) -> Project {
        let project = Project::new();
        fs::remove_dir_all(project.path().join("prompts/support/triage")).unwrap();
        let config = self.upstream.config().replace("production: {}", "production: {policy: open}");
        let provider = format!(
            "providers:\n  embed: {{protocol: openai, base_url: \"http://{}/v1\", retries: 0}}\n",
            self.embedder.address()
        );
        let config = config.replace("providers:\n", &provider).replace(
            "models:\n",
            "models:\n  embed/e: {input_usd_per_million: 100, output_usd_per_million: 0}\n",
        );
        fs::write(project.path().join("gatemark.yaml"), config).unwrap();
        let folder = project.path().join("prompts").join(NAME);
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("prompt.yaml"), PROMPT).unwrap();
        fs::write(folder.join("suite.yaml"), SUITE).unwrap();
        project.run(&["push"]).exits(0);
        project
    }

    /// The answers of the examples that were sent last.
    fn answers(&self) -> Vec<String> {
        let seen = self.seen.lock().unwrap();
        let messages = seen.last().unwrap()["messages"].as_array().unwrap().clone();
        let said = messages.iter().filter(|message| message["role"] == "assistant");
        said.map(|message| message["content"].as_str().unwrap().to_string()).collect()
    }
}

fn call(server: &Server) -> crate::http::Response {
    let body =
        json!({"model": format!("gatemark/{NAME}"), "variables": {"ticket": "REFUND my money"}});
    server.post("/v1/chat/completions", None, &body)
}

#[test]
fn examples_are_chosen_by_meaning_and_the_vector_is_paid() {
    let vendor = Vendor::new();
    let project = vendor.project();
    project.run(&["test", NAME]).exits(0);
    assert_eq!(vendor.answers(), ["third", "second"], "the nearest stands last");
    project.run(&["deploy", NAME, "--to", "production"]).exits(0);
    let server = Server::start(&project);
    let deadline = Instant::now() + Duration::from_secs(20);
    let answer = loop {
        let answer = call(&server);
        assert_eq!(answer.status, 200, "{}", answer.body);
        if answer.header("x-gatemark-examples") == Some("embedding") {
            break answer;
        }
        assert_eq!(answer.header("x-gatemark-examples"), Some("words"), "until there are vectors");
        assert!(Instant::now() < deadline, "the examples got no vectors");
    };
    assert_eq!(vendor.answers(), ["third", "second"]);
    // 100 tokens at $1, 10 at $2, and 10 at $100 for the vector.
    assert_eq!(answer.header("x-gatemark-cost-usd"), Some("0.00112"));
    let of_examples = vendor.embedder.asked();
    drop(server);
    let server = Server::start(&project);
    call(&server);
    assert!(vendor.embedder.asked() <= of_examples + 1, "examples' vectors are kept");
}

#[test]
fn without_vectors_words_decide_and_a_test_stops() {
    let vendor = Vendor::new();
    let project = vendor.project();
    project.run(&["deploy", NAME, "--to", "production"]).exits(0);
    vendor.broken.store(true, Ordering::SeqCst);
    let mut server = Server::start(&project);
    let answer = call(&server);
    assert_eq!((answer.status, answer.header("x-gatemark-examples")), (200, Some("words")));
    assert_eq!(vendor.answers().len(), 2);
    let metrics = server.get("/metrics", None).body;
    assert!(metrics.contains("gatemark_prompt_examples_by_words"), "{metrics}");
    let failed = project.run(&["test", NAME]);
    assert_ne!(failed.code, 0);
    server.signal("TERM");
    let calls = project.run(&["calls", "--json"]).exits(0).out;
    assert!(calls.contains("\"examples\":\"words\""), "{calls}");
}

#[test]
fn an_embedder_is_named_where_it_is_used() {
    let vendor = Vendor::new();
    let project = vendor.project();
    let path = project.path().join("prompts").join(NAME).join("prompt.yaml");
    for (from, to, told) in [
        (", model: embed/e", "", "`model`"),
        ("embed/e", "none/e", "the embedding model `none/e` has no provider"),
        ("by: embedding", "by: similarity", "examples are chosen by their words"),
    ] {
        fs::write(&path, PROMPT.replace(from, to)).unwrap();
        project.run(&["push", "--dry-run"]).exits(2).complains(&[told]);
    }
}
