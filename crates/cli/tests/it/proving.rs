//! Evidence is of the providers that it was made with: at the gate, when gatemark.yaml changes under a server,
//! when a server starts, and for models that answer in the serving one's place.

use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::http::Response;
use crate::support::{Project, Ran, Server};
use crate::upstream::Upstream;

const NAME: &str = "support/sort";
const FAR_TOO_LONG: Duration = Duration::from_secs(30);
/// Evidence, and nothing else.
const STRICT: &str = "{base: open, accuracy: 0.9}";

fn vendor() -> Upstream {
    Upstream::start(|_, _| Ok("billing".into()))
}

/// A project whose prompt serves on `a/m` and may be answered by `b/m`, with a provider at each address.
fn project(providers: &[(&str, &Upstream)], policy: &str, more: &str) -> Project {
    let project = Project::new();
    let folder = project.path().join("prompts").join(NAME);
    fs::remove_dir_all(project.path().join("prompts")).unwrap();
    fs::create_dir_all(&folder).unwrap();
    configure(&project, providers, policy);
    let models: String = providers
        .iter()
        .map(|(name, _)| format!("  - {{model: {name}/m, max_tokens: 9}}\n"))
        .collect();
    let prompt = format!(
        "version: 1.0.0\nvariables:\n  message: {{type: string}}\nmessages:\n  \
         - {{role: user, text: \"{{{{ message }}}}\"}}\nmodels:\n{models}{more}changelog: first\n"
    );
    fs::write(folder.join("prompt.yaml"), prompt).unwrap();
    let suite = "checks:\n  - equals: {}\ncases:\n  \
                 - {id: a, variables: {message: a bill}, expected: billing}\n";
    fs::write(folder.join("suite.yaml"), suite).unwrap();
    project.run(&["push"]).exits(0);
    project
}

/// Puts a gatemark.yaml with these providers in place.
fn configure(project: &Project, providers: &[(&str, &Upstream)], policy: &str) {
    let mut lines = String::from("name: proving\nproviders:\n");
    for (name, upstream) in providers {
        lines += &format!(
            "  {name}: {{protocol: openai, base_url: \"http://{}/v1\", retries: 0}}\n",
            upstream.address()
        );
    }
    lines += &format!("environments:\n  production: {{policy: {policy}}}\n");
    let beside = project.path().join("gatemark.yaml.new");
    fs::write(&beside, lines).unwrap();
    fs::rename(beside, project.path().join("gatemark.yaml")).unwrap();
}

fn test(project: &Project, model: &str) -> Ran {
    project.run(&["test", NAME, "--model", model]).exits(0)
}

fn deploy(project: &Project) -> Ran {
    project.run(&["deploy", NAME, "--to", "production"])
}

fn call(server: &Server) -> Response {
    let body = json!({"model": format!("gatemark/{NAME}"), "messages": [],
        "variables": {"message": "a bill"}});
    server.post("/v1/chat/completions", None, &body)
}

fn status(server: &Server) -> Value {
    server.get("/api/v1/system/config", None).json()
}

#[track_caller]
fn until(what: &str, mut done: impl FnMut() -> bool) {
    let began = Instant::now();
    while !done() {
        assert!(began.elapsed() < FAR_TOO_LONG, "{what} takes too long");
    }
}

fn rule_19(project: &Project) -> Value {
    let shown = project.run(&["gate", NAME, "--json"]).json();
    let rules = shown["rules"].as_array().cloned().unwrap_or_default();
    rules.into_iter().find(|rule| rule["rule"] == 19).unwrap_or_else(|| panic!("{shown}"))
}

#[test]
fn a_report_is_of_the_provider_that_answered() {
    let (old, new) = (vendor(), vendor());
    let project = project(&[("a", &old)], STRICT, "");
    test(&project, "a/m");
    assert_eq!(rule_19(&project)["met"], true);
    configure(&project, &[("a", &new)], STRICT);
    let refused = deploy(&project).exits(3);
    let told = refused.out + &refused.err;
    let was =
        format!("base_url was `http://{}/v1`, is `http://{}/v1`", old.address(), new.address());
    for part in [was.as_str(), "19", "gatemark test support/sort@1"] {
        assert!(told.contains(part), "{part:?} is not in {told}");
    }
    test(&project, "a/m");
    assert_eq!(new.asked(), 1, "an answer of the other provider is none of this one's");
    deploy(&project).exits(0);
    // The newest report is of the new provider, and the one of the old provider still counts for it.
    configure(&project, &[("a", &old)], STRICT);
    assert_eq!(rule_19(&project)["met"], true);
}

