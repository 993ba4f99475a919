//! Keys and roles over real HTTP: every role against an endpoint of every action.

use gatemark_core::access::{Action, Role, allows};
use serde_json::{Value, json};

use crate::support::{Project, Server};

/// Sends a request that needs `action`; whether it got past authorisation.
fn may(server: &Server, key: &str, action: Action) -> bool {
    let nothing = json!({});
    let prompt = "/api/v1/prompts/support/triage";
    let key = Some(key);
    let response = match action {
        Action::Call => server.get("/v1/models", key),
        Action::Read => server.get("/api/v1/prompts", key),
        Action::ReadCalls => server.get("/api/v1/calls", key),
        Action::Push => server.post("/api/v1/push", key, &json!({"files": {}})),
        Action::Test => server.post(&format!("{prompt}/test"), key, &json!({"models": ["none/x"]})),
        Action::Approve => {
            server.post(&format!("{prompt}/approve"), key, &json!({"version": "99"}))
        }
        Action::Deploy => server.post(&format!("{prompt}/rollback"), key, &nothing),
        Action::ManageKeys => server.get("/api/v1/keys", key),
    };
    match response.status {
        403 => {
            assert!(response.json()["error"]["message"].as_str().unwrap().contains("needs"));
            false
        }
        401 => panic!("{}", response.body),
        _ => true,
    }
}

#[test]
fn the_matrix_of_roles_and_actions() {
    let project = Project::deployed();
    let keys: Vec<(Role, String)> = Role::ALL
        .into_iter()
        .map(|role| {
            (role, project.run(&["key", "create", role.word(), "--role", role.word()]).exits(0).out)
        })
        .collect();
    let server = Server::start(&project);
    for (role, key) in &keys {
        for action in Action::ALL {
            assert_eq!(
                may(&server, key.trim(), action),
                allows(*role, action),
                "{role:?} {action:?}"
            );
        }
    }
}

/// What needs no key: whoever watches the process has none.
const OPEN: [&str; 2] = ["/health/live", "/health/ready"];

/// Method and path of every documented route, placeholders filled.
fn routes() -> Vec<(String, String)> {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../../openapi.json");
    let document: Value = serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
    let mut routes = vec![];
    for (path, operations) in document["paths"].as_object().unwrap() {
        let filled = path.split('/').map(|part| if part.starts_with('{') { "x" } else { part });
        let filled = filled.collect::<Vec<_>>().join("/");
        for method in operations.as_object().unwrap().keys() {
            routes.push((method.to_uppercase(), filled.clone()));
        }
    }
    assert!(routes.len() > 20, "{routes:?}");
    routes
}

#[test]
fn no_route_is_open_but_those_meant_to_be() {
    let project = Project::deployed();
    let key = project.run(&["key", "create", "app", "--role", "call"]).exits(0).out;
    let server = Server::start(&project);
    for (method, path) in routes() {
        // What is wrong with a query is told to nobody who may not ask.
        for path in [path.clone(), format!("{path}?no-such=1")] {
            let stranger = server.send(&method, &path, "", b"").status;
            let open = OPEN.contains(&path.split('?').next().unwrap_or_default());
            assert_eq!(stranger, if open { 200 } else { 401 }, "{method} {path}");
            if path.starts_with("/api/v1/") || path.starts_with("/metrics") {
                let header = format!("authorization: Bearer {}\r\n", key.trim());
                let status = server.send(&method, &path, &header, b"").status;
                let wanted = match (method.as_str(), path.as_str()) {
                    // An application may erase its own conversations; it has none of that name.
                    // It may say what its users say of its calls; nothing is said here.
                    ("POST", path) if path.starts_with("/api/v1/calls/x/scores") => 400,
                    ("DELETE", "/api/v1/conversations/x") => 404,
                    ("DELETE", "/api/v1/conversations/x?no-such=1") => 400,
                    _ => 403,
                };
                assert_eq!(status, wanted, "{method} {path}");
            }
        }
    }
}

#[test]
fn keys_come_and_go_while_the_server_runs() {
    let project = Project::deployed();
    let server = Server::start(&project);
    assert_eq!(server.get("/v1/models", None).status, 200);
    let secret = project.run(&["key", "create", "app", "--role", "call"]).exits(0).out;
    let eventually = |key: Option<&str>, status: u16| {
        let until = std::time::Instant::now() + std::time::Duration::from_secs(5);
        while server.get("/v1/models", key).status != status {
            assert!(std::time::Instant::now() < until, "never answered {status}");
            std::thread::yield_now();
        }
    };
    eventually(None, 401);
    eventually(Some(secret.trim()), 200);
    assert_eq!(server.get("/v1/models", Some("gm-wrong")).code(), "invalid_api_key");
    project.run(&["key", "revoke", "app"]).exits(0);
    eventually(Some(secret.trim()), 401);
}

#[test]
fn secrets_are_stored_nowhere() {
    let project = Project::deployed();
    let secret = project.run(&["key", "create", "app", "--role", "call"]).exits(0).out;
    let mut folders = vec![project.path().to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let bytes = std::fs::read(&path).unwrap();
            let needle = secret.trim().as_bytes();
            assert!(!bytes.windows(needle.len()).any(|part| part == needle), "{}", path.display());
        }
    }
}
