//! Data for programs: with `--json` stdout is JSON and nothing else.

use crate::support::{PROMPT, Project, TempDir, run_in};

#[test]
fn every_command_speaks_json() {
    let folder = TempDir::new();
    let written = run_in(folder.path(), &["init", "mine", "--json"]).exits(0).json();
    assert_eq!(written["files"].as_array().unwrap().len(), 7);
    let project = Project::new();
    for (arguments, code) in [
        (&["push"][..], 0),
        (&["list"], 0),
        (&["show", PROMPT], 0),
        (&["log", PROMPT], 0),
        (&["gate", PROMPT], 3),
        (&["deploy", PROMPT, "--to", "production"], 3),
        (&["test", PROMPT], 0),
        (&["report", PROMPT], 0),
        (&["approve", PROMPT, "--as", "other"], 0),
        (&["gate", PROMPT], 0),
        (&["deploy", PROMPT, "--to", "production"], 0),
        (&["audit"], 0),
        (&["alerts", "--all"], 0),
        (&["alert", "silence", "--everything", "--for", "1h"], 0),
        (&["alert", "silences"], 0),
        (&["alert", "deliveries"], 0),
        (&["alert", "retry"], 0),
        (&["key", "create", "app", "--role", "call"], 0),
        (&["key", "list"], 0),
        (&["key", "revoke", "app"], 0),
        (&["openapi"], 0),
        (&["review", "stats"], 0),
        (&["review", "claim"], 0),
        (&["monitor"], 0),
        (&["monitor", "signals"], 0),
    ] {
        let ran = project.run(&[&["--json"], arguments].concat()).exits(code);
        ran.json();
    }
    project.reword();
    project.run(&["push", "--json"]).exits(0).json();
    project.run(&["diff", PROMPT, "--json"]).exits(0).json();
    project.admit();
    project.run(&["rollback", PROMPT, "--json"]).exits(0).json();
    let calls = project.run(&["calls", "--json"]).exits(0);
    assert_eq!(calls.out.lines().count(), 50);
    for line in calls.out.lines() {
        serde_json::from_str::<serde_json::Value>(line).unwrap();
    }
}

#[test]
fn colour_is_only_for_those_who_want_it() {
    let project = Project::new();
    let plain = project.run(&["push"]).exits(0);
    assert!(!plain.out.contains('\u{1b}') && !plain.err.contains('\u{1b}'));
    let painted = project.run(&["gate", PROMPT, "--color", "always"]).exits(3);
    assert!(painted.out.contains("\u{1b}[31m"));
}

#[test]
fn a_reader_that_leaves_early_is_no_failure() {
    use std::process::Stdio;
    let project = Project::pushed();
    let mut command = crate::support::command(project.path(), &["show", PROMPT]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
}
