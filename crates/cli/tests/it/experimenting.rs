//! Experiments with live traffic through the real binary.

use std::collections::BTreeSet;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::rollouts::{Stage, call};
use crate::support::{PROMPT, Project, Server};

const FILE: &str = "tone.yaml";
const TONE: &str = "name: tone
prompt: support/triage
arms:
  careful: {version: 2, share: 50%}
metric: off_format
guardrails: {latency: off, cost: off}
";

fn write(project: &Project, text: &str) {
    std::fs::write(project.path().join(FILE), text).unwrap();
}

fn state(project: &Project) -> Value {
    project.run(&["experiment", "status", "tone", "--json"]).exits(0).json()
}

/// An arm whose answers are off format is stopped by live traffic, everybody is served as before, and the report
/// says so.
#[test]
fn a_harmful_arm_is_stopped_by_live_traffic() {
    let stage = Stage::new();
    let project = &stage.project;
    write(project, TONE);
    project
        .run(&["experiment", "create", FILE])
        .exits(0)
        .says(&["tone of support/triage", "draft"]);
    project.run(&["experiment", "create", FILE]).exits(2).complains(&["already"]);
    let server = Server::start(project);
    project.run(&["experiment", "start", "tone"]).exits(0).says(&["is running", "careful"]);
    project.run(&["experiment", "start", "tone"]).exits(2).complains(&["is running"]);
    let rollout = ["rollout", "start", PROMPT, "--to", "production"];
    project.run(&rollout).exits(2).complains(&["the experiment `tone`", "experiment stop tone"]);
    stage.bad.store(true, Ordering::SeqCst);
    let until = Instant::now() + Duration::from_secs(60);
    let mut arms = BTreeSet::new();
    let mut number = 0;
    let ended = loop {
        let response = call(&server, &format!("u{number}"));
        number += 1;
        assert_eq!(response.status, 200, "{}", response.body);
        let arm = response.header("x-gatemark-arm").unwrap().to_string();
        let version = response.header("x-gatemark-version-number");
        assert_eq!(version, Some(if arm == "careful" { "2" } else { "1" }));
        arms.insert(arm);
        if number % 20 == 0 {
            let found = state(project);
            if found["state"] != "running" {
                break found;
            }
        }
        assert!(Instant::now() < until, "still {:#}", state(project));
    };
    assert_eq!(arms, BTreeSet::from(["careful".to_string(), "stable".to_string()]));
    assert_eq!((ended["state"].as_str(), ended["winner"].as_str()), (Some("concluded"), None));
    let until = Instant::now() + Duration::from_secs(10);
    for person in 0.. {
        let response = call(&server, &format!("after-{person}"));
        if response.header("x-gatemark-arm") == Some("careful") {
            assert!(Instant::now() < until, "the arm serves on");
        } else if person > 20 {
            break;
        }
    }
    let report = project.run(&["experiment", "report", "tone"]).exits(0);
    report.says(&[
        "Keep what serves",
        "is worse than control's",
        "fallbacks: careful 1.000 against stable 0",
        "it is worse: stop it",
        "probability of harm 1.000",
    ]);
    let listed = project.run(&["experiment", "list", "--json"]).exits(0).json();
    assert_eq!(listed[0]["arms"][0]["name"], "careful");
    project.run(&["experiment", "list"]).exits(0).says(&["tone", "concluded"]);
    project.run(&["experiment", "stop", "tone", "--json"]).exits(0).json();
    let audit = project.run(&["audit", "--json"]).exits(0).json();
    let actions: Vec<&str> =
        audit.as_array().unwrap().iter().filter_map(|entry| entry["action"].as_str()).collect();
    assert_eq!(&actions[..3], ["experiment.conclude", "experiment.start", "experiment.create"]);
    project.run(&["audit", "verify"]).exits(0);
}

#[test]
fn mistakes_in_a_file_are_told_all_at_once() {
    let project = Project::pushed();
    write(
        &project,
        "name: t o
prompt: support/triage
arms:
  stable: {share: 60%}
  b: {version: [1], share: 0.7, colour: red}
metric: {quality: {margin: 0.1, better: upper}}
aim: fastest
longest: soon
",
    );
    let ran = project.run(&["experiment", "create", FILE, "--json"]).exits(2);
    let problems = ran.json()["diagnostics"].clone();
    let told: Vec<String> = problems
        .as_array()
        .unwrap()
        .iter()
        .map(|problem| {
            let message = problem["message"].as_str().unwrap();
            format!("{}: {message}", problem["place"]["line"])
        })
        .collect();
    for part in ["1: ", "5: `version`", "`colour`", "6: `better`", "7: `aim`", "8: `longest`"] {
        assert!(told.iter().any(|line| line.contains(part)), "{part:?} is not in {told:#?}");
    }
    write(&project, &TONE.replace("share: 50%", "share: 60%"));
    project.run(&["experiment", "create", FILE]).exits(2).complains(&["leaves control 40 %"]);
    project.run(&["experiment", "create", "none.yaml"]).exits(2).complains(&["none.yaml"]);
    project.run(&["experiment", "report", "none"]).exits(2).complains(&["no experiment `none`"]);
    project.run(&["experiment", "list"]).exits(0).complains(&["there are no experiments"]);
}

#[test]
fn the_api_does_the_same() {
    let project = Project::deployed();
    project.reword();
    project.run(&["push"]).exits(0);
    let server = Server::start(&project);
    let path = "/api/v1/experiments";
    let wrong = server.post(path, None, &json!({"definition": "name: x\ncolour: red\n"}));
    assert_eq!(wrong.status, 400);
    assert!(wrong.body.contains("line 2"), "{}", wrong.body);
    let created = server.post(path, None, &json!({"definition": TONE}));
    assert_eq!(created.status, 200, "{}", created.body);
    let refused = server.post(&format!("{path}/tone/start"), None, &json!({}));
    assert_eq!((refused.status, refused.code().as_str()), (409, "gate_refused"));
    project
        .run(&["experiment", "start", "tone"])
        .exits(3)
        .complains(&["refused the arm `careful`"]);
    project.run(&["test", PROMPT]).exits(0);
    project.run(&["approve", PROMPT, "--as", "other"]).exits(0);
    let begun = server.post(&format!("{path}/tone/start"), None, &json!({}));
    assert_eq!(begun.status, 200, "{}", begun.body);
    assert_eq!(server.get(path, None).json()[0]["state"], "running");
    let stopped = server.post(&format!("{path}/tone/stop"), None, &json!({"reason": "enough"}));
    assert_eq!(stopped.json()["reason"], "enough");
    let report = server.get(&format!("{path}/tone"), None).json();
    assert_eq!(report["sentence"], "Ended without a verdict: enough.");
    assert_eq!(server.post(&format!("{path}/tone/dance"), None, &json!({})).status, 404);
    assert_eq!(server.get(&format!("{path}/none"), None).status, 404);
}
