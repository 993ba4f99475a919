//! Bad input: every problem at once, each with its place; nothing registered.

use std::fs;

use crate::support::{PROMPT, Project};

#[test]
fn every_problem_of_every_file_is_told_in_one_go() {
    let project = Project::new();
    project.edit("prompt.yaml", "owner:", "ownr:");
    project.edit("suite.yaml", "- equals:", "- equal:");
    let config = project.path().join("gatemark.yaml");
    let text = fs::read_to_string(&config).unwrap();
    fs::write(&config, text.replace("min_cases:", "min_case:")).unwrap();
    let other = project.path().join("prompts/a/b");
    fs::create_dir_all(&other).unwrap();
    fs::write(other.join("prompt.yaml"), "version: [").unwrap();
    fs::File::create(other.join("huge.md")).unwrap().set_len(50 << 20).unwrap();
    let refused = project.run(&["push"]).exits(2);
    refused.complains(&[
        "gatemark.yaml:28:7",
        "did you mean `min_cases`?",
        "prompts/support/triage/prompt.yaml:5:1",
        "did you mean `owner`?",
        "prompts/support/triage/suite.yaml",
        "did you mean `equals`?",
        "prompts/a/b/prompt.yaml:1:",
        "prompts/a/b/huge.md: is 52428800 bytes long",
        "5 errors",
        "Nothing was registered.",
    ]);
    let json = project.run(&["push", "--json"]).exits(2).json();
    assert_eq!(json["accepted"], false);
    assert_eq!(json["diagnostics"].as_array().unwrap().len(), 5);
    assert_eq!(json["prompts"].as_array().unwrap().len(), 0);
}

#[test]
fn good_prompts_wait_for_bad_ones() {
    let project = Project::new();
    let other = project.path().join("prompts/a/b");
    fs::create_dir_all(&other).unwrap();
    fs::write(other.join("prompt.yaml"), "version: 1.0.0\n").unwrap();
    project.run(&["push"]).exits(2);
    assert_eq!(project.run(&["list", "--json"]).json().as_array().unwrap().len(), 0);
}

#[test]
fn a_link_out_of_the_project_is_not_followed() {
    let project = Project::new();
    fs::remove_file(project.file("system.md")).unwrap();
    std::os::unix::fs::symlink("/etc/hostname", project.file("system.md")).unwrap();
    project.run(&["push"]).exits(2).complains(&["system.md", "leads out of the project"]);
}

#[test]
fn unknown_names_are_met_with_the_nearest_known_one() {
    let project = Project::pushed();
    for arguments in [
        &["show", "suport/triage"][..],
        &["test", "suport/triage"],
        &["gate", "suport/triage"],
        &["deploy", "suport/triage", "--to", "production"],
        &["log", "suport/triage"],
        &["report", "suport/triage"],
    ] {
        let refused = project.run(arguments).exits(2);
        refused.complains(&[
            "error: there is no prompt `suport/triage`: did you mean `support/triage`?",
        ]);
    }
    project.run(&["deploy", PROMPT, "--to", "prod"]).exits(2).complains(&["no environment `prod`"]);
    project.run(&["show", "nonsense"]).exits(2).complains(&["service/name"]);
}

#[test]
fn a_model_without_provider_or_key_is_refused_clearly() {
    let project = Project::pushed();
    let unknown = project.run(&["test", PROMPT, "--model", "opnai/gpt"]).exits(2);
    unknown.complains(&["opnai/gpt", "no provider"]);
    let keyless =
        project.run(&["test", PROMPT, "--model", "openai/gpt-4o-mini-2024-07-18"]).exits(2);
    keyless.complains(&["OPENAI_API_KEY"]);
}

#[test]
fn wrong_usage_is_told_from_failure() {
    let project = Project::new();
    project.run(&["push", "--no-such-option"]).exits(2);
    project.run(&["nonsense"]).exits(2);
    project.run(&["--as", "", "push"]).exits(2);
    project.run(&["test", PROMPT, "--concurrency", "0"]).exits(2);
    project.run(&["calls", "--since", "yesterday"]).exits(2).complains(&["how long ago"]);
    project.run(&["--version"]).exits(0).says(&["gatemark "]);
}
