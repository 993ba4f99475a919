//! A changed gatemark.yaml, and a registry that is ahead of it, under a running server.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::http::Response;
use crate::support::{PROMPT, Project, Server};
use crate::upstream::Upstream;

/// What nothing here should take, however busy the machine is.
const FAR_TOO_LONG: Duration = Duration::from_secs(30);

/// Puts a file in the place of another at once, as careful programs do.
fn replace(project: &Project, text: &str) {
    replace_in(project.path(), text);
}

fn replace_in(folder: &Path, text: &str) {
    let beside = folder.join("gatemark.yaml.new");
    fs::write(&beside, text).unwrap();
    fs::rename(beside, folder.join("gatemark.yaml")).unwrap();
}

fn serving(config: &str) -> (Project, Server) {
    let project = Project::new();
    replace(&project, config);
    let server = Server::start(&project);
    (project, server)
}

fn plain(server: &Server, model: &str) -> Response {
    let body =
        json!({"model": model, "max_tokens": 5, "messages": [{"role": "user", "content": "hi"}]});
    server.post("/v1/chat/completions", None, &body)
}

fn status(server: &Server) -> Value {
    server.get("/api/v1/system/config", None).json()
}

/// Asks until `done`, and how long that took.
#[track_caller]
fn until(what: &str, mut done: impl FnMut() -> bool) -> Duration {
    let began = Instant::now();
    while !done() {
        assert!(began.elapsed() < FAR_TOO_LONG, "{what} takes too long");
    }
    began.elapsed()
}

fn hang_up(server: &Server) {
    let sent = Command::new("kill").args(["-HUP", &server.id().to_string()]).status().unwrap();
    assert!(sent.success());
}

/// `config` with one provider more.
fn with_line(config: &str, line: &str) -> String {
    config.replacen("providers:\n", &format!("providers:\n{line}\n"), 1)
}

/// How `upstream` stands among providers.
fn provider_line(upstream: &Upstream) -> String {
    upstream.config().lines().find(|line| line.starts_with("  mock:")).unwrap().to_string()
}

fn with_provider(config: &str, name: &str, address: &str) -> String {
    with_line(config, &format!("  {name}: {{protocol: openai, base_url: \"http://{address}/v1\"}}"))
}

#[test]
fn an_edit_is_in_force_within_two_seconds() {
    let upstream = Upstream::start(|_, _| Ok("fine".into()));
    let (project, server) = serving(&upstream.config());
    assert_eq!(plain(&server, "late/m").status, 404);
    assert_eq!(status(&server)["revision"], 1);
    let text = with_line(&upstream.config(), &provider_line(&upstream).replace("mock", "late"));
    fs::write(project.path().join("gatemark.yaml"), &text).unwrap();
    let took = until("the edit", || plain(&server, "late/m").status == 200);
    assert!(took < Duration::from_secs(2), "{took:?}");
    let now = status(&server);
    assert_eq!((&now["revision"], &now["applied"]), (&json!(2), &json!(1)), "{now}");
    assert_eq!(now["last_error"], Value::Null);
    // A comment changes the file and nothing else.
    let digest = now["digest"].clone();
    replace(&project, &format!("{text}# a comment\n"));
    until("the comment", || status(&server)["digest"] != digest);
    assert_eq!(status(&server)["revision"], 2);
}

