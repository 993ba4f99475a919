//! `gatemark compress`: what is proposed, what its suite says, and that nothing else happens.

use std::fs;

use serde_json::Value;

use crate::support::Project;
use crate::upstream::{Upstream, last_text};

const NAME: &str = "support/wordy";
const SYSTEM: &str = "Please note that you sort messages. It is important to note that prices are net.\n\n\n\nAlways answer with one word only. You must always answer with one word only.\n";
const SHORT: &str = "You sort messages. Prices are net.\n\nAlways answer with one word only.\n";
const PROMPT: &str = r#"
version: 1.0.0
variables: {ticket: string}
messages:
  - {role: system, file: system.md}
  - {role: user, text: "Ticket: {{ ticket }}"}
models: [mock/m]
"#;
const SUITE: &str = r#"
thresholds: {accuracy: 1}
cases:
  - {id: a, category: happy, variables: {ticket: one}, checks: [contains: fine]}
  - {id: b, category: happy, variables: {ticket: two}, checks: [contains: fine]}
"#;

fn project(upstream: &Upstream) -> Project {
    let project = Project::new();
    fs::remove_dir_all(project.path().join("prompts/support/triage")).unwrap();
    fs::write(project.path().join("gatemark.yaml"), upstream.config()).unwrap();
    let folder = project.path().join("prompts").join(NAME);
    fs::create_dir_all(&folder).unwrap();
    for (name, text) in [("prompt.yaml", PROMPT), ("suite.yaml", SUITE), ("system.md", SYSTEM)] {
        fs::write(folder.join(name), text).unwrap();
    }
    project
}

fn system_of(request: &Value) -> String {
    request["messages"][0]["content"].as_str().unwrap_or_default().to_string()
}

#[test]
fn a_shorter_wording_is_proposed_tried_and_not_deployed() {
    let upstream = Upstream::start(|_, _| Ok("fine".into()));
    let project = project(&upstream);
    let proposal = project.run(&["compress", NAME, "--json", "--write"]).exits(0).json();
    assert_eq!(proposal["messages"].as_array().unwrap().len(), 1, "the short one stays");
    let message = &proposal["messages"][0];
    assert_eq!(
        (message["before"].as_str(), message["after"].as_str()),
        (Some(SYSTEM), Some(SHORT))
    );
    let rules: Vec<&str> =
        message["edits"].as_array().unwrap().iter().map(|e| e["rule"].as_str().unwrap()).collect();
    assert_eq!(rules, ["filler", "filler", "repeat", "space"]);
    let tokens = |field: &str| proposal[field].as_u64().unwrap();
    assert!(tokens("tokens_after") * 3 < tokens("tokens_before") * 2, "{proposal}");
    assert_eq!(proposal["suite"]["before"]["passed"], 2);
    assert_eq!(proposal["suite"]["after"]["passed"], 2);
    assert_eq!(proposal["suite"]["reached"], true);
    let path = proposal["written"][0].as_str().unwrap();
    assert_eq!(path, format!("prompts/{NAME}/messages-0.system.compressed.md"));
    assert_eq!(fs::read_to_string(project.path().join(path)).unwrap(), SHORT);
    let folder = project.path().join("prompts").join(NAME);
    assert_eq!(fs::read_to_string(folder.join("system.md")).unwrap(), SYSTEM);
    assert_eq!(project.run(&["list", "--json"]).exits(0).json().as_array().unwrap().len(), 0);
    project.run(&["compress", NAME, "--no-test"]).exits(0).says(&["Please note that", "(nothing)"]);
}

#[test]
fn a_wording_that_fails_its_suite_is_told() {
    let rule = |request: &Value, _| {
        let courteous = system_of(request).contains("Please");
        Ok(if courteous { "fine" } else { "no" }.to_string())
    };
    let upstream = Upstream::start(rule);
    let project = project(&upstream);
    let ran = project.run(&["compress", NAME]).exits(4);
    ran.says(&["before     2 of 2 cases pass", "after      0 of 2 cases pass", "unmet"]);
}

#[test]
fn a_models_wording_is_taken_if_it_keeps_the_tags() {
    let rule = |request: &Value, _| {
        if !system_of(request).starts_with("You shorten instructions") {
            return Ok("fine".to_string());
        }
        let template = last_text(request);
        // Of the user's message it loses the tag.
        Ok(if template.contains("{{") { "Ticket." } else { "Sort messages." }.to_string())
    };
    let upstream = Upstream::start(rule);
    let project = project(&upstream);
    let ran = project.run(&["compress", NAME, "--model", "mock/m", "--json"]).exits(0).json();
    let [system, user] = &ran["messages"].as_array().unwrap()[..] else { panic!("{ran}") };
    assert_eq!(system["after"], "Sort messages.\n");
    assert_eq!(system["model"], "mock/m");
    assert_eq!(user["after"], user["before"]);
    assert!(user["note"].as_str().unwrap().contains("template tags"), "{user}");
    assert!(ran["cost"].as_i64().unwrap() > 0);
    project.run(&["compress", NAME, "--model", "nobody/m"]).exits(2).complains(&["no provider"]);
    project.run(&["compress", "support/wordi"]).exits(2).complains(&["did you mean"]);
}
