//! Structured output through the real server: what the vendor is told, what callers are told, what is kept.

use std::fs;

use serde_json::{Value, json};

use crate::http::Response;
use crate::support::{Project, Server};
use crate::upstream::{Upstream, last_text};

/// The project with the prompt of `init` on the mock, deployed to a place without rules.
fn deployed(upstream: &Upstream, structured: &str, output: &str) -> Project {
    let project = Project::new();
    let config = upstream.config().replace("retries: 0", &format!("retries: 0{structured}"));
    let config = format!("{config}  staging: {{policy: open, record: content}}\n");
    fs::write(project.path().join("gatemark.yaml"), config).unwrap();
    project.edit("prompt.yaml", "sim/learner-2026-11-01", "mock/m");
    project.edit("prompt.yaml", "  fallback: {queue: technical}", output);
    project.run(&["push"]).exits(0);
    project.run(&["deploy", "support/triage", "--to", "staging"]).exits(0);
    project
}

fn call(server: &Server, more: Value) -> Response {
    let mut body = json!({"model": "gatemark/support/triage@staging", "messages": [],
        "variables": {"message": "The app crashes."}});
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    server.post("/v1/chat/completions", None, &body)
}

fn content(response: &Response) -> String {
    assert_eq!(response.status, 200, "{}", response.body);
    response.json()["choices"][0]["message"]["content"].as_str().unwrap().to_string()
}

#[test]
fn the_schema_is_told_and_a_fault_is_repaired() {
    let upstream = Upstream::start(|request, _| {
        let format = &request["response_format"];
        if format["json_schema"]["strict"] != true
            || format["json_schema"]["schema"]["required"] != json!(["queue"])
        {
            return Err(400);
        }
        Ok(if last_text(request).starts_with("Your answer cannot be used") {
            r#"{"queue": "technical"}"#.into()
        } else {
            r#"{"queue": "unknown"}"#.into()
        })
    });
    let project = deployed(&upstream, ", structured: {default: strict}", "");
    let server = Server::start(&project);
    let answer = call(&server, json!({}));
    assert_eq!(content(&answer), r#"{"queue": "technical"}"#);
    assert_eq!(answer.header("x-gatemark-outcome"), Some("ok"));
    assert_eq!(answer.header("x-gatemark-repaired"), Some("1"));
    assert_eq!(answer.header("x-gatemark-cost-usd"), Some("0.00024"));
    assert_eq!(upstream.asked(), 2);
    // The same schema may be asked for; another may not.
    let other = json!({"type": "json_schema", "json_schema": {"name": "x", "schema": {}}});
    let refused = call(&server, json!({"response_format": other}));
    assert_eq!((refused.status, refused.code()), (400, "parameter_fixed".into()));
    // Every door names the field as its own callers write it.
    let named = json!({"model": "gatemark/support/triage@staging", "variables": {"message": "It crashes."}});
    let at = |path: &str, more: Value| {
        let mut body = named.clone();
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        server.post(path, None, &body)
    };
    let format = json!({"format": {"type": "json_schema", "name": "x", "schema": {}}});
    let refused = at("/v1/responses", json!({"text": format}));
    assert_eq!((refused.status, &refused.json()["error"]["param"]), (400, &json!("text.format")));
    assert!(refused.body.contains("`text.format` is fixed by"), "{}", refused.body);
    let format = json!({"format": {"type": "json_schema", "schema": {}}});
    let refused =
        at("/v1/messages", json!({"max_tokens": 64, "messages": [], "output_config": format}));
    assert!(refused.body.contains("`output_config.format` is fixed by"), "{}", refused.body);
    let same = call(&server, json!({"response_format": {"type": "json_object"}}));
    assert_eq!(same.status, 200, "{}", same.body);
    // A stream that begins right and turns wrong is the vendor's whole answer here, and repaired in time.
    let streamed = call(&server, json!({"stream": true}));
    assert!(
        streamed.body.contains("technical") && streamed.body.contains("[DONE]"),
        "{}",
        streamed.body
    );
    let metrics = server.get("/metrics", None).body;
    for (name, count) in [("answers", 3), ("off_format", 3), ("repairs", 3), ("repaired", 3)] {
        let line = format!(
            "gatemark_prompt_{name}_total{{prompt=\"support/triage\",version=\"1\"}} {count}\n"
        );
        assert!(metrics.contains(&line), "{line} in {metrics}");
    }
    drop(server);
    let listed = project.run(&["calls", "--outcome", "ok", "--json"]).exits(0).out;
    assert_eq!(listed.lines().filter(|line| line.contains("\"repaired\":true")).count(), 3);
}

#[test]
fn doubtful_answers_wait_for_a_person() {
    let upstream = Upstream::start(|_, _| Ok(r#"{"queue": "account"}"#.into()));
    let rule = "  review: {when: \"queue == 'account'\"}";
    let project = deployed(&upstream, "", rule);
    let server = Server::start(&project);
    let answer = call(&server, json!({}));
    assert_eq!(content(&answer), r#"{"queue": "account"}"#);
    assert_eq!(answer.header("x-gatemark-review"), Some("queued"));
    let id = answer.header("x-gatemark-call-id").unwrap().to_string();
    let open = server.get("/api/v1/reviews", None).json();
    assert_eq!(open[0]["call"], id.as_str());
    assert_eq!(open[0]["reason"], "queue == 'account'");
    let path = format!("/api/v1/reviews/{id}");
    let found = json!({"finding": "wrong", "note": "it is technical"});
    assert_eq!(server.post(&path, None, &found).status, 204);
    assert_eq!(server.post("/api/v1/reviews/none", None, &found).code(), "review_not_found");
    assert_eq!(server.get("/api/v1/reviews?state=maybe", None).status, 400);
    drop(server);
    assert_eq!(project.run(&["review", "list", "--json"]).exits(0).out, "");
    project.run(&["review", "list", "--state", "all"]).exits(0).says(&["rejected", &id]);
    project.run(&["review", "resolve", &id, "right"]).exits(0).says(&["right"]);
    let all = project.run(&["review", "list", "--state", "resolved", "--json"]).exits(0).json();
    assert_eq!(all["resolved"]["finding"], "right");
    project.run(&["audit"]).exits(0).says(&["review.reject", "it is technical"]);
}

#[test]
fn files_are_read_with_all_their_faults() {
    let project = Project::new();
    project.edit(
        "prompt.yaml",
        "  fallback: {queue: technical}",
        "  repair: 2\n  stream: later\n  review: {when: \"confidence < 0.7\"}",
    );
    project.run(&["push"]).exits(2).complains(&["`repair`", "`stream`", "no field `confidence`"]);
    let config = fs::read_to_string(project.path().join("gatemark.yaml")).unwrap();
    let config = config.replace("openai: {}", "openai: {structured: loose}");
    fs::write(project.path().join("gatemark.yaml"), config).unwrap();
    project.run(&["push"]).exits(2).complains(&["`structured`"]);
}