#[test]
fn a_broken_file_changes_nothing_and_says_why() {
    let upstream = Upstream::start(|_, _| Ok("fine".into()));
    let good = upstream.config();
    let (project, server) = serving(&good);
    let broken = good.replace("protocol: openai", "protocol: openia")
        + "budgets:\n  - {name: x, amount_usd: -1, window: day}\n";
    fs::write(project.path().join("gatemark.yaml"), &broken).unwrap();
    let took = until("the refusal", || status(&server)["last_error"] != Value::Null);
    assert!(took < Duration::from_secs(3), "{took:?}");
    let now = status(&server);
    assert_eq!((&now["revision"], &now["refused"]), (&json!(1), &json!(1)), "{now}");
    let problems = now["last_error"]["problems"].as_array().unwrap();
    let first = &problems[0];
    assert_eq!((&first["file"], &first["line"]), (&json!("gatemark.yaml"), &json!(3)), "{now}");
    assert!(first["column"].as_u64().unwrap() > 1, "{now}");
    assert!(problems.len() > 1, "all problems at once: {now}");
    assert_eq!(plain(&server, "mock/m").status, 200);
    let ready = server.get("/health/ready", None);
    assert_eq!(ready.status, 200);
    assert!(ready.body.contains("gatemark.yaml has changed and is not in force"), "{}", ready.body);
    let metrics = server.get("/metrics", None).body;
    assert!(metrics.contains("gatemark_config_last_change_usable 0"), "{metrics}");
    assert!(metrics.contains("gatemark_config_changes_total{result=\"refused\"} 1"), "{metrics}");
    fs::remove_file(project.path().join("gatemark.yaml")).unwrap();
    until("the missing file", || status(&server)["refused"] == 2);
    assert_eq!(plain(&server, "mock/m").status, 200);
    replace(&project, &good);
    until("the repair", || status(&server)["last_error"] == Value::Null);
    assert_eq!(status(&server)["revision"], 1, "what was in force all along");
    assert!(!server.get("/health/ready", None).body.contains("detail"));
}

/// A vendor that holds a stream after its first event until it is told to go on.
struct Slow {
    address: String,
    connections: Arc<AtomicU64>,
    release: mpsc::Sender<()>,
}

impl Slow {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let connections = Arc::new(AtomicU64::new(0));
        let (release, released) = mpsc::channel();
        let (count, released) = (connections.clone(), Arc::new(Mutex::new(released)));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                count.fetch_add(1, Ordering::SeqCst);
                let released = released.clone();
                std::thread::spawn(move || converse(&stream, &released));
            }
        });
        Self { address, connections, release }
    }
}

fn converse(stream: &TcpStream, released: &Mutex<mpsc::Receiver<()>>) -> Option<()> {
    let mut reader = BufReader::new(stream);
    let mut writer = stream;
    loop {
        let mut length = 0;
        let mut line = String::new();
        while line != "\r\n" {
            line.clear();
            if reader.read_line(&mut line).ok()? == 0 {
                return None;
            }
            if let Some(value) = line.to_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().ok()?;
            }
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body).ok()?;
        let request: Value = serde_json::from_slice(&body).ok()?;
        if request["stream"] != true {
            let text = json!({"id": "c", "object": "chat.completion", "created": 1, "model": "m",
                "choices": [{"index": 0, "message": {"role": "assistant", "content": "whole"},
                    "finish_reason": "stop"}],
                "usage": {"prompt_tokens": 9, "completion_tokens": 1, "total_tokens": 10}})
            .to_string();
            let head = format!(
                "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
                text.len()
            );
            writer.write_all((head + &text).as_bytes()).ok()?;
            continue;
        }
        let event = |text: &str, finish: Value| {
            format!(
                "data: {}\n\n",
                json!({"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m",
                    "choices": [{"index": 0, "delta": {"content": text}, "finish_reason": finish}]})
            )
        };
        let head =
            "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n";
        writer.write_all((head.to_string() + &event("before", Value::Null)).as_bytes()).ok()?;
        released.lock().unwrap().recv().ok()?;
        let last = event(" after", json!("stop")) + "data: [DONE]\n\n";
        writer.write_all(last.as_bytes()).ok()?;
        return None;
    }
}

