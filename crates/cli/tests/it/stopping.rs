//! The kill switch through the real binary: what calls get, what it reaches and what it survives.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::http::Response;
use crate::support::{PROMPT, Project, Server};
use crate::upstream::Upstream;

/// A project whose prompt is answered by what listens at `address`, and serves in production.
fn served(address: &str, more: &str, output: &str) -> Project {
    let project = Project::new();
    let config = format!(
        "name: mock\nproviders:\n  mock: {{protocol: openai, base_url: \"http://{address}/v1\", retries: 0, \
         timeout: 20s}}\nmodels:\n  mock/m: {{input_usd_per_million: 1, output_usd_per_million: 2, pinned: \
         true}}\nenvironments:\n  production: {{policy: open}}\n  staging: {{policy: open}}\n{more}"
    );
    fs::write(project.path().join("gatemark.yaml"), config).unwrap();
    fs::remove_file(project.file("suite.yaml")).unwrap();
    let text = format!(
        "version: 1.0.0\nvariables: {{message: string}}\nmessages:\n  - {{role: user, text: \"{{{{ message \
         }}}}\"}}\nmodels: [mock/m]\n{output}"
    );
    fs::write(project.file("prompt.yaml"), text).unwrap();
    project.run(&["push"]).exits(0);
    for environment in ["production", "staging"] {
        project.run(&["deploy", PROMPT, "--to", environment]).exits(0);
    }
    project
}

const FALLBACK: &str = "output: {fallback: \"Please wait for a person.\"}\n";
const CACHE: &str = "caches:\n  triage: {prompt: support/*, environment: production, ttl: 10m}\n";

fn counting() -> Upstream {
    Upstream::start(|_, count| Ok(format!("answer {count}")))
}

fn ask(server: &Server, model: &str, message: &str) -> Response {
    let body = json!({"model": model, "messages": [], "variables": {"message": message}});
    server.post("/v1/chat/completions", None, &body)
}

fn triage(server: &Server) -> Response {
    ask(server, "gatemark/support/triage", "help")
}

fn plain(server: &Server) -> Response {
    let body = json!({"model": "mock/m", "messages": [{"role": "user", "content": "hi"}]});
    server.post("/v1/chat/completions", None, &body)
}

fn said(response: &Response) -> String {
    assert_eq!(response.status, 200, "{}", response.body);
    response.json()["choices"][0]["message"]["content"].as_str().unwrap().to_string()
}

fn scope(response: &Response) -> Option<&str> {
    response.header("x-gatemark-stopped")
}

/// Waits until calls meet the stop of `wanted`, or none; at most a second.
#[track_caller]
fn meets(server: &Server, wanted: Option<&str>) -> Response {
    let since = Instant::now();
    loop {
        let response = triage(server);
        if scope(&response) == wanted {
            return response;
        }
        let late = since.elapsed() > Duration::from_secs(1);
        assert!(!late, "{:?} instead of {wanted:?}", scope(&response));
    }
}

/// The audit log's entries about stops, oldest first.
fn audited(project: &Project) -> Vec<(String, String)> {
    let entries = project.run(&["audit", "--json"]).exits(0).json();
    let entries = entries.as_array().unwrap().iter().rev();
    let word = |entry: &Value, name: &str| entry[name].as_str().unwrap().to_string();
    entries
        .map(|entry| (word(entry, "action"), word(entry, "subject")))
        .filter(|(action, _)| action == "stop" || action == "resume")
        .collect()
}

