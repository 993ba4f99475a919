//! Data-driven: files in, rendered diagnostics out.

mod alerts;
mod bad_config;
mod bad_messages;
mod bad_prompts;
mod bad_suites;
mod bad_yaml;
mod caches;
mod case_files;
mod good;
mod guards;
mod hostile;
mod monitors;
mod resilience;
mod rollouts;

use super::{Files, PromptFile, load_config, load_prompts};

/// Where the prompt of most tests lives.
const FOLDER: &str = "prompts/support/triage/";

const CONFIG: &str = "\
name: demo
providers:
  openai: {}
  sim:
models:
  openai/gpt-4o-2024-08-06: {input_usd_per_million: 2.5, output_usd_per_million: 10}
";

const PROMPT: &str = "\
version: 1.0.0
variables: {ticket: string}
messages:
  - {role: user, text: \"{{ ticket }}\"}
models: [sim/learner-2026-11-01]
";

const SUITE: &str = "\
checks: [{contains: ok}]
cases:
  - {variables: {ticket: help}, expected: ok}
";

/// Files given relative to the prompt's folder; `/name` is relative to the project's root.
fn files(given: &[(&str, &[u8])]) -> Files {
    let mut files = Files::new();
    files.insert("gatemark.yaml", CONFIG);
    files.insert(format!("{FOLDER}prompt.yaml"), PROMPT);
    for (path, bytes) in given {
        let path = match path.strip_prefix('/') {
            Some(path) => path.to_string(),
            None => format!("{FOLDER}{path}"),
        };
        files.insert(path, *bytes);
    }
    files
}

/// Loads everything; the diagnostics are rendered without the prompt's folder.
fn load(files: &Files) -> (Vec<PromptFile>, Vec<String>) {
    let (project, mut found) = load_config(files);
    let mut prompts = Vec::new();
    if let Some(project) = project {
        let (read, more) = load_prompts(files, &project);
        prompts = read;
        found.extend(more);
    }
    let rendered = found.iter().map(|problem| problem.to_string().replacen(FOLDER, "", 1));
    (prompts, rendered.collect())
}

/// Fails unless the files give exactly these diagnostics. An expectation that ends with `…` is a prefix.
#[track_caller]
fn check(given: &[(&str, &str)], expected: &[&str]) {
    let given: Vec<(&str, &[u8])> =
        given.iter().map(|(path, text)| (*path, text.as_bytes())).collect();
    check_bytes(&given, expected);
}

#[track_caller]
fn check_bytes(given: &[(&str, &[u8])], expected: &[&str]) {
    let (_, found) = load(&files(given));
    let same = found.len() == expected.len()
        && found.iter().zip(expected).all(|(found, expected)| match expected.strip_suffix('…') {
            Some(prefix) => found.starts_with(prefix),
            None => found == expected,
        });
    assert!(same, "found:\n{}\nexpected:\n{}", found.join("\n"), expected.join("\n"));
}

/// [`check`] of a `prompt.yaml`.
#[track_caller]
fn prompt(text: &str, expected: &[&str]) {
    check(&[("prompt.yaml", text)], expected);
}

/// [`check`] of a `prompt.yaml` that starts well and goes on with `rest`.
#[track_caller]
fn prompt_with(rest: &str, expected: &[&str]) {
    prompt(&format!("{PROMPT}{rest}"), expected);
}
