//! Caches through the real server: what is given again, to whom, for how long, and what is said about it.

use std::fs;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use crate::http::Response;
use crate::support::{PROMPT, Project, Server};
use crate::upstream::{Upstream, last_text};

/// A project whose prompt `support/triage` is answered by `upstream`, and serves.
fn served(upstream: &Upstream, caches: &str) -> Project {
    let project = Project::new();
    let config = upstream.config().replace("production: {}", "production: {policy: open}");
    fs::write(project.path().join("gatemark.yaml"), config + caches).unwrap();
    fs::remove_file(project.file("suite.yaml")).ok();
    write(&project, "1.0.0", "Sort: ");
    deploy(&project, "1.0.0");
    project
}

fn write(project: &Project, version: &str, words: &str) {
    let text = format!(
        "version: {version}\nvariables:\n  message: string\n  lang: {{type: string, default: en}}\nmessages:\n  - {{role: user, \
         text: \"{words}{{{{ message }}}} {{{{ lang }}}}\"}}\nmodels: [mock/m]\n"
    );
    let folder = project.file("prompt.yaml");
    let folder = folder.parent().unwrap();
    fs::remove_dir_all(folder).unwrap();
    fs::create_dir_all(folder).unwrap();
    fs::write(folder.join("prompt.yaml"), text).unwrap();
}

fn deploy(project: &Project, version: &str) {
    project.run(&["push"]).exits(0);
    project.run(&["deploy", &format!("{PROMPT}@{version}"), "--to", "production"]).exits(0);
}

fn said(response: &Response) -> String {
    assert_eq!(response.status, 200, "{}", response.body);
    response.json()["choices"][0]["message"]["content"].as_str().unwrap().to_string()
}

fn cache(response: &Response) -> Option<&str> {
    response.header("x-gatemark-cache")
}

fn ask(server: &Server, headers: &str, message: &str) -> Response {
    let body = json!({"model": "gatemark/support/triage", "messages": [], "variables": {"message": message}});
    server.send("POST", "/v1/chat/completions", headers, body.to_string().as_bytes())
}

fn plain(server: &Server, headers: &str, text: &str) -> Response {
    let body = json!({"model": "mock/m", "messages": [{"role": "user", "content": text}]});
    server.send("POST", "/v1/chat/completions", headers, body.to_string().as_bytes())
}

fn key(project: &Project, name: &str) -> String {
    let key = project.run(&["key", "create", name, "--role", "call"]).exits(0).out;
    format!("authorization: Bearer {}\r\n", key.trim())
}

/// Answers with how many requests came before.
fn counting() -> Upstream {
    Upstream::start(|_, count| Ok(format!("answer {count}")))
}

const EXACT: &str = "caches:\n  triage: {prompt: support/*, environment: production, ttl: 10m}\n";

#[test]
fn the_second_call_costs_nothing_and_says_what_it_saved() {
    let upstream = counting();
    let project = served(&upstream, EXACT);
    let server = Server::start(&project);
    let first = ask(&server, "", "help");
    assert_eq!((cache(&first), said(&first).as_str()), (Some("miss"), "answer 0"));
    assert_eq!(first.header("x-gatemark-saved-usd"), None);
    let second = ask(&server, "", "help");
    assert_eq!((cache(&second), said(&second).as_str()), (Some("hit"), "answer 0"));
    assert_eq!(second.header("x-gatemark-cost-usd"), Some("0"));
    assert_eq!(second.header("x-gatemark-saved-usd"), Some("0.00012"));
    assert_eq!(second.header("age"), Some("0"));
    assert_eq!(second.body, first.body, "the vendor's own words, byte for byte");
    let other = ask(&server, "", "other");
    assert_eq!((cache(&other), said(&other).as_str()), (Some("miss"), "answer 1"));
    let metrics = server.get("/metrics", None).body;
    for line in [
        "gatemark_cache_calls_total{prompt=\"support/triage\",model=\"mock/m\",result=\"hit\"} 1",
        "gatemark_cache_saved_usd_total{prompt=\"support/triage\",model=\"mock/m\"} 0.00012",
        "gatemark_cache_entries{cache=\"triage\"} 2",
    ] {
        assert!(metrics.contains(line), "{line} in {metrics}");
    }
    drop(server);
    let calls = project.run(&["calls"]).exits(0);
    calls.complains(&["answers given again saved $0.00012", "200 tokens read"]);
}