#[test]
fn how_the_schema_is_told_is_part_of_who_answers_and_prices_and_timeouts_are_not() {
    let upstream = vendor();
    let project = project(&[("a", &upstream)], STRICT, "");
    test(&project, "a/m");
    let path = project.path().join("gatemark.yaml");
    let text = fs::read_to_string(&path).unwrap();
    let with = |more: &str| {
        fs::write(&path, text.replacen("retries: 0", &format!("retries: 3, {more}"), 1)).unwrap();
        rule_19(&project)
    };
    assert_eq!(with("timeout: 7s, concurrency: 3, key_env: NO_SUCH_KEY")["met"], true);
    let found = with("structured: tool")["found"].to_string();
    assert!(found.contains("structured was not set, is `tool`"), "{found}");
    let found = with("api: responses")["found"].to_string();
    assert!(found.contains("api was not set, is `responses`"), "{found}");
}

/// The whole way from one provider to another under the same name, without a call that is not answered.
#[test]
fn a_server_takes_another_provider_when_there_is_evidence_with_it() {
    let (old, new) = (vendor(), vendor());
    let project = project(&[("a", &old)], STRICT, "");
    test(&project, "a/m");
    deploy(&project).exits(0);
    let server = Server::start(&project);
    assert_eq!(call(&server).status, 200);
    configure(&project, &[("a", &new)], STRICT);
    until("the refusal", || status(&server)["refused"] == 1);
    let why = status(&server)["last_error"]["message"].as_str().unwrap().to_string();
    for part in ["support/sort@1 in production", "base_url was", "gatemark test support/sort@1"] {
        assert!(why.contains(part), "{part:?} is not in {why}");
    }
    let asked = old.asked();
    assert_eq!(call(&server).status, 200);
    assert_eq!((old.asked(), new.asked()), (asked + 1, 0), "what is in force stays");
    // The file is the new one for commands: this is the test against it.
    test(&project, "a/m");
    until("the new provider", || {
        let before = new.asked();
        assert_eq!(call(&server).status, 200);
        new.asked() > before
    });
    let status = status(&server);
    assert_eq!((&status["applied"], &status["last_error"]), (&json!(1), &Value::Null));
    // The deployment still names the older report: a server that starts finds the newer one.
    drop(server);
    let server = Server::start(&project);
    assert_eq!(call(&server).status, 200);
}

#[test]
fn where_no_evidence_is_asked_for_any_provider_is_taken() {
    let (old, new) = (vendor(), vendor());
    let project = project(&[("a", &old)], "open", "");
    deploy(&project).exits(0);
    let server = Server::start(&project);
    configure(&project, &[("a", &new)], "open");
    until("the new provider", || {
        assert_eq!(call(&server).status, 200);
        new.asked() > 0
    });
}

#[test]
fn a_server_that_starts_with_another_provider_does_not_serve_what_it_was_not_tested_with() {
    let (old, new) = (vendor(), vendor());
    let project = project(&[("a", &old)], STRICT, "");
    test(&project, "a/m");
    deploy(&project).exits(0);
    configure(&project, &[("a", &new)], STRICT);
    let server = Server::start(&project);
    let answer = call(&server);
    assert_eq!((answer.status, answer.code().as_str()), (503, "evidence_missing"));
    assert!(answer.body.contains("gatemark test support/sort@1"), "{}", answer.body);
    assert_eq!(new.asked(), 0);
    assert_eq!(server.get("/health/ready", None).status, 503);
    let shown = status(&server)["without_evidence"][0].clone();
    assert_eq!((&shown["prompt"], &shown["refused"]), (&json!(NAME), &json!(true)), "{shown}");
    test(&project, "a/m");
    until("evidence", || call(&server).status == 200);
    assert_eq!(server.get("/health/ready", None).status, 200);
    assert_eq!(status(&server)["without_evidence"], json!([]));
}