#[test]
fn a_stopped_prompt_asks_no_vendor_and_says_why() {
    let upstream = counting();
    let project = served(upstream.address(), "", "");
    let server = Server::start(&project);
    assert_eq!(said(&triage(&server)), "answer 0");
    let ran = project.run(&["stop", PROMPT, "--reason", "wrong refunds", "--as", "ann"]).exits(0);
    ran.says(&["stopped prompt=support/triage"]);
    let stopped = meets(&server, Some("prompt=support/triage"));
    let asked = upstream.asked();
    assert_eq!((stopped.status, stopped.code().as_str()), (503, "stopped"));
    assert!(stopped.body.contains("wrong refunds"), "{}", stopped.body);
    assert_eq!(stopped.header("x-should-retry"), Some("false"));
    for model in ["gatemark/support/triage@1", "gatemark/support/triage@staging"] {
        assert_eq!(ask(&server, model, "help").code(), "stopped", "pinning is no way round");
    }
    assert_eq!(upstream.asked(), asked, "no vendor is asked");
    assert_eq!(scope(&plain(&server)), None);
    let ready = server.get("/health/ready", None);
    assert_eq!((ready.status, ready.json()["stops"].as_u64()), (200, Some(1)));
    let metrics = server.get("/metrics", None).body;
    for line in ["gatemark_stops{scope=\"prompt\"} 1", "gatemark_stops{scope=\"all\"} 0"] {
        assert!(metrics.contains(line), "{line} is not in\n{metrics}");
    }
    let listed = project.run(&["stop", "--json"]).exits(0).json();
    assert_eq!(listed[0]["scope"], "prompt=support/triage");
    assert_eq!(
        (listed[0]["actor"].as_str(), listed[0]["stored"].as_bool()),
        (Some("ann"), Some(true))
    );
    project.run(&["resume", "--all"]).exits(2).complains(&["prompt=support/triage"]);
    project.run(&["resume", PROMPT]).exits(0);
    said(&meets(&server, None));
    drop(server);
    let calls = project.run(&["calls", "--json", "--outcome", "error"]).exits(0).out;
    assert!(calls.lines().count() >= 3, "{calls}");
    for line in calls.lines() {
        let call: Value = serde_json::from_str(line).unwrap();
        assert_eq!((call["error"].as_str(), call["cost"].as_i64()), (Some("stopped"), Some(0)));
    }
    let words = audited(&project);
    let words: Vec<&str> = words.iter().map(|(action, _)| action.as_str()).collect();
    assert_eq!(words, ["stop", "resume"]);
}

#[test]
fn fallbacks_and_kept_answers_take_the_place_of_the_vendor() {
    let upstream = counting();
    let project = served(upstream.address(), CACHE, FALLBACK);
    let server = Server::start(&project);
    assert_eq!(said(&triage(&server)), "answer 0");
    project.run(&["stop", "--service", "support"]).exits(0);
    let fallback = meets(&server, Some("service=support"));
    assert_eq!(said(&fallback), "Please wait for a person.");
    assert_eq!(fallback.header("x-gatemark-outcome"), Some("fallback"));
    let body = json!({"model": "gatemark/support/triage", "messages": [], "stream": true,
        "variables": {"message": "help"}});
    let streamed = server.post("/v1/chat/completions", None, &body);
    assert!(streamed.body.contains("a person.") && streamed.body.ends_with("data: [DONE]\n\n"));
    assert_eq!(scope(&streamed), Some("service=support"));

    let order = |serve: &str| {
        let body = json!({"scope": "service=support", "serve": serve, "reason": "drill"});
        let given = server.post("/api/v1/stops", None, &body);
        assert_eq!(given.status, 200, "{}", given.body);
        assert_eq!(
            (given.json()["kind"].as_str(), given.json()["notes"].clone()),
            (Some("stop"), json!([]))
        );
    };
    order("cached");
    let kept = triage(&server);
    assert_eq!((said(&kept).as_str(), kept.header("x-gatemark-cache")), ("answer 0", Some("hit")));
    assert_eq!(scope(&kept), Some("service=support"));
    assert_eq!(
        said(&ask(&server, "gatemark/support/triage", "other")),
        "Please wait for a person."
    );
    order("error");
    assert_eq!(triage(&server).code(), "stopped", "the API's orders hold when it answers");
    let bad = server.post("/api/v1/stops", None, &json!({"scope": "support"}));
    assert_eq!(bad.status, 400, "{}", bad.body);
    assert_eq!(upstream.asked(), 1);
    let ended = server.send("DELETE", "/api/v1/stops?scope=service%3Dsupport", "", b"");
    assert_eq!((ended.status, ended.json()["kind"].as_str()), (200, Some("resume")));
    assert_eq!(server.send("DELETE", "/api/v1/stops?scope=all", "", b"").status, 404);
    assert_eq!(said(&ask(&server, "gatemark/support/triage", "other")), "answer 1");
}