#[test]
fn streams_and_other_dialects_are_answered_from_what_is_kept() {
    let upstream = counting();
    let project = served(&upstream, EXACT);
    let server = Server::start(&project);
    ask(&server, "", "help");
    let variables = json!({"message": "help"});
    let body = json!({"model": "gatemark/support/triage", "stream": true, "messages": [],
        "variables": variables, "stream_options": {"include_usage": true}});
    let stream = server.post("/v1/chat/completions", None, &body);
    assert_eq!(cache(&stream), Some("hit"));
    assert_eq!(stream.header("content-type"), Some("text/event-stream"));
    assert!(stream.body.contains("answer 0") && stream.body.contains("\"prompt_tokens\":100"));
    assert!(stream.body.ends_with("data: [DONE]\n\n"), "{}", stream.body);
    let message = json!({"model": "gatemark/support/triage", "messages": [], "max_tokens": 99,
        "variables": variables});
    let first = server.post("/v1/messages", None, &message);
    let second = server.post("/v1/messages", None, &message);
    assert_eq!((first.status, cache(&first), cache(&second)), (200, Some("miss"), Some("hit")));
    assert_eq!(second.json()["content"], first.json()["content"]);
    let mut streamed = message;
    streamed["stream"] = json!(true);
    let events = server.post("/v1/messages", None, &streamed);
    assert_eq!(cache(&events), Some("hit"));
    assert!(events.body.contains("answer 1") && events.body.contains("event: message_stop"));
    assert_eq!(upstream.asked(), 2);
}

#[test]
fn no_tenant_is_given_anothers_answer() {
    let upstream = counting();
    let project = served(&upstream, EXACT);
    let (ann, bob) = (key(&project, "ann"), key(&project, "bob"));
    let server = Server::start(&project);
    assert_eq!(said(&ask(&server, &ann, "help")), "answer 0");
    let theirs = ask(&server, &bob, "help");
    assert_eq!((cache(&theirs), said(&theirs).as_str()), (Some("miss"), "answer 1"));
    assert_eq!(said(&ask(&server, &ann, "help")), "answer 0");
    assert_eq!(said(&ask(&server, &bob, "help")), "answer 1");
}

#[test]
fn a_new_version_starts_anew() {
    let upstream = counting();
    let project = served(&upstream, EXACT);
    {
        let server = Server::start(&project);
        assert_eq!(said(&ask(&server, "", "help")), "answer 0");
        // The rendered request stays the same: only the version differs.
        write(&project, "1.0.1", "Sort: {# a comment #}");
        deploy(&project, "1.0.1");
        let deadline = std::time::Instant::now() + std::time::Duration::from_secs(20);
        let fresh = loop {
            let answer = ask(&server, "", "help");
            if answer.header("x-gatemark-version") == Some("1.0.1") {
                break answer;
            }
            assert_eq!(cache(&answer), Some("hit"));
            assert!(std::time::Instant::now() < deadline, "the deployment was never seen");
            std::thread::yield_now();
        };
        assert_eq!((cache(&fresh), said(&fresh).as_str()), (Some("miss"), "answer 1"));
        let pinned = json!({"model": "gatemark/support/triage@1.0.0", "messages": [],
            "variables": {"message": "help"}});
        let old = server.post("/v1/chat/completions", None, &pinned);
        assert_eq!((cache(&old), said(&old).as_str()), (Some("hit"), "answer 0"));
    }
}

#[test]
fn errors_are_never_given_again() {
    let upstream =
        Upstream::start(|_, count| if count == 0 { Err(500) } else { Ok("good".into()) });
    let project = served(&upstream, EXACT);
    let server = Server::start(&project);
    assert!(ask(&server, "", "help").status >= 500);
    let second = ask(&server, "", "help");
    assert_eq!((cache(&second), said(&second).as_str()), (Some("miss"), "good"));
}

