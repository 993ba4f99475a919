//! The vendors' official clients against a running server. `make setup` installs them.

use std::process::Command;

use serde_json::Value;

use crate::support::{Project, Server};

const TRIAGED: &str = r#"{"queue":"technical"}"#;
const MESSAGE: &str = "The app crashes when I open settings.";

/// A path that `.cargo/config.toml` names.
pub(crate) fn needed(variable: &str) -> String {
    let path = std::env::var(variable).unwrap_or_default();
    let exists = std::path::Path::new(&path).exists();
    assert!(
        exists,
        "{variable} ({path:?}) is not there: `make setup` installs the official clients"
    );
    path
}

pub(crate) fn script(path: &str) -> String {
    format!("{}/../../tests/clients/{path}", env!("CARGO_MANIFEST_DIR"))
}

/// Runs a client's script against a server that asks for a key.
fn seen(mut client: Command) -> Value {
    let project = Project::deployed();
    let key = project.run(&["key", "create", "app", "--role", "call"]).exits(0).out;
    let server = Server::start(&project);
    client.args([&server.url(), key.trim(), "support/triage", "sim/learner-2026-11-01", MESSAGE]);
    let output = client.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn openai_for_python() {
    let mut client = Command::new(needed("GATEMARK_TEST_PYTHON"));
    client.arg(script("python/calls.py"));
    let seen = seen(client);
    assert_eq!(seen["named"]["text"], TRIAGED);
    assert_eq!(seen["named"]["version"], "1.0.0");
    assert_eq!(seen["named"]["outcome"], "ok");
    assert_eq!(seen["prompt_object"], TRIAGED);
    assert_eq!(seen["streamed"]["text"], TRIAGED);
    assert!(
        seen["streamed"]["chunks"].as_u64() > Some(2)
            && seen["streamed"]["usage"].as_u64() > Some(0)
    );
    assert!(seen["plain"].as_str().is_some_and(|text| !text.is_empty()));
    assert!(seen["models"].as_array().unwrap().contains(&"gatemark/support/triage".into()));
    let error = |name: &str| {
        let error = &seen["errors"][name];
        (error["class"].as_str().unwrap().to_string(), error["code"].as_str().unwrap().to_string())
    };
    let pair = |class: &str, code: &str| (class.to_string(), code.to_string());
    assert_eq!(error("missing_variable"), pair("BadRequestError", "invalid_variables"));
    assert_eq!(error("unknown_prompt"), pair("NotFoundError", "prompt_not_found"));
    assert_eq!(error("unknown_version"), pair("NotFoundError", "version_not_admitted"));
    assert_eq!(error("unknown_model"), pair("NotFoundError", "model_not_found"));
    assert_eq!(error("bad_key"), pair("AuthenticationError", "invalid_api_key"));
}

#[test]
fn openai_for_node() {
    let mut client = Command::new("node");
    client.env("NODE_MODULES", needed("GATEMARK_TEST_NODE_MODULES")).arg(script("node/calls.mjs"));
    let seen = seen(client);
    assert_eq!(seen["named"]["text"], TRIAGED);
    assert_eq!(seen["named"]["version"], "1.0.0");
    assert_eq!(seen["streamed"]["text"], TRIAGED);
    assert!(seen["streamed"]["chunks"].as_u64() > Some(2));
    assert_eq!(seen["error"]["class"], "BadRequestError");
    assert_eq!(seen["error"]["param"], "variables.message");
}