#[test]
fn a_way_back_goes_to_what_was_tested_with_the_provider_of_now() {
    let (old, new) = (vendor(), vendor());
    let project = project(&[("a", &old)], STRICT, "");
    test(&project, "a/m");
    deploy(&project).exits(0);
    let file = project.path().join("prompts").join(NAME).join("prompt.yaml");
    let text = fs::read_to_string(&file).unwrap();
    let text = text
        .replace("version: 1.0.0", "version: 1.0.1")
        .replace("{{ message }}", "Sort {{ message }}");
    fs::write(&file, text).unwrap();
    project.run(&["push"]).exits(0);
    configure(&project, &[("a", &new)], STRICT);
    test(&project, "a/m");
    deploy(&project).exits(0);
    let back = || project.run(&["rollback", NAME]);
    back().exits(3).complains(&["base_url was"]);
    project.run(&["test", "support/sort@1"]).exits(0);
    back().exits(0);
}

/// A vendor, and the switch that has it fail.
fn frail() -> (Upstream, Arc<AtomicBool>) {
    let down = Arc::new(AtomicBool::new(false));
    let seen = down.clone();
    let upstream = Upstream::start(move |_, _| match seen.load(Ordering::SeqCst) {
        true => Err(500),
        false => Ok("billing".into()),
    });
    (upstream, down)
}

#[test]
fn another_model_answers_for_the_one_that_is_down_only_if_it_was_tested() {
    for tested in [true, false] {
        let ((first, down), other) = (frail(), vendor());
        let project = project(&[("a", &first), ("b", &other)], STRICT, "");
        test(&project, "a/m");
        if tested {
            test(&project, "b/m");
        }
        let deployed = deploy(&project).exits(0);
        let told = deployed.out + &deployed.err;
        assert!(tested || told.contains("test support/sort@1 --model b/m"), "{told}");
        let server = Server::start(&project);
        let before = other.asked();
        assert_eq!(call(&server).header("x-gatemark-model"), Some("a/m"));
        down.store(true, Ordering::SeqCst);
        let answer = call(&server);
        if tested {
            assert_eq!((answer.status, answer.header("x-gatemark-model")), (200, Some("b/m")));
            assert_eq!(other.asked(), before + 1);
        } else {
            assert_eq!((answer.status, other.asked()), (500, 0), "{}", answer.body);
        }
    }
}

#[test]
fn another_models_evidence_is_of_its_provider_too() {
    let ((first, down), other, moved) = (frail(), vendor(), vendor());
    let project = project(&[("a", &first), ("b", &other)], STRICT, "");
    test(&project, "a/m");
    test(&project, "b/m");
    deploy(&project).exits(0);
    let server = Server::start(&project);
    configure(&project, &[("a", &first), ("b", &moved)], STRICT);
    until("the refusal", || status(&server)["refused"] == 1);
    let why = status(&server)["last_error"]["message"].to_string();
    assert!(why.contains("gatemark test support/sort@1 --model b/m"), "{why}");
    drop(server);
    // A server that starts so goes without that model, and says so.
    let server = Server::start(&project);
    assert_eq!(call(&server).status, 200);
    let shown = status(&server)["without_evidence"][0].clone();
    assert_eq!((&shown["model"], &shown["refused"]), (&json!("b/m"), &json!(false)), "{shown}");
    down.store(true, Ordering::SeqCst);
    assert_eq!((call(&server).status, moved.asked()), (500, 0));
    down.store(false, Ordering::SeqCst);
    test(&project, "b/m");
    until("evidence", || status(&server)["without_evidence"] == json!([]));
    down.store(true, Ordering::SeqCst);
    assert_eq!(call(&server).header("x-gatemark-model"), Some("b/m"));
}

#[test]
fn a_cascade_is_what_it_was_tested_as_with_the_providers_of_all_its_steps() {
    let (first, top, moved) = (vendor(), vendor(), vendor());
    let form = "output: {schema: {type: string}}\ncascade: {steps: [a/m, b/m], up_when: {off_format: true}}\n";
    let project = project(&[("a", &first), ("b", &top)], STRICT, form);
    test(&project, "a/m");
    test(&project, "b/m");
    deploy(&project).exits(0);
    configure(&project, &[("a", &first), ("b", &moved)], STRICT);
    let found = rule_19(&project)["found"].to_string();
    assert!(found.contains("b/m: base_url was"), "{found}");
    let server = Server::start(&project);
    assert_eq!(call(&server).code(), "evidence_missing");
    test(&project, "b/m");
    assert_eq!(call(&server).code(), "evidence_missing", "the cascade itself was not tested so");
    test(&project, "a/m");
    until("evidence", || call(&server).status == 200);
}