#[test]
fn plain_calls_ask_for_it_in_a_header() {
    let upstream = counting();
    let project = served(&upstream, "");
    let server = Server::start(&project);
    let minute = "x-gatemark-cache: ttl=60\r\n";
    assert_eq!(cache(&plain(&server, "", "x")), None);
    assert_eq!(cache(&plain(&server, minute, "x")), Some("miss"));
    let again = plain(&server, minute, "x");
    assert_eq!((cache(&again), said(&again).as_str()), (Some("hit"), "answer 1"));
    let aside = plain(&server, &format!("{minute}cache-control: no-store\r\n"), "x");
    assert_eq!((cache(&aside), said(&aside).as_str()), (Some("bypass"), "answer 2"));
    let new = plain(&server, "x-gatemark-cache: ttl=60, refresh\r\n", "x");
    assert_eq!((cache(&new), said(&new).as_str()), (Some("miss"), "answer 3"));
    assert_eq!(said(&plain(&server, minute, "x")), "answer 3");
    // Zero seconds are too old already.
    assert_eq!(cache(&plain(&server, "x-gatemark-cache: ttl=0\r\n", "x")), Some("miss"));
    let bad = plain(&server, "x-gatemark-cache: forever\r\n", "x");
    assert_eq!((bad.status, bad.code().as_str()), (400, "invalid_cache_header"));
}

#[test]
fn identical_calls_at_the_same_time_ask_the_vendor_once() {
    let release = Arc::new((Mutex::new(false), std::sync::Condvar::new()));
    let gate = release.clone();
    let upstream = Upstream::start(move |_, count| {
        let open = gate.0.lock().unwrap();
        drop(gate.1.wait_while(open, |open| !*open).unwrap());
        Ok(format!("answer {count}"))
    });
    let project = served(&upstream, EXACT);
    let server = Server::start(&project);
    let answers: Mutex<Vec<(String, String)>> = Mutex::default();
    std::thread::scope(|scope| {
        for _ in 0..40 {
            scope.spawn(|| {
                let answer = ask(&server, "", "help");
                let cache = cache(&answer).unwrap().to_string();
                answers.lock().unwrap().push((cache, said(&answer)));
            });
        }
        while upstream.asked() == 0 {
            std::thread::yield_now();
        }
        *release.0.lock().unwrap() = true;
        release.1.notify_all();
    });
    let answers = answers.into_inner().unwrap();
    assert_eq!(upstream.asked(), 1);
    assert!(answers.iter().all(|(_, text)| text == "answer 0"), "{answers:?}");
    assert_eq!(answers.iter().filter(|(cache, _)| cache == "miss").count(), 1, "{answers:?}");
}

const SIMILAR: &str = "caches:\n  triage:\n    prompt: support/triage\n    ttl: 10m\n    similar: \
                       {embedder: mock/vectors, threshold: 0.95}\n";

/// The mock's vectors are all the same: what keeps requests apart here is everything but their meaning.
#[test]
fn like_meanings_share_an_answer_within_their_bounds() {
    let upstream = Upstream::start(|request, _| {
        Ok(if request["input"].is_array() { String::new() } else { last_text(request) })
    });
    let project = served(&upstream, SIMILAR);
    let (ann, bob) = (key(&project, "ann"), key(&project, "bob"));
    let admin = project.run(&["key", "create", "root", "--role", "admin"]).exits(0).out;
    let server = Server::start(&project);
    assert_eq!(cache(&ask(&server, &ann, "Where is order 17?")), Some("miss"));
    let close = ask(&server, &ann, "Order 17, where could it be?");
    assert_eq!(
        (cache(&close), said(&close).as_str()),
        (Some("similar"), "Sort: Where is order 17? en")
    );
    assert_eq!(close.header("x-gatemark-cache-similarity"), Some("1.0000"));
    assert_eq!(close.header("x-gatemark-cost-usd"), Some("0"));
    assert_eq!(cache(&ask(&server, &ann, "Where is order 18?")), Some("miss"), "another number");
    assert_eq!(cache(&ask(&server, &bob, "Where is order 17?")), Some("miss"), "another caller");
    let body = json!({"model": "gatemark/support/triage", "variables": {"message": "Where is order 17?"},
        "messages": [{"role": "user", "content": "And be quick"}]});
    let added = server.send("POST", "/v1/chat/completions", &ann, body.to_string().as_bytes());
    assert_eq!(cache(&added), Some("miss"), "another conversation");
    let stats = server.get("/api/v1/caches", Some(admin.trim())).json();
    assert_eq!((&stats[0]["similar"], &stats[0]["embeddings"]), (&json!(1), &json!(5)), "{stats}");
    assert!(stats[0]["bytes"].as_u64() > Some(0));
}

