//! Projects imported from promptfoo. Its own verdicts are recorded in
//! `crates/control/tests/fixtures/promptfoo/echo.verdicts.json`, by the script `record` beside it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use serde_json::Value;

use crate::support::{Ran, TempDir, run_in};
use crate::upstream::{Upstream, last_text};

fn fixture(name: &str) -> String {
    format!("{}/../control/tests/fixtures/promptfoo/{name}", env!("CARGO_MANIFEST_DIR"))
}

fn import(out: &TempDir, name: &str, more: &[&str]) -> Ran {
    let source = fixture(name);
    let arguments = [&["import", "promptfoo", &source, "--out", "."][..], more].concat();
    run_in(out.path(), &arguments)
}

/// What promptfoo said: by a case's name and its answer.
fn recorded() -> BTreeMap<(String, String), bool> {
    let text = fs::read_to_string(fixture("echo.verdicts.json")).unwrap();
    let recorded: Value = serde_json::from_str(&text).unwrap();
    let entry = |entry: &Value| {
        let [name, answer, passed] = [0, 1, 2].map(|at| &entry[at]);
        let name = name.as_str().unwrap().replace(' ', "-");
        ((name, answer.as_str().unwrap().to_string()), passed.as_bool().unwrap())
    };
    recorded["verdicts"].as_array().unwrap().iter().map(entry).collect()
}

#[test]
fn an_imported_suite_gives_promptfoos_own_verdicts() {
    let folder = TempDir::new();
    let upstream = Upstream::start(|request, _| Ok(last_text(request)));
    fs::write(folder.path().join("gatemark.yaml"), upstream.config()).unwrap();
    let arguments = ["--name", "demo/echo", "--model-map", "parrot=mock/m"];
    import(&folder, "echo", &arguments).exits(0).says(&["demo/echo: 59 cases"]);
    run_in(folder.path(), &["push"]).exits(0);
    run_in(folder.path(), &["test", "demo/echo"]).exits(4);
    let rows = run_in(folder.path(), &["report", "demo/echo", "--format", "jsonl"]).exits(0).out;
    let recorded = recorded();
    let mut differences = vec![];
    for line in rows.lines() {
        let row: Value = serde_json::from_str(line).unwrap();
        let (case, answer) = (row["case"].as_str().unwrap(), row["actual"].as_str().unwrap());
        let name = case.split('.').next().unwrap();
        let theirs = recorded[&(name.to_string(), answer.to_string())];
        if (row["verdict"] == "pass") != theirs || row["verdict"] == "error" {
            differences.push(format!("{case}: promptfoo {theirs}, here {}", row["checks"]));
        }
    }
    assert_eq!(rows.lines().count(), recorded.len());
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}

#[test]
fn what_cannot_be_imported_is_listed_with_its_place() {
    let folder = TempDir::new();
    let ran = import(&folder, "mixed", &["--json"]).exits(5);
    let told = ran.json();
    let kinds = |list: &str| -> BTreeSet<(String, String)> {
        let remarks = told[list].as_array().unwrap().iter();
        let place = |remark: &Value| {
            let place = &remark["places"][0];
            format!("{}:{}", place["file"].as_str().unwrap(), place["line"])
        };
        remarks.map(|r| (r["kind"].as_str().unwrap().to_string(), place(r))).collect()
    };
    let left_out = kinds("left_out");
    for (kind, line) in [
        ("prompt with Nunjucks syntax", 6),
        ("prompt from file://prompt.py", 7),
        ("provider setting `apiKey`", 11),
        ("provider setting `thinking`", 11),
        ("provider file://provider.py", 16),
        ("`derivedMetrics`", 19),
        ("`extensions`", 20),
        ("`scenarios`", 21),
        ("assertion similar", 29),
        ("case without checks", 32),
        ("case without checks", 34),
        ("assertion python", 38),
        ("assertion webhook", 39),
        ("case with `options.transform`", 40),
        ("case with variables", 41),
        ("the template syntax at `{%` in an assertion", 42),
        ("`provider` of tests", 43),
        ("assertion contains-json", 43),
        ("tests from tests.py", 44),
        ("tests from https://example.com/tests.csv", 45),
    ] {
        let place = format!("promptfooconfig.yaml:{line}");
        assert!(left_out.contains(&(kind.to_string(), place)), "{kind} in {left_out:#?}");
    }
    let notes = kinds("notes");
    for kind in [
        "assertion llm-rubric",
        "assertion g-eval",
        "assertion factuality",
        "assertion is-refusal",
        "assertion cost",
        "`metric` of assertions",
        "`evaluateOptions.delay`",
    ] {
        assert!(notes.iter().any(|note| note.0 == kind), "{kind} in {notes:#?}");
    }
    assert_eq!(told["judges"], serde_json::json!(["judges/reference", "judges/rubric"]));
    let all = fs::read_to_string(folder.path().join("gatemark.yaml")).unwrap();
    assert!(!ran.out.contains("sk-not") && !all.contains("sk-not"), "a key was carried over");
    // What is written is without mistakes.
    run_in(folder.path(), &["push", "--dry-run"]).exits(0);
    let prompt = folder.path().join("prompts/imported/support-answers-chat");
    let cases = fs::read_to_string(prompt.join("cases.jsonl")).unwrap();
    let ids: Vec<Value> = cases.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let ids: Vec<&str> = ids.iter().map(|case| case["id"].as_str().unwrap()).collect();
    assert_eq!(ids, ["judged", "templates", "for-the-chat"]);
    assert!(cases.contains("\"criteria\":\"Answers Where is my parcel? politely\""));
    assert!(fs::read_to_string(prompt.join("suite.yaml")).unwrap().contains("repeats: 3"));
}

#[test]
fn nothing_is_overwritten_and_nothing_comes_from_nothing() {
    let folder = TempDir::new();
    let echo = ["--model-map", "parrot=openai/gpt-4o-2024-08-06"];
    import(&folder, "echo", &echo).exits(0);
    import(&folder, "echo", &echo).exits(2).complains(&["would be overwritten"]);
    import(&folder, "echo", &[&echo[..], &["--force"]].concat()).exits(0);
    let other = TempDir::new();
    import(&other, "echo", &[]).exits(2).complains(&[
        "no provider can be imported",
        "line 6: provider echo",
        "--model-map 'parrot=provider/model'",
    ]);
    import(&other, "none", &[]).exits(2).complains(&["is no configuration and holds none"]);
    fs::write(other.path().join("bad.yaml"), "prompts: [").unwrap();
    run_in(other.path(), &["import", "promptfoo", "bad.yaml"]).exits(2).complains(&["line "]);
}