#[test]
fn a_stream_goes_on_although_its_provider_is_removed() {
    let slow = Slow::start();
    let upstream = Upstream::start(|_, _| Ok("fine".into()));
    let without = upstream.config();
    let (project, server) = serving(&with_provider(&without, "slow", &slow.address));
    let body = json!({"model": "slow/m", "stream": true,
        "messages": [{"role": "user", "content": "hi"}]})
    .to_string();
    let request = format!(
        "POST /v1/chat/completions HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    let mut stream = TcpStream::connect(server.address()).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    let mut seen = vec![];
    let mut part = [0; 4096];
    while !String::from_utf8_lossy(&seen).contains("before") {
        let count = stream.read(&mut part).unwrap();
        assert!(count > 0, "{}", String::from_utf8_lossy(&seen));
        seen.extend_from_slice(&part[..count]);
    }
    replace(&project, &without);
    hang_up(&server);
    until("the removal", || plain(&server, "slow/m").status == 404);
    assert_eq!(plain(&server, "mock/m").status, 200);
    slow.release.send(()).unwrap();
    stream.read_to_end(&mut seen).unwrap();
    let whole = String::from_utf8_lossy(&seen);
    assert!(whole.contains(" after") && whole.contains("[DONE]"), "{whole}");
    assert!(!whole.contains("error"), "{whole}");
}

#[test]
fn connections_to_a_vendor_outlive_changes_of_others() {
    let slow = Slow::start();
    let upstream = Upstream::start(|_, _| Ok("fine".into()));
    let base = with_provider(&upstream.config(), "kept", &slow.address);
    let (project, server) = serving(&base);
    for round in 1..=3 {
        let answer = plain(&server, "kept/m");
        assert_eq!(answer.status, 200, "{}", answer.body);
        replace(&project, &base.replace("retries: 0", &format!("retries: {round}")));
        hang_up(&server);
        until("the change", || status(&server)["applied"] == round);
    }
    assert_eq!(plain(&server, "kept/m").status, 200);
    assert_eq!(slow.connections.load(Ordering::SeqCst), 1);
}

#[test]
fn a_hundred_swaps_under_load_lose_no_call() {
    const SWAPS: u64 = 100;
    let upstream = Upstream::start(|_, _| Ok("fine".into()));
    let (project, server) = serving(&upstream.config());
    let (stop, answered) = (AtomicBool::new(false), AtomicU64::new(0));
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                while !stop.load(Ordering::SeqCst) {
                    let answer = plain(&server, "mock/m");
                    assert_eq!(answer.status, 200, "{}", answer.body);
                    answered.fetch_add(1, Ordering::SeqCst);
                }
            });
        }
        for swap in 1..=SWAPS {
            let retries = format!("retries: {}", swap % 2 + 1);
            replace(&project, &upstream.config().replace("retries: 0", &retries));
            hang_up(&server);
            until("the swap", || status(&server)["applied"] == swap);
        }
        stop.store(true, Ordering::SeqCst);
    });
    let now = status(&server);
    assert_eq!((&now["refused"], &now["revision"]), (&json!(0), &json!(SWAPS + 1)));
    drop(server);
    let listed = project.run(&["calls", "--limit", "100000", "--json"]).exits(0).out;
    let recorded = listed.lines().filter(|line| line.contains("\"outcome\":\"ok\"")).count();
    assert_eq!(recorded as u64, answered.load(Ordering::SeqCst));
}

#[test]
fn budgets_that_come_by_an_edit_know_what_was_spent() {
    let upstream = Upstream::start(|_, _| Ok("fine".into()));
    let (project, server) = serving(&upstream.config());
    let budget = upstream.config() + "budgets:\n  - {name: b, amount_usd: 5, window: month}\n";
    let change = |text: &str, applied: u64| {
        replace(&project, text);
        hang_up(&server);
        until("the change", || status(&server)["applied"] == applied);
    };
    let spent = || server.get("/api/v1/budgets", None).json()[0]["spent"].as_i64().unwrap();
    assert_eq!(plain(&server, "mock/m").status, 200);
    change(&budget, 1);
    // 100 tokens read at $1 and 10 written at $2 for a million, in nano-dollars.
    assert_eq!(spent(), 120_000);
    assert_eq!(plain(&server, "mock/m").status, 200);
    assert_eq!(spent(), 240_000);
    change(&upstream.config(), 2);
    assert_eq!(plain(&server, "mock/m").status, 200);
    change(&budget, 3);
    assert_eq!(spent(), 360_000, "also what was spent while there was no such budget");
    change(&budget.replace("name: b, amount_usd: 5", "name: c, amount_usd: 0.0001"), 4);
    assert_eq!(plain(&server, "mock/m").code(), "budget_exceeded");
}