#[test]
fn an_embedder_that_fails_costs_an_answer_nothing() {
    let upstream = Upstream::start(|request, count| match request["input"].is_array() {
        true => Err(500),
        false => Ok(format!("answer {count}")),
    });
    let project = served(&upstream, SIMILAR);
    let server = Server::start(&project);
    assert_eq!(cache(&ask(&server, "", "one")), Some("miss"));
    assert_eq!(cache(&ask(&server, "", "two")), Some("miss"));
    assert_eq!(cache(&ask(&server, "", "one")), Some("hit"));
    let stats = server.get("/api/v1/caches", None).json();
    assert_eq!(stats[0]["embedding_failures"], 2, "{stats}");
}

#[test]
fn the_bound_in_bytes_holds_and_the_command_empties() {
    let upstream = Upstream::start(|_, count| Ok(format!("{count} ").repeat(4000)));
    let caches = "caches:\n  small: {model: mock/*, ttl: 1h, max_bytes: 64KiB}\n";
    let project = served(&upstream, caches);
    let server = Server::start(&project);
    for number in 0..30 {
        assert_eq!(cache(&plain(&server, "", &number.to_string())), Some("miss"));
    }
    let url = format!("http://{}", server.address());
    let shown = project.run(&["cache", "stats", "--server", &url, "--json"]).exits(0).json();
    let (bytes, entries) = (shown[0]["bytes"].as_u64().unwrap(), &shown[0]["entries"]);
    assert!(bytes > 8_000 && bytes <= 64 << 10, "{shown}");
    assert!(entries.as_u64().unwrap() < 8, "{shown}");
    project.run(&["cache", "stats", "--server", &url]).exits(0).says(&["small", "65536", "0%"]);
    project.run(&["cache", "clear", "small", "--server", &url]).exits(0).says(&["cleared small"]);
    let unknown = project.run(&["cache", "clear", "none", "--server", &url]);
    assert_ne!(unknown.code, 0);
    unknown.complains(&["there is no cache `none`"]);
    let emptied = server.get("/api/v1/caches", None).json();
    assert_eq!((&emptied[0]["entries"], &emptied[0]["bytes"]), (&json!(0), &json!(0)));
    drop(server);
    let gone = project.run(&["cache", "stats", "--server", &url]);
    assert_ne!(gone.code, 0);
    gone.complains(&["no server answers", "gatemark serve"]);
}

/// What Anthropic's vendor is sent: the long part that never changes is marked, once.
#[test]
fn a_long_unchanging_beginning_is_marked_for_the_vendors_cache() {
    let seen: Arc<Mutex<Vec<Value>>> = Arc::default();
    let log = seen.clone();
    let upstream = Upstream::start(move |request, _| {
        log.lock().unwrap().push(request.clone());
        Err(400)
    });
    for (more, system, marks) in [
        ("", "Be kind to everyone who writes. ".repeat(300), 1),
        ("prompt_cache: off\n", "Be kind to everyone who writes. ".repeat(300), 0),
        ("", "Be kind.".to_string(), 0),
    ] {
        let project = served(&upstream, "");
        let config =
            upstream.config().replace("protocol: openai", "protocol: anthropic, key_env: MOCK_KEY");
        let config = config.replace("production: {}", "production: {policy: open}");
        fs::write(project.path().join("gatemark.yaml"), config + more).unwrap();
        let prompt = format!(
            "version: 2.0.0\nvariables: {{message: string}}\nmessages:\n  - {{role: system, text: \"{system}\"}}\n  - {{role: user, \
             text: \"{{{{ message }}}}\"}}\nmodels: [mock/m]\n"
        );
        fs::write(project.file("prompt.yaml"), prompt).unwrap();
        deploy(&project, "2.0.0");
        let server = Server::start_with(&project, &[("MOCK_KEY", "k")]);
        ask(&server, "", "help");
        let sent = seen.lock().unwrap().pop().unwrap();
        assert_eq!(sent.to_string().matches("cache_control").count(), marks, "{sent}");
        if marks == 1 {
            assert_eq!(sent["system"][0]["cache_control"], json!({"type": "ephemeral"}));
        }
    }
}
