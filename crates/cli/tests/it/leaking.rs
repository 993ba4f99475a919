//! Answers that give their system text away: the command and its HTTP twin.

use std::fs;

use serde_json::{Value, json};

use crate::support::{Project, Server, TempDir, run_in};

const SYSTEM: &str = "You are Ada, the assistant of Example Bank. Never mention the merger with Sample Trust \
    before the first of May. Escalate suspected fraud to extension 4417.";

/// Answers, and what is to be thought of them.
fn rows() -> Vec<(Value, &'static str)> {
    let row = |id: &str, text: &str| json!({"id": id, "system": SYSTEM, "text": text});
    let with = |mut row: Value, field: &str, value: &str| {
        row[field] = value.into();
        row
    };
    let backward: String = SYSTEM.chars().rev().collect();
    let said = "Never mention the merger with Sample Trust before the first of May";
    vec![
        (row("plain", SYSTEM), "block"),
        (row("backward", &backward), "block"),
        (
            row("edited", "never talk of the merger with the Sample Trust before first of May"),
            "flag",
        ),
        (
            row("harmless", "Hello! I am Ada, the assistant of Example Bank. How can I help?"),
            "allow",
        ),
        (row("empty", ""), "allow"),
        (with(row("canary", "kavo-mite-suru"), "canary", "kavomitesuru"), "block"),
        (with(row("said", &format!("You wrote: {said}.")), "user", said), "allow"),
        (json!({"id": 7, "system": "", "text": "x", "canary": null, "more": true}), "allow"),
    ]
}

#[test]
fn lines_are_judged_in_their_order() {
    let folder = TempDir::new();
    let lines: String = rows().iter().map(|(row, _)| format!("{row}\n")).collect();
    fs::write(folder.path().join("rows.jsonl"), lines).unwrap();
    let ran = run_in(folder.path(), &["guard", "leak", "--jsonl", "rows.jsonl"]).exits(0);
    let told: Vec<Value> =
        ran.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(told.len(), rows().len());
    for ((row, verdict), told) in rows().iter().zip(&told) {
        assert_eq!((&told["id"], told["verdict"].as_str()), (&row["id"], Some(*verdict)), "{told}");
        let findings = told["findings"].as_array().unwrap();
        assert_eq!(findings.is_empty(), *verdict == "allow", "{told}");
        let length = row["text"].as_str().unwrap().chars().count() as u64;
        for finding in findings {
            let place = (finding["start"].as_u64().unwrap(), finding["end"].as_u64().unwrap());
            assert!(place.0 < place.1 && place.1 <= length, "{told}");
        }
    }
    assert_eq!(told[5]["findings"][0]["rule"], "canary");
    assert_eq!(told[1]["findings"][0]["rule"], "system-text-reversed");
}

#[test]
fn bad_lines_are_told_and_hide_no_others() {
    let folder = TempDir::new();
    let good = json!({"id": "good", "system": SYSTEM, "text": SYSTEM});
    let lines = format!("[]\n{{\"id\": true, \"txt\": \"x\", \"user\": 1}}\n{good}\n{{\"id\"\n");
    fs::write(folder.path().join("rows.jsonl"), lines).unwrap();
    let ran = run_in(folder.path(), &["guard", "leak", "--jsonl", "rows.jsonl"]).exits(2);
    assert_eq!(ran.out.lines().count(), 1);
    ran.complains(&[
        "rows.jsonl:1:1: is not a JSON object",
        "rows.jsonl:2:1: `id` is true or false",
        "`system` is missing",
        "rename `txt` to `text`",
        "`user` is a number",
        "rows.jsonl:4:",
        "6 errors; 1 answers were judged.",
    ]);
    run_in(folder.path(), &["guard", "leak", "--jsonl", "none.jsonl"]).exits(2);
}

#[test]
fn the_http_twin_answers_the_same() {
    let project = Project::deployed();
    let key = project.run(&["key", "create", "author", "--role", "edit"]).exits(0).out;
    let server = Server::start(&project);
    let key = Some(key.trim());
    let items: Vec<Value> = rows().into_iter().map(|(row, _)| row).collect();
    let answer = server.post("/api/v1/guard/leak", key, &json!({"items": items}));
    assert_eq!(answer.status, 200, "{}", answer.body);
    let lines: String = items.iter().map(|row| format!("{row}\n")).collect();
    fs::write(project.path().join("rows.jsonl"), lines).unwrap();
    let printed = project.run(&["guard", "leak", "--jsonl", "rows.jsonl"]).exits(0).out;
    let printed: Vec<Value> = printed.lines().map(|l| serde_json::from_str(l).unwrap()).collect();
    assert_eq!(answer.json()["items"], json!(printed));
    let many = vec![json!({"id": 1, "system": "", "text": ""}); 1001];
    let refused = server.post("/api/v1/guard/leak", key, &json!({"items": many}));
    assert_eq!(refused.status, 413, "{}", refused.body);
    assert_eq!(server.post("/api/v1/guard/leak", key, &json!({"items": [{"id": 1}]})).status, 400);
}
