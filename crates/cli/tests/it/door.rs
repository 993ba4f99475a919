//! `/v1` over real HTTP: prompts by name, errors in OpenAI's shape, bad input of every kind.

use serde_json::{Value, json};

use crate::http::Response;
use crate::support::{Project, Server};

fn said(response: &Response) -> String {
    assert_eq!(response.status, 200, "{}", response.body);
    response.json()["choices"][0]["message"]["content"].as_str().unwrap().to_string()
}

#[test]
fn prompts_by_name_in_every_spelling() {
    let project = Project::deployed();
    let server = Server::start(&project);
    let first = server.call(json!({}));
    assert_eq!(said(&first), r#"{"queue":"technical"}"#);
    assert_eq!(first.header("x-gatemark-version"), Some("1.0.0"));
    assert_eq!(first.header("x-gatemark-outcome"), Some("ok"));
    for model in [
        "gatemark/support/triage@production",
        "gatemark/support/triage@1.0.0",
        "gatemark/support/triage@1",
    ] {
        assert_eq!(said(&server.call(json!({"model": model}))), said(&first), "{model}");
    }
    let variables = json!({"message": "The app crashes when I open settings."});
    let object = server.post(
        "/v1/chat/completions",
        None,
        &json!({"prompt": {"id": "support/triage", "version": "1.0.0", "variables": variables}}),
    );
    assert_eq!(said(&object), said(&first));
}

#[test]
fn streams_are_server_sent_events_that_end_with_done() {
    let project = Project::deployed();
    let server = Server::start(&project);
    let response = server.call(json!({"stream": true, "stream_options": {"include_usage": true}}));
    assert_eq!(response.header("content-type"), Some("text/event-stream"));
    let events: Vec<&str> = response.body.split("\n\n").filter(|event| !event.is_empty()).collect();
    assert_eq!(events.last(), Some(&"data: [DONE]"));
    let chunks: Vec<Value> = events[..events.len() - 1]
        .iter()
        .map(|event| serde_json::from_str(event.strip_prefix("data: ").unwrap()).unwrap())
        .collect();
    let text: String = chunks
        .iter()
        .filter_map(|chunk| chunk["choices"][0]["delta"]["content"].as_str())
        .collect();
    assert_eq!(text, r#"{"queue":"technical"}"#);
    assert!(chunks.last().unwrap()["usage"]["prompt_tokens"].as_u64().unwrap() > 100);
}

#[test]
fn bad_requests_get_errors_in_openais_shape() {
    let project = Project::deployed();
    let server = Server::start(&project);
    let bodies: [(&[u8], u16, &str, &str); 12] = [
        (b"{", 400, "invalid_json", ""),
        (b"[]", 400, "invalid", ""),
        (b"\xff\xfe{}", 400, "invalid_json", ""),
        (b"{}", 400, "invalid", "model"),
        (br#"{"model": 3}"#, 400, "invalid", "model"),
        (br#"{"model": "gatemark/support/triage", "stream": "yes"}"#, 400, "invalid", "stream"),
        (br#"{"model": "x", "model": "y"}"#, 400, "invalid", "model"),
        (br#"{"model": "gatemark/support/triage"}"#, 400, "invalid_variables", "variables.message"),
        (br#"{"model": "gatemark/support/triage", "variables": 3}"#, 400, "invalid", "variables"),
        (br#"{"model": "gatemark/support/triaje"}"#, 404, "prompt_not_found", "model"),
        (br#"{"model": "gpt-4o", "messages": []}"#, 404, "model_not_found", "model"),
        (br#"{"model": "sim/learner-2026-11-01"}"#, 400, "invalid", "messages"),
    ];
    for (body, status, code, param) in bodies {
        let shown = String::from_utf8_lossy(body);
        let response = server.send("POST", "/v1/chat/completions", "", body);
        assert_eq!(
            (response.status, response.code().as_str()),
            (status, code),
            "{shown}: {}",
            response.body
        );
        if !param.is_empty() {
            assert_eq!(response.json()["error"]["param"], param, "{shown}");
        }
    }
    assert_eq!(server.send("GET", "/v1/nothing", "", b"").code(), "route_not_found");
}

#[test]
fn wrong_methods_are_answered_with_the_right_ones() {
    let project = Project::deployed();
    let server = Server::start(&project);
    for (method, path, right) in [
        ("DELETE", "/v1/models", "GET"),
        ("GET", "/v1/chat/completions", "POST"),
        ("PUT", "/api/v1/keys", "POST"),
        ("POST", "/api/v1/openapi.json", "GET"),
    ] {
        let response = server.send(method, path, "", b"");
        assert_eq!((response.status, response.code().as_str()), (405, "method_not_allowed"));
        let allowed = response.header("allow").unwrap_or_default();
        assert!(allowed.split(',').any(|method| method.trim() == right), "{path}: {allowed}");
    }
}

#[test]
fn bad_urls_get_errors_in_openais_shape() {
    let project = Project::deployed();
    let server = Server::start(&project);
    let prompt = "/api/v1/prompts/support/triage";
    for (path, code, word) in [
        (format!("{prompt}/gate?enviroment=staging"), "invalid_query", "enviroment"),
        (format!("{prompt}/diff?form=1"), "invalid_query", "form"),
        (format!("{prompt}/deployments?limit=many"), "invalid_query", "limit"),
        (format!("{prompt}/reports?limt=1"), "invalid_query", "limt"),
        ("/api/v1/audit?limit=-1".to_string(), "invalid_query", "limit"),
        ("/api/v1/calls?limit=1&limit=2".to_string(), "invalid_query", "limit"),
        ("/api/v1/prompts/%ff/triage/gate".to_string(), "invalid_path", "UTF-8"),
    ] {
        let response = server.get(&path, None);
        assert_eq!((response.status, response.code().as_str()), (400, code), "{path}");
        assert!(response.body.contains(word), "{path}: {}", response.body);
    }
}

#[test]
fn a_refusal_of_the_gate_names_the_rules_that_are_not_met() {
    let project = Project::pushed();
    let server = Server::start(&project);
    let deploy = "/api/v1/prompts/support/triage/deploy";
    let nowhere = server.post(deploy, None, &json!({}));
    assert_eq!(
        (nowhere.status, nowhere.json()["error"]["param"].as_str()),
        (400, Some("environment"))
    );
    let response = server.post(deploy, None, &json!({"environment": "production"}));
    assert_eq!((response.status, response.code().as_str()), (409, "gate_refused"));
    let body = response.json();
    let message = body["error"]["message"].as_str().unwrap();
    let unmet =
        body["gate"]["rules"].as_array().unwrap().iter().filter(|rule| rule["met"] == false);
    let unmet: Vec<String> = unmet.map(|rule| format!("rule {} ", rule["rule"])).collect();
    assert!(!unmet.is_empty());
    for rule in unmet {
        assert!(message.contains(&rule), "{rule}: {message}");
    }
}

#[test]
fn oversized_bodies_are_refused_before_they_are_read() {
    let project = Project::deployed();
    let server = Server::start(&project);
    let head = format!(
        "POST /v1/chat/completions HTTP/1.1\r\nhost: {}\r\ncontent-length: 99999999999\r\n\r\n",
        server.address()
    );
    // Nothing of the announced body is sent: the answer cannot depend on it.
    let mut stream = std::net::TcpStream::connect(server.address()).unwrap();
    std::io::Write::write_all(&mut stream, head.as_bytes()).unwrap();
    let mut answer = [0; 512];
    let read = std::io::Read::read(&mut stream, &mut answer).unwrap();
    let answer = String::from_utf8_lossy(&answer[..read]);
    assert!(answer.starts_with("HTTP/1.1 413"), "{answer}");
}

#[test]
fn a_server_without_keys_answers_only_to_this_machine() {
    let project = Project::deployed();
    let server = Server::start(&project);
    let local = format!("host: {}\r\n", server.address());
    let ask = |headers: &str| {
        let bytes = format!("GET /api/v1/prompts HTTP/1.1\r\n{headers}connection: close\r\n\r\n");
        server.raw(bytes.as_bytes()).status
    };
    assert_eq!(ask(&local), 200);
    assert_eq!(ask(&format!("{local}origin: http://localhost:3000\r\n")), 200);
    assert_eq!(ask("host: evil.example\r\n"), 403);
    for headers in [
        "origin: https://evil.example",
        "origin: null",
        "sec-fetch-site: cross-site",
        "x-forwarded-for: 10.0.0.1",
    ] {
        assert_eq!(ask(&format!("{local}{headers}\r\n")), 403, "{headers}");
    }
}

#[test]
fn web_pages_cannot_post_forms_to_a_server_without_keys() {
    let project = Project::deployed();
    let server = Server::start(&project);
    let form = "content-type: application/x-www-form-urlencoded\r\n";
    let push = |headers: &str| {
        server.send("POST", "/api/v1/push", headers, br#"{"files": {}, "dry_run": true}"#).status
    };
    // What `curl -d` sends.
    assert_eq!(push(form), 200);
    assert_eq!(push(&format!("{form}origin: http://localhost:3000\r\n")), 403);
}