/// The first step never fits the form, so every case goes up.
#[test]
fn a_run_of_a_cascade_is_of_all_its_steps() {
    let (first, top, moved) =
        (vendor(), Upstream::start(|_, _| Ok("\"billing\"".into())), vendor());
    let form = "output: {schema: {type: string}, repair: 0}\n\
                cascade: {steps: [a/m, b/m], up_when: {off_format: true}}\n";
    let project = project(&[("a", &first), ("b", &top)], STRICT, form);
    let prices = "models:\n  a/m: {input_usd_per_million: 1, output_usd_per_million: 2}\n  \
                  b/m: {input_usd_per_million: 1, output_usd_per_million: 2}\n";
    let priced = |providers: &[(&str, &Upstream)]| {
        configure(&project, providers, STRICT);
        let path = project.path().join("gatemark.yaml");
        let text = fs::read_to_string(&path).unwrap() + prices;
        fs::write(&path, text).unwrap();
    };
    priced(&[("a", &first), ("b", &top)]);
    let mut suite = String::from("checks:\n  - json: {}\ncases:\n");
    for case in 0..20 {
        suite += &format!("  - {{id: c{case}, variables: {{message: \"bill {case}\"}}}}\n");
    }
    fs::write(project.path().join("prompts").join(NAME).join("suite.yaml"), suite).unwrap();
    project.run(&["push"]).exits(0);
    // A case costs 2 × $0.00012.
    let capped =
        project.run(&["test", NAME, "--max-cost", "0.0024", "--concurrency", "1"]).exits(1);
    capped.complains(&[
        "20 calls, up to 20 more of the cascade's further steps",
        "stopped at the cap",
    ]);
    let asked = top.asked();
    assert!((5..=10).contains(&asked), "{asked} cases under a cap of 10");
    // With another provider of the second step it is another run: no row of this one is taken.
    priced(&[("a", &first), ("b", &moved)]);
    project.run(&["test", NAME]);
    assert_eq!((top.asked(), moved.asked()), (asked, 20));
}

#[test]
fn callers_may_not_have_answers_that_no_test_has_seen() {
    let upstream = vendor();
    let project = project(&[("a", &upstream)], "open", "");
    let prompt = project.path().join("prompts").join(NAME).join("prompt.yaml");
    let text = fs::read_to_string(&prompt).unwrap();
    fs::write(
        &prompt,
        text.replace("1.0.0", "1.1.0").replace("max_tokens: 9", "max_tokens: 9, seed: 7"),
    )
    .unwrap();
    let path = project.path().join("gatemark.yaml");
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, text.replace("protocol: openai", "protocol: mistral")).unwrap();
    project.run(&["push"]).exits(0);
    deploy(&project).exits(0);
    let server = Server::start_with(&project, &[("MISTRAL_API_KEY", "k")]);
    let with = |name: &str, value: Value| {
        let mut body = json!({"model": format!("gatemark/{NAME}"), "messages": [],
            "variables": {"message": "a bill"}});
        body[name] = value;
        server.post("/v1/chat/completions", None, &body)
    };
    let tool = json!([{"type": "function", "function": {"name": "f", "parameters": {}}}]);
    for (name, value, code) in [
        ("tools", tool.clone(), "field_refused"),
        ("tool_choice", json!("required"), "field_refused"),
        ("response_format", json!({"type": "json_object"}), "field_refused"),
        ("seed", json!(8), "parameter_fixed"),
        ("random_seed", json!(8), "parameter_fixed"),
        ("max_completion_tokens", json!(10), "parameter_fixed"),
    ] {
        let answer = with(name, value);
        assert_eq!((answer.status, answer.code().as_str()), (400, code), "{name}: {}", answer.body);
        assert_eq!(answer.json()["error"]["param"], name);
    }
    let other_door = json!({"model": format!("gatemark/{NAME}"), "messages": [], "max_tokens": 9,
        "variables": {"message": "a bill"}, "tools": [{"name": "f", "input_schema": {"type": "object"}}]});
    let answer = server.post("/v1/messages", None, &other_door);
    assert!(answer.status == 400 && answer.body.contains("`tools`"), "{}", answer.body);
    assert_eq!(upstream.asked(), 0);
    assert_eq!(with("random_seed", json!(7)).status, 200);
    assert_eq!(with("tools", json!([])).status, 200);
}
