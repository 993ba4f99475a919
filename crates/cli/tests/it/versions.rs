//! Pushing: immutable versions, the law of semantic versions, differences.

use crate::support::{PROMPT, Project};

#[test]
fn pushing_the_same_again_does_nothing() {
    let project = Project::pushed();
    project.run(&["push"]).exits(0).says(&["(version 1", "unchanged"]);
    let pushed = project.run(&["push", "--json"]).exits(0).json();
    assert_eq!(pushed["accepted"], true);
    assert_eq!(pushed["prompts"][0]["new"], false);
    assert_eq!(pushed["prompts"][0]["suite_changed"], false);
    assert_eq!(project.run(&["list", "--json"]).json()[0]["versions"], 1);
}

#[test]
fn a_dry_run_registers_nothing() {
    let project = Project::new();
    project.run(&["push", "--dry-run"]).exits(0).says(&["would be registered"]);
    assert_eq!(project.run(&["list", "--json"]).json().as_array().unwrap().len(), 0);
}

#[test]
fn a_breaking_change_needs_a_major_step() {
    let project = Project::pushed();
    project.edit("prompt.yaml", "version: 1.0.0", "version: 1.1.0");
    project.edit("prompt.yaml", "required: [queue]", "required: []");
    let refused = project.run(&["push"]).exits(2);
    refused.complains(&["output schema changed", "major", "2.0.0", "prompt.yaml:3:"]);
    assert_eq!(project.run(&["list", "--json"]).json()[0]["versions"], 1);
    project.edit("prompt.yaml", "version: 1.1.0", "version: 2.0.0");
    project.run(&["push"]).exits(0).says(&["2.0.0 (version 2", "major: the output schema changed"]);
}

#[test]
fn a_changed_text_needs_a_higher_version() {
    let project = Project::pushed();
    project.edit("system.md", "You sort messages", "You carefully sort messages");
    project.run(&["push"]).exits(2).complains(&["1.0.1"]);
    project.edit("prompt.yaml", "version: 1.0.0", "version: 1.0.1");
    project.run(&["push"]).exits(0).says(&["patch: the wording of messages changed"]);
}

#[test]
fn differences_are_shown_word_by_word_and_field_by_field() {
    let project = Project::pushed();
    project.reword();
    project.edit("prompt.yaml", "timeout: 10s", "timeout: 5s");
    project.run(&["push"]).exits(0);
    let diff = project.run(&["diff", PROMPT]).exits(0);
    diff.says(&["{+carefully", "limits.timeout", "[-10000 ms-] {+5000 ms+}", "patch:"]);
    assert!(!diff.out.contains("[-You"), "{}", diff.out);
    let same = project.run(&["diff", PROMPT, "1.0.0", "1"]).exits(0);
    same.says(&["The contents are equal"]);
    let json = project.run(&["diff", PROMPT, "1", "2", "--json"]).exits(0).json();
    assert_eq!((&json["from"], &json["to"]), (&1.into(), &2.into()));
}

#[test]
fn a_version_can_be_shown_by_number_semver_and_environment() {
    let project = Project::deployed();
    project.reword();
    project.run(&["push"]).exits(0);
    for (selector, number) in [("", 2), ("@1", 1), ("@1.0.1", 2), ("@production", 1)] {
        let shown =
            project.run(&["show", &format!("{PROMPT}{selector}"), "--json"]).exits(0).json();
        assert_eq!(shown["number"], number, "{selector}");
    }
    let page = project.run(&["show", PROMPT]).exits(0);
    page.says(&["You carefully sort", "string, untrusted, required", "sim/learner-2026-11-01"]);
    project.run(&["show", &format!("{PROMPT}@9")]).exits(2).complains(&["no version 9"]);
}

#[test]
fn content_that_comes_back_is_a_new_version_only_under_a_higher_number() {
    let project = Project::pushed();
    project.reword();
    project.run(&["push"]).exits(0);
    project.edit("system.md", "You carefully sort", "You sort");
    project.edit("prompt.yaml", "version: 1.0.1", "version: 1.0.0");
    let taken_back = project.run(&["push"]).exits(0);
    taken_back.complains(&["content of version 1 (1.0.0) again", "--version 1"]);
    project.edit("prompt.yaml", "version: 1.0.0", "version: 1.0.2");
    project.run(&["push"]).exits(0);
    let versions = project.run(&["list", "--json"]).json()[0]["latest"].clone();
    assert_eq!(versions, 3);
}
