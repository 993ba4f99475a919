//! The main job in one command, on the built-in data and on a file.

use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::support::{TempDir, command, run_in};

/// Arguments of a short demo in `folder`, which ends by itself.
fn short(folder: &str) -> Vec<&str> {
    vec!["demo", "--exit", "--json", "--limit-traffic", "60", "--dir", folder]
}

fn version<'f>(figures: &'f Value, semver: &str) -> &'f Value {
    let versions = figures["versions"].as_array().unwrap();
    versions.iter().find(|version| version["semver"] == semver).unwrap()
}

/// The last version is the trimmed one that the gate let through.
fn trimmed(figures: &Value) -> &Value {
    figures["versions"].as_array().unwrap().last().unwrap()
}

fn built_in() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/support/data/messages.csv")
}

#[test]
fn the_main_job_comes_out_as_it_should() {
    let folder = TempDir::new();
    let figures = run_in(folder.path(), &short("project")).exits(0).json();
    assert_eq!(figures["ok"], true);

    let weak = version(&figures, "1.0.0");
    let rules: Vec<u64> = weak["unmet"]
        .as_array()
        .unwrap()
        .iter()
        .map(|rule| rule["rule"].as_u64().unwrap())
        .collect();
    assert!(weak["deployed"] == false && rules.len() >= 3, "{rules:?}");
    assert_eq!(weak["live"], Value::Null);

    let (good, cheap) = (version(&figures, "2.0.0"), trimmed(&figures));
    let threshold = figures["threshold"]["accuracy"].as_f64().unwrap();
    for version in [good, cheap] {
        assert_eq!(version["deployed"], true);
        let total = &version["tested"]["total"];
        let reached = total["passed"].as_f64().unwrap() / total["cases"].as_f64().unwrap();
        assert!(reached >= threshold && threshold > 0.3, "{reached} {threshold}");
        let live = &version["live"];
        assert_eq!((live["calls"].as_u64(), live["strays"].as_u64()), (Some(60), Some(0)));
        let within = |name: &str| live["interval"][name].as_f64().unwrap();
        let accuracy = live["accuracy"].as_f64().unwrap();
        assert!(within("low") <= accuracy && accuracy <= within("high"), "{live}");
    }
    let number = |value: &Value| value.as_u64().unwrap();
    assert!(number(&cheap["examples"]) < number(&good["examples"]));
    let cost = |version: &Value| number(&version["live"]["cost_per_thousand"]);
    assert!(cost(cheap) < cost(good));

    assert_eq!(figures["rollback"]["version"], "2.0.0");
    assert!(figures["rollback"]["effective_ms"].as_f64().unwrap() < 1_000.0);
    // Whether 60 messages, said again and again, are enough for a verdict is chance; that it is told is not.
    let canary = &figures["canary"];
    assert!(
        number(&canary["candidate"]) > 0 && canary["calls"].as_u64() <= Some(1_520),
        "{canary}"
    );
    let reason = canary["reason"].as_str().unwrap_or_default();
    assert!(canary["reverted"] == false || reason.contains("is worse"), "{canary}");
    let calls = &figures["calls"];
    assert!(number(&calls["answered"]) >= 121);
    assert_eq!(calls["answered"], calls["recorded"]);

    // What it leaves is a project like any other.
    let project = folder.path().join("project");
    run_in(&project, &["log", "demo/triage"]).exits(0).says(&["2.0.0", "2.1.0"]);
    run_in(&project, &["push"]).exits(0);
}

#[test]
fn the_server_stays_up_for_other_terminals() {
    let folder = TempDir::new();
    let arguments = ["demo", "--limit-traffic", "10", "--dir", "project"];
    let mut child = command(folder.path(), &arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut said = BufReader::new(child.stderr.take().unwrap());
    let mut line = String::new();
    while !line.contains("stays up") {
        line.clear();
        assert!(said.read_line(&mut line).unwrap() > 0, "it ended");
    }
    let project = folder.path().join("project").canonicalize().unwrap();
    let other = ["calls", "--limit", "5", "--json", "--project", project.to_str().unwrap()];
    let calls = run_in(folder.path(), &other).exits(0).out;
    assert_eq!(calls.lines().count(), 5, "{calls}");
    Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    let mut table = String::new();
    child.stdout.take().unwrap().read_to_string(&mut table).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(0));
    assert!(table.contains("VERSION") && table.contains("2.1.0"), "{table}");
}

#[test]
fn any_labelled_file_will_do() {
    let folder = TempDir::new();
    // The same messages under other names and without kinds, so that cases have to be made.
    let mut reader = csv::Reader::from_path(built_in()).unwrap();
    let mut writer = csv::Writer::from_path(folder.path().join("mail.csv")).unwrap();
    writer.write_record(["queue", "body"]).unwrap();
    for row in reader.records() {
        let row = row.unwrap();
        writer.write_record([&row[1], &row[0]]).unwrap();
    }
    writer.flush().unwrap();
    let mut arguments = short("project");
    arguments.extend(["--data", "mail.csv", "--text", "body", "--label", "queue"]);
    let figures = run_in(folder.path(), &arguments).exits(0).json();
    assert_eq!(figures["data"]["categories"], "perturbed");
    for category in ["happy", "edge", "adversarial"] {
        let tally = &version(&figures, "2.0.0")["tested"]["categories"][category];
        assert!(tally["cases"].as_u64() > Some(5), "{category}: {tally}");
    }
}

#[test]
fn what_cannot_be_used_is_refused_before_anything_is_made() {
    let folder = TempDir::new();
    std::fs::write(folder.path().join("few.csv"), "text,label\nhello,a\nbye,b\n").unwrap();
    let run = |more: &[&str]| {
        let mut arguments = short("project");
        arguments.extend(more);
        run_in(folder.path(), &arguments).exits(2)
    };
    run(&["--data", "none.csv"]).complains(&["cannot read none.csv"]);
    run(&["--data", "few.csv"]).complains(&["too few messages of `a` (1)"]);
    run(&["--data", "few.csv", "--text", "txt"])
        .complains(&["no column `txt`", "did you mean `text`"]);
    run(&["--listen", "0.0.0.0:0"]).complains(&["this machine only"]);
    run(&["--text", "body"]).complains(&["--data"]);
    assert!(!folder.path().join("project").exists());
    run_in(folder.path(), &["demo", "--exit", "--dir", "."]).exits(2).complains(&["not empty"]);
    assert!(folder.path().join("few.csv").exists());
}
