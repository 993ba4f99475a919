//! Versions and models compared case by case, and a gate that asks for it.

use std::fmt::Write as _;
use std::fs;

use serde_json::Value;

use crate::support::{TempDir, run_in};
use crate::upstream::{Upstream, last_text};

const NAME: &str = "test/echo";

/// A prompt of 200 cases on `mock/m`, in a project whose production asks for "not worse".
fn project(upstream: &Upstream, version: &str, lead: &str) -> TempDir {
    let folder = TempDir::new();
    let prompt = folder.path().join("prompts").join(NAME);
    fs::create_dir_all(&prompt).unwrap();
    let asked = "production: {policy: {base: open, not_worse_than_serving: {margin: 0.05, confidence: 0.95}}}";
    let config = upstream.config().replace("production: {}", asked);
    fs::write(folder.path().join("gatemark.yaml"), config).unwrap();
    write_prompt(&folder, version, lead);
    let mut text = "checks:\n  - equals\ncases:\n".to_string();
    for n in 0..200 {
        let category = if n % 4 == 0 { "edge" } else { "happy" };
        writeln!(
            text,
            "  - {{id: c-{n}, category: {category}, variables: {{q: q-{n}}}, expected: a-{n}}}"
        )
        .unwrap();
    }
    fs::write(prompt.join("suite.yaml"), text).unwrap();
    run_in(folder.path(), &["push"]).exits(0);
    folder
}

fn write_prompt(folder: &TempDir, version: &str, lead: &str) {
    let text = format!(
        "version: {version}\nvariables:\n  q: {{type: string}}\nmessages:\n  - {{role: system, text: \"{lead}\"}}\n  \
         - {{role: user, text: \"{{{{ q }}}}\"}}\nmodels:\n  - {{model: mock/m, max_tokens: 20}}\nchangelog: next\n"
    );
    let path = folder.path().join("prompts").join(NAME).join("prompt.yaml");
    fs::write(path, text).unwrap();
}

/// Wrong on every fifth case where the model is `n` or the prompt careless.
fn rule(request: &Value, _: u64) -> Result<String, u16> {
    let text = last_text(request);
    let careless = request["model"] == "n"
        || request["messages"][0]["content"].as_str().is_some_and(|lead| lead == "careless");
    if careless && text.ends_with(['0', '5']) {
        return Ok("?".into());
    }
    Ok(text.replace('q', "a"))
}

#[test]
fn compat_says_what_another_model_would_lose() {
    let upstream = Upstream::start(rule);
    let folder = project(&upstream, "1.0.0", "careful");
    let arguments = ["compat", NAME, "--models", "mock/n,mock/m", "--json"];
    let found = run_in(folder.path(), &arguments).exits(0).json();
    let models = found[0]["models"].as_array().unwrap();
    assert_eq!(models.len(), 2, "the serving model is not asked twice");
    assert_eq!((&models[0]["model"], &models[1]["model"]), (&"mock/m".into(), &"mock/n".into()));
    assert_eq!(models[0]["against_serving"], Value::Null);
    let comparison = &models[1]["against_serving"]["comparison"];
    assert_eq!(comparison["lost"].as_array().unwrap().len(), 40);
    assert_eq!(comparison["gained"].as_array().unwrap().len(), 0);
    assert!(
        (comparison["accuracy"]["difference"]["estimate"].as_f64().unwrap() + 0.2).abs() < 1e-9
    );
    let text = run_in(folder.path(), &["compat", "--all", "--models", "mock/n"]).exits(0);
    text.says(&["serves", "-0.200 (", "40 lost and 0 gained", "edge", "c-0, c-10"]);
    assert_eq!(upstream.asked(), 400, "the second time everything is known");
}

#[test]
fn a_gate_that_asks_for_not_worse_lets_through_what_is_shown_to_be() {
    let upstream = Upstream::start(rule);
    let folder = project(&upstream, "1.0.0", "careful");
    let deploy = || run_in(folder.path(), &["deploy", NAME, "--to", "production"]);
    run_in(folder.path(), &["test", NAME]).exits(0);
    deploy().exits(0);
    // Nothing is known of the serving version on a suite that has changed.
    let suite = folder.path().join("prompts").join(NAME).join("suite.yaml");
    let longer = fs::read_to_string(&suite).unwrap()
        + "  - {id: new, category: edge, variables: {q: q-1}, expected: a-1}\n";
    fs::write(&suite, longer).unwrap();
    write_prompt(&folder, "1.0.1", "careless");
    run_in(folder.path(), &["push"]).exits(0);
    run_in(folder.path(), &["test", NAME]).exits(0);
    deploy().exits(3).complains(&["no comparison"]);
    run_in(folder.path(), &["test", &format!("{NAME}@1")]).exits(0);
    deploy().exits(3).complains(&["at most 5 points below the serving version's", "points worse"]);
    let tested = run_in(folder.path(), &["test", NAME]).exits(0);
    tested.says(&["against version 1 in production", "40 lost and 0 gained"]);
    write_prompt(&folder, "1.0.2", "careful indeed");
    run_in(folder.path(), &["push"]).exits(0);
    run_in(folder.path(), &["test", NAME]).exits(0);
    deploy().exits(0);
}
