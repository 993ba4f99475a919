//! The review queue through the real binary: what enters it, who has it, what becomes of decisions.

use std::fs;

use serde_json::{Value, json};

use crate::support::{PROMPT, Project, Server};
use crate::upstream::{Upstream, last_text};

const RIGHT: &str = r#"{"queue": "account"}"#;
const BETTER: &str = r#"{"queue": "technical"}"#;

/// The prompt of `init` on a vendor that answers nonsense where it is asked for, in a place that has `review`.
fn reviewed(review: &str) -> (Project, Upstream) {
    let upstream = Upstream::start(|request, _| {
        let text = last_text(request);
        let nonsense = text.contains("nonsense") || text.starts_with("Your answer");
        Ok(if nonsense { "no JSON".into() } else { RIGHT.to_string() })
    });
    let project = Project::new();
    let config = upstream.config();
    let config =
        format!("{config}  staging: {{policy: open, record: content, review: {review}}}\n");
    fs::write(project.path().join("gatemark.yaml"), config).unwrap();
    project.edit("prompt.yaml", "sim/learner-2026-11-01", "mock/m");
    project.run(&["push"]).exits(0);
    project.run(&["deploy", PROMPT, "--to", "staging"]).exits(0);
    (project, upstream)
}

/// A call; its id.
fn call(server: &Server, message: &str) -> String {
    let body = json!({"model": "gatemark/support/triage@staging", "messages": [],
        "variables": {"message": message}});
    let response = server.post("/v1/chat/completions", None, &body);
    assert_eq!(response.status, 200, "{}", response.body);
    response.header("x-gatemark-call-id").unwrap().to_string()
}

