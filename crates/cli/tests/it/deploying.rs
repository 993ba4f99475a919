//! The gate, deployments, approvals, rollbacks.

use crate::support::{PROMPT, Project};

#[test]
fn a_refusal_lists_every_unmet_rule_with_its_number() {
    let project = Project::new();
    project.edit("prompt.yaml", "  fallback: {queue: technical}\n", "");
    project.edit("prompt.yaml", "changelog: First version, five queues.\n", "");
    project.run(&["push"]).exits(0);
    let refused = project.run(&["deploy", PROMPT, "--to", "production"]).exits(3);
    refused.complains(&["8 rules are not met", "fix: run `gatemark test support/triage@1`"]);
    for rule in [4, 5, 6, 7, 8, 10, 11, 12] {
        refused.complains(&[&format!("NO  {rule:>2}  ")]);
    }
    let checklist = project.run(&["gate", PROMPT]).exits(3);
    checklist.says(&["ok   2  ", "NO  10  ", "8 of "]);
    let json = project.run(&["deploy", PROMPT, "--to", "production", "--json"]).exits(3).json();
    assert_eq!(json["passes"], false);
    assert_eq!(project.run(&["list", "--json"]).json()[0]["deployed"], serde_json::json!({}));
}

#[test]
fn an_environment_without_rules_takes_anything() {
    let project = Project::pushed();
    project.run(&["gate", PROMPT, "--to", "staging"]).exits(0).says(&["No rule applies"]);
    project.run(&["deploy", PROMPT, "--to", "staging"]).exits(0).says(&["serves in staging"]);
}

#[test]
fn nobody_approves_their_own_work() {
    let project = Project::pushed();
    let refused = project.run(&["approve", PROMPT]).exits(3);
    refused.complains(&["author wrote version 1", "somebody else"]);
    project.run(&["approve", PROMPT, "--as", "other", "--comment", "read it"]).exits(0);
    project.run(&["log", PROMPT]).exits(0).says(&["other", "read it"]);
}

#[test]
fn an_approval_is_for_one_version() {
    let project = Project::deployed();
    project.reword();
    project.run(&["push"]).exits(0);
    project.run(&["test", PROMPT]).exits(0);
    let refused = project.run(&["deploy", PROMPT, "--to", "production"]).exits(3);
    refused.complains(&["1 rule is not met", "NO  12  "]);
}

#[test]
fn a_rollback_goes_back_and_is_audited() {
    let project = Project::deployed();
    project.run(&["rollback", PROMPT]).exits(2).complains(&["nothing to go back to"]);
    project.reword();
    project.run(&["push"]).exits(0);
    project.run(&["rollback", PROMPT, "--to", "2"]).exits(3).complains(&["NO   1  ", "never did"]);
    project.admit();
    let back = project.run(&["rollback", PROMPT, "--as", "operator"]).exits(0);
    back.says(&["rolled back", "version 1", "in place of version 2"]);
    let deployed = &project.run(&["list", "--json"]).json()[0]["deployed"];
    assert_eq!(deployed["production"], 1);
    project.run(&["rollback", PROMPT, "--to", "1.0.1", "--env", "production"]).exits(0);
    let audit = project.run(&["audit", "--json"]).exits(0).json();
    let entries = audit.as_array().unwrap();
    let moved = |entry: &&serde_json::Value| entry["action"] == "rollback";
    assert_eq!(entries.iter().filter(moved).count(), 2);
    assert!(entries.iter().any(|entry| entry["actor"] == "operator"));
}

#[test]
fn a_version_can_be_chosen_but_not_twice() {
    let project = Project::pushed();
    project.reword();
    project.run(&["push"]).exits(0);
    let chosen = ["deploy", PROMPT, "--to", "staging", "--version", "1.0.0"];
    project.run(&chosen).exits(0).says(&["version 1"]);
    let named = format!("{PROMPT}@2");
    project.run(&["deploy", &named, "--to", "staging"]).exits(0).says(&["version 2"]);
    project.run(&["deploy", &named, "--to", "staging", "--version", "1"]).exits(2);
}

#[test]
fn a_second_rollback_goes_further_back_and_not_forward() {
    let project = Project::deployed();
    project.reword();
    project.run(&["push"]).exits(0);
    project.admit();
    project.edit("prompt.yaml", "version: 1.0.1", "version: 1.0.2");
    project.edit("system.md", "You carefully sort", "You very carefully sort");
    project.run(&["push"]).exits(0);
    project.admit();
    let serves = || project.run(&["list", "--json"]).json()[0]["deployed"]["production"].clone();
    assert_eq!(serves(), 3);
    project.run(&["rollback", PROMPT]).exits(0);
    assert_eq!(serves(), 2);
    project.run(&["rollback", PROMPT]).exits(0);
    assert_eq!(serves(), 1);
    project.run(&["rollback", PROMPT]).exits(2).complains(&["nothing to go back to"]);
}

#[test]
fn a_changed_suite_has_to_be_approved_too() {
    let project = Project::deployed();
    project.edit("suite.yaml", "accuracy: 0.95", "accuracy: 0.0");
    project.run(&["push"]).exits(0);
    project.run(&["test", PROMPT]).exits(0);
    let refused = project.run(&["deploy", PROMPT, "--to", "production"]).exits(3);
    refused.complains(&["NO  12  "]);
}
