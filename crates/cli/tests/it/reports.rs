//! Reports in the formats that people and CI servers read, read by what they are made for.

use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::support::{PROMPT, Project};

/// A name that tries to become markup wherever it is shown.
const HOSTILE: &str = "</script><img src=x onerror=window.owned=1>";

/// A project whose suite fails on two cases, one of them with hostile texts, after a run.
fn tested() -> Project {
    let project = Project::new();
    let right = "\"The plate arrived broken\"}, expected: returns";
    let wrong = format!("\"The plate arrived broken {HOSTILE}\"}}, expected: \"{HOSTILE}\"");
    project.edit("suite.yaml", right, &wrong);
    let right = "should have been here yesterday\"}, expected: delivery";
    let wrong = "should have been here yesterday\"}, expected: {queue: billing}";
    project.edit("suite.yaml", right, wrong);
    project.edit("suite.yaml", "accuracy: 0.95", "accuracy: 0.99");
    project.run(&["push"]).exits(0);
    project.run(&["test", PROMPT, "--repeats", "2"]).exits(4);
    project
}

fn needed(variable: &str) -> String {
    let path = std::env::var(variable).unwrap_or_default();
    assert!(Path::new(&path).exists(), "{variable} ({path:?}) is not there: run `make setup`");
    path
}

fn script(name: &str) -> String {
    format!("{}/../../tests/{name}", env!("CARGO_MANIFEST_DIR"))
}

