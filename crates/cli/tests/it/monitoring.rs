//! What calls were like, judgements on them, and what monitors see, through the real binary.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::{PROMPT, Project, Server};
use crate::upstream::Upstream;

const GOOD: &str = r#"{"queue": "technical"}"#;

/// A project whose version 1 serves; the vendor fails while the switch says so.
struct Stage {
    project: Project,
    _upstream: Upstream,
    down: Arc<AtomicBool>,
}

impl Stage {
    fn new(production: &str) -> Self {
        let down = Arc::new(AtomicBool::new(false));
        let switch = down.clone();
        let upstream = Upstream::start(move |_, _| {
            if switch.load(Ordering::SeqCst) { Err(500) } else { Ok(GOOD.to_string()) }
        });
        let project = Project::new();
        let config = upstream.config().replace("production: {}", production);
        std::fs::write(project.path().join("gatemark.yaml"), config).unwrap();
        let prompt = project.file("prompt.yaml");
        let text = std::fs::read_to_string(&prompt).unwrap();
        std::fs::write(&prompt, text.replace("sim/learner-2026-11-01", "mock/m")).unwrap();
        project.run(&["push"]).exits(0);
        project.run(&["deploy", PROMPT, "--to", "production"]).exits(0);
        Self { project, _upstream: upstream, down }
    }

    fn metrics(&self, more: &[&str]) -> Value {
        self.project.run(&[&["monitor", "--json"], more].concat()).exits(0).json()
    }

    fn signals(&self) -> Value {
        self.project.run(&["monitor", "signals", "--json"]).exits(0).json()
    }

