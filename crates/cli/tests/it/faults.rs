//! Vendors and clients that misbehave at every phase, and what callers, records and fallbacks make of it.
//!
//! Each row is a fault by name: its model is asked by itself and behind a route whose second
//! target works. All rows run at once against one server.

mod upstream;

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::TcpStream;

use serde_json::{Value, json};

use crate::http::Response;
use crate::support::{Project, Server};
use crate::upstream::Upstream;

/// How a call of the faulty model alone ends.
#[derive(Clone, Copy)]
enum Ends {
    /// With this status and error code.
    With(u16, &'static str),
    /// With status 200 and an error of this code in the stream, then the terminator.
    InBand(&'static str),
    /// Well.
    Well,
}

use Ends::{InBand, Well, With};

/// One fault.
struct Row {
    name: &'static str,
    stream: bool,
    ends: Ends,
    /// Whether a route goes on to its next target.
    falls_back: bool,
}

const fn row(name: &'static str, stream: bool, ends: Ends, falls_back: bool) -> Row {
    Row { name, stream, ends, falls_back }
}

const FAILED: &str = "vendor_failed";

const ROWS: [Row; 42] = [
    row("refused", false, With(502, FAILED), true),
    row("stall-connect", false, With(504, "timeout"), true),
    row("s-stall-connect", true, With(504, "timeout"), true),
    row("garbage", false, With(502, FAILED), true),
    row("html", false, With(502, FAILED), true),
    row("broken-json", false, With(502, FAILED), true),
    row("short-body", false, With(502, FAILED), true),
    row("long-body", false, With(502, FAILED), true),
    row("error-in-200", false, With(500, FAILED), true),
    row("stall-headers", false, With(504, "timeout"), true),
    row("stall-body", false, With(504, "timeout"), true),
    row("reset-at-once", false, With(502, FAILED), true),
    row("reset-headers", false, With(502, FAILED), true),
    row("reset-body", false, With(502, FAILED), true),
    row("redirect", false, With(502, FAILED), true),
    row("gzip", false, With(502, FAILED), true),
    row("huge", false, With(502, "answer_too_large"), true),
    row("status-400", false, With(400, "vendor_rejected"), false),
    row("status-401", false, With(502, FAILED), true),
    row("status-402", false, With(502, FAILED), true),
    row("status-429", false, With(429, "limited"), true),
    row("status-500", false, With(500, FAILED), true),
    row("s-garbage", true, With(502, FAILED), true),
    row("s-half-event", true, With(502, FAILED), true),
    row("s-html", true, With(502, FAILED), true),
    row("s-redirect", true, With(502, FAILED), true),
    row("s-gzip", true, With(502, FAILED), true),
    row("s-reset-headers", true, With(502, FAILED), true),
    row("s-huge-event", true, With(502, FAILED), true),
    row("s-error-before", true, With(500, FAILED), true),
    row("s-empty", true, With(502, FAILED), true),
    row("s-stall-headers", true, With(504, "timeout"), true),
    row("s-stall-first", true, With(504, "timeout"), true),
    row("s-reset-first", true, With(502, FAILED), true),
    row("s-error-after", true, InBand(FAILED), false),
    row("s-no-end", true, InBand(FAILED), false),
    row("s-no-reason", true, InBand(FAILED), false),
    row("s-half-after", true, InBand(FAILED), false),
    row("s-stall-mid", true, InBand("timeout"), false),
    row("s-reset-mid", true, InBand(FAILED), false),
    row("s-endless", true, InBand("timeout"), false),
    row("s-usage-after", true, Well, false),
];

/// A server with a model and a route for each fault.
fn serving(good: &Upstream) -> (Project, Server) {
    serving_with(good, "")
}

/// The same with `more` in the configuration.
fn serving_with(good: &Upstream, more: &str) -> (Project, Server) {
    let bad = upstream::start();
    let (closed, full) = (upstream::nobody(), upstream::full());
    let mut providers = String::new();
    let mut routes = String::new();
    for name in ROWS.iter().map(|row| row.name).chain(["s-slow"]) {
        let address = match name {
            "refused" => &closed,
            "stall-connect" | "s-stall-connect" => &full,
            _ => &bad,
        };
        // Only what is to run out is short: a busy machine takes its time for everything else.
        let stalls = name.contains("stall") && name != "s-stall-mid";
        let (attempt, first) = if stalls { ("700ms", "500ms") } else { ("20s", "20s") };
        let between = if name == "s-stall-mid" { "300ms" } else { "20s" };
        let call = if name == "s-endless" { "1500ms" } else { "40s" };
        // A provider for each: keys that rest are a provider's.
        providers.push_str(&format!(
            "  {name}: {{protocol: openai, base_url: \"http://{address}/v1\", retries: 0, timeouts: \
             {{call: {call}, attempt: {attempt}, first_token: {first}, between_tokens: {between}}}}}\n"
        ));
        routes.push_str(&format!("  {name}: {{targets: [{name}/{name}, good/m]}}\n"));
    }
    let good = good.address();
    let config = format!(
        "name: faults\nproviders:\n{providers}  good: {{protocol: openai, base_url: \
         \"http://{good}/v1\", retries: 0}}\n  s-flood: {{protocol: openai, base_url: \
         \"http://{bad}/v1\", retries: 0}}\nroutes:\n{routes}{more}"
    );
    let project = Project::new();
    std::fs::write(project.path().join("gatemark.yaml"), config).unwrap();
    let server = Server::start(&project);
    (project, server)
}

fn model(row: &Row) -> String {
    format!("{0}/{0}", row.name)
}

fn call(server: &Server, model: &str, stream: bool) -> Response {
    let body = json!({"model": model, "messages": [{"role": "user", "content": "hi"}],
        "stream": stream, "stream_options": {"include_usage": true}});
    server.post("/v1/chat/completions", None, &body)
}

/// Calls the faulty model alone, then its route.
fn check(server: &Server, row: &Row) {
    let name = row.name;
    let alone = call(server, &model(row), row.stream);
    match row.ends {
        With(status, code) => {
            assert_eq!((alone.status, alone.code().as_str()), (status, code), "{name}: {alone:?}");
        }
        InBand(code) => {
            assert_eq!(alone.status, 200, "{name}");
            assert!(alone.body.contains("said"), "{name}: what came is passed on: {}", alone.body);
            assert!(alone.body.contains(&format!(r#""code":"{code}""#)), "{name}: {}", alone.body);
            assert!(alone.body.ends_with("data: [DONE]\n\n"), "{name}: {}", alone.body);
        }
        Well => {
            assert_eq!(alone.status, 200, "{name}");
            assert!(!alone.body.contains("error"), "{name}: {}", alone.body);
        }
    }
    let routed = call(server, &format!("route/{name}"), row.stream);
    // The key that was refused or limited a moment ago rests: its provider is passed over.
    let key_rests = matches!(name, "status-401" | "status-402" | "status-429");
    let (answered, attempts) = match (row.falls_back, key_rests) {
        (true, false) => ("good/m".to_string(), "2"),
        (true, true) => ("good/m".to_string(), "1"),
        (false, _) => (model(row), "1"),
    };
    if row.falls_back {
        assert_eq!(routed.status, 200, "{name}: {routed:?}");
        assert!(routed.body.contains("from the other"), "{name}: {}", routed.body);
    }
    if routed.status == 200 {
        assert_eq!(routed.header("x-gatemark-model"), Some(answered.as_str()), "{name}");
        assert_eq!(routed.header("x-gatemark-attempts"), Some(attempts), "{name}");
    }
}

#[test]
fn every_fault_ends_in_its_own_way() {
    let good = Upstream::start(|_, _| Ok("from the other".into()));
    let (project, mut server) = serving(&good);
    std::thread::scope(|scope| {
        for row in &ROWS {
            scope.spawn(|| check(&server, row));
        }
    });
    assert_eq!(server.signal("TERM"), Some(0));
    let listed = project.run(&["calls", "--json", "--limit", "200"]).exits(0).out;
    let calls: Vec<Value> =
        listed.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let records = outcomes(&calls);
    for row in &ROWS {
        let found = records.get(&model(row)).map(Vec::as_slice).unwrap_or_default();
        let expected = match (row.ends, row.falls_back) {
            (Well, _) => vec!["ok", "ok"],
            (_, true) => vec!["error"],
            (_, false) => vec!["error", "error"],
        };
        assert_eq!(found, expected, "{}: every call has a record that says how it ended", row.name);
    }
    let well = records["good/m"].iter().filter(|outcome| *outcome == "ok").count();
    assert_eq!(well, ROWS.iter().filter(|row| row.falls_back).count());
    let usage =
        &calls.iter().find(|call| call["model"] == "s-usage-after/s-usage-after").unwrap()["usage"];
    assert_eq!((&usage["input"], &usage["output"]), (&json!(7), &json!(2)));
    assert_eq!(usage["estimated"], json!(false));
}

/// Outcomes of calls by the model that answered or was last asked.
fn outcomes(calls: &[Value]) -> BTreeMap<String, Vec<String>> {
    let mut outcomes: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for call in calls {
        let model = call["model"].as_str().unwrap().to_string();
        outcomes.entry(model).or_default().push(call["outcome"].as_str().unwrap().to_string());
    }
    outcomes
}

#[test]
fn clients_that_misbehave_get_an_error_of_theirs() {
    let good = Upstream::start(|_, _| Ok("x".into()));
    let (_project, server) = serving(&good);
    let deep = format!(
        r#"{{"model":"gatemark/support/triage","variables":{{"message":{}1{}}}}}"#,
        "[".repeat(100_000),
        "]".repeat(100_000)
    );
    let cases: [(&str, Vec<u8>); 3] = [
        ("duplicate keys", br#"{"model":"good/m","model":"html/html","messages":[]}"#.to_vec()),
        ("deep nesting", deep.into_bytes()),
        ("invalid UTF-8", b"{\"model\":\"good/m\",\"messages\":[\"\xff\xfe\"]}".to_vec()),
    ];
    for (what, body) in cases {
        let answer = server.send("POST", "/v1/chat/completions", "", &body);
        assert_eq!(answer.status, 400, "{what}: {}", answer.body);
        assert!(!answer.code().is_empty(), "{what}");
    }
    assert_eq!(good.asked(), 0, "nothing of it reached a vendor");
    assert_eq!(call(&server, "good/m", false).status, 200, "and the server goes on");
}

#[test]
fn calls_beyond_the_bound_are_turned_away_and_counted() {
    let good = Upstream::start(|_, _| Ok("x".into()));
    let bound = "server: {max_in_flight: 1, max_queue: 0, queue_wait: 50ms}\n";
    let (_project, server) = serving_with(&good, bound);
    std::thread::scope(|scope| {
        let busy = scope.spawn(|| call(&server, "s-endless/s-endless", true));
        while metric(&server, "gatemark_calls_in_flight") < 1.0 {}
        let refused = call(&server, "good/m", false);
        assert_eq!((refused.status, refused.code().as_str()), (503, "overloaded"));
        assert_eq!(refused.header("retry-after"), Some("1"));
        busy.join().unwrap();
    });
    assert_eq!(metric(&server, "gatemark_calls_shed_total"), 1.0);
    assert_eq!(call(&server, "good/m", false).status, 200);
    let state = server.get("/api/v1/providers", None).json();
    assert_eq!(state["calls_shed"], 1);
    let names: Vec<_> = state["providers"].as_array().unwrap().iter().map(|p| &p["name"]).collect();
    assert_eq!(names, ["good", "s-endless"]);
}

fn metric(server: &Server, name: &str) -> f64 {
    let text = server.get("/metrics", None).body;
    let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    line.and_then(|value| value.parse().ok()).unwrap_or(-1.0)
}

#[test]
fn a_signal_lets_running_streams_finish_and_takes_nothing_new() {
    let good = Upstream::start(|_, _| Ok("x".into()));
    let (_project, mut server) = serving(&good);
    let address = server.address().to_string();
    let stream = begun(&server, "s-slow/s-slow");
    while metric(&server, "gatemark_calls_in_flight") < 1.0 {}
    let began = std::time::Instant::now();
    let reading = std::thread::spawn(move || read_all(stream));
    assert_eq!(server.signal("TERM"), Some(0));
    assert!(began.elapsed().as_secs() < 10, "it ends with its last call");
    let text = reading.join().unwrap();
    assert!(text.contains("the end") && text.contains("[DONE]"), "{text}");
    assert!(std::net::TcpStream::connect(&address).is_err());
}

/// A streaming call of `model` that has been sent.
fn begun(server: &Server, model: &str) -> TcpStream {
    let address = server.address();
    let mut socket = TcpStream::connect(address).unwrap();
    let body = json!({"model": model, "messages": [], "stream": true}).to_string();
    let head = format!(
        "POST /v1/chat/completions HTTP/1.1\r\nhost: {address}\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    socket.write_all(head.as_bytes()).unwrap();
    socket
}

fn read_all(mut stream: TcpStream) -> String {
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    text
}

#[test]
fn load_balancers_are_told_before_the_server_takes_nothing_new() {
    let good = Upstream::start(|_, _| Ok("x".into()));
    let drain = "server: {drain: {delay: 1500ms, timeout: 10s}}\n";
    let (_project, mut server) = serving_with(&good, drain);
    assert_eq!(server.get("/health/ready", None).status, 200);
    let began = std::time::Instant::now();
    server.tell("TERM");
    let told = loop {
        let ready = server.get("/health/ready", None);
        if ready.status != 200 {
            break ready;
        }
    };
    assert_eq!((told.status, &told.json()["reason"]), (503, &json!("draining")));
    assert_eq!(server.get("/health/live", None).status, 200);
    // New connections are served all the same, until the delay is over.
    assert_eq!(call(&server, "good/m", false).status, 200);
    let stream = begun(&server, "s-slow/s-slow");
    while TcpStream::connect(server.address()).is_ok() {}
    assert!(began.elapsed().as_millis() >= 1500, "{:?}", began.elapsed());
    let text = read_all(stream);
    assert!(text.contains("the end") && text.contains("[DONE]"), "{text}");
    assert_eq!(server.wait(), Some(0));
}

#[test]
fn a_caller_who_does_not_read_is_cut_off_and_pays() {
    let good = Upstream::start(|_, _| Ok("x".into()));
    let (project, mut server) = serving_with(&good, "server: {write_timeout: 300ms}\n");
    let unread = begun(&server, "s-flood/s-flood");
    while metric(&server, "gatemark_calls_in_flight") < 1.0 {}
    // The vendor would go on for its timeout of a minute.
    let began = std::time::Instant::now();
    while metric(&server, "gatemark_calls_in_flight") > 0.0 {
        assert!(began.elapsed().as_secs() < 30, "it is kept for ever");
    }
    assert_eq!(call(&server, "good/m", false).status, 200);
    assert_eq!(server.signal("TERM"), Some(0));
    drop(unread);
    let listed = project.run(&["calls", "--json"]).exits(0).out;
    let calls = listed.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let cut = calls.into_iter().find(|call| call["model"] == "s-flood/s-flood").unwrap();
    assert_eq!((&cut["outcome"], &cut["stream"]), (&json!("cancelled"), &json!(true)));
    assert!(cut["usage"]["output"].as_u64().unwrap() > 1000, "{cut}");
}
