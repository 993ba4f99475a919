//! Personal data and secrets in texts: found by command and by HTTP alike.

use std::fs;

use serde_json::{Value, json};

use crate::support::{Project, Server, TempDir, run_in};

/// Put together at run time, so that no scanner of this repository takes it for a real one.
fn token() -> String {
    format!("sk-{}-{}", "proj", "a8Zq3Lm0Xv7Rt2Pw9Yb4Nc6Kd1")
}

fn lines(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn spans_are_told_by_command_and_by_http() {
    let texts = [
        json!({"id": "a", "text": "é jo@firm.example, +49 30 901820, GB82 WEST 1234 5698 7654 32"}),
        json!({"id": 2, "text": format!("key {}", token()), "more": true}),
        json!({"id": "c", "text": "nothing"}),
    ];
    let wanted = [
        json!({"id": "a", "spans": [
            {"type": "EMAIL_ADDRESS", "start": 2, "end": 17},
            {"type": "PHONE_NUMBER", "start": 19, "end": 32},
            {"type": "IBAN_CODE", "start": 34, "end": 61},
        ]}),
        json!({"id": 2, "spans": [{"type": "API_KEY", "start": 4, "end": 38}]}),
        json!({"id": "c", "spans": []}),
    ];
    let project = Project::deployed();
    let file = project.file("texts.jsonl");
    let text: String = texts.iter().map(|line| format!("{line}\n")).collect();
    fs::write(&file, text).unwrap();
    let file = file.to_str().unwrap();
    let ran = project.run(&["guard", "pii", "--jsonl", file]).exits(0);
    assert_eq!(lines(&ran.out), wanted);
    let only = project.run(&["guard", "pii", "--only", "secrets", "--jsonl", file]).exits(0);
    assert_eq!(lines(&only.out)[0]["spans"], json!([]));
    let server = Server::start(&project);
    let answer = server.post("/api/v1/guard/pii", None, &json!({"items": texts}));
    assert_eq!(answer.status, 200);
    assert_eq!(answer.json()["items"], json!(wanted));
    let asked = json!({"items": [texts[0], texts[1]], "only": "pii"});
    let answer = server.post("/api/v1/guard/pii", None, &asked).json();
    assert_eq!((&answer["items"][0], &answer["items"][1]["spans"]), (&wanted[0], &json!([])));
    let many = json!({"items": vec![json!({"id": 1, "text": "x"}); 1001]});
    assert_eq!(server.post("/api/v1/guard/pii", None, &many).status, 413);
    assert_eq!(server.post("/api/v1/guard/pii", None, &json!({"items": [{"id": 1}]})).status, 400);
}

#[test]
fn bad_lines_are_told_with_their_place() {
    let folder = TempDir::new();
    let bad =
        b"{\"id\": 1, \"text\": \"8.8.8.8\"}\n{\"id\": 2}\nnull\n{\"id\": 3, \"text\": \"\xff\"}\n";
    fs::write(folder.path().join("x.jsonl"), bad).unwrap();
    let ran = run_in(folder.path(), &["guard", "pii", "--jsonl", "x.jsonl"]).exits(2);
    assert_eq!(
        lines(&ran.out),
        [json!({"id": 1, "spans": [{"type": "IP_ADDRESS", "start": 0, "end": 7}]})]
    );
    ran.complains(&[
        "x.jsonl:2:",
        "`text` is missing",
        "x.jsonl:3:",
        "x.jsonl:4:",
        "3 errors; 1 texts",
    ]);
}
