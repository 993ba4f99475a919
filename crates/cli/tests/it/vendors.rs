//! A vendor that misbehaves, as applications see it through the gateway.

use std::io::{Read, Write};
use std::net::TcpListener;

use serde_json::json;

use crate::support::{Project, Server};

const COMPLETION: &str = r#"{"id":"c1","object":"chat.completion","created":1,"model":"m","strange":1.50,"choices":[{"index":0,"message":{"role":"assistant","content":"hello"},"finish_reason":"stop"}],"usage":{"prompt_tokens":7,"completion_tokens":2,"total_tokens":9}}"#;

/// A vendor that answers every connection with `answer` and hands over what it was sent.
fn vendor(answer: String) -> (String, std::sync::mpsc::Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let (sender, asked) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { return };
            let request = read_request(&mut stream);
            let _ = stream.write_all(answer.as_bytes());
            if sender.send(request).is_err() {
                return;
            }
        }
    });
    (address, asked)
}

fn read_request(stream: &mut std::net::TcpStream) -> String {
    let mut bytes = vec![];
    let mut buffer = [0; 4096];
    loop {
        let read = stream.read(&mut buffer).unwrap_or(0);
        bytes.extend_from_slice(&buffer[..read]);
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let length = text.to_lowercase().split("content-length: ").nth(1).and_then(|rest| {
            rest.split("\r\n").next().and_then(|length| length.parse::<usize>().ok())
        });
        let body = text.split_once("\r\n\r\n").map_or(0, |(_, body)| body.len());
        if read == 0 || length.is_some_and(|length| body >= length) {
            return text;
        }
    }
}

fn answer(status: &str, headers: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "HTTP/1.1 {status}\r\ncontent-length: {length}\r\nconnection: close\r\n{headers}\r\n{body}"
    )
}

/// A server whose provider `mock` is the vendor at `address`, without retries.
fn serving(address: &str) -> (Project, Server) {
    let project = Project::new();
    let config = format!(
        "name: mock\nproviders:\n  mock: {{protocol: openai, base_url: \"http://{address}/v1\", key_env: MOCK_KEY, retries: 0, timeout: 2s}}\n\
         models:\n  mock/m-2026-01-01: {{input_usd_per_million: 1, output_usd_per_million: 2}}\n"
    );
    std::fs::write(project.path().join("gatemark.yaml"), config).unwrap();
    let server = Server::start_with(&project, &[("MOCK_KEY", "sk-secret-of-the-vendor")]);
    (project, server)
}

fn plain() -> serde_json::Value {
    json!({"model": "mock/m-2026-01-01", "messages": [{"role": "user", "content": "hi"}]})
}