#[test]
fn what_serves_is_not_taken_away() {
    let project = Project::deployed();
    let server = Server::start(&project);
    let path = project.path().join("gatemark.yaml");
    let good = fs::read_to_string(&path).unwrap();
    let without = good.replace("  sim: {}\n", "").replace(
        "  sim/learner-2026-11-01: {input_usd_per_million: 0.10, output_usd_per_million: 0.40}\n",
        "",
    );
    replace(&project, &without);
    until("the refusal", || status(&server)["refused"] == 1);
    let why = status(&server)["last_error"]["message"].as_str().unwrap().to_string();
    assert!(why.contains("support/triage serves on sim/learner-2026-11-01"), "{why}");
    assert_eq!(server.call(json!({})).status, 200);
    assert_eq!(server.get("/health/ready", None).status, 200);
}

/// A second folder with the same data has a newer gatemark.yaml, from which a version is deployed that this
/// server cannot serve yet.
#[test]
fn a_deploy_that_needs_a_newer_file_waits_for_it() {
    let upstream = Upstream::start(|_, _| Ok("{\"queue\": \"billing\"}".into()));
    let project = Project::deployed();
    let server = Server::start(&project);
    let ahead = Project::new();
    let good = fs::read_to_string(project.path().join("gatemark.yaml")).unwrap();
    let newer = with_line(&open_policy(&good), &provider_line(&upstream)).replacen(
        "models:\n",
        "models:\n  mock/m: {input_usd_per_million: 1, output_usd_per_million: 2, pinned: true}\n",
        1,
    );
    replace(&ahead, &newer);
    ahead.edit("prompt.yaml", "version: 1.0.0", "version: 2.0.0");
    ahead.edit("prompt.yaml", "model: sim/learner-2026-11-01", "model: mock/m");
    let data = project.path().join(".gatemark");
    let data = data.to_str().unwrap();
    ahead.run(&["--data", data, "push"]).exits(0);
    ahead.run(&["--data", data, "deploy", PROMPT, "--to", "production"]).exits(0);
    until("the held deployment", || {
        assert_eq!(server.call(json!({})).status, 200);
        status(&server)["held"] != json!([])
    });
    let held = status(&server)["held"][0].clone();
    assert_eq!((&held["deployed"], &held["serving"]), (&json!(2), &json!(1)), "{held}");
    assert!(held["reason"].as_str().unwrap().contains("no provider `mock`"), "{held}");
    let ready = server.get("/health/ready", None);
    assert!(ready.status == 200 && ready.body.contains("cannot be served here"), "{}", ready.body);
    assert_eq!(server.call(json!({})).header("x-gatemark-version"), Some("1.0.0"));
    replace(&project, &newer);
    until("the newer file", || {
        let answer = server.call(json!({}));
        assert_eq!(answer.status, 200, "{}", answer.body);
        answer.header("x-gatemark-version") == Some("2.0.0")
    });
    assert_eq!(status(&server)["held"], json!([]));
}

/// The file with an open policy for production.
fn open_policy(text: &str) -> String {
    let (before, rest) = text.split_once("    policy:\n").unwrap();
    let rest: String =
        rest.split_inclusive('\n').skip_while(|line| line.starts_with("      ")).collect();
    format!("{before}    policy: open\n{rest}")
}