#[test]
fn the_widest_stop_is_met_and_ending_it_leaves_the_others() {
    let upstream = counting();
    let project = served(upstream.address(), "", "");
    let server = Server::start(&project);
    let scopes = ["prompt=support/triage", "service=support", "environment=production", "all"];
    for scope in scopes {
        let given = server.post("/api/v1/stops", None, &json!({"scope": scope}));
        assert_eq!(given.status, 200, "{}", given.body);
        assert_eq!(self::scope(&triage(&server)), Some(scope));
    }
    assert_eq!(plain(&server).code(), "stopped", "everything is everything");
    project.run(&["resume", "--all"]).exits(0).complains(&["also stopped: environment=production"]);
    meets(&server, Some("environment=production"));
    assert_eq!(said(&plain(&server)), "answer 0");
    let staging = ask(&server, "gatemark/support/triage@staging", "help");
    assert_eq!(scope(&staging), Some("service=support"));
}

/// A process that holds the database so that nobody else can write.
struct Holder(Child);

impl Holder {
    fn of(project: &Project) -> Self {
        let script = "import sqlite3, sys\n\
            held = sqlite3.connect(sys.argv[1], isolation_level=None)\n\
            held.execute('BEGIN EXCLUSIVE')\nprint('held', flush=True)\nsys.stdin.read()";
        let mut child = Command::new(std::env::var("GATEMARK_REFERENCE_PYTHON").unwrap())
            .args(["-c", script])
            .arg(project.path().join(".gatemark/gatemark.db"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        assert_eq!(line.trim(), "held");
        Self(child)
    }
}

impl Drop for Holder {
    fn drop(&mut self) {
        drop(self.0.stdin.take());
        self.0.wait().unwrap();
    }
}

/// Waits until the database has the orders, each once.
#[track_caller]
fn comes_to_be_audited(project: &Project, wanted: &[(&str, &str)]) {
    let until = Instant::now() + Duration::from_secs(10);
    loop {
        let found = audited(project);
        let found: Vec<(&str, &str)> =
            found.iter().map(|(a, s)| (a.as_str(), s.as_str())).collect();
        if found == wanted {
            return;
        }
        assert!(Instant::now() < until && found.len() < wanted.len(), "{found:?}");
    }
}

#[test]
fn a_stop_needs_no_database_that_can_be_written() {
    let upstream = counting();
    let project = served(upstream.address(), "", "");
    let server = Server::start(&project);
    let held = Holder::of(&project);
    let ran = project.run(&["stop", "--service", "support", "--json"]).exits(0);
    assert_eq!(ran.json()["stored"], false, "{}", ran.out);
    meets(&server, Some("service=support"));
    let since = Instant::now();
    let given = server.post("/api/v1/stops", None, &json!({"scope": "all"}));
    assert_eq!((given.status, given.json()["stored"].as_bool()), (200, Some(false)));
    assert!(since.elapsed() < Duration::from_secs(4), "{:?}", since.elapsed());
    assert_eq!(scope(&triage(&server)), Some("all"));
    drop(held);
    comes_to_be_audited(&project, &[("stop", "service=support"), ("stop", "all")]);
}

#[test]
fn a_stop_needs_no_database_and_survives_kill_9() {
    let upstream = counting();
    let project = served(upstream.address(), "", "");
    let server = Server::start(&project);
    said(&triage(&server));
    let data = project.path().join(".gatemark");
    let away = project.path().join("away");
    fs::create_dir(&away).unwrap();
    let files = ["gatemark.db", "gatemark.db-wal", "gatemark.db-shm"];
    let moved = |from: &std::path::Path, to: &std::path::Path| {
        for file in files.iter().filter(|file| from.join(file).exists()) {
            fs::rename(from.join(file), to.join(file)).unwrap();
        }
    };
    // The server must not write the orders by the files that it holds open.
    server.tell("STOP");
    moved(&data, &away);
    project.run(&["stop", PROMPT]).exits(0).complains(&["stops.json"]);
    project.run(&["stop", "--all"]).exits(0);
    project.run(&["resume", "--all"]).exits(0);
    assert!(!data.join("gatemark.db").exists(), "an empty database is not made");
    drop(server);
    moved(&away, &data);
    // The server was killed and has learnt of nothing; the next one begins stopped.
    let asked = upstream.asked();
    let server = Server::start(&project);
    assert_eq!(scope(&triage(&server)), Some("prompt=support/triage"));
    assert_eq!(upstream.asked(), asked);
    let wanted = [("stop", "prompt=support/triage"), ("stop", "all"), ("resume", "all")];
    comes_to_be_audited(&project, &wanted);
    drop(server);
    // A data directory without the file learns of the stop from the database.
    fs::remove_file(data.join("stops.json")).unwrap();
    let server = Server::start(&project);
    assert_eq!(scope(&triage(&server)), Some("prompt=support/triage"));
    comes_to_be_audited(&project, &wanted);
}

#[test]
fn a_stop_needs_no_database_that_can_be_read() {
    let upstream = counting();
    let project = served(upstream.address(), "", "");
    let server = Server::start(&project);
    said(&triage(&server));
    for file in ["gatemark.db", "gatemark.db-wal"] {
        let path = project.path().join(".gatemark").join(file);
        let mut damaged = fs::OpenOptions::new().write(true).open(path).unwrap();
        damaged.write_all(&[b'x'; 65_536]).unwrap();
        damaged.set_len(65_536).unwrap();
    }
    let until = Instant::now() + Duration::from_secs(5);
    while server.get("/api/v1/prompts", None).status < 500 {
        assert!(Instant::now() < until, "the database is not broken");
    }
    project.run(&["stop", "--all"]).exits(0).complains(&["stops.json"]);
    meets(&server, Some("all"));
    let given = server.post("/api/v1/stops", None, &json!({"scope": "service=support"}));
    assert_eq!(given.status, 200, "{}", given.body);
    project.run(&["resume", "--all"]).exits(0);
    meets(&server, Some("service=support"));
}

#[test]
fn two_servers_on_one_data_directory_meet_the_same_stop() {
    let upstream = counting();
    let project = served(upstream.address(), "", "");
    let (one, other) = (Server::start(&project), Server::start(&project));
    assert_eq!(one.post("/api/v1/stops", None, &json!({"scope": "all"})).status, 200);
    assert_eq!(scope(&triage(&one)), Some("all"));
    meets(&other, Some("all"));
    assert_eq!(other.send("DELETE", "/api/v1/stops?scope=all", "", b"").status, 200);
    meets(&one, None);
    comes_to_be_audited(&project, &[("stop", "all"), ("resume", "all")]);
}

/// A vendor that sends half of a stream and the rest when it is told.
fn halting() -> (String, mpsc::Receiver<()>, mpsc::Sender<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let ((begun, is_begun), (go, may_go)) = (mpsc::channel(), mpsc::channel::<()>());
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        read_request(&stream);
        let piece = |text: &str| {
            let event = json!({"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m",
                "choices": [{"index": 0, "delta": {"content": text}, "finish_reason": null}]});
            format!("data: {event}\n\n")
        };
        let head = "HTTP/1.1 200 X\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n";
        stream.write_all((head.to_string() + &piece("first ")).as_bytes()).unwrap();
        begun.send(()).unwrap();
        may_go.recv().unwrap();
        let end = json!({"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m",
            "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]});
        let rest = format!("{}data: {end}\n\ndata: [DONE]\n\n", piece("second"));
        stream.write_all(rest.as_bytes()).unwrap();
    });
    (address, is_begun, go)
}

fn read_request(stream: &TcpStream) {
    let mut reader = BufReader::new(stream);
    let mut length = 0;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        if let Some(value) = line.to_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
        if line == "\r\n" {
            break;
        }
    }
    reader.read_exact(&mut vec![0; length]).unwrap();
}

#[test]
fn a_stream_under_way_finishes_and_no_new_call_begins() {
    let (address, begun, go) = halting();
    let project = served(&address, "", "");
    let server = Server::start(&project);
    let body = json!({"model": "gatemark/support/triage", "messages": [], "stream": true,
        "variables": {"message": "help"}});
    let streamed = std::thread::scope(|threads| {
        let calling = threads.spawn(|| server.post("/v1/chat/completions", None, &body));
        begun.recv().unwrap();
        assert_eq!(server.post("/api/v1/stops", None, &json!({"scope": "all"})).status, 200);
        assert_eq!(triage(&server).code(), "stopped");
        go.send(()).unwrap();
        calling.join().unwrap()
    });
    assert_eq!(scope(&streamed), None);
    assert!(streamed.body.contains("second") && streamed.body.contains("[DONE]"), "{streamed:?}");
}
