//! `gatemark stats` against scipy and statsmodels, and `gatemark experiment analyze` on files.

use std::fs;
use std::io::Write;
use std::process::Stdio;

use serde_json::{Value, json};

use crate::support::{Ran, TempDir, command, run_in};

#[path = "../../../../tests/references/ask.rs"]
mod reference;

/// Runs a statistic on arguments.
fn stats(name: &str, arguments: &str) -> Ran {
    let folder = TempDir::new();
    let mut child = command(folder.path(), &["stats", name])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(arguments.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    Ran {
        code: output.status.code().unwrap_or(-1),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

fn computed(name: &str, arguments: &Value) -> Value {
    stats(name, &arguments.to_string()).exits(0).json()
}

#[track_caller]
fn close(found: &Value, wanted: &Value) {
    let (a, b) = (found.as_f64().unwrap(), wanted.as_f64().unwrap());
    assert!((a - b).abs() <= 1e-9 * b.abs().max(1.0), "{found} is not {wanted}");
}

#[test]
fn every_statistic_equals_its_reference() {
    let (x, y) = (json!([1.2, 3.4, 2.2, 5.1, 4.0]), json!([0.3, 1.9, 2.5, 1.1, 0.8, 2.0]));
    let theirs = reference::ask(
        "stats.py",
        &[
            json!({"ask": "two_proportions", "a": 45, "n": 100, "b": 60, "m": 110, "null": 0, "pooled": true, "alternative": "less"}),
            json!({"ask": "welch", "a": x, "b": y, "alternative": "greater", "confidence": 0.9}),
            json!({"ask": "mann_whitney", "a": x, "b": y, "alternative": "two-sided", "method": "auto"}),
            json!({"ask": "wilson", "k": 45, "n": 50, "confidence": 0.99}),
            json!({"ask": "newcombe", "a": 45, "n": 50, "b": 40, "m": 60, "confidence": 0.95}),
            json!({"ask": "mcnemar", "gained": 3, "lost": 11}),
            json!({"ask": "sizes", "p": 0.9, "q": 0.85, "ratio": 2.0, "alpha": 0.05, "power": 0.9, "alternative": "two-sided", "difference": 0.5, "sd": 2.0}),
            json!({"ask": "mean_sequence", "n": 500, "sum": 450, "alpha": 0.05}),
            json!({"ask": "level", "bound": "at_least", "limit": 0.5, "y": [0, 0, 1, 0, 0, 0, 0, 0.25]}),
            json!({"ask": "ratio", "weights": [9, 1], "counts": [9000, 1100]}),
            json!({"ask": "adjusted", "p": [0.01, 0.04, 0.03]}),
            json!({"ask": "psi", "expected": [10, 20, 30], "actual": [12, 25, 20], "floor": 1e-4}),
            json!({"ask": "ks", "a": x, "b": y}),
            json!({"ask": "kappa", "a": [0, 1, 2, 1, 0], "b": [0, 1, 1, 1, 2], "classes": 3, "weights": "linear"}),
            json!({"ask": "fleiss", "counts": [[3, 0], [1, 2], [2, 1]]}),
            json!({"ask": "hedged", "y": [0.1, 0.9, 0.4, 0.5], "alpha": 0.05, "cells": 1000}),
        ],
    );
    let sides = json!({"successes": [45, 60], "trials": [100, 110], "alternative": "less"});
    let found = computed("two_proportion_z", &sides);
    close(&found["statistic"], &theirs[0][0]);
    close(&found["p_value"], &theirs[0][1]);
    let found =
        computed("welch_t", &json!({"a": x, "b": y, "alternative": "greater", "alpha": 0.1}));
    close(&found["statistic"], &theirs[1][0]);
    close(&found["df"], &theirs[1][1]);
    close(&found["p_value"], &theirs[1][2]);
    close(&found["confidence_interval"][1], &theirs[1][4]);
    let found = computed("mann_whitney", &json!({"x": x, "y": y}));
    close(&found["statistic"], &theirs[2][0]);
    close(&found["p_value"], &theirs[2][1]);
    let found = computed("wilson", &json!({"successes": 45, "trials": 50, "confidence": 0.99}));
    close(&found["low"], &theirs[3][0]);
    close(&found["high"], &theirs[3][1]);
    let found = computed("newcombe", &json!({"a": [45, 50], "b": {"successes": 40, "trials": 60}}));
    close(&found["low"], &theirs[4][0]);
    close(&found["high"], &theirs[4][1]);
    let found = computed("mcnemar", &json!({"table": [[80, 3], [11, 6]]}));
    close(&found["p_value"], &theirs[5][0]);
    close(&found["mid_p_value"], &theirs[5][1]);
    let found = computed("sample_size", &json!({"p1": 0.9, "p2": 0.85, "ratio": 2, "power": 0.9}));
    close(&found["exact"][0], &theirs[6][0]);
    let found =
        computed("sample_size", &json!({"difference": 0.5, "sd": 2, "ratio": 2, "power": 0.9}));
    close(&found["exact"][0], &theirs[6][1]);
    let found = computed("confidence_sequence", &json!({"successes": 450, "trials": 500}));
    close(&found["low"], &theirs[7][0]);
    let found = computed("confidence_sequence", &json!({"samples": [0.1, 0.9, 0.4, 0.5]}));
    close(&found["high"], &theirs[15][1]);
    let one_sample = json!({"samples": [0, 0, 1, 0, 0, 0, 0, 0.25], "null": 0.5});
    let e_value = computed("betting_test", &one_sample)["e_value"].clone();
    assert!((e_value.as_f64().unwrap() / theirs[8].as_f64().unwrap() - 1.0).abs() < 1e-6);
    let found = computed("srm", &json!({"counts": [9000, 1100], "weights": [9, 1]}));
    close(&found["log_e_value"], &theirs[9]);
    for (place, name) in ["holm", "benjamini_hochberg"].iter().enumerate() {
        let found = computed(name, &json!({"p_values": [0.01, 0.04, 0.03]}));
        (0..3).for_each(|i| close(&found["adjusted"][i], &theirs[10][place][i]));
    }
    let found = computed("psi", &json!({"expected": [10, 20, 30], "actual": [12, 25, 20]}));
    close(&found["psi"], &theirs[11]);
    let found = computed("ks", &json!({"a": x, "b": y}));
    close(&found["p_value"], &theirs[12][1]);
    let raters = json!({"a": ["lo", "mid", "hi", "mid", "lo"], "b": ["lo", "mid", "mid", "mid", "hi"], "labels": ["lo", "mid", "hi"], "weights": "linear"});
    close(&computed("kappa", &raters)["kappa"], &theirs[13]);
    let found = computed("kappa", &json!({"counts": [[3, 0], [1, 2], [2, 1]]}));
    close(&found["kappa"], &theirs[14]);
}

#[test]
fn two_shares_can_be_written_in_many_ways() {
    let wanted = computed("newcombe", &json!({"successes": [8, 5], "trials": [10, 12]}));
    for same in [
        json!({"count": [8, 5], "nobs": [10, 12]}),
        json!({"a": [8, 10], "b": [5, 12]}),
        json!({"candidate": {"successes": 8, "trials": 10}, "control": {"count": 5, "nobs": 12}}),
        json!({"successes_a": 8, "trials_a": 10, "successes_b": 5, "trials_b": 12}),
        json!({"x1": 8, "n1": 10.0, "x2": 5, "n2": 12, "confidence": 0.95}),
    ] {
        let found = computed("newcombe", &same);
        assert_eq!((&found["low"], &found["high"]), (&wanted["low"], &wanted["high"]), "{same}");
    }
}

#[test]
fn betting_in_order_says_when() {
    let (mut arms, mut outcomes) = (vec![], vec![]);
    for call in 0..400 {
        arms.push(if call % 2 == 0 { "control" } else { "candidate" });
        outcomes.push(if call % 2 == 0 { 1 } else { call % 3 % 2 });
    }
    let found = computed(
        "betting_test",
        &json!({"arms": arms, "outcomes": outcomes, "share": 0.5, "centre": 0.9}),
    );
    assert_eq!(found["reject"], true, "{found}");
    assert!(found["first_rejected_at"].as_u64().unwrap() < 100, "{found}");
    let equal = json!({"a": [90, 100], "b": [810, 900], "share": 0.1, "centre": 0.9});
    assert_eq!(computed("betting_test", &equal)["reject"], false);
    let better = json!({"a": [450, 500], "b": [4500, 5000], "share": 0.09, "centre": 0.9, "margin": 0.1, "alternative": "greater"});
    assert_eq!(computed("betting_test", &better)["reject"], true);
}

#[test]
fn arguments_are_read_strictly_and_all_problems_told() {
    stats(
        "two_proportion_z",
        r#"{"successes": [12, -1], "trials": [10, 5.5], "alpha": NaN, "alternativ": "less"}"#,
    )
    .exits(2)
    .complains(&[
        "successes[1]: is -1: write a whole number of 0 or more",
        "trials[1]: is 5.5: write a whole number",
        "successes[0]: is 12 of 10 trials",
        "alpha: is not a finite number: write a number between 0 and 1",
        "alternativ: is no argument: did you mean `alternative`?",
        "hint: two_proportion_z takes SIDES",
    ]);
    stats("welch_t", r#"{"a": [1], "c": [2]}"#).exits(2).complains(&[
        "a: has 1 values: write at least 2",
        "b: is missing: write a list of numbers",
        "c: is no argument",
    ]);
    stats("wilson", "[]").exits(2).complains(&["stdin: is no JSON object"]);
    stats("wilson", "").exits(2).complains(&["stdin: is empty"]);
    stats("wilson", r#"{"successes": 1, "count": 1, "trials": 2, "trials": 3}"#)
        .exits(2)
        .complains(&["count: means the same as successes", "trials: is given twice"]);
    stats("willson", "{}").exits(2).complains(&["Did you mean `wilson`?"]);
    stats("srm", r#"{"counts": [1, 2, 3], "weights": [1, 1]}"#)
        .exits(2)
        .complains(&["weights: has 2 values and counts 3"]);
    stats("kappa", r#"{"a": ["x"], "b": ["y", "z"]}"#).exits(2).complains(&["b: has 2 labels"]);
    stats("psi", r#"{"expected": [0, 0], "actual": [1, 1]}"#)
        .exits(2)
        .complains(&["expected: sums to 0"]);
}

/// Whatever is left out or misplaced, no statistic panics, and what is wrong exits with 2.
#[test]
fn no_arguments_panic() {
    let folder = TempDir::new();
    let listed = run_in(folder.path(), &["stats", "--json"]).exits(0).json();
    assert_eq!(listed.as_array().unwrap().len(), 15);
    let odd = [
        "{}",
        r#"{"a": [], "b": []}"#,
        r#"{"a": "x", "b": {"n": 1}}"#,
        r#"{"p_values": [], "samples": [], "successes": 0, "trials": 0}"#,
        r#"{"successes": [0, 0], "trials": [0, 0], "share": 1}"#,
        r#"{"counts": [], "weights": [], "expected": [], "actual": []}"#,
        r#"{"table": [[1]], "arms": [3], "outcomes": [7]}"#,
    ];
    for row in listed.as_array().unwrap() {
        let name = row["name"].as_str().unwrap();
        for arguments in odd {
            let ran = stats(name, arguments).exits(2);
            assert!(
                ran.out.is_empty() && ran.err.contains("error:"),
                "{name} {arguments} {}",
                ran.err
            );
        }
    }
    run_in(folder.path(), &["stats"]).exits(0).says(&["betting_test", "benjamini_hochberg"]);
    run_in(folder.path(), &["stats", "--help"]).exits(0).says(&["sample_size", "p1 and margin"]);
}

/// Users who stay in an arm, with four calls each; every second arm is worse by a third.
fn lines(users: u32) -> String {
    let mut text = String::new();
    for user in 0..users {
        let arm = if user % 2 == 0 { "control" } else { "v7" };
        for call in 0..4 {
            let bad = (user / 2 + call) % 10 < if arm == "v7" { 4 } else { 1 };
            let line = json!({
                "arm": arm, "unit": format!("user {user}"), "time": f64::from(call * users + user),
                "success": !bad, "metrics": {"cost_usd": 0.01 + f64::from(user % 7) / 1000.0},
            });
            text.push_str(&format!("{line}\n"));
        }
    }
    text
}

#[test]
fn an_experiment_is_analysed() {
    let folder = TempDir::new();
    let file = folder.path().join("calls.jsonl");
    fs::write(&file, lines(1200)).unwrap();
    let arguments =
        ["experiment", "analyze", "--jsonl", "calls.jsonl", "--weights", "control=1,v7=1"];
    let ran = run_in(folder.path(), &arguments).exits(0);
    ran.says(&[
        "control (control): 600 units, 2400 calls",
        "ratio of units: fits the planned weights",
        "success: v7 0.600 against control 0.900 (-0.300",
        "it is worse: stop it",
        "less is better; probability of harm",
    ]);
    let json = run_in(folder.path(), &[&arguments[..], &["--json"]].concat()).exits(0).json();
    let success = &json["metrics"][1];
    assert_eq!((&success["metric"], &success["finding"]), (&json!("success"), &json!("worse")));
    assert!(success["anytime"]["interval"]["high"].as_f64().unwrap() < -0.15, "{success}");
    assert_eq!(json["metrics"][0]["lower_is_better"], true);
    assert_eq!(json["sample_ratio"]["mismatch"], false);
    let fixed = run_in(folder.path(), &[&arguments[..], &["--rule", "fixed"]].concat()).exits(0);
    fixed.complains(&["100 times in 31 %"]);
    let skewed = ["experiment", "analyze", "--jsonl", "calls.jsonl", "--weights", "control=9,v7=1"];
    run_in(folder.path(), &skewed).exits(0).says(&["does not fit", "do not believe this"]);
}

#[test]
fn bad_lines_are_told_with_their_places() {
    let folder = TempDir::new();
    let text = "{\"arm\": \"control\", \"x\": 1}\n{\"unit\": 3}\nnonsense\n{\"arm\": 3, \"time\": \"soon\", \"x\": \"y\"}\n";
    fs::write(folder.path().join("calls.jsonl"), text).unwrap();
    run_in(folder.path(), &["experiment", "analyze", "--jsonl", "calls.jsonl"]).exits(2).complains(
        &[
            "calls.jsonl:2",
            "arm is missing",
            "calls.jsonl:3",
            "is not JSON",
            "calls.jsonl:4",
            "arm is no name",
            "time is no time",
            "x is no number",
            "3 bad lines",
        ],
    );
    fs::write(folder.path().join("calls.jsonl"), "{\"arm\": \"v1\", \"x\": 1}\n").unwrap();
    run_in(folder.path(), &["experiment", "analyze", "--jsonl", "calls.jsonl"])
        .exits(2)
        .complains(&["no call is of the arm `control`", "the arms are: v1"]);
    let lower =
        ["experiment", "analyze", "--jsonl", "calls.jsonl", "--control", "v1", "--lower", "y"];
    run_in(folder.path(), &lower).exits(2).complains(&["no call has the metric `y`"]);
}
