//! Rollouts with live traffic through the real binary.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::http::Response;
use crate::support::{PROMPT, Project, Server};
use crate::upstream::Upstream;

const GOOD: &str = r#"{"queue": "technical"}"#;
/// A word of version 2's wording alone.
const MARK: &str = "carefully";

/// A project whose version 1 serves and whose version 2 is registered, in an environment without rules. The
/// vendor answers version 2 off format when the switch says so.
pub(crate) struct Stage {
    pub(crate) project: Project,
    upstream: Upstream,
    pub(crate) bad: Arc<AtomicBool>,
}

impl Stage {
    pub(crate) fn new() -> Self {
        let bad = Arc::new(AtomicBool::new(false));
        let switch = bad.clone();
        let upstream = Upstream::start(move |request, _| {
            let candidate = request["messages"].to_string().contains(MARK);
            let off = candidate && switch.load(Ordering::SeqCst);
            Ok(if off { "no idea".to_string() } else { GOOD.to_string() })
        });
        let project = Project::new();
        let config = upstream.config().replace("production: {}", "production: {policy: open}");
        std::fs::write(project.path().join("gatemark.yaml"), config).unwrap();
        let prompt = project.file("prompt.yaml");
        let text = std::fs::read_to_string(&prompt).unwrap();
        std::fs::write(&prompt, text.replace("sim/learner-2026-11-01", "mock/m")).unwrap();
        project.run(&["push"]).exits(0);
        project.run(&["deploy", PROMPT, "--to", "production"]).exits(0);
        project.reword();
        project.run(&["push"]).exits(0);
        Self { project, upstream, bad }
    }

    fn start(&self, options: &[&str]) {
        let start = [&["rollout", "start", PROMPT, "--to", "production"], options].concat();
        self.project.run(&start).exits(0).says(&["begins in production"]);
    }

    fn status(&self) -> Value {
        self.project.run(&["rollout", "status", PROMPT, "--json"]).exits(0).json()
    }

    /// Waits until the rollout is in `state`.
    fn wait_for(&self, state: &str) -> Value {
        let until = Instant::now() + Duration::from_secs(60);
        loop {
            let status = self.status();
            if status["state"] == state {
                return status;
            }
            assert!(Instant::now() < until, "still {status:#}");
        }
    }

    fn actions(&self) -> Vec<String> {
        let entries = self.project.run(&["audit", "--limit", "1000", "--json"]).exits(0).json();
        let mut actions: Vec<String> = entries
            .as_array()
            .unwrap()
            .iter()
            .map(|entry| entry["action"].as_str().unwrap().to_string())
            .filter(|action| action.starts_with("rollout."))
            .collect();
        actions.reverse();
        actions
    }