#[test]
fn plain_calls_pass_through_untouched_in_both_directions() {
    let (address, asked) =
        vendor(answer("200 OK", "content-type: application/json\r\n", COMPLETION));
    let (project, server) = serving(&address);
    let body = r#"{"model":"mock/m-2026-01-01","messages":[{"role":"user","content":"hi","x":1.0}],"temperature":0.70,"tools":[{"type":"function","function":{"name":"f","parameters":{"z":1,"a":2}}}],"response_format":{"type":"json_object"},"unknown_field":{"keep":[1e2,12345678901234567890]}}"#;
    let response = server.send("POST", "/v1/chat/completions", "", body.as_bytes());
    assert_eq!(response.body, COMPLETION, "the vendor's bytes reach the caller");
    assert_eq!(response.header("x-gatemark-cost-usd"), Some("0.000011"));
    let request = asked.recv().unwrap();
    assert!(request.contains("authorization: Bearer sk-secret-of-the-vendor"), "{request}");
    for kept in [
        r#""messages":[{"role":"user","content":"hi","x":1.0}]"#,
        r#""temperature":0.70"#,
        r#""tools":[{"type":"function","function":{"name":"f","parameters":{"z":1,"a":2}}}]"#,
        r#""response_format":{"type":"json_object"}"#,
        r#""unknown_field":{"keep":[1e2,12345678901234567890]}"#,
    ] {
        assert!(request.contains(kept), "{kept} is not in {request}");
    }
    let calls = project.run(&["calls", "--json"]).exits(0).out;
    assert!(calls.contains(r#""input":7"#) && calls.contains("11000"), "{calls}");
}

#[test]
fn errors_of_the_vendor_are_passed_on_faithfully_and_without_secrets() {
    let json = "content-type: application/json\r\n";
    let error = |kind: &str| {
        format!(r#"{{"error":{{"message":"said {kind}","type":"{kind}","param":"p","code":"c"}}}}"#)
    };
    let cases = [
        (answer("400 Bad Request", json, &error("invalid_request_error")), 400, "c"),
        (answer("422 Unprocessable", json, &error("unprocessable")), 422, "c"),
        (answer("429 Too Many", "retry-after: 7\r\n", &error("rate")), 429, "c"),
        (answer("500 Oops", json, "<html>oops</html>"), 500, ""),
        (answer("503 Busy", json, &error("overloaded")), 503, "c"),
        // Our key, not the caller's.
        (answer("401 Unauthorized", json, &error("key sk-secret-of-the-vendor")), 502, ""),
        (answer("200 OK", json, "<html>hello</html>"), 502, ""),
        (answer("302 Found", "location: http://127.0.0.1:1/\r\n", ""), 502, ""),
        ("HTTP/1.1 200 OK\r\ncontent-length: 999\r\n\r\n{\"half\":".to_string(), 502, ""),
    ];
    for (answer, status, code) in cases {
        let shown = answer.clone();
        let (address, _asked) = vendor(answer);
        let (_project, server) = serving(&address);
        let response = server.post("/v1/chat/completions", None, &plain());
        assert_eq!(response.status, status, "{shown}\n{}", response.body);
        let found = response.code();
        assert!(code.is_empty() || found == code, "{shown}: {found}");
        assert!(!response.body.contains("sk-secret"), "{}", response.body);
        if status == 429 {
            assert_eq!(response.header("retry-after"), Some("7"));
        }
    }
}

#[test]
fn a_vendor_that_is_not_there_is_an_error_that_says_so() {
    let (_project, server) = serving("127.0.0.1:1");
    let response = server.post("/v1/chat/completions", None, &plain());
    assert_eq!(response.status, 502, "{}", response.body);
    assert!(
        response.json()["error"]["message"].as_str().unwrap().contains("mock"),
        "{}",
        response.body
    );
}

#[test]
fn a_missing_key_is_named() {
    let project = Project::new();
    let server = Server::start(&project);
    let body = json!({"model": "openai/gpt-4o-2024-08-06", "messages": [{"role": "user", "content": "hi"}]});
    let response = server.post("/v1/chat/completions", None, &body);
    assert_eq!((response.status, response.code().as_str()), (503, "provider_key_missing"));
    assert!(response.body.contains("OPENAI_API_KEY"));
}

#[test]
fn a_stream_that_breaks_does_not_look_whole() {
    let events =
        "data: {\"id\":\"c\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"half\"}}]}\n\n";
    let broken = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n{events}"
    );
    let (address, _asked) = vendor(broken);
    let (project, server) = serving(&address);
    let mut body = plain();
    body["stream"] = true.into();
    let response = server.post("/v1/chat/completions", None, &body);
    assert!(
        response.body.contains("half") && response.body.contains("\"error\""),
        "{}",
        response.body
    );
    assert!(response.body.ends_with("data: [DONE]\n\n"));
    let calls = project.run(&["calls", "--json"]).exits(0).out;
    assert!(calls.contains("vendor_failed"), "{calls}");
}

/// A server whose provider `mock` is as `declared`, with a model `mock/m` that is priced.
fn serving_as(declared: &str, environment: &[(&str, &str)]) -> (Project, Server) {
    let project = Project::new();
    let config = format!(
        "name: mock\nproviders:\n  mock: {{{declared}, retries: 0, timeout: 5s}}\n\
         models:\n  mock/m: {{input_usd_per_million: 1, output_usd_per_million: 2}}\n"
    );
    std::fs::write(project.path().join("gatemark.yaml"), config).unwrap();
    let server = Server::start_with(&project, environment);
    (project, server)
}

fn asking(model: &str, stream: bool) -> serde_json::Value {
    json!({"model": model, "stream": stream, "messages": [{"role": "user", "content": "hi"}],
        "tools": [{"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}]})
}

/// A declaration, the vendor's answer, the environment, and what must be in the request.
type Case<'a> = (&'a str, &'a str, &'a [(&'a str, &'a str)], &'a [&'a str]);

/// What applications see of an answer by each vendor, whole: the same.
#[test]
fn every_vendor_is_answered_for_in_the_callers_format() {
    let gemini = r#"{"candidates":[{"content":{"parts":[{"text":"hello"},{"functionCall":{"name":"f","args":{"x":1}}}],"role":"model"},"finishReason":"STOP"}],"usageMetadata":{"promptTokenCount":7,"candidatesTokenCount":1,"thoughtsTokenCount":1,"totalTokenCount":9},"responseId":"r"}"#;
    let bedrock = r#"{"output":{"message":{"role":"assistant","content":[{"text":"hello"},{"toolUse":{"toolUseId":"t","name":"f","input":{"x":1}}}]}},"stopReason":"tool_use","usage":{"inputTokens":7,"outputTokens":2,"totalTokens":9}}"#;
    let openai = r#"{"id":"c","object":"chat.completion","created":1,"model":"m","choices":[{"index":0,"message":{"role":"assistant","content":"hello","tool_calls":[{"id":"t","type":"function","function":{"name":"f","arguments":"{\"x\":1}"}}]},"finish_reason":"tool_calls"}],"usage":{"prompt_tokens":7,"completion_tokens":2,"total_tokens":9}}"#;
    let aws = [
        ("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"),
        ("AWS_SECRET_ACCESS_KEY", "the-secret-of-amazon"),
        ("AWS_SESSION_TOKEN", "the-session"),
    ];
    let cases: [Case; 6] = [
        (
            "protocol: gemini",
            gemini,
            &[("GEMINI_API_KEY", "g-key")],
            &["POST /v1beta/models/m:generateContent ", "x-goog-api-key: g-key"],
        ),
        (
            "protocol: azure, api_version: '2024-10-21'",
            openai,
            &[("AZURE_OPENAI_API_KEY", "a-key")],
            &[
                "POST /openai/deployments/m/chat/completions?api-version=2024-10-21 ",
                "api-key: a-key",
            ],
        ),
        (
            "protocol: bedrock, region: eu-west-1",
            bedrock,
            &aws,
            &[
                "POST /model/m/converse ",
                "/eu-west-1/bedrock/aws4_request, SignedHeaders=content-type;host;x-amz-date;x-amz-security-token",
            ],
        ),
        (
            "protocol: vertex, region: global, project: p, key_env: TOKEN",
            gemini,
            &[("TOKEN", "ya29.t")],
            &[
                "POST /v1/projects/p/locations/global/publishers/google/models/m:generateContent ",
                "authorization: Bearer ya29.t",
            ],
        ),
        (
            "protocol: mistral",
            openai,
            &[("MISTRAL_API_KEY", "m-key")],
            &["POST /chat/completions ", "authorization: Bearer m-key"],
        ),
        ("protocol: ollama", openai, &[], &["POST /chat/completions "]),
    ];
    for (declared, body, environment, wanted) in cases {
        let (address, asked) = vendor(answer("200 OK", "content-type: application/json\r\n", body));
        let declared = format!("{declared}, base_url: \"http://{address}\"");
        let (project, server) = serving_as(&declared, environment);
        let response = server.post("/v1/chat/completions", None, &asking("mock/m", false));
        assert_eq!(response.status, 200, "{declared}: {}", response.body);
        let said = response.json();
        let choice = &said["choices"][0];
        assert_eq!(choice["message"]["content"], "hello", "{declared}");
        assert_eq!(choice["message"]["tool_calls"][0]["function"]["arguments"], "{\"x\":1}");
        assert_eq!(choice["finish_reason"], "tool_calls", "{declared}");
        assert_eq!(said["usage"]["completion_tokens"], 2, "{declared}");
        assert_eq!(response.header("x-gatemark-cost-usd"), Some("0.000011"), "{declared}");
        let request = asked.recv().unwrap();
        for part in wanted {
            assert!(request.contains(part), "{part} is not in {request}");
        }
        assert!(!request.contains("the-secret-of-amazon"));
        let calls = project.run(&["calls", "--json"]).exits(0).out;
        assert!(calls.contains(r#""input":7"#), "{calls}");
    }
}

#[test]
fn a_gemini_stream_reaches_applications_as_chunks() {
    let events = "data: {\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"hel\"}]}}]}\r\n\r\n\
        data: {\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"lo\"}]},\"finishReason\":\"STOP\"}],\"usageMetadata\":{\"promptTokenCount\":7,\"candidatesTokenCount\":2}}\r\n\r\n";
    let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n";
    let (address, asked) = vendor(format!("{head}{events}"));
    let declared = format!("protocol: gemini, base_url: \"http://{address}\", key_env: G");
    let (project, server) = serving_as(&declared, &[("G", "k")]);
    let response = server.post("/v1/chat/completions", None, &asking("mock/m", true));
    assert!(asked.recv().unwrap().contains(":streamGenerateContent?alt=sse "));
    let body = &response.body;
    assert!(body.contains(r#""content":"hel""#) && body.contains(r#""content":"lo""#), "{body}");
    assert!(
        body.contains(r#""finish_reason":"stop""#) && body.ends_with("data: [DONE]\n\n"),
        "{body}"
    );
    let calls = project.run(&["calls", "--json"]).exits(0).out;
    assert!(calls.contains("11000"), "the cost is known from the last event: {calls}");
}

#[test]
fn keys_that_are_missing_are_named_for_each_vendor() {
    for (declared, variables) in [
        ("protocol: gemini", "GEMINI_API_KEY"),
        ("protocol: groq", "GROQ_API_KEY"),
        ("protocol: bedrock, region: us-east-1", "AWS_SECRET_ACCESS_KEY"),
        ("protocol: vertex, region: us-east5, project: p", "GOOGLE_APPLICATION_CREDENTIALS"),
    ] {
        let (_project, server) = serving_as(declared, &[]);
        let response = server.post("/v1/chat/completions", None, &asking("mock/m", false));
        assert_eq!((response.status, response.code().as_str()), (503, "provider_key_missing"));
        assert!(response.body.contains(variables), "{}", response.body);
    }
}

#[test]
fn private_addresses_are_refused_and_the_setting_is_named() {
    for (url, advice) in [
        ("http://192.168.77.1:9/v1", "allow_private: true"),
        ("http://169.254.169.254/latest", "correct its base_url"),
    ] {
        let declared = format!("protocol: vllm, base_url: \"{url}\"");
        let (_project, server) = serving_as(&declared, &[]);
        let response = server.post("/v1/chat/completions", None, &asking("mock/m", false));
        assert_eq!((response.status, response.code().as_str()), (503, "private_address"));
        assert!(response.body.contains(advice), "{}", response.body);
    }
}
