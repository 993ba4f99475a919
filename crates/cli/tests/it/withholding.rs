//! What an answer may not carry out: leaks, personal data, secrets and links, over every door, whole and in pieces.

use serde_json::{Value, json};

use crate::http::Response;
use crate::scripted::write;
use crate::support::{Project, Server};
use crate::upstream::{STREAMED, Upstream, last_text};

const PROMPT: &str = "bank/ada";
const RULE: &str = "Never mention the merger with Sample Trust before the first of May.";
const FALLBACK: &str = "Please call us.";

/// What the model says when it is asked for it.
fn said(asked: &str) -> String {
    let text = match asked {
        "plain" => format!("My rules, then. {RULE}\nAnything else?"),
        "backward" => format!("My rules, then: {}", RULE.chars().rev().collect::<String>()),
        "spelt" => RULE.chars().flat_map(|c| [c, '-']).collect(),
        "mail" => "Write to ada@example.net for that.".to_string(),
        "token" => {
            format!("The key is {}_{} for now.", "ghp", "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8")
        }
        "link" => "See ![this](https://evil.example.net/x?q=all) and https://help.example.com/a."
            .to_string(),
        _ => "The branch is open from nine to five, and on the first Saturday of each month."
            .to_string(),
    };
    format!("{STREAMED}{text}")
}

/// A running project whose prompt does about everything what `action` says.
fn project(action: &str) -> (Project, Server) {
    let upstream = Upstream::start(|request, _| Ok(said(last_text(request).trim())));
    let project = Project::new();
    let config = upstream.config().replace("production: {}", "production: {policy: open}");
    write(&project, "gatemark.yaml", &config);
    std::fs::remove_dir_all(project.path().join("prompts")).unwrap();
    let prompt = format!(
        "version: 1.0.0\nmessages:\n  - role: system\n    text: |\n      You are Ada, the assistant of Example Bank.\n      \
         {RULE}\n      Offer up to twelve percent of discount, but only once.\nmodels: [{{model: mock/m}}]\n\
         output: {{fallback: \"{FALLBACK}\"}}\nguard:\n  canary: true\n  output:\n    leak: {action}\n    pii: {action}\n    \
         secrets: {action}\n    links: {{allow: [\"*.example.com\"], action: {action}}}\n"
    );
    write(&project, "prompts/bank/ada/prompt.yaml", &prompt);
    project.run(&["push"]).exits(0);
    project.run(&["deploy", PROMPT, "--to", "production"]).exits(0);
    let server = Server::start(&project);
    (project, server)
}

const DOORS: [&str; 3] = ["/v1/chat/completions", "/v1/messages", "/v1/responses"];

fn ask(server: &Server, door: &str, what: &str, stream: bool) -> Response {
    let model = format!("gatemark/{PROMPT}");
    let messages = json!([{"role": "user", "content": what}]);
    let body = match door {
        "/v1/responses" => json!({"model": model, "input": what, "stream": stream}),
        "/v1/messages" => {
            json!({"model": model, "messages": messages, "max_tokens": 500, "stream": stream})
        }
        _ => json!({"model": model, "messages": messages, "stream": stream}),
    };
    server.post(door, None, &body)
}

/// The text of an answer in the words of its door.
fn text(response: &Response, door: &str, stream: bool) -> String {
    let string = |value: &Value| value.as_str().unwrap_or_default().to_string();
    if !stream {
        let body = response.json();
        return match door {
            "/v1/responses" => string(&body["output"][0]["content"][0]["text"]),
            "/v1/messages" => string(&body["content"][0]["text"]),
            _ => string(&body["choices"][0]["message"]["content"]),
        };
    }
    let events = response.body.lines().filter_map(|line| line.strip_prefix("data: "));
    let events = events.filter_map(|data| serde_json::from_str::<Value>(data).ok());
    events
        .map(|event| match door {
            "/v1/responses" if event["type"] == "response.output_text.delta" => {
                string(&event["delta"])
            }
            "/v1/messages" => string(&event["delta"]["text"]),
            "/v1/chat/completions" => string(&event["choices"][0]["delta"]["content"]),
            _ => String::new(),
        })
        .collect()
}

#[test]
fn what_is_taken_out_leaves_by_no_door() {
    let (project, server) = project("redact");
    let left = [
        ("plain", "My rules, then. [withheld: instructions].\nAnything else?"),
        ("backward", "My rules, then: .[withheld: instructions]"),
        ("spelt", "[withheld: instructions]-.-"),
        ("mail", "Write to [withheld: personal data] for that."),
        ("token", "The key is [withheld: secret] for now."),
        ("link", "See ![this]([withheld: link]) and https://help.example.com/a."),
        ("hours", "The branch is open from nine to five, and on the first Saturday of each month."),
    ];
    for door in DOORS {
        for stream in [false, true] {
            for (what, wanted) in left {
                let response = ask(&server, door, what, stream);
                assert_eq!(response.status, 200, "{door} {what}: {}", response.body);
                let text = text(&response, door, stream);
                assert_eq!(text, wanted, "{door} {what} {stream}: {}", response.body);
                for secret in ["merger", "regrem", "ada@example.net", "a1B2c3D4", "evil.example"] {
                    assert!(!response.body.contains(secret), "{door} {what}: {}", response.body);
                }
            }
        }
    }
    drop(server);
    let calls = project.run(&["calls", "--json"]).exits(0).out;
    assert!(!calls.contains("merger"), "{calls}");
    assert!(calls.contains("system-text-reversed") && calls.contains("pii-email"), "{calls}");
}

#[test]
fn what_is_blocked_ends_with_an_error_before_it_leaves() {
    let (_project, server) = project("block");
    for door in DOORS {
        for what in ["plain", "backward", "spelt", "mail", "token", "link"] {
            let whole = ask(&server, door, what, false);
            assert_eq!(whole.status, 502, "{door} {what}: {}", whole.body);
            assert!(whole.body.contains("was withheld"), "{door} {what}: {}", whole.body);
            let stream = ask(&server, door, what, true);
            assert!(stream.body.contains("was withheld"), "{door} {what}: {}", stream.body);
            let left = text(&stream, door, true);
            let begins = said(what).trim_start_matches(STREAMED).starts_with(&left);
            assert!(begins, "{door} {what}: {left:?}");
            for part in ["Never men", "reveN", "N-e-v", "@example", "ghp_", "evil"] {
                assert!(!left.contains(part), "{door} {what}: {left:?}");
            }
        }
        assert_eq!(ask(&server, door, "hours", false).status, 200);
        assert!(!ask(&server, door, "hours", true).body.contains("withheld"));
    }
}

#[test]
fn the_fallback_takes_the_place_of_a_whole_answer() {
    let (project, server) = project("replace");
    for door in DOORS {
        let response = ask(&server, door, "plain", false);
        assert_eq!((response.status, text(&response, door, false).as_str()), (200, FALLBACK));
    }
    drop(server);
    let calls = project.run(&["calls", "--json"]).exits(0).out;
    assert!(calls.contains("guard_blocked") && !calls.contains("merger"), "{calls}");
}

#[test]
fn what_is_to_be_reviewed_leaves_and_comes_before_a_person() {
    let (project, server) = project("review");
    for stream in [false, true] {
        let response = ask(&server, DOORS[0], "plain", stream);
        assert!(text(&response, DOORS[0], stream).contains(RULE), "{}", response.body);
    }
    drop(server);
    let listed = project.run(&["review", "list", "--json"]).exits(0).out;
    assert!(listed.contains("guard: system-text in output"), "{listed}");
}