    /// The records of applications' calls, or of copies.
    fn calls(&self, purpose: &str) -> Vec<Value> {
        let listed = ["calls", "--purpose", purpose, "--limit", "100000", "--json"];
        let out = self.project.run(&listed).exits(0).out;
        out.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

pub(crate) fn call(server: &Server, unit: &str) -> Response {
    let body = json!({
        "model": format!("gatemark/{PROMPT}"),
        "messages": [],
        "variables": {"message": "The app crashes."},
    });
    let headers = format!("x-gatemark-unit: {unit}\r\n");
    server.send("POST", "/v1/chat/completions", &headers, body.to_string().as_bytes())
}

/// Waits until the server divides its calls.
fn in_force(server: &Server) {
    let until = Instant::now() + Duration::from_secs(10);
    while !server.get("/metrics", None).body.contains("rollout_share{") {
        assert!(Instant::now() < until, "the rollout is not in force");
    }
}

fn arm(response: &Response) -> String {
    assert_eq!(response.status, 200, "{}", response.body);
    response.header("x-gatemark-arm").unwrap().to_string()
}

/// A candidate whose answers are off format is taken back by itself, and everybody is served as before.
/// Calls between two looks that every unit so far is counted: twenty people's.
const AHEAD: u64 = 40;

#[test]
fn a_bad_candidate_is_reverted_by_live_traffic() {
    let stage = Stage::new();
    let server = Server::start(&stage.project);
    stage.start(&["--steps", "50%:1h"]);
    in_force(&server);
    stage.bad.store(true, Ordering::SeqCst);
    let mut arms: BTreeMap<String, String> = BTreeMap::new();
    let until = Instant::now() + Duration::from_secs(60);
    let mut number = 0;
    let reverted = loop {
        // Everybody calls twice, and has the same arm.
        let person = format!("u{}", number / 2);
        number += 1;
        let response = call(&server, &person);
        let arm = arm(&response);
        let version = response.header("x-gatemark-version-number");
        assert_eq!(version, Some(if arm == "candidate" { "2" } else { "1" }));
        let mut found = rollout(&server);
        // Evidence is looked at once a second: whoever counts units must not run ahead of it.
        while number % AHEAD == 0 && found["state"] != "aborted" && counted(&found) < number / 2 {
            assert!(Instant::now() < until, "still {:#}", stage.status());
            found = rollout(&server);
        }
        if found["state"] == "aborted" {
            break Instant::now();
        }
        if let Some(before) = arms.insert(person.clone(), arm.clone()) {
            assert!(before == arm || arm == "stable", "{person} had {before} and then {arm}");
        }
        assert!(Instant::now() < until, "still {:#}", stage.status());
    };
    assert!(
        arms.values().any(|arm| arm == "candidate") && arms.values().any(|arm| arm == "stable")
    );
    while (0..20).any(|person| arm(&call(&server, &format!("w{person}"))) != "stable") {
        assert!(reverted.elapsed() < Duration::from_secs(2), "the candidate still serves");
    }
    let status = stage.status();
    let reason = status["reason"].as_str().unwrap();
    assert!(reason.contains("is worse"), "{reason}");
    let units = |name: &str| {
        let rails = status["guardrails"].as_array().unwrap();
        rails.iter().find(|rail| rail["name"] == "errors").unwrap()[name].as_u64().unwrap()
    };
    println!("reverted after {} units with the candidate: {reason}", units("candidate_units"));
    assert!(units("candidate_units") < 60, "{status:#}");
    assert_eq!(stage.actions(), ["rollout.start", "rollout.abort"]);
    stage.project.run(&["rollout", "status"]).exits(0).complains(&["no rollout is going on"]);
    stage.project.run(&["rollout", "status", PROMPT]).exits(0).says(&["aborted at 0 %", "worse"]);
    stage.project.run(&["rollout", "resume", PROMPT]).exits(2).complains(&["cannot be resumed"]);
}

fn rollout(server: &Server) -> Value {
    server.get(&format!("/api/v1/prompts/{PROMPT}/rollout"), None).json()
}

/// Units in the evidence on both sides.
fn counted(rollout: &Value) -> u64 {
    let rails = rollout["guardrails"].as_array();
    let rail = rails.and_then(|rails| rails.iter().find(|rail| rail["name"] == "errors"));
    let units = |name: &str| rail.and_then(|rail| rail[name].as_u64()).unwrap_or_default();
    units("control_units") + units("candidate_units")
}

/// The server, and the controller in it, is killed again and again under traffic. Whatever was recorded is in
/// the evidence once, and every transition happened once.
#[test]
fn kill_9_loses_and_doubles_nothing() {
    let stage = Stage::new();
    stage.start(&[
        "--steps",
        "20%:1s:5, 50%:2s:10",
        "--samples",
        "10",
        "--proof",
        "no-harm",
        "--watch",
        "3s",
    ]);
    let mut number = 0;
    let until = Instant::now() + Duration::from_secs(90);
    let mut kills = 0;
    while stage.status()["state"] != "completed" {
        assert!(Instant::now() < until, "still {:#}", stage.status());
        let mut server = Server::start(&stage.project);
        // Longer from life to life, so that kills fall on different moments of the controller's second.
        let life = Duration::from_millis(700 + 130 * kills);
        let born = Instant::now();
        while born.elapsed() < life {
            number += 1;
            call(&server, &format!("u{number}"));
        }
        server.signal("KILL");
        kills += 1;
    }
    assert!(kills >= 3, "{kills}");
    assert_eq!(
        stage.actions(),
        [
            "rollout.start",
            "rollout.advance",
            "rollout.promote",
            "rollout.watch",
            "rollout.complete"
        ],
        "each once"
    );
    let recorded = stage.calls("serve");
    let ids: BTreeSet<&str> = recorded.iter().map(|call| call["id"].as_str().unwrap()).collect();
    assert_eq!(ids.len(), recorded.len());
    let last = recorded.iter().filter_map(|call| call["split"]["epoch"].as_u64()).max().unwrap();
    assert_eq!(last, 2, "the watch is an epoch of its own");
    println!("{kills} kills, {} calls recorded", recorded.len());
}

/// The same with nothing to decide: the evidence counts exactly the units that were recorded.
#[test]
fn two_servers_count_every_unit_once() {
    let stage = Stage::new();
    let one = Server::start(&stage.project);
    let two = Server::start(&stage.project);
    stage.start(&["--steps", "30%:1h"]);
    in_force(&one);
    in_force(&two);
    for number in 0..150 {
        let server = if number % 2 == 0 { &one } else { &two };
        assert_eq!(call(server, &format!("u{}", number / 2)).status, 200);
    }
    let until = Instant::now() + Duration::from_secs(30);
    loop {
        let status = stage.status();
        let rail = &status["guardrails"][0];
        let counted =
            rail["control_units"].as_u64().unwrap() + rail["candidate_units"].as_u64().unwrap();
        let calls = stage.calls("serve");
        let units: BTreeSet<&str> = calls.iter().filter_map(|call| call["unit"].as_str()).collect();
        assert!(counted <= units.len() as u64, "doubled: {counted} of {}", units.len());
        if counted == units.len() as u64 && calls.len() >= 150 {
            assert!(units.len() >= 70, "{}", units.len());
            break;
        }
        assert!(Instant::now() < until, "lost: {counted} of {} units", units.len());
    }
    assert_eq!(stage.actions(), ["rollout.start"]);
}

/// Copies go to the candidate after the answer; nobody sees them, and nobody's key pays for them.
#[test]
fn a_shadow_answers_nobody() {
    let stage = Stage::new();
    let server = Server::start(&stage.project);
    let start = ["rollout", "start", PROMPT, "--to", "production"];
    let start = [&start[..], &["--strategy", "shadow", "--steps", "50%:1h"]].concat();
    stage.project.run(&start).exits(0).says(&["shadow 50 % for 1h"]);
    in_force(&server);
    stage.bad.store(true, Ordering::SeqCst);
    for number in 0..60 {
        let response = call(&server, &format!("u{number}"));
        assert_eq!(arm(&response), "stable");
        assert_eq!(response.header("x-gatemark-version-number"), Some("1"));
        assert!(
            response.json()["choices"][0]["message"]["content"].as_str().unwrap().contains("queue")
        );
    }
    let until = Instant::now() + Duration::from_secs(30);
    let copies = loop {
        let copies = stage.calls("shadow");
        if copies.len() >= 15 && stage.upstream.asked() >= 60 + copies.len() as u64 {
            break copies;
        }
        assert!(Instant::now() < until, "{} copies", copies.len());
    };
    let served = stage.calls("serve");
    let served: BTreeMap<&str, &Value> =
        served.iter().map(|call| (call["id"].as_str().unwrap(), call)).collect();
    for copy in &copies {
        assert_eq!((&copy["number"], &copy["arm"]), (&json!(2), &json!("candidate")));
        assert_eq!(copy["caller"], "gatemark shadow");
        let live = served[copy["copy_of"].as_str().unwrap()];
        assert_eq!((&live["number"], &live["split"]), (&json!(1), &Value::Null));
        assert_eq!(live["variables_hash"], copy["variables_hash"]);
    }
    let marked = served.values().filter(|call| call["split"].is_object()).count();
    assert!(marked >= 15, "the calls without a copy are what copies are compared with: {marked}");
    stage.wait_for("aborted");
}

/// Steps, pauses and promotions by hand, over the HTTP API and the command line.
#[test]
fn people_steer_a_rollout() {
    let stage = Stage::new();
    let server = Server::start(&stage.project);
    let path = format!("/api/v1/prompts/{PROMPT}/rollout");
    let body = json!({"environment": "production", "plan": {"steps": "5%:24h, 20%:48h", "audience": "tier = free"}});
    let begun = server.post(&path, None, &body);
    assert_eq!(begun.status, 200, "{}", begun.body);
    assert_eq!(begun.json()["plan"], "5 % of tier = free for 1d, 20 % of tier = free for 2d");
    let again = server.post(&path, None, &body);
    assert_eq!((again.status, again.code().as_str()), (409, "rollout_going_on"));
    let beside = server.post(
        &format!("/api/v1/prompts/{PROMPT}/deploy"),
        None,
        &json!({"environment": "production"}),
    );
    assert_eq!(beside.code(), "rollout_going_on");
    let paused = server.post(&format!("{path}/pause"), None, &json!({"reason": "lunch"})).json();
    assert_eq!((&paused["state"], &paused["reason"]), (&json!("paused"), &json!("lunch")));
    stage.project.run(&["rollout", "resume", PROMPT]).exits(0).says(&["is running at 5 %"]);
    let other = ["rollout", "restart", PROMPT, "--steps", "50%:1h", "--json"];
    let restarted = stage.project.run(&other).exits(0).json();
    assert_eq!((&restarted["epoch"], &restarted["share"]), (&json!(2), &json!(5000)));
    stage.project.run(&["rollout", "status"]).exits(0).says(&["canary", "1 of 1", "50 %"]);
    stage.project.run(&["rollout", "promote", PROMPT]).exits(0).says(&["100 %"]);
    let until = Instant::now() + Duration::from_secs(1);
    while call(&server, "u").header("x-gatemark-version-number") != Some("2") {
        assert!(Instant::now() < until, "the old version still serves");
    }
    let listed = server.get("/api/v1/rollouts?state=all", None).json();
    assert_eq!(listed.as_array().unwrap().len(), 1);
    let unknown = server.post(&format!("{path}/stop"), None, &json!({}));
    assert_eq!(unknown.status, 404);
    let wrong = ["rollout", "start", PROMPT, "--to", "production", "--steps", "5%"];
    stage.project.run(&wrong).exits(2).complains(&["says not how long it holds"]);
    let wrong = server.send("POST", "/v1/chat/completions", "x-gatemark-unit: \r\n", b"{}");
    assert_eq!(wrong.status, 400);
}

/// The same version on another of its models, which needs evidence of its own.
#[test]
fn a_model_gives_way_to_one_with_evidence() {
    let upstream = Upstream::start(|_, _| Ok(GOOD.to_string()));
    let project = Project::new();
    let price = "{input_usd_per_million: 1, output_usd_per_million: 2, pinned: true}";
    let config = format!(
        "name: mock\nproviders:\n  mock: {{protocol: openai, base_url: \"http://{}/v1\", retries: 0}}\n\
         models:\n  mock/m: {price}\n  mock/n: {price}\n  mock/o: {price}\n\
         environments:\n  production:\n    policy: {{base: open, format_validity: 0.9}}\n",
        upstream.address()
    );
    std::fs::write(project.path().join("gatemark.yaml"), config).unwrap();
    let models = "  - {model: sim/learner-2026-11-01, temperature: 0, max_tokens: 30}\n";
    let line = |model: &str| models.replace("sim/learner-2026-11-01", model);
    project.edit("prompt.yaml", models, &[line("mock/m"), line("mock/n"), line("mock/o")].concat());
    project.run(&["push"]).exits(0);
    let model = ["--model", "mock/m", "--model", "mock/n"];
    // The suite's answers are all the same here, so accuracy is not asked for, and the test may fail.
    project.run(&[&["test", PROMPT], &model[..]].concat());
    project.run(&["deploy", PROMPT, "--to", "production"]).exits(0);
    let server = Server::start(&project);
    assert_eq!(call(&server, "u").header("x-gatemark-model"), Some("mock/m"));
    project.run(&["rollback", PROMPT, "--model", "mock/o"]).exits(3).complains(&["NO   4  "]);
    let unknown = project.run(&["rollback", PROMPT, "--model", "mock/x"]).exits(2);
    unknown.complains(&["has no other model `mock/x` (it has mock/m, mock/n, mock/o)"]);
    project
        .run(&["rollback", PROMPT, "--model", "mock/n"])
        .exits(0)
        .says(&["version 1", "on mock/n"]);
    let until = Instant::now() + Duration::from_secs(1);
    while call(&server, "u").header("x-gatemark-model") != Some("mock/n") {
        assert!(Instant::now() < until, "the first model still answers");
    }
    assert_eq!(call(&server, "u").header("x-gatemark-version-number"), Some("1"));
    // And back, with the evidence on which the first model was admitted.
    project.run(&["rollback", PROMPT, "--model", "mock/m"]).exits(0).says(&["version 1"]);
    let until = Instant::now() + Duration::from_secs(1);
    while call(&server, "u").header("x-gatemark-model") != Some("mock/m") {
        assert!(Instant::now() < until, "the other model still answers");
    }
}

/// The end of the watch retires what was replaced; until then the candidate is in staging, then in production.
#[test]
fn what_was_replaced_is_retired_after_the_watch() {
    let stage = Stage::new();
    let _server = Server::start(&stage.project);
    stage.start(&["--steps", "50%:1h", "--watch", "1s"]);
    let stages = || -> Vec<Value> {
        let log = stage.project.run(&["log", PROMPT, "--json"]).exits(0).json();
        let of = |number: u32| {
            let events = log.as_array().unwrap().iter();
            events.clone().find(|event| event["number"] == number).unwrap()["stage"].clone()
        };
        vec![of(1), of(2)]
    };
    assert_eq!(stages(), ["production", "staging"]);
    stage
        .project
        .run(&["retire", &format!("{PROMPT}@2")])
        .exits(3)
        .complains(&["is staging", "the end of its rollout"]);
    stage.project.run(&["rollout", "promote", PROMPT]).exits(0);
    let completed = stage.wait_for("completed");
    assert!(completed["reason"].as_str().unwrap().contains("version 1 is retired unless"));
    assert_eq!(stages(), ["retired", "production"]);
    assert_eq!(
        stage.actions(),
        ["rollout.start", "rollout.promote", "rollout.watch", "rollout.complete"]
    );
    let audit = stage.project.run(&["audit", "--json"]).exits(0).json();
    assert_eq!((&audit[0]["action"], &audit[0]["actor"]), (&json!("retire"), &json!("rollout")));
    stage.project.run(&["audit", "verify"]).exits(0);
    stage.project.run(&["rollback", PROMPT]).exits(0).says(&["version 1"]);
}
