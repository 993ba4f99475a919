//! Test runs and their reports.

use crate::support::{PROMPT, Project};

#[test]
fn a_run_below_the_threshold_ends_with_4_and_says_what_failed() {
    let project = Project::new();
    project.edit("suite.yaml", "accuracy: 0.95", "accuracy: 1.0");
    let right = "\"The plate arrived broken\"}, expected: returns";
    project.edit("suite.yaml", right, "\"The plate arrived broken\"}, expected: billing");
    project.run(&["push"]).exits(0);
    let below = project.run(&["test", PROMPT]).exits(4);
    below.says(&[
        "broken (happy) failed",
        "input     message: The plate arrived broken",
        "expected  billing",
        "actual    {\"queue\":\"returns\"}",
        "why       equals expected at /queue",
        "NOT reached",
    ]);
    below.complains(&["55 calls: about $0.01", "55 of 55 rows"]);
    let json = project.run(&["test", PROMPT, "--json"]).exits(4).json();
    assert_eq!(json["reached"], false);
    project
        .run(&["deploy", PROMPT, "--to", "production"])
        .exits(3)
        .complains(&["accuracy at least 1.000"]);
}

#[test]
fn without_own_threshold_the_default_environments_decides() {
    let project = Project::new();
    project.edit("suite.yaml", "thresholds:", "#");
    project.edit("suite.yaml", "  accuracy: 0.95", "");
    project.run(&["push"]).exits(0);
    project.run(&["test", PROMPT]).exits(0).says(&["accuracy 0.950 (the environment's): reached"]);
}

#[test]
fn several_models_are_compared() {
    let project = Project::pushed();
    let models = ["--model", "sim/learner-2026-11-01", "--model", "sim/other-2026-11-01"];
    let arguments = [&["test", PROMPT][..], &models].concat();
    // The prompt caps its cost, so a model without a price is refused before a case is run.
    project.run(&arguments).exits(2).complains(&["sim/other-2026-11-01", "has no price"]);
    let config = project.path().join("gatemark.yaml");
    let priced =
        "models:\n  sim/other-2026-11-01: {input_usd_per_million: 1, output_usd_per_million: 1}\n";
    let text = std::fs::read_to_string(&config).unwrap().replacen(
        "\nmodels:\n",
        &format!("\n{priced}"),
        1,
    );
    std::fs::write(config, text).unwrap();
    let compared = project.run(&arguments);
    compared.says(&["MODEL", "sim/learner-2026-11-01", "sim/other-2026-11-01", "MEAN COST"]);
}

#[test]
fn reports_are_kept_and_found_by_id_and_by_prompt() {
    let project = Project::pushed();
    project.run(&["report", PROMPT]).exits(2).complains(&["no report"]);
    let run = project.run(&["test", PROMPT, "--json"]).exits(0).json();
    let report = &run["reports"][0];
    let id = report["id"].as_str().unwrap();
    assert_eq!(report["rows"].as_array().unwrap().len(), 55);
    for name in [id, PROMPT, &format!("{PROMPT}@1.0.0")] {
        let stored = project.run(&["report", name, "--json"]).exits(0).json();
        assert_eq!(&stored, report, "{name}");
    }
    project.run(&["report", id]).exits(0).says(&["adversarial", "95 % INTERVAL", id]);
    project.run(&["report", "no-such-id"]).exits(2).complains(&["no report `no-such-id`"]);
}

#[test]
fn every_call_of_a_run_is_recorded() {
    let project = Project::pushed();
    project.run(&["test", PROMPT]).exits(0);
    let calls = project.run(&["calls", "--json", "--limit", "1000"]).exits(0);
    let calls: Vec<serde_json::Value> =
        calls.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(calls.len(), 55);
    assert!(calls.iter().all(|call| call["purpose"] == "test" && call["caller"] == "author"));
    let narrowed = ["calls", "--json", "--outcome", "error", "--prompt", PROMPT, "--since", "1h"];
    assert_eq!(project.run(&narrowed).exits(0).out, "");
    let one = calls[0]["id"].as_str().unwrap();
    let found = project.run(&["calls", "--id", one, "--version", "1"]).exits(0);
    found.says(&[one]);
    found.complains(&["1 of 1 calls shown"]);
}

#[test]
fn edits_that_are_not_pushed_are_told_of() {
    let project = Project::pushed();
    let clean = project.run(&["test", PROMPT]).exits(0);
    assert!(!clean.err.contains("differ"), "{}", clean.err);
    project.reword();
    project.run(&["test", PROMPT]).exits(0).complains(&["files of support/triage differ"]);
}