    /// Records of applications' calls.
    fn records(&self) -> Vec<Value> {
        let listed = ["calls", "--purpose", "serve", "--limit", "100000", "--json"];
        let out = self.project.run(&listed).exits(0).out;
        out.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

fn signal(signals: &Value, rule: &str) -> Value {
    let found = signals.as_array().unwrap().iter().find(|signal| signal["rule"] == rule);
    found.unwrap_or_else(|| panic!("no {rule} in {signals:#}")).clone()
}

/// The sums are those of the records, also after the server was killed in between, and however often what is left in
/// its log is shipped.
#[test]
fn sums_are_those_of_the_records() {
    let stage = Stage::new("production: {policy: open}");
    for round in 0..3 {
        let server = Server::start(&stage.project);
        for number in 0..15 {
            stage.down.store((number + round) % 5 == 0, Ordering::SeqCst);
            server.call(json!({}));
        }
        // Killed where it stands.
        drop(server);
    }
    stage.down.store(false, Ordering::SeqCst);
    let view = stage.metrics(&[]);
    let records = stage.records();
    assert_eq!(records.len(), 45);
    let rows = view["rows"].as_array().unwrap();
    assert_eq!(rows.len(), 1, "{view:#}");
    let figures = &rows[0]["figures"];
    assert_eq!(
        (&rows[0]["prompt"], &rows[0]["environment"]),
        (&json!(PROMPT), &json!("production"))
    );
    assert_eq!(figures["calls"], 45);
    let cost: i64 = records.iter().map(|record| record["cost"].as_i64().unwrap()).sum();
    let tokens: u64 = records.iter().map(|r| r["usage"]["input"].as_u64().unwrap()).sum();
    assert_eq!((&figures["cost"], &figures["input_tokens"]), (&json!(cost), &json!(tokens)));
    let good = records.iter().filter(|record| record["outcome"] == "ok").count();
    assert!(good < 45);
    let success = figures["success"].as_f64().unwrap();
    assert!((success - good as f64 / 45.0).abs() < 1e-12, "{success} {good}");
    let mut latencies: Vec<u64> =
        records.iter().map(|record| record["latency_us"].as_u64().unwrap()).collect();
    latencies.sort_unstable();
    let median = latencies[22] as f64 / 1e3;
    let found = figures["latency_ms"]["p50"].as_f64().unwrap();
    assert!((found / median - 1.0).abs() < 0.01, "{found} {median}");
    assert_eq!(stage.metrics(&["--window", "28d"])["rows"][0]["figures"], *figures);
    let by = stage.metrics(&[PROMPT, "--by", "version"]);
    assert_eq!(by["rows"][0]["version"], 1);
    assert_eq!(stage.metrics(&["--by", "model"])["rows"][0]["model"], "mock/m");
    assert_eq!(stage.metrics(&["--by", "arm"])["rows"][0]["arm"], "stable");
    assert_eq!(stage.metrics(&["--env", "staging"])["rows"], json!([]));
    stage.project.run(&["monitor"]).exits(0).says(&["SUCCESS", "OURS P95", PROMPT]);
    stage.project.run(&["monitor", "c/d"]).exits(0).complains(&["no calls in the last 1h"]);
    stage.project.run(&["monitor", "--window", "2h"]).exits(2).complains(&["28d"]);
}

/// Whoever may call may say what users think of its own calls; reviewers may judge any.
#[test]
fn judgements_find_their_calls() {
    let stage = Stage::new("production: {policy: open}");
    let key = |name: &str, role: &str| {
        let made = stage.project.run(&["key", "create", name, "--role", role]).exits(0);
        made.out.trim().to_string()
    };
    let (app, other, reviewer) = (key("app", "call"), key("other", "call"), key("rev", "review"));
    let server = Server::start(&stage.project);
    let body = json!({
        "model": format!("gatemark/{PROMPT}"), "messages": [],
        "variables": {"message": "The app crashes."},
    });
    let response = server.post("/v1/chat/completions", Some(&app), &body);
    assert_eq!(response.status, 200, "{}", response.body);
    let id = response.header("x-gatemark-call-id").unwrap().to_string();
    let path = format!("/api/v1/calls/{id}/scores");
    let post = |key: &str, body: Value| server.post(&path, Some(key), &body);
    // At once, while the record is still in the log.
    let said = post(&app, json!({"name": "helpful", "value": true, "author": "user-1"}));
    assert_eq!((said.status, &said.json()["result"]), (200, &json!("new")), "{}", said.body);
    let again = post(&app, json!({"name": "helpful", "value": true, "author": "user-1"}));
    assert_eq!(again.json()["result"], "same");
    let changed = post(&app, json!({"name": "helpful", "value": false, "author": "user-1"}));
    assert_eq!(changed.json()["result"], "changed");
    assert_eq!(post(&other, json!({"name": "helpful", "value": true})).status, 404);
    assert_eq!(post(&app, json!({"name": "q", "value": 1, "source": "judge"})).status, 403);
    assert_eq!(post(&app, json!({"name": "latency", "value": 1})).status, 400);
    assert_eq!(post(&app, json!({"name": "helpful"})).status, 400);
    let judged = json!({"name": "quality", "value": 0.25, "source": "reviewer", "comment": "rude"});
    assert_eq!(post(&reviewer, judged).json()["result"], "new");
    assert_eq!(server.get(&path, Some(&app)).status, 403);
    let kept = server.get(&path, Some(&reviewer)).json();
    assert_eq!(kept.as_array().unwrap().len(), 2, "{kept:#}");
    let none = server.post(
        "/api/v1/calls/none/scores",
        Some(&reviewer),
        &json!({"name": "q", "value": 1}),
    );
    assert_eq!(none.status, 404);
    // The command line, beside the server.
    let ran = stage.project.run(&["feedback", &id, "quality", "0.75", "--json"]).exits(0).json();
    assert_eq!((&ran["result"], &ran["score"]["source"]), (&json!("new"), &json!("reviewer")));
    stage.project.run(&["feedback", &id, "tone", "rude"]).exits(0).says(&["is kept"]);
    stage.project.run(&["feedback", "none", "quality", "1"]).exits(2).complains(&["no call"]);
    let view = server.get("/api/v1/metrics?window=5m", Some(&reviewer)).json();
    let scores = &view["rows"][0]["figures"]["scores"];
    assert_eq!((&scores["quality"]["mean"], &scores["quality"]["n"]), (&json!(0.5), &json!(2)));
    assert_eq!((&scores["helpful"]["mean"], &scores["helpful"]["n"]), (&json!(0.0), &json!(1)));
    assert_eq!(server.get("/api/v1/metrics?by=day", Some(&reviewer)).status, 400);
    stage.project.run(&["monitor"]).exits(0).says(&["SCORE", "helpful", "0.500"]);
}

/// Deployments freeze what the version before was like, and monitors say what breaks a limit, what does not, and
/// what they cannot tell. After a time in which nothing ran, the first look sees what there is to see.
#[test]
fn monitors_see_breaches_and_catch_up() {
    let stage = Stage::new(
        "production: {policy: open, monitors: {success: {below: 0.95, least: 10}, \
         quality: {below: 0.8, least: 2}}}",
    );
    let quiet = stage.signals();
    for rule in ["success", "off_format", "retries", "latency_change", "cost", "quality"] {
        assert_eq!(signal(&quiet, rule)["state"], "no_data", "{rule}");
    }
    let server = Server::start(&stage.project);
    (0..20).for_each(|_| assert_eq!(server.call(json!({})).status, 200));
    let good = signal(&stage.signals(), "success");
    assert_eq!((&good["state"], &good["value"]), (&json!("ok"), &json!(1.0)));
    stage.project.reword();
    stage.project.run(&["push"]).exits(0);
    stage.project.run(&["deploy", PROMPT, "--to", "production"]).exits(0);
    let until = Instant::now() + Duration::from_secs(10);
    while server.call(json!({})).header("x-gatemark-version-number") != Some("2") {
        assert!(Instant::now() < until, "version 2 does not serve");
    }
    stage.down.store(true, Ordering::SeqCst);
    (0..20).for_each(|_| drop(server.call(json!({}))));
    // The server is gone before anybody looked.
    drop(server);
    let server = Server::start(&stage.project);
    let until = Instant::now() + Duration::from_secs(20);
    let seen = loop {
        let found = server.get("/api/v1/signals", None).json();
        if signal(&found, "success")["state"] == "breach" {
            break found;
        }
        assert!(Instant::now() < until, "{found:#}");
    };
    let breach = signal(&seen, "success");
    assert_eq!(
        (&breach["context"]["version"], &breach["severity"]),
        (&json!("2"), &json!("critical"))
    );
    assert!(breach["since"].as_i64() > good["since"].as_i64());
    assert!(breach["summary"].as_str().unwrap().contains("below 95.0 %"), "{breach:#}");
    // It goes on, and keeps its begin.
    assert_eq!(signal(&stage.signals(), "success")["since"], breach["since"]);
    let view = stage.metrics(&[]);
    let baseline = &view["rows"][0]["baseline"];
    assert_eq!((&baseline["version"], &baseline["figures"]["success"]), (&json!(1), &json!(1.0)));
    assert_eq!(baseline["figures"]["calls"], 20);
    stage.project.run(&["monitor"]).exits(0).says(&["version 1, 20 calls, success 100.0%"]);
    let listed = stage.project.run(&["monitor", "signals", "--state", "breach"]).exits(0);
    listed.says(&["critical", "success"]);
    let tasks = server.get("/api/v1/tasks", None).json();
    for name in ["monitor", "rollups"] {
        let task = tasks.as_array().unwrap().iter().find(|task| task["name"] == name).unwrap();
        assert_eq!(task["last_error"], Value::Null, "{task:#}");
    }
}

#[test]
fn ends_and_prices_of_models_are_seen() {
    let stage = Stage::new("production: {policy: open}");
    let path = stage.project.path().join("gatemark.yaml");
    let config = std::fs::read_to_string(&path).unwrap();
    assert_eq!(signal(&stage.signals(), "price")["state"], "ok");
    let dearer = config.replace(
        "mock/m: {input_usd_per_million: 1,",
        "mock/m: {deprecated_on: 2026-01-01, input_usd_per_million: 5,",
    );
    assert_ne!(dearer, config);
    std::fs::write(&path, dearer).unwrap();
    let seen = stage.signals();
    let ends = signal(&seen, "deprecation");
    assert_eq!((&ends["state"], &ends["severity"]), (&json!("breach"), &json!("critical")));
    assert!(ends["summary"].as_str().unwrap().contains("mock/m, which has ended"), "{ends:#}");
    assert_eq!(signal(&seen, "price")["state"], "breach");
    assert_eq!(signal(&stage.signals(), "price")["state"], "breach", "for a week");
    std::fs::write(&path, config.replace("mock/m: {", "mock/m: {deprecated_on: soon, ")).unwrap();
    stage.project.run(&["monitor"]).exits(2).complains(&["`deprecated_on` is not a day"]);
}

/// The stand-in vendor changes its model without saying so, and the suite asked again tells.
#[test]
fn a_probe_finds_a_model_that_was_changed() {
    let project = Project::deployed();
    let probe = ["monitor", "probe", PROMPT, "--json"];
    let same = project.run(&probe).exits(0).json();
    assert_eq!(
        (&same["state"], &same["value"], &same["rule"]),
        (&json!("ok"), &json!(0.0), &json!("probe"))
    );
    let reports = |project: &Project| {
        let log = project.run(&["log", PROMPT, "--json"]).exits(0).json();
        log.as_array().unwrap().iter().filter(|entry| entry["kind"] == "test").count()
    };
    let before = reports(&project);
    let path = project.path().join("gatemark.yaml");
    let config = std::fs::read_to_string(&path).unwrap();
    let drifted = config.replacen("sim: {}", "sim: {drift: 0.9}", 1);
    assert_ne!(drifted, config, "{config}");
    std::fs::write(&path, drifted).unwrap();
    let worse = project.run(&probe).exits(4).json();
    assert_eq!(worse["state"], "breach", "{worse:#}");
    assert!(worse["value"].as_f64().unwrap() < -0.2, "{worse:#}");
    assert_eq!(reports(&project), before, "a probe is no evidence");
    // It stands beside what monitors see.
    let seen = project.run(&["monitor", "signals", "--json"]).exits(0).json();
    assert_eq!(signal(&seen, "probe")["state"], "breach");
    let capped = [&probe[..], &["--max-cost", "0"]].concat();
    let state = project.run(&capped).exits(0).json();
    assert_eq!(state["state"], "no_data", "{state:#}");
    project.run(&["monitor", "probe", "no/such"]).exits(2).complains(&["no version"]);
}