fn output(mut command: Command) -> Value {
    let output = command.output().unwrap();
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{error}");
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn every_format_is_written_to_stdout_or_to_a_file() {
    let project = tested();
    let json = project.run(&["report", PROMPT, "--format", "json"]).exits(0).json();
    assert_eq!((json["format"].as_u64(), json["rows"].as_array().unwrap().len()), (Some(1), 110));
    assert!(json["goal"]["unmet"][0].as_str().unwrap().starts_with("accuracy is 0.945"));
    assert_eq!(json["semver"], "1.0.0");
    let lines = project.run(&["report", PROMPT, "--format", "jsonl"]).exits(0).out;
    assert_eq!(lines.lines().count(), 110);
    let markdown = project.run(&["report", PROMPT, "--format", "markdown"]).exits(0);
    markdown.says(&["### ❌ thresholds not reached", "52 of 55 cases passed", "| **all** |"]);
    let outside = markdown.out.split("```text").next().unwrap();
    assert!(!outside.contains("<img"), "{outside}");
    let promptfoo = project.run(&["report", PROMPT, "--format", "promptfoo"]).exits(0).json();
    assert_eq!(promptfoo["results"]["stats"]["failures"], 6);
    let arguments = ["report", PROMPT, "--format", "html", "--out", "ci/report.html"];
    let written = project.run(&arguments).exits(0);
    assert!(written.out.is_empty() && written.err.contains("wrote ci/report.html"));
    let left: Vec<_> = std::fs::read_dir(project.path().join("ci")).unwrap().collect();
    assert_eq!(left.len(), 1, "a part is left behind: {left:?}");
    project.run(&["report", PROMPT, "--out", "x"]).exits(2).complains(&["--out needs a --format"]);
    project.run(&["report", PROMPT, "--format", "pdf"]).exits(2);
    let refused = project.run(&["report", PROMPT, "--format", "html", "--out", "prompts"]);
    refused.exits(1).complains(&["prompts cannot be written"]);
}

#[test]
fn junit_is_read_by_strangers() {
    let project = tested();
    project.run(&["report", PROMPT, "--format", "junit", "--out", "junit.xml"]).exits(0);
    let mut reader = Command::new(needed("GATEMARK_REFERENCE_PYTHON"));
    reader.arg(script("references/junit.py")).arg(project.path().join("junit.xml"));
    let read = output(reader);
    assert_eq!(read["problems"], Value::Array(vec![]));
    assert_eq!(read["counted"], serde_json::json!({"tests": 56, "failures": 4, "errors": 0}));
    assert_eq!(read["cases"]["broken"], serde_json::json!(["Failure"]));
    assert_eq!(read["cases"]["thresholds"], serde_json::json!(["Failure"]));
}

#[test]
fn the_page_works_in_a_browser_and_hostile_text_stays_text() {
    let project = tested();
    project.run(&["report", PROMPT, "--format", "html", "--out", "report.html"]).exits(0);
    let mut browser = Command::new("node");
    browser
        .env("NODE_MODULES", needed("GATEMARK_TEST_NODE_MODULES"))
        .arg(script("browser/report.mjs"))
        .arg(needed("GATEMARK_TEST_CHROMIUM"))
        .arg(project.path().join("report.html"));
    let seen = output(browser);
    for nothing in ["console", "requests"] {
        assert_eq!(seen[nothing], Value::Array(vec![]), "{seen:#}");
    }
    assert_eq!(seen["requested"], 0);
    assert_eq!(seen["dialogs"], 0);
    assert_eq!(seen["elements"]["images"], 0);
    assert_eq!(seen["elements"]["scripts"], 4);
    assert_eq!(seen["elements"]["owned"], true, "a script of the answer ran");
    assert_eq!(seen["all"]["ids"][0], "where-is-it", "failures come first");
    assert_eq!(seen["diff"], 2, "one word was wanted and another one given");
    assert_eq!(seen["first_open"], "true");
    assert_eq!(seen["all"]["count"], "1 to 50 of 55 cases");
    assert_eq!(seen["passed"]["count"], "1 to 50 of 52 cases, 55 in all");
    assert_eq!(seen["nothing"]["count"], "No case matches.");
    assert_eq!(seen["searched"]["ids"], serde_json::json!(["broken"]));
    assert_eq!(seen["keyboard"], serde_json::json!(["true", "false"]));
    assert_eq!(seen["print_hides_filters"], true);
}

/// `value` with the hostile text behind every text.
fn poisoned(value: &Value) -> Value {
    match value {
        // Verdicts choose a colour, and are ours alone.
        Value::String(text) if ["pass", "fail"].contains(&text.as_str()) => value.clone(),
        Value::String(text) => Value::from(format!("{text}{HOSTILE}")),
        Value::Array(items) => items.iter().map(poisoned).collect(),
        Value::Object(fields) => {
            fields.iter().map(|(key, value)| (key.clone(), poisoned(value))).collect()
        }
        other => other.clone(),
    }
}

#[test]
fn hostile_text_in_every_place_of_the_page_stays_text() {
    let project = tested();
    let mut page = project.run(&["report", PROMPT, "--format", "html"]).exits(0).out;
    for id in ["rows", "report"] {
        let start = page.find(&format!("id=\"{id}\">")).unwrap() + format!("id=\"{id}\">").len();
        let end = start + page[start..].find("</script>").unwrap();
        let mut value = poisoned(&serde_json::from_str(&page[start..end]).unwrap());
        if id == "report" {
            value["comparison"] = serde_json::json!({"baseline": HOSTILE, "sentence": HOSTILE,
                "lost": [HOSTILE], "gained": [HOSTILE]});
            value["report"]["stopped"] = HOSTILE.into();
        }
        page.replace_range(start..end, &value.to_string().replace('<', "\\u003c"));
    }
    std::fs::write(project.path().join("report.html"), page).unwrap();
    let mut browser = Command::new("node");
    browser
        .env("NODE_MODULES", needed("GATEMARK_TEST_NODE_MODULES"))
        .arg(script("browser/report.mjs"))
        .arg(needed("GATEMARK_TEST_CHROMIUM"))
        .arg(project.path().join("report.html"));
    let seen = output(browser);
    assert!(seen["heading"].as_str().unwrap().contains(HOSTILE), "{seen:#}");
    assert_eq!(seen["elements"]["images"], 0);
    assert_eq!(seen["elements"]["scripts"], 4);
    assert_eq!(seen["elements"]["owned"], true, "a script of a text ran");
    assert_eq!(seen["console"], Value::Array(vec![]));
    assert_eq!(seen["searched"]["count"], "1 to 50 of 55 cases");
}
