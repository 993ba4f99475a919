//! `gatemark init`, and the way through its project as its README tells it.

use std::fs;

use crate::support::{PROMPT, Project, TempDir, run_in};

#[test]
fn the_first_project_goes_all_the_way() {
    let folder = TempDir::new();
    let run = |arguments: &[&str]| run_in(&folder.path().join("mine"), arguments);
    run_in(folder.path(), &["init", "mine"]).exits(0);
    run(&["push"]).exits(0).says(&["support/triage 1.0.0 (version 1", "registered"]);
    run(&["test", PROMPT]).exits(0).says(&["happy", "edge", "adversarial", "95 % INTERVAL"]);
    run(&["approve", PROMPT, "--as", "other"]).exits(0);
    run(&["gate", PROMPT]).exits(0).says(&["All 12 rules are met"]);
    let deployed = run(&["deploy", PROMPT, "--to", "production"]).exits(0);
    deployed.says(&["serves in production", "evidence: report"]);
    run(&["list"]).exits(0).says(&["production: 1"]);
    let log = run(&["log", PROMPT]).exits(0);
    let order = ["version", "test", "approve", "deploy"].map(|word| {
        log.out.lines().position(|line| line.contains(&format!("  {word}  "))).unwrap_or(99)
    });
    assert!(order.is_sorted() && order[3] < 99, "{}", log.out);
}

#[test]
fn nothing_is_overwritten_unasked() {
    let folder = TempDir::new();
    fs::write(folder.path().join("README.md"), "mine").unwrap();
    fs::write(folder.path().join("gatemark.yaml"), "mine").unwrap();
    let refused = run_in(folder.path(), &["init"]).exits(2);
    refused.complains(&["README.md", "gatemark.yaml", "--force"]);
    assert!(!folder.path().join("prompts").exists());
    assert_eq!(fs::read_to_string(folder.path().join("README.md")).unwrap(), "mine");
    run_in(folder.path(), &["init", "--force"]).exits(0);
    assert_ne!(fs::read_to_string(folder.path().join("README.md")).unwrap(), "mine");
}

#[test]
fn the_project_is_found_from_folders_inside_it() {
    let project = Project::pushed();
    let inside = project.path().join("prompts/support");
    run_in(&inside, &["list"]).exits(0).says(&[PROMPT]);
    let elsewhere = TempDir::new();
    run_in(elsewhere.path(), &["list"]).exits(2).complains(&["no gatemark.yaml", "gatemark init"]);
    let named = ["--project", project.path().to_str().unwrap(), "list"];
    run_in(elsewhere.path(), &named).exits(0).says(&[PROMPT]);
}
