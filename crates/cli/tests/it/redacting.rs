//! Personal data and secrets in texts: found by command and by HTTP alike, kept nowhere, and seen by no vendor
//! that is not to see them.

use std::fs;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use crate::http::Response;
use crate::support::{Project, Server, TempDir, run_in};
use crate::upstream::{Upstream, last_text};

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

/// A vendor that says what it was told last, and what it was told.
fn echo() -> (Upstream, Arc<Mutex<String>>) {
    let seen: Arc<Mutex<String>> = Arc::default();
    let keep = seen.clone();
    let upstream = Upstream::start(move |request, _| {
        keep.lock().unwrap().push_str(&request.to_string());
        let text = last_text(request);
        if text.contains("fail") { Err(500) } else { Ok(format!("You said: {text}")) }
    });
    (upstream, seen)
}

/// A project whose texts are kept, with `redact` in its environment; `a/talk` keeps conversations, and what is asked of
/// `a/once` is answered from a cache.
fn keeping(upstream: &Upstream, redact: &str) -> Project {
    let project = Project::new();
    let environment = format!("production: {{policy: open, record: content, redact: {redact}}}");
    let config = upstream.config().replace("production: {}", &environment);
    let caches = "caches:\n  c: {prompt: a/once, environment: production, ttl: 10m}\n";
    fs::write(project.path().join("gatemark.yaml"), config + caches).unwrap();
    fs::remove_dir_all(project.path().join("prompts/support")).unwrap();
    let once = "version: 1.0.0\nvariables: {text: string}\nmessages: [{role: user, text: \"{{ text }}\"}]\nmodels: [mock/m]\n";
    let talk = "version: 1.0.0\nmessages: [{role: system, text: Be brief.}]\nmodels: [mock/m]\nconversation: {ttl: 30d}\n";
    for (name, prompt) in [("a/once", once), ("a/talk", talk)] {
        let folder = project.path().join("prompts").join(name);
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("prompt.yaml"), prompt).unwrap();
    }
    project.run(&["push"]).exits(0);
    for name in ["a/once", "a/talk"] {
        project.run(&["deploy", name, "--to", "production"]).exits(0);
    }
    project
}

/// Says `text` at every door and in every way in which a call can go.
fn say_everywhere(server: &Server, text: &str) -> Vec<Response> {
    let messages = json!([{"role": "user", "content": text}]);
    let once = json!({"model": "gatemark/a/once", "messages": [], "variables": {"text": text}});
    let talk = json!({"model": "gatemark/a/talk", "conversation": "t", "messages": messages});
    let failing = json!([{"role": "user", "content": format!("fail {text}")}]);
    let chat = |body: &Value| server.post("/v1/chat/completions", None, body);
    let answered = vec![
        chat(&json!({"model": "mock/m", "messages": messages})),
        chat(&json!({"model": "mock/s", "messages": messages, "stream": true})),
        server.post(
            "/v1/messages",
            None,
            &json!({"model": "mock/m", "max_tokens": 99, "messages": messages}),
        ),
        server.post("/v1/responses", None, &json!({"model": "mock/m", "input": text})),
        chat(&once),
        chat(&once),
        chat(&talk),
        chat(&talk),
    ];
    assert!(chat(&json!({"model": "mock/m", "messages": failing})).status >= 500);
    for answer in &answered {
        assert_eq!(answer.status, 200, "{}", answer.body);
    }
    answered
}

/// Files below the project that hold the needle: tables, segments, logs of writes.
fn holding(project: &Project, needle: &str) -> Vec<String> {
    let (mut folders, mut found) = (vec![project.path().to_path_buf()], vec![]);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if fs::read(&path)
                .unwrap()
                .windows(needle.len())
                .any(|part| part == needle.as_bytes())
            {
                found.push(path.display().to_string());
            }
        }
    }
    found
}

#[test]
fn a_secret_that_was_said_is_kept_nowhere() {
    let needle = token();
    let text = format!("my key is {needle} and my mail jo@firm.example");
    for (redact, secret, mail) in
        [("{}", false, true), ("{pii: [email]}", false, false), ("{secrets: false}", true, true)]
    {
        let (upstream, seen) = echo();
        let project = keeping(&upstream, redact);
        let mut server = Server::start(&project);
        for answer in say_everywhere(&server, &text) {
            let pieces: String = answer
                .body
                .split("\"content\":\"")
                .skip(1)
                .filter_map(|part| part.split('"').next())
                .collect();
            assert!(answer.body.contains(&needle) || pieces.contains(&needle), "{}", answer.body);
        }
        assert!(seen.lock().unwrap().contains(&needle), "the vendor is told all");
        let during = holding(&project, &needle);
        assert_eq!(server.signal("TERM"), Some(0));
        let after = holding(&project, &needle);
        assert_eq!(
            (!during.is_empty(), !after.is_empty()),
            (secret, secret),
            "{redact}: {during:?} {after:?}"
        );
        assert_eq!(!holding(&project, "jo@firm.example").is_empty(), mail, "{redact}");
        assert_eq!(
            holding(&project, "<SECRET_1>").is_empty(),
            secret,
            "{redact}: the texts are kept"
        );
    }
}

#[test]
fn a_vendor_sees_placeholders_and_the_caller_what_they_stand_for() {
    let (upstream, seen) = echo();
    let project = keeping(&upstream, "{pii: all, before_vendor: true}");
    let server = Server::start(&project);
    let text = format!("key {} mail jo@firm.example, not <EMAIL_1>", token());
    for answer in say_everywhere(&server, &text) {
        let pieces: String = answer
            .body
            .split("\"content\":\"")
            .skip(1)
            .filter_map(|part| part.split('"').next())
            .collect();
        let whole = format!("You said: {text}");
        assert!(answer.body.contains(&whole) || pieces.contains(&whole), "{}", answer.body);
    }
    let seen = seen.lock().unwrap().clone();
    assert!(seen.contains("key <SECRET_1> mail <EMAIL_1>, not <MARK_1>"), "{seen}");
    assert!(!seen.contains("firm.example") && !seen.contains(&token()), "{seen}");
    assert!(holding(&project, &token()).is_empty() && holding(&project, "firm.example").is_empty());
}

#[test]
fn kinds_that_are_unknown_are_told() {
    let (upstream, _) = echo();
    let project = Project::new();
    let config =
        upstream.config().replace("production: {}", "production: {redact: {pii: [emial]}}");
    fs::write(project.path().join("gatemark.yaml"), config).unwrap();
    project.run(&["push"]).exits(2).complains(&["gatemark.yaml:", "`emial` is no kind", "email"]);
}
