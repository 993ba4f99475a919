//! Evidence is bound to who judged: a judge of another version, a program of other bytes.

use std::os::unix::fs::PermissionsExt as _;

use serde_json::json;

use crate::scripted::{ECHO, project, vendor, write};
use crate::support::{Project, Ran};

const SUITE: &str = "checks:\n  - judge: {prompt: judges/rubric, votes: 1}\n  \
                     - script: {command: ./tone.sh}\n\
                     cases: [{id: a, category: happy, variables: {say: x}}]\n";

/// A tested prompt, judged by a judge and a program, and approved by bob.
fn approved() -> Project {
    let (address, _) = vendor(|_| Ok(json!({"reason": "fine", "score": 5}).to_string()));
    let project = project(&address, SUITE);
    script(&project, "first");
    project.run(&["push"]).exits(0);
    project.run(&["test", ECHO]).exits(0);
    project.run(&["approve", ECHO, "--as", "bob"]).exits(0);
    gate(&project).says(&["ok  12  ", "bob", "ok  17  "]);
    project
}

fn script(project: &Project, comment: &str) {
    let text = format!("#!/bin/sh\n# {comment}\ncat > /dev/null\necho '{{\"pass\": true}}'\n");
    write(project, "tone.sh", &text);
    let path = project.path().join("tone.sh");
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
}

fn milder(project: &Project) {
    let folder = "prompts/judges/rubric";
    let system = std::fs::read_to_string(project.path().join(folder).join("system.md")).unwrap();
    write(project, &format!("{folder}/system.md"), &system.replace("strict", "mild"));
    let prompt = std::fs::read_to_string(project.path().join(folder).join("prompt.yaml")).unwrap();
    let prompt =
        prompt.replace("version: 1.0.0", "version: 1.0.1").replace("First version.", "Milder.");
    write(project, &format!("{folder}/prompt.yaml"), &prompt);
}

fn gate(project: &Project) -> Ran {
    project.run(&["gate", ECHO]).exits(3)
}

#[test]
fn a_judge_of_another_version_makes_reports_and_approvals_stale() {
    let project = approved();
    milder(&project);
    project.run(&["push"]).exits(0);
    gate(&project).says(&[
        "NO  12  ",
        "bob approved when judges/rubric@1 on mock/judge-2026-01-01, program ./tone.sh",
        "NO  17  ",
        "the judges of now: judges/rubric@2 on mock/judge-2026-01-01",
        "is by judges/rubric@1",
    ]);
    project.run(&["test", ECHO]).exits(0);
    gate(&project).says(&["NO  12  ", "ok  17  "]);
    project.run(&["approve", ECHO, "--as", "bob"]).exits(0);
    gate(&project).says(&["ok  12  ", "ok  17  "]);
}

#[test]
fn a_program_of_other_bytes_makes_reports_and_approvals_stale() {
    let project = approved();
    script(&project, "second");
    gate(&project).says(&["NO  12  ", "NO  17  ", "program ./tone.sh sha256:"]);
    script(&project, "first");
    gate(&project).says(&["ok  12  ", "ok  17  "]);
}

#[test]
fn a_changed_judge_touches_the_prompts_that_it_judges() {
    let project = approved();
    let git = |arguments: &[&str]| {
        let identity = ["-c", "user.name=t", "-c", "user.email=t@example.com"];
        let mut git = std::process::Command::new("git");
        let done = git.current_dir(project.path()).args(identity).args(arguments).output().unwrap();
        assert!(done.status.success(), "{done:?}");
    };
    write(&project, ".gitignore", ".gatemark/\n");
    git(&["init", "-q", "-b", "main"]);
    git(&["add", "."]);
    git(&["commit", "-q", "-m", "first"]);
    let changed = |more: &[&str]| {
        let told = project.run(&[&["test", "--changed", "--json"], more].concat());
        let reports = told.json()["reports"].as_array().cloned().unwrap_or_default();
        let names = reports.iter().map(|r| r["prompt"].as_str().unwrap().to_string());
        names.collect::<Vec<String>>()
    };
    script(&project, "second");
    assert_eq!(changed(&[]), [ECHO]);
    git(&["commit", "-q", "-am", "second"]);
    milder(&project);
    assert_eq!(changed(&["--draft"]), ["judges/rubric", ECHO]);
    project.run(&["test", "--changed"]).exits(2).complains(&["judges/rubric differ", "push first"]);
    project.run(&["push"]).exits(0);
    assert_eq!(changed(&[]), ["judges/rubric", ECHO]);
}
