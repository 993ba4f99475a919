//! A version's life through the real binary: its stages, the moves that are legal and those that are not.

use serde_json::{Value, json};

use crate::support::{PROMPT, Project, Server};

fn newest(project: &Project) -> String {
    let listed = project.run(&["list", "--json"]).exits(0).json();
    listed[0]["stage"].as_str().unwrap().to_string()
}

/// The stage of each version, by the log.
fn stage(project: &Project, number: u32) -> String {
    let log = project.run(&["log", PROMPT, "--json"]).exits(0).json();
    let log = log.as_array().unwrap().clone();
    let found = log.iter().find(|event| event["number"] == number).unwrap();
    found["stage"].as_str().unwrap().to_string()
}

fn kinds(project: &Project) -> Vec<String> {
    let log = project.run(&["log", PROMPT, "--json"]).exits(0).json();
    log.as_array()
        .unwrap()
        .iter()
        .map(|event| event["kind"].as_str().unwrap().to_string())
        .collect()
}

#[test]
fn a_life_from_draft_to_retired() {
    let project = Project::pushed();
    assert_eq!(newest(&project), "draft");
    project
        .run(&["review", "request", PROMPT])
        .exits(3)
        .complains(&["version 1 of `support/triage` is draft", "tested by `gatemark test`"]);
    project.run(&["test", PROMPT]).exits(0);
    assert_eq!(newest(&project), "tested");
    project.run(&["review", "request", PROMPT, "--comment", "new tone"]).exits(0);
    assert_eq!(newest(&project), "in_review");
    project.run(&["approve", PROMPT, "--as", "other"]).exits(0);
    project.run(&["deploy", PROMPT, "--to", "staging"]).exits(0);
    assert_eq!(newest(&project), "staging");
    project.run(&["deploy", PROMPT, "--to", "production"]).exits(0);
    assert_eq!(newest(&project), "production");
    project
        .run(&["retire", "support/triage@1"])
        .exits(3)
        .complains(&["is production and cannot be made retired", "deploying another version"]);

    project.reword();
    project.run(&["push"]).exits(0);
    assert_eq!((newest(&project), stage(&project, 1)), ("draft".into(), "production".into()));
    project.admit();
    project.run(&["retire", "support/triage@1"]).exits(3).complains(&["is staging"]);
    project.run(&["deploy", PROMPT, "--to", "staging"]).exits(0);
    assert_eq!((newest(&project), stage(&project, 1)), ("production".into(), "tested".into()));
    project.run(&["retire", "support/triage@1", "--reason", "replaced"]).exits(0);
    assert_eq!(stage(&project, 1), "retired");
    project.run(&["retire", "support/triage@1"]).exits(3).complains(&["is retired"]);
    project.run(&["retire", PROMPT]).exits(2).complains(&["support/triage@1"]);

    project.run(&["deploy", "support/triage@1", "--to", "production"]).exits(3).complains(&[
        "is retired",
        "`gatemark rollback`",
        "retire --undo",
    ]);
    project.run(&["rollback", PROMPT]).exits(0);
    assert_eq!(stage(&project, 1), "production", "the way back stays open");
    project.run(&["deploy", "support/triage@2", "--to", "production"]).exits(0);
    assert_eq!(stage(&project, 1), "retired", "and it is over again after that");
    project.run(&["retire", "support/triage@1", "--undo"]).exits(0);
    assert_eq!(stage(&project, 1), "tested");
    project.run(&["retire", "support/triage@1", "--undo"]).exits(2);
    let kinds = kinds(&project);
    assert!(kinds.contains(&"review".into()) && kinds.contains(&"rollback".into()), "{kinds:?}");

    let audit = project.run(&["audit", "--json"]).exits(0).json();
    let find = |action: &str| -> Value {
        audit.as_array().unwrap().iter().find(|entry| entry["action"] == action).unwrap().clone()
    };
    let asked = find("review.request");
    assert!(asked["detail"].as_str().unwrap().contains("report "), "on which evidence: {asked}");
    assert_eq!(find("retire")["detail"], "version 1: replaced");
    assert_eq!(find("unretire")["actor"], "author");
    project.run(&["audit", "verify"]).exits(0);
}

#[test]
fn the_api_moves_versions_too() {
    let project = Project::pushed();
    let server = Server::start(&project);
    let path = |what: &str| format!("/api/v1/prompts/support/triage/{what}");
    let early = server.post(&path("review"), None, &json!({}));
    assert_eq!((early.status, early.code().as_str()), (409, "illegal_move"));
    project.run(&["test", PROMPT]).exits(0);
    assert_eq!(server.post(&path("review"), None, &json!({"comment": "look"})).status, 200);
    let stages = server.get(&path("stages"), None).json();
    assert_eq!(
        (stages[0]["stage"].as_str(), stages[0]["number"].as_i64()),
        (Some("in_review"), Some(1))
    );
    let next: Vec<&str> =
        stages[0]["next"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    assert_eq!(next, ["staging", "production", "retired"]);
    assert_eq!(server.get("/api/v1/prompts", None).json()[0]["stage"], "in_review");
    assert_eq!(server.post(&path("retire"), None, &json!({})).status, 400);
    assert_eq!(server.post(&path("retire"), None, &json!({"version": "1"})).status, 200);
    let refused = server.post(&path("deploy"), None, &json!({"environment": "production"}));
    assert_eq!(
        (refused.status, refused.code().as_str()),
        (409, "illegal_move"),
        "{}",
        refused.body
    );
    let undone = server.post(&path("retire"), None, &json!({"version": "1", "undo": true}));
    assert_eq!(undone.status, 200, "{}", undone.body);
}