fn lines(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn decisions_become_scores_cases_and_rows() {
    let (project, _upstream) = reviewed("{sla: 24h, sample: 1.0}");
    let server = Server::start(&project);
    let right = call(&server, "My account z@y.example is locked.");
    let wrong = call(&server, "The app crashes.");
    let poor = call(&server, "It crashes.");
    let odd = call(&server, "nonsense");
    drop(server);
    let listed = lines(&project.run(&["review", "list", "--json"]).exits(0).out);
    // What fell back is more pressing than what was drawn.
    assert_eq!(listed[0]["call"], odd.as_str());
    assert_eq!(listed[0]["reasons"], json!(["fallback: off_format"]));
    assert_eq!((&listed[1]["call"], &listed[1]["reason"]), (&json!(right), &json!("sample")));
    assert!(listed.iter().all(|one| one["overdue"] == false && one["due"].as_i64().is_some()));
    let shown = project.run(&["review", "show", &right]).exits(0);
    shown.says(&["z@y.example", RIGHT, "reasons     sample", "mock/m"]);

    // Claimed, decided, and nobody else's in between.
    let next = project.run(&["review", "claim", "--cause", "sample", "--json"]).exits(0).json();
    assert_eq!((&next["call"], &next["state"]), (&json!(right), &json!("claimed")));
    let taken = project.run(&["review", "approve", &right, "--as", "bob"]).exits(2);
    taken.complains(&["author is at it"]);
    project.run(&["review", "approve", &right]).exits(0).says(&["author approved call"]);
    let again = project.run(&["review", "reject", &right, "--as", "bob"]).exits(2);
    again.complains(&["author has approved it already"]);

    let edit = |answer: &str| {
        project.run(&["review", "edit", &wrong, "--answer", answer, "--note", "a crash"])
    };
    edit(r#"{"queue": "nowhere"}"#).exits(2).complains(&["does not keep the version's contract"]);
    edit(BETTER).exits(0);
    project.run(&["review", "label", &wrong, "tone:rude", "crash"]).exits(0);
    project.run(&["review", "label", &wrong, "Two Words"]).exits(2).complains(&["is no label"]);
    project.run(&["review", "assign", &poor, "bob"]).exits(0);
    let for_bob = project.run(&["review", "reject", &poor]).exits(2);
    for_bob.complains(&["assigned to bob"]);
    project.run(&["review", "reject", &poor, "--as", "bob"]).exits(0);
    project.run(&["review", "skip", &odd]).exits(0);
    let waiting = project.run(&["review", "list", "--json"]).exits(0);
    assert_eq!(waiting.out, "");
    let labelled = project.run(&["review", "list", "--state", "all", "--label", "crash", "--json"]);
    assert_eq!(labelled.exits(0).json()["call"], wrong.as_str());

    let shown = project.run(&["review", "show", &wrong, "--json"]).exits(0).json();
    let score = &shown["scores"][0];
    assert_eq!(
        (&score["name"], &score["value"], &score["source"]),
        (&json!("review"), &json!(0.0), &json!("reviewer"))
    );
    assert_eq!(shown["review"]["resolved"]["answer"], BETTER);
    project.run(&["audit"]).exits(0).says(&[
        "review.approve",
        "review.edit",
        "review.assign",
        "review.skip",
    ]);

    // Rows, with and without what is personal.
    let rows = lines(&project.run(&["review", "export"]).exits(0).out);
    assert_eq!(rows.len(), 3);
    assert_eq!((&rows[0]["label"], &rows[0]["text"]), (&json!("right"), &json!(RIGHT)));
    assert_eq!((&rows[1]["label"], &rows[1]["expected"]), (&json!("wrong"), &json!(BETTER)));
    assert_eq!(rows[1]["labels"], json!(["crash", "tone:rude"]));
    assert_eq!(rows[0]["input"]["message"], "My account z@y.example is locked.");
    let clean = project.run(&["review", "export", "--redact"]).exits(0).out;
    assert!(clean.contains("<email-1>") && !clean.contains("y.example"), "{clean}");
    let file = project.path().join("labels.jsonl");
    let path = file.to_str().unwrap();
    project
        .run(&["review", "export", "--for", "judge", "--jsonl", path])
        .exits(0)
        .says(&["3 rows"]);
    let labels = lines(&fs::read_to_string(&file).unwrap());
    assert_eq!((&labels[0]["label"], &labels[1]["label"]), (&json!("pass"), &json!("fail")));
    assert_eq!(labels[0]["rater"], "author");

    // Cases: what was approved and what was put right are wanted, what was rejected needs an answer.
    project.run(&["suite", "from-calls", PROMPT, "--reviewed"]).exits(0).says(&["3 new cases"]);
    let file = project.file("cases/from-calls.jsonl");
    let cases = lines(&fs::read_to_string(&file).unwrap());
    let of = |call: &str| {
        let starts = format!("call {call}, ");
        cases.iter().find(|case| case["source"].as_str().unwrap().starts_with(&starts)).unwrap()
    };
    assert_eq!(
        (&of(&right)["expected"], &of(&wrong)["expected"]),
        (&json!("account"), &json!("technical"))
    );
    assert_eq!(of(&poor).get("expected"), None);
    let (file, id) = (file.to_str().unwrap(), of(&poor)["id"].as_str().unwrap());
    let accept = ["suite", "review", file, "--accept", id];
    project.run(&accept).exits(2).complains(&["was rejected"]);
    project.run(&[&accept[..], &["--expected", "technical"]].concat()).exits(0);

    let stats = project.run(&["review", "stats", "--json"]).exits(0).json();
    let sample = &stats["causes"]["sample"];
    assert_eq!(
        (&sample["approved"], &sample["rejected"], &sample["edited"]),
        (&json!(1), &json!(1), &json!(1))
    );
    assert_eq!(stats["environments"][0]["sla_s"], 86_400);
    project.run(&["review", "stats"]).exits(0).says(&["24 h", "100.00 %", "66.7 %"]);
}

#[test]
fn two_people_over_http_never_have_the_same_call() {
    let (project, _upstream) = reviewed("{sample: 1.0}");
    let key = |name: &str, role: &str| {
        project.run(&["key", "create", name, "--role", role]).exits(0).out.trim().to_string()
    };
    let keys = [key("ann", "review"), key("bob", "review")];
    let (app, deployer) = (key("app", "call"), key("ops", "deploy"));
    let server = Server::start(&project);
    let with_key = |message: &str| {
        let body = json!({"model": "gatemark/support/triage@staging", "messages": [], "variables": {"message": message}});
        let response = server.post("/v1/chat/completions", Some(&app), &body);
        assert_eq!(response.status, 200, "{}", response.body);
        response.header("x-gatemark-call-id").unwrap().to_string()
    };
    let mut calls: Vec<String> = (0..6).map(|number| with_key(&format!("call {number}"))).collect();
    let next =
        |key: &str| server.post("/api/v1/reviews/next", Some(key), &json!({"minutes": 5})).json();
    let mut got: Vec<(String, String)> = std::thread::scope(|scope| {
        let people: Vec<_> = keys
            .iter()
            .map(|key| {
                scope.spawn(move || {
                    let mut mine = vec![];
                    loop {
                        let item = next(key);
                        let Some(call) = item["call"].as_str() else { break mine };
                        mine.push((call.to_string(), key.clone()));
                    }
                })
            })
            .collect();
        people.into_iter().flat_map(|person| person.join().unwrap()).collect()
    });
    got.sort();
    calls.sort();
    let each: Vec<&String> = got.iter().map(|(call, _)| call).collect();
    assert_eq!(each, calls.iter().collect::<Vec<_>>(), "every call once");

    let (call, key) = &got[0];
    let other = keys.iter().find(|other| *other != key).unwrap();
    let path = |command: &str| format!("/api/v1/reviews/{call}/{command}");
    let approve = |key: &str, more: Value| server.post(&path("approve"), Some(key), &more);
    let refused = approve(other, json!({}));
    assert_eq!((refused.status, refused.code()), (409, "review_claimed".into()));
    assert_eq!(approve(&deployer, json!({})).status, 403);
    let seen = approve(key, json!({"revision": 7}));
    assert_eq!((seen.status, seen.code()), (409, "review_changed".into()));
    let done = approve(key, json!({"note": "fine", "revision": 1}));
    assert_eq!((done.status, &done.json()["state"]), (200, &json!("decided")));
    // Sent again, it is the same.
    let again = approve(key, json!({"note": "fine", "revision": 1}));
    assert_eq!((again.status, &again.json()["revision"]), (200, &json!(2)));
    let late = server.post(&path("reject"), Some(other), &json!({}));
    assert_eq!((late.status, late.code()), (409, "review_decided".into()));
    let wrong = server.post(&path("approve"), Some(key), &json!({"to": "bob"}));
    assert!(wrong.status == 400 && wrong.body.contains("`to` has no meaning"), "{}", wrong.body);
    assert_eq!(server.post(&path("burn"), Some(key), &json!({})).status, 404);
    assert_eq!(
        server.post("/api/v1/reviews/none/claim", Some(key), &json!({})).code(),
        "review_not_found"
    );
    let shown = server.get(&format!("/api/v1/reviews/{call}"), Some(&deployer)).json();
    assert_eq!(shown["call"]["output"], RIGHT);
    let list = |query: &str| server.get(&format!("/api/v1/reviews{query}"), Some(&deployer)).json();
    assert_eq!(list("?state=claimed&cause=sample").as_array().unwrap().len(), 5);
    assert_eq!(list("?state=decided")[0]["resolved"]["decision"], "approve");
    assert_eq!(list("?overdue=true"), json!([]));
    assert_eq!(list("/export")[0]["label"], "right");
    assert_eq!(list("/stats")["environments"][0]["claimed"], 5);
    let metrics = server.get("/metrics", Some(&deployer)).body;
    for line in [
        "gatemark_review_queue{environment=\"staging\",state=\"claimed\"} 5",
        "gatemark_review_queue{environment=\"staging\",state=\"overdue\"} 0",
        "gatemark_review_turned_away{environment=\"staging\",cause=\"guard\"} 0",
    ] {
        assert!(metrics.contains(line), "{line} in {metrics}");
    }
}

#[test]
fn settings_are_read_with_all_their_faults() {
    let project = Project::new();
    let config = "name: x\nproviders: {sim: {}}\nenvironments:\n  production: {review: {sla: 12, \
                  sample: 2, fallbacks: perhaps, often: true}}\n  staging: {review: {sla: 100d}}\n";
    fs::write(project.path().join("gatemark.yaml"), config).unwrap();
    project.run(&["push"]).exits(2).complains(&[
        "`sla`",
        "`sample`",
        "`fallbacks`",
        "often",
        "from 1m to 90d",
    ]);
}
