//! Suites from files of several formats, generators, coverage, comparison, and cases from calls.

use std::fmt::Write as _;
use std::fs;

use serde_json::{Value, json};

use crate::support::{PROMPT, Project, Server};

/// Replaces the project's suite by `text`.
fn write_suite(project: &Project, text: &str) {
    fs::write(project.file("suite.yaml"), text).unwrap();
}

fn write(project: &Project, name: &str, text: &str) {
    let path = project.file(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

const CHECKS: &str = "checks: [{equals: {at: /queue}}]\n";

#[test]
fn a_table_is_pushed_tested_and_shown_page_by_page() {
    let project = Project::new();
    let mut table = "nr,text,queue,kind\n".to_string();
    for number in 0..120 {
        writeln!(table, "r{number},\"My parcel, order {number}, has not arrived\",delivery,happy")
            .unwrap();
    }
    write(&project, "cases/bulk.csv", &table);
    write_suite(
        &project,
        &format!(
            "{CHECKS}cases:\n  - {{file: cases/*.csv, columns: {{id: nr, message: text, expected: queue, category: kind}}, tags: [bulk]}}\n"
        ),
    );
    project.run(&["push"]).exits(0);
    let test = project.run(&["test", PROMPT, "--json"]);
    assert_eq!(test.json()["reports"][0]["rows"].as_array().unwrap().len(), 120);
    let page = project.run(&["suite", "show", PROMPT, "--page", "3"]).exits(0);
    page.says(&["r100", "r119", "bulk", "delivery"]);
    page.complains(&["20 of 120 cases shown, page 3 of 3"]);
    let tagged = ["suite", "show", PROMPT, "--tag", "bulk", "--per-page", "2", "--json"];
    let lines = project.run(&tagged).exits(0);
    let first: Value = serde_json::from_str(lines.out.lines().next().unwrap()).unwrap();
    assert_eq!(first["variables"]["message"], "My parcel, order 0, has not arrived");
    assert_eq!(lines.out.lines().count(), 2);
    let none = project.run(&["suite", "show", PROMPT, "--category", "edge"]).exits(0);
    none.complains(&["0 of 0 cases shown"]);
}

#[test]
fn mistakes_in_data_files_are_shown_with_their_lines() {
    let project = Project::new();
    write(
        &project,
        "bulk.csv",
        "message,expected,weight\nhello,delivery,heavy\n\"open,delivery,1\n",
    );
    write(
        &project,
        "more.jsonl",
        "{\"variables\": {\"message\": 5}, \"expected\": \"x\"}\n{\"id\": }\n",
    );
    write_suite(&project, &format!("{CHECKS}cases: [bulk.csv, more.jsonl]\n"));
    let refused = project.run(&["push"]).exits(2);
    refused.complains(&[
        "column `weight` must be a number from 0 to 1000000, not `heavy`",
        "prompts/support/triage/bulk.csv:2:1",
        "a quoted cell of this record is not closed",
        "prompts/support/triage/more.jsonl:1:27",
        "prompts/support/triage/more.jsonl:2:8",
        "Nothing was registered.",
    ]);
}

#[test]
fn generated_cases_are_concrete_and_the_same_on_every_push() {
    let project = Project::new();
    let suite = fs::read_to_string(project.file("suite.yaml")).unwrap();
    let more = "\ngenerate:\n  - {kind: typos, from: happy, count: 6, seed: 3}\n  - {kind: unicode, from: happy, count: 4}\n";
    write_suite(&project, &format!("{suite}{more}"));
    project.run(&["push"]).exits(0).says(&["registered"]);
    project.run(&["push"]).exits(0).says(&["unchanged"]);
    let made = project.run(&["suite", "show", PROMPT, "--tag", "typos", "--json"]).exits(0);
    let made: Vec<Value> =
        made.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(made.len(), 6);
    for case in &made {
        let source = case["source"].as_str().unwrap();
        assert_eq!(case["id"], format!("typos-{source}-1"));
        assert!(case["expected"].is_string(), "{case}");
    }
    project.edit("suite.yaml", "seed: 3", "seed: 4");
    project.run(&["push"]).exits(0).says(&["suite changed"]);
    let diff = project.run(&["suite", "diff", PROMPT, "current", "files"]).exits(0);
    diff.complains(&["0 added, 0 removed, 0 changed"]);
}

#[test]
fn suites_are_compared_by_hash_version_and_with_the_files() {
    let project = Project::pushed();
    project
        .run(&["suite", "diff", PROMPT, "1.0.0", "current"])
        .exits(2)
        .complains(&["never tested"]);
    project.run(&["test", PROMPT]).exits(0);
    let before = project.run(&["suite", "diff", PROMPT, "--json"]).exits(0).json();
    let old = before["from"].as_str().unwrap().to_string();
    project.edit("suite.yaml", "expected: account}", "expected: technical}");
    project.edit("suite.yaml", "{id: voucher,", "{id: coupon,");
    let diff = project.run(&["suite", "diff", PROMPT]).exits(0);
    diff.says(&[
        "- voucher (happy)",
        "+ coupon (happy)",
        "~ password",
        "expected [-account-]{+technical+}",
    ]);
    project.run(&["push"]).exits(0);
    let by_hash =
        project.run(&["suite", "diff", PROMPT, &old[..8], "current", "--json"]).exits(0).json();
    let by_version =
        project.run(&["suite", "diff", PROMPT, "1.0.0", "files", "--json"]).exits(0).json();
    assert_eq!(by_hash, by_version);
    assert_eq!(by_hash["diff"]["added"][0]["id"], "coupon");
    let unknown = project.run(&["suite", "show", PROMPT, "--suite", "ffffffff"]).exits(2);
    unknown.complains(&["no suite whose hash starts with ffffffff"]);
}

#[test]
fn coverage_tells_what_no_case_asks() {
    let project = Project::new();
    write_suite(
        &project,
        &format!(
            "{CHECKS}cases:\n  - {{id: a, variables: {{message: broken plate}}, expected: returns}}\n  - {{id: b, variables: {{message: broken plate}}, expected: billing}}\n"
        ),
    );
    project.run(&["push"]).exits(0);
    let told = project.run(&["suite", "coverage", PROMPT]).exits(0);
    told.says(&[
        "no case has it, and the policy asks for it",
        "no case expects \"account\"",
        "asks the same as b, and they expect different answers",
        "every case gives it the same value",
        "every text is written in this script alone",
    ]);
    let files = ["suite", "coverage", PROMPT, "--suite", "files", "--json"];
    let json = project.run(&files).exits(0).json();
    assert_eq!(json["coverage"]["cases"], 2);
    let schema = json["coverage"]["schema"].as_array().unwrap();
    let reached = schema.iter().filter(|branch| branch["cases"] == json!(1)).count();
    assert_eq!((schema.len(), reached), (5, 2));
}

#[test]
fn calls_become_cases_only_after_a_review() {
    let project = Project::deployed();
    let from_calls = ["suite", "from-calls", PROMPT];
    {
        let server = Server::start(&project);
        let call = json!({"variables": {"message": "not kept"}});
        assert_eq!(server.call(call).status, 200);
    }
    let refused = project.run(&from_calls).exits(2);
    refused.complains(&["record: content", "environments.production"]);

    let config = project.path().join("gatemark.yaml");
    let text = fs::read_to_string(&config).unwrap();
    fs::write(&config, text.replace("record: metadata", "record: content")).unwrap();
    {
        let server = Server::start(&project);
        for message in [
            "My parcel is late, write to zoe@mail.example",
            "My parcel is late, write to zoe@mail.example",
            "My parcel is late, write to max@mail.example",
            "The plate arrived broken",
            "I was charged twice",
        ] {
            assert_eq!(server.call(json!({"variables": {"message": message}})).status, 200);
        }
    }
    let made = project.run(&from_calls).exits(0);
    made.says(&["2 new cases in"]);
    made.complains(&[
        "6 calls looked at",
        "3 passed over: known already",
        "1 passed over: without",
    ]);
    let file = project.file("cases/from-calls.jsonl");
    let lines = fs::read_to_string(&file).unwrap();
    assert!(lines.contains("write to <email-1>") && !lines.contains("mail.example"), "{lines}");
    let ids: Vec<String> = lines
        .lines()
        .map(|line| {
            serde_json::from_str::<Value>(line).unwrap()["id"].as_str().unwrap().to_string()
        })
        .collect();
    project.run(&from_calls).exits(0).complains(&["0 new cases"]);

    // What nobody has reviewed is refused, even if the suite names it.
    project.edit("suite.yaml", "cases:\n", "cases:\n  - cases/*.jsonl\n");
    project.run(&["push"]).exits(2).complains(&["nobody has reviewed it", "suite review"]);

    let path = file.to_str().unwrap();
    project.run(&["suite", "review", path, "--list"]).exits(0).says(&[&ids[0], &ids[1]]);
    project
        .run(&["suite", "review", path, "--accept", "no-such"])
        .exits(2)
        .complains(&["no case no-such"]);
    let late = lines.lines().position(|line| line.contains("parcel")).unwrap();
    let (late, other) = (&ids[late], &ids[1 - late]);
    let accept = ["suite", "review", path, "--accept", late, "--expected", "delivery"];
    project.run(&accept).exits(0).complains(&["1 accepted", "1 still to be decided"]);
    project.run(&["push"]).exits(2).complains(&["nobody has reviewed it"]);
    project.run(&["suite", "review", path, "--reject", other]).exits(0).complains(&["1 rejected"]);
    assert_eq!(fs::read_to_string(&file).unwrap(), "");
    fs::remove_file(&file).unwrap();
    project.run(&["push"]).exits(0).says(&["suite changed"]);
    let shown = ["suite", "show", PROMPT, "--category", "production", "--json"];
    let case = project.run(&shown).exits(0).json();
    assert_eq!(
        (case["id"].as_str(), case["expected"].as_str()),
        (Some(late.as_str()), Some("delivery"))
    );
    assert_eq!(case["variables"]["message"], "My parcel is late, write to <email-1>");
    assert!(case["source"].as_str().unwrap().starts_with("call "));
}

#[test]
fn a_sample_is_drawn_by_its_seed() {
    let project = Project::deployed();
    let config = project.path().join("gatemark.yaml");
    let text = fs::read_to_string(&config).unwrap();
    fs::write(&config, text.replace("record: metadata", "record: content")).unwrap();
    {
        let server = Server::start(&project);
        for number in 0..12 {
            let call = json!({"variables": {"message": format!("Where is parcel {number}?")}});
            assert_eq!(server.call(call).status, 200);
        }
    }
    let draw = |seed: &str| {
        let sample = ["suite", "from-calls", PROMPT, "--sample", "4", "--seed", seed, "--out", "-"];
        project.run(&sample).exits(0).out
    };
    let first = draw("1");
    assert_eq!(first.lines().count(), 4);
    assert_eq!(first, draw("1"));
    assert!((2..6).any(|seed: u32| draw(&seed.to_string()) != first));
    assert!(!project.file("cases").exists());
    let none = ["suite", "from-calls", PROMPT, "--outcome", "error", "--json"];
    assert_eq!(project.run(&none).exits(0).json()["proposals"]["calls"], 0);
}
