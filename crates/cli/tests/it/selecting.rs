//! `select_best`: the answer against the one of the version that serves.

use std::sync::atomic::Ordering;

use serde_json::{Value, json};

use crate::scripted::{Asked, ECHO, project, vendor, write};
use crate::support::Project;

const SUITE: &str = "checks:\n  - select_best: {prompt: judges/pairwise, environment: staging, votes: 1}\n\
                     cases:\n  - {id: won, category: happy, variables: {say: hello}}\n  \
                     - {id: lost, category: happy, variables: {say: brief}}\n  \
                     - {id: same, category: happy, variables: {say: same}}\n";

/// Likes politeness, except where one should be brief.
fn taste(asked: &Asked) -> Result<String, u16> {
    let first = asked.part("FIRST ANSWER");
    let wins = first.starts_with("Please") != first.contains("brief");
    Ok(json!({"reason": "by its tone", "winner": if wins { "first" } else { "second" }})
        .to_string())
}

fn checks(project: &Project, arguments: &[&str]) -> Vec<(String, Value, String)> {
    let report = project.run(arguments).json()["reports"][0].clone();
    let row = |row: &Value| {
        let check = &row["checks"][0];
        let detail = check["detail"].as_str().unwrap_or_default().to_string();
        (row["verdict"].as_str().unwrap().to_string(), check["score"].clone(), detail)
    };
    report["rows"].as_array().unwrap().iter().map(row).collect()
}

#[test]
fn only_the_better_of_two_versions_answers_passes() {
    let (address, asked) = vendor(taste);
    let project = project(&address, SUITE);
    let config = std::fs::read_to_string(project.path().join("gatemark.yaml")).unwrap();
    let places = "environments:\n  production: {}\n  staging: {policy: open}\n";
    write(&project, "gatemark.yaml", &(config + places));
    project.run(&["push"]).exits(0);
    let test = ["test", ECHO, "--json"];
    // Nothing serves: nothing can be told, and nothing passes.
    for (verdict, _, detail) in checks(&project, &test) {
        assert_eq!(verdict, "error");
        assert!(detail.contains("no version of shop/echo serves in staging"), "{detail}");
    }
    project.run(&["deploy", ECHO, "--to", "staging"]).exits(0);
    for (verdict, score, detail) in checks(&project, &test) {
        assert_eq!((verdict.as_str(), score), ("pass", json!(0.5)));
        assert!(detail.contains("it is the version that serves"), "{detail}");
    }
    assert_eq!(asked.load(Ordering::SeqCst), 0);
    let text = "version: 1.1.0\nvariables: {say: string}\nmessages:\n  - {role: user, text: \
                \"{% if say != 'same' %}Please, {% endif %}{{ say }}\"}\n\
                models: [{model: mock/app-2026-01-01}]\nchangelog: Polite.\n";
    write(&project, "prompts/shop/echo/prompt.yaml", text);
    project.run(&["push"]).exits(0);
    let found = checks(&project, &test);
    let found: Vec<(&str, f64)> =
        found.iter().map(|row| (row.0.as_str(), row.1.as_f64().unwrap())).collect();
    assert_eq!(found, [("pass", 1.0), ("fail", 0.0), ("pass", 0.5)]);
    assert_eq!(
        asked.load(Ordering::SeqCst),
        4,
        "two pairs in both orders; equal ones are not asked"
    );
    let judges = project.run(&["report", ECHO, "--json"]).json()["judges"].clone();
    let rival = "answers of shop/echo@1, which serves in staging";
    assert_eq!(judges, json!([rival, "judges/pairwise@1 on mock/judge-2026-01-01"]));
    // Once another version serves, it has been compared with the wrong one.
    project.run(&["gate", ECHO]).exits(3).says(&["ok  17  "]);
    project.run(&["deploy", ECHO, "--to", "staging"]).exits(0);
    project.run(&["gate", ECHO]).exits(3).says(&["NO  17  ", "answers of shop/echo@2"]);
}

#[test]
fn a_rival_without_a_report_or_a_place_is_told() {
    let (address, asked) = vendor(taste);
    let project = project(&address, &SUITE.replace("environment: staging, ", ""));
    project.run(&["push"]).exits(0);
    project.run(&["test", ECHO]).exits(4).says(&["serves in production to compare with"]);
    write(&project, "prompts/shop/echo/suite.yaml", &SUITE.replace("staging", "nowhere"));
    project.run(&["push"]).exits(0);
    project.run(&["test", ECHO]).exits(2).complains(&["no environment `nowhere`"]);
    let rubric = SUITE.replace("judges/pairwise", "judges/rubric");
    write(&project, "prompts/shop/echo/suite.yaml", &rubric.replace("staging", "production"));
    project.run(&["push"]).exits(0);
    project.run(&["test", ECHO]).exits(2).complains(&["judges one answer", "`select_best`"]);
    assert_eq!(asked.load(Ordering::SeqCst), 0);
}
