//! Conversations that are kept, as applications, their vendors and operators see them.

use std::fs;
use std::process::Command;
use std::sync::{Arc, Mutex, mpsc};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::clients::{needed, script};
use crate::http::Response;
use crate::support::{Project, Server};
use crate::twovendors::TwoVendors;
use crate::upstream::{Upstream, last_text};

const NAME: &str = "support/chat";
const SUMMARISER: &str = "support/recap";

const PLAIN: &str = r#"
version: 1.0.0
messages: [{role: system, text: "Be brief."}]
models: [mock/m]
conversation: {ttl: 30d}
"#;

const SUMMARISES: &str = r#"
version: 1.0.0
messages: [{role: system, text: "Be brief."}]
models: [mock/m]
conversation:
  keep: {turns: 1}
  summarise: {prompt: support/recap, every: {turns: 2}}
"#;

const RECAP: &str = r#"
version: 1.0.0
variables:
  conversation: {type: string}
  summary: {type: string, default: ""}
messages: [{role: user, text: "RECAP after <{{ summary }}> of:\n{{ conversation }}"}]
models: [mock/m]
"#;

/// A vendor that keeps what it was asked, and answers by a rule.
struct Vendor {
    upstream: Upstream,
    seen: Arc<Mutex<Vec<Value>>>,
}

impl Vendor {
    fn by(rule: impl Fn(&str, u64) -> Result<String, u16> + Send + Sync + 'static) -> Self {
        let seen: Arc<Mutex<Vec<Value>>> = Arc::default();
        let keep = seen.clone();
        let upstream = Upstream::start(move |request, count| {
            keep.lock().unwrap().push(request.clone());
            rule(&last_text(request), count)
        });
        Self { upstream, seen }
    }

    /// Answers with what was asked last.
    fn echo() -> Self {
        Self::by(|text, _| match text.starts_with("RECAP") {
            true => Ok(format!("recap [{}]", text.lines().count())),
            false => Ok(format!("re {text}")),
        })
    }

    /// Who said what in the last request that is not the summariser's.
    fn last(&self) -> Vec<(String, String)> {
        let seen = self.seen.lock().unwrap();
        let own = seen.iter().rev().find(|request| !last_text(request).starts_with("RECAP"));
        said(&own.unwrap()["messages"])
    }
}

fn said(messages: &Value) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_string();
    let messages = messages.as_array().unwrap();
    messages.iter().map(|message| (text(&message["role"]), text(&message["content"]))).collect()
}

fn pairs(all: &[(&str, &str)]) -> Vec<(String, String)> {
    all.iter().map(|(role, text)| (role.to_string(), text.to_string())).collect()
}

fn write(project: &Project, name: &str, prompt: &str) {
    let folder = project.path().join("prompts").join(name);
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("prompt.yaml"), prompt).unwrap();
}

fn project(config: &str, prompts: &[(&str, &str)]) -> Project {
    let project = Project::new();
    fs::remove_dir_all(project.path().join("prompts/support/triage")).unwrap();
    fs::write(project.path().join("gatemark.yaml"), config).unwrap();
    for (name, prompt) in prompts {
        write(&project, name, prompt);
    }
    project
}

fn served(vendor: &Vendor, more: &str, prompts: &[(&str, &str)]) -> Project {
    let config = vendor.upstream.config().replace("production: {}", "production: {policy: open}");
    let project = project(&(config + more), prompts);
    project.run(&["push"]).exits(0);
    for (name, _) in prompts.iter().rev() {
        project.run(&["deploy", name, "--to", "production"]).exits(0);
    }
    project
}

fn call(server: &Server, key: Option<&str>, id: &str, text: &str) -> Response {
    let request = json!({"model": format!("gatemark/{NAME}"), "conversation": id,
        "messages": [{"role": "user", "content": text}]});
    server.post("/v1/chat/completions", key, &request)
}

#[track_caller]
fn turn(server: &Server, id: &str, text: &str) -> Response {
    let answer = call(server, None, id, text);
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer
}

fn show(server: &Server, id: &str) -> Value {
    server.get(&format!("/api/v1/conversations/{id}"), None).json()
}

/// Waits until `found` finds something.
#[track_caller]
fn until<T>(what: &str, mut found: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + Duration::from_secs(20);
    loop {
        if let Some(found) = found() {
            return found;
        }
        assert!(Instant::now() < deadline, "{what}");
        std::thread::yield_now();
    }
}

#[test]
fn three_turns_at_every_door_with_the_official_clients() {
    let vendors = TwoVendors::start();
    let config = vendors.config() + "environments:\n  production: {policy: open}\n";
    for model in ["chat/m", "claude/m", "gpt/m"] {
        let prompt = PLAIN.replace("mock/m", model);
        let project = project(&config, &[(NAME, &prompt)]);
        project.run(&["push"]).exits(0);
        project.run(&["deploy", NAME, "--to", "production"]).exits(0);
        let key = project.run(&["key", "create", "app", "--role", "call"]).exits(0).out;
        let server = Server::start(&project);
        let before = vendors.asked().len();
        let mut client = Command::new(needed("GATEMARK_TEST_PYTHON"));
        client.arg(script("python/conversation.py"));
        client.arg(format!("http://{}", server.address())).arg(key.trim());
        let output = client.arg(format!("gatemark/{NAME}")).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let seen: Value = serde_json::from_slice(&output.stdout).unwrap();
        for door in ["chat", "responses", "messages"] {
            let id = format!("c-{door}");
            let turn = |number: &str| json!(["Grüße", id, number, null]);
            assert_eq!(seen[door], json!([turn("1"), turn("2"), turn("3")]), "{model} {door}");
        }
        assert_eq!(
            seen["bad_id"],
            json!(["BadRequestError", 400, "conversation_id", "conversation"])
        );
        assert_eq!(seen["object"], "c-object");
        let asked: Vec<Value> =
            vendors.asked().split_off(before).into_iter().map(|(_, _, body)| body).collect();
        for third in [2, 5, 8] {
            let text = asked[third].to_string();
            let order = ["first question", "Grüße", "second question", "Grüße", "third question"];
            let mut rest = text.as_str();
            for part in order {
                rest = rest.split_once(part).unwrap_or_else(|| panic!("{part} in {text}")).1;
            }
            assert!(!text.contains("c-chat"), "the id is ours: {text}");
        }
    }
}

#[test]
fn each_caller_has_conversations_of_its_own() {
    let vendor = Vendor::echo();
    let project = served(&vendor, "", &[(NAME, PLAIN)]);
    let key = |name: &str| {
        let made = project.run(&["key", "create", name, "--role", "call"]).exits(0).out;
        made.trim().to_string()
    };
    let (one, other) = (key("one"), key("other"));
    let admin = project.run(&["key", "create", "boss", "--role", "admin"]).exits(0).out;
    let server = Server::start(&project);
    assert_eq!(call(&server, Some(&one), "c", "secret").status, 200);
    let first = call(&server, Some(&other), "c", "hello");
    assert_eq!(first.header("x-gatemark-conversation-turn"), Some("1"));
    assert_eq!(vendor.last(), pairs(&[("system", "Be brief."), ("user", "hello")]));
    let get = |key: &str, path: &str| server.get(path, Some(key.trim()));
    assert_eq!(get(&one, "/api/v1/conversations").status, 403, "applications do not read");
    let several = get(&admin, "/api/v1/conversations/c");
    assert_eq!((several.status, several.code().as_str()), (409, "conversation_ambiguous"));
    let mine = get(&admin, "/api/v1/conversations/c?caller=one");
    assert_eq!(mine.json()["all_turns"][0]["messages"][0]["content"], "secret");
    // An application may erase its own and no other.
    let erase = |key: &str, query: &str| {
        let headers = format!("authorization: Bearer {key}\r\n");
        server.send("DELETE", &format!("/api/v1/conversations/c{query}"), &headers, b"")
    };
    assert_eq!(erase(&other, "?caller=one").json()["caller"], "other");
    assert_eq!(erase(&other, "?caller=one").status, 404);
    assert_eq!(
        call(&server, Some(&one), "c", "more").header("x-gatemark-conversation-turn"),
        Some("2")
    );
}

#[test]
fn a_second_call_at_the_same_time_is_refused() {
    let (arrived, arrivals) = mpsc::channel();
    let (release, released) = mpsc::channel::<()>();
    let (arrived, released) = (Mutex::new(arrived), Mutex::new(released));
    let vendor = Vendor::by(move |text, _| {
        if text == "slow" {
            arrived.lock().unwrap().send(()).unwrap();
            released.lock().unwrap().recv().unwrap();
        }
        Ok(format!("re {text}"))
    });
    let project = served(&vendor, "", &[(NAME, PLAIN)]);
    let server = Server::start(&project);
    std::thread::scope(|scope| {
        let slow = scope.spawn(|| turn(&server, "c", "slow"));
        arrivals.recv().unwrap();
        let refused = call(&server, None, "c", "quick");
        assert_eq!((refused.status, refused.code().as_str()), (409, "conversation_busy"));
        assert_eq!(turn(&server, "d", "quick").header("x-gatemark-conversation-turn"), Some("1"));
        release.send(()).unwrap();
        assert_eq!(slow.join().unwrap().header("x-gatemark-conversation-turn"), Some("1"));
    });
    let next = turn(&server, "c", "quick");
    assert_eq!(next.header("x-gatemark-conversation-turn"), Some("2"));
    let metrics = server.get("/metrics", None).body;
    assert!(metrics.contains("gatemark_conversation_calls_busy 1.0"), "{metrics}");
}

#[test]
fn an_answered_turn_survives_kill_9() {
    let vendor = Vendor::echo();
    let project = served(&vendor, "", &[(NAME, PLAIN)]);
    for round in 0..3 {
        let mut server = Server::start(&project);
        let answer = turn(&server, "c", &format!("turn {round}"));
        let number = (round + 1).to_string();
        assert_eq!(answer.header("x-gatemark-conversation-turn"), Some(&*number));
        assert_eq!(vendor.last().len(), 2 * round + 2, "system, all before, and this one");
        server.signal("KILL");
    }
    let shown = project.run(&["conversation", "show", "c", "--json"]).exits(0).json();
    assert_eq!(shown["turns"], 3);
    assert_eq!(
        shown["all_turns"][2]["messages"],
        json!([
        {"role": "user", "content": "turn 2"}, {"role": "assistant", "content": "re turn 2"}])
    );
    // Calls are recorded without texts here: the texts are with the conversation only.
    let calls = project.run(&["calls", "--json"]).exits(0).out;
    assert!(!calls.contains("turn 2") && !calls.contains("\"talk\""), "{calls}");
    let first: Value = serde_json::from_str(calls.lines().next().unwrap()).unwrap();
    assert_eq!(first["conversation"], json!({"id": "c", "turn": 3}));
}

#[test]
fn a_turn_that_another_server_answered_is_fetched() {
    let vendor = Vendor::echo();
    let project = served(&vendor, "", &[(NAME, PLAIN)]);
    let (one, other) = (Server::start(&project), Server::start(&project));
    turn(&one, "c", "first");
    until("the other server learns of it", || {
        let metrics = other.get("/metrics", None).body;
        metrics.contains("gatemark_conversations_elsewhere 1.0").then_some(())
    });
    let told = call(&other, None, "c", "second");
    assert_eq!((told.status, told.code().as_str()), (503, "conversation_loading"));
    assert_eq!(told.header("retry-after"), Some("1"));
    let answer = until("it is fetched", || {
        let answer = call(&other, None, "c", "second");
        (answer.status == 200).then_some(answer)
    });
    assert_eq!(answer.header("x-gatemark-conversation-turn"), Some("2"));
    let all =
        [("system", "Be brief."), ("user", "first"), ("assistant", "re first"), ("user", "second")];
    assert_eq!(vendor.last(), pairs(&all));
    // And back: the first server holds one turn, and lets it go for what the other one has.
    until("the first server learns of it", || {
        let metrics = one.get("/metrics", None).body;
        metrics.contains("gatemark_conversations_elsewhere 1.0").then_some(())
    });
    let answer = until("it is fetched", || {
        let answer = call(&one, None, "c", "third");
        (answer.status == 200).then_some(answer)
    });
    assert_eq!(answer.header("x-gatemark-conversation-turn"), Some("3"));
}

#[test]
fn what_the_model_did_not_answer_is_not_kept() {
    let vendor = Vendor::by(|text, _| match text {
        "fail" => Err(500),
        text => Ok(format!("re {text}")),
    });
    let fallback = PLAIN.to_string() + "output: {fallback: \"Sorry.\"}\n";
    let project = served(&vendor, "", &[(NAME, &fallback)]);
    let server = Server::start(&project);
    turn(&server, "c", "one");
    let sorry = turn(&server, "c", "fail");
    assert_eq!(sorry.header("x-gatemark-outcome"), Some("fallback"));
    assert_eq!(sorry.header("x-gatemark-conversation-turn"), None);
    assert_eq!(turn(&server, "c", "two").header("x-gatemark-conversation-turn"), Some("2"));
    let all = [("system", "Be brief."), ("user", "one"), ("assistant", "re one"), ("user", "two")];
    assert_eq!(vendor.last(), pairs(&all));
    // Without an id nothing is kept, and plain calls keep none.
    let whole = json!({"model": format!("gatemark/{NAME}"), "messages": [{"role": "user", "content": "x"}]});
    let answer = server.post("/v1/chat/completions", None, &whole);
    assert_eq!(answer.header("x-gatemark-conversation"), None);
    let body =
        json!({"model": "mock/m", "messages": [{"role": "user", "content": "x"}]}).to_string();
    let plain = server.send(
        "POST",
        "/v1/chat/completions",
        "x-gatemark-conversation: c\r\n",
        body.as_bytes(),
    );
    assert_eq!((plain.status, plain.code().as_str()), (400, "conversation_not_kept"));
}

#[test]
fn a_stream_that_breaks_is_not_kept() {
    let vendors = TwoVendors::start();
    let config = vendors.config() + "environments:\n  production: {policy: open}\n";
    let project = project(&config, &[(NAME, &PLAIN.replace("mock/m", "chat/m"))]);
    project.run(&["push"]).exits(0);
    project.run(&["deploy", NAME, "--to", "production"]).exits(0);
    let server = Server::start(&project);
    let ask = |text: &str| {
        let body = json!({"model": format!("gatemark/{NAME}"), "conversation": "c", "stream": true,
            "messages": [{"role": "user", "content": text}]});
        server.post("/v1/chat/completions", None, &body)
    };
    let broken = ask("break off");
    assert!(broken.body.contains("error"), "{}", broken.body);
    let whole = ask("hello");
    assert!(whole.body.ends_with("data: [DONE]\n\n"), "{}", whole.body);
    assert_eq!(whole.header("x-gatemark-conversation-turn"), Some("1"));
    let shown = until("the stream's turn", || {
        let shown = show(&server, "c");
        (shown["turns"] == 1).then_some(shown)
    });
    assert_eq!(
        shown["all_turns"][0]["messages"][1],
        json!({"role": "assistant", "content": "Grüße"})
    );
}

#[test]
fn older_turns_are_put_together() {
    let vendor = Vendor::echo();
    let project = served(&vendor, "", &[(NAME, SUMMARISES), (SUMMARISER, RECAP)]);
    let mut server = Server::start(&project);
    for text in ["one", "two", "three"] {
        turn(&server, "c", text);
    }
    let summarised = |count: u64| {
        until("a summary", || {
            let shown = show(&server, "c");
            (shown["summaries"] == count).then_some(shown)
        })
    };
    let shown = summarised(1);
    let first = &shown["all_summaries"][0];
    assert_eq!(first["text"], "recap [5]", "four lines and the first: {first}");
    assert_eq!(
        (&first["from"], &first["through"], &first["version"]),
        (&json!(1), &json!(2), &json!(1))
    );
    assert_eq!((&shown["next"]["summary"], &shown["next"]["turns"]), (&json!(1), &json!([3])));
    let recap =
        vendor.seen.lock().unwrap().iter().map(last_text).find(|text| text.starts_with("RECAP"));
    let wanted = "RECAP after <> of:\nuser: one\nassistant: re one\nuser: two\nassistant: re two\n";
    assert_eq!(recap.unwrap().trim(), wanted.trim());
    let fourth = turn(&server, "c", "four");
    assert_eq!(fourth.header("x-gatemark-conversation-summary"), Some("1"));
    let marked =
        "<conversation_summary number=\"1\" turns=\"1-2\">\nrecap [5]\n</conversation_summary>";
    let all = [
        ("system", "Be brief."),
        ("user", marked),
        ("user", "three"),
        ("assistant", "re three"),
        ("user", "four"),
    ];
    assert_eq!(vendor.last(), pairs(&all));
    turn(&server, "c", "five");
    let shown = summarised(2);
    assert_eq!(shown["all_summaries"][1]["from"], 3, "{shown}");
    assert_eq!(shown["all_turns"].as_array().unwrap().len(), 5, "what is summarised is kept");
    let recaps: Vec<String> = vendor
        .seen
        .lock()
        .unwrap()
        .iter()
        .map(last_text)
        .filter(|t| t.starts_with("RECAP"))
        .collect();
    assert!(recaps[1].starts_with("RECAP after <recap [5]> of:\nuser: three"), "{recaps:?}");
    // A summary survives too, and is a call that was paid.
    server.signal("KILL");
    let server = Server::start(&project);
    turn(&server, "c", "six");
    assert!(vendor.last()[1].1.contains("number=\"2\" turns=\"1-4\""), "{:?}", vendor.last());
    let calls = project.run(&["calls", "--prompt", SUMMARISER, "--json"]).exits(0).out;
    let paid: Vec<Value> = calls.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(paid.len(), 2);
    assert_eq!(paid[0]["conversation"], json!({"id": "c", "summary": 2}));
    assert!(paid[0]["cost"].as_i64() > Some(0) && paid[0]["caller"] == paid[1]["caller"]);
    let text = project.run(&["conversation", "show", "c"]).exits(0);
    text.says(&[
        "summary 2 of turns 1-4 by support/recap v1",
        "next call (version 1): summary 2, turns 5, 6",
    ]);
}

#[test]
fn without_a_summary_the_conversation_goes_on() {
    let vendor = Vendor::by(|text, _| match text.starts_with("RECAP") {
        true => Err(500),
        false => Ok(format!("re {text}")),
    });
    let project = served(&vendor, "", &[(NAME, SUMMARISES), (SUMMARISER, RECAP)]);
    let server = Server::start(&project);
    for text in ["one", "two", "three"] {
        turn(&server, "c", text);
    }
    until("the failure in the tasks", || {
        let tasks = server.get("/api/v1/tasks", None).json();
        let task = tasks.as_array()?.iter().find(|task| task["name"] == "summarise")?;
        let error = task["last_error"].as_str()?;
        (error.contains("1 conversations wait") && error.contains(SUMMARISER)).then_some(())
    });
    let metrics = server.get("/metrics", None).body;
    assert!(metrics.contains("gatemark_conversations_waiting_for_summary 1.0"), "{metrics}");
    turn(&server, "c", "four");
    assert_eq!(vendor.last().len(), 8, "all of it is sent");
}

#[test]
fn the_window_keeps_the_summary_and_the_newest() {
    let vendor = Vendor::echo();
    let long = |n: usize| format!("{n} {}", "word ".repeat(80));
    let config = vendor.upstream.config().replace("production: {}", "production: {policy: open}");
    let config =
        config.replace("mock/m: {", "mock/m: {context_window: 400, token_margin_percent: 0, ");
    let prompt = SUMMARISES
        .replace("every: {turns: 2}", "every: {turns: 3}")
        .replace("[mock/m]", "[{model: mock/m, max_tokens: 20}]");
    let project = project(
        &config,
        &[(NAME, &prompt), (SUMMARISER, &RECAP.replace("[mock/m]", "[mock/big]"))],
    );
    let path = project.path().join("gatemark.yaml");
    let config = fs::read_to_string(&path)
        .unwrap()
        .replace("environments:", "  mock/big: {pinned: true}\nenvironments:");
    fs::write(path, config).unwrap();
    project.run(&["push"]).exits(0);
    project.run(&["deploy", SUMMARISER, "--to", "production"]).exits(0);
    project.run(&["deploy", NAME, "--to", "production"]).exits(0);
    let server = Server::start(&project);
    for text in ["a", "b", "c", "d"] {
        turn(&server, "c", text);
    }
    until("a summary", || (show(&server, "c")["summaries"] == 1).then_some(()));
    turn(&server, "c", &long(1));
    turn(&server, "c", &long(2));
    let cut = turn(&server, "c", "short");
    assert!(cut.header("x-gatemark-dropped").unwrap().starts_with("conversation="), "{cut:?}");
    let last = vendor.last();
    assert!(last[1].1.contains("conversation_summary"), "the summary goes last: {last:?}");
    assert_eq!(last.last().unwrap().1, "short");
    assert!(last.iter().all(|(_, text)| !text.starts_with("d")), "the oldest goes first: {last:?}");
}

#[test]
fn a_prompt_with_a_message_of_the_users_has_what_was_said_before_it() {
    let vendor = Vendor::echo();
    let prompt = r#"
version: 1.0.0
variables: {q: {type: string}}
messages: [{role: system, text: "Be brief."}, {role: user, text: "Q: {{ q }}"}]
models: [mock/m]
conversation: {keep: {turns: 1}}
"#;
    let project = served(&vendor, "", &[(NAME, prompt)]);
    let server = Server::start(&project);
    let ask = |q: &str| {
        let body = json!({"model": format!("gatemark/{NAME}"), "variables": {"q": q}, "conversation": "c"});
        server.post("/v1/chat/completions", None, &body)
    };
    ask("one");
    ask("two");
    let third = ask("three");
    assert_eq!(third.header("x-gatemark-conversation-left-out"), Some("1"));
    let all = [
        ("system", "Be brief."),
        ("user", "Q: two"),
        ("assistant", "re Q: two"),
        ("user", "Q: three"),
    ];
    assert_eq!(vendor.last(), pairs(&all));
}

#[test]
fn cached_answers_are_turns_too() {
    let vendor = Vendor::echo();
    let cache = "caches: {chat: {prompt: support/chat, ttl: 1h}}\n";
    let project = served(&vendor, cache, &[(NAME, PLAIN)]);
    let server = Server::start(&project);
    turn(&server, "a", "one");
    let again = turn(&server, "b", "one");
    assert_eq!(again.header("x-gatemark-cache"), Some("hit"), "{again:?}");
    assert_eq!(again.header("x-gatemark-conversation-turn"), Some("1"));
    turn(&server, "b", "two");
    let all = [("system", "Be brief."), ("user", "one"), ("assistant", "re one"), ("user", "two")];
    assert_eq!(vendor.last(), pairs(&all));
    turn(&server, "a", "else");
    let other = turn(&server, "a", "two");
    assert_eq!(
        other.header("x-gatemark-cache"),
        Some("miss"),
        "what was said before makes another request"
    );
}

#[test]
fn an_erased_conversation_is_gone_from_a_running_server() {
    let vendor = Vendor::echo();
    let project = served(&vendor, "", &[(NAME, PLAIN)]);
    let server = Server::start(&project);
    turn(&server, "c", "a very secret word");
    until("the turn in the store", || (show(&server, "c")["turns"] == 1).then_some(()));
    project.run(&["conversation", "list"]).exits(0).says(&["support/chat", "c"]);
    let erased = project.run(&["conversation", "delete", "c", "--json"]).exits(0).json();
    assert_eq!(erased["turns"], 1);
    project
        .run(&["conversation", "show", "c"])
        .exits(2)
        .complains(&["there is no conversation `c`"]);
    until("the server forgets", || {
        let answer = turn(&server, "c", "again");
        (answer.header("x-gatemark-conversation-turn") == Some("1")).then_some(())
    });
    assert_eq!(vendor.last().len(), 2);
    let audit = project.run(&["audit", "--json"]).exits(0).out;
    assert!(audit.contains("conversation.erase"), "{audit}");
}

#[test]
fn a_summariser_is_there_before_its_prompt_serves() {
    let vendor = Vendor::echo();
    let config = vendor.upstream.config().replace("production: {}", "production: {policy: open}");
    let project = project(&config, &[(NAME, SUMMARISES)]);
    let missing = project.run(&["push"]);
    missing
        .complains(&["the summariser `support/recap` does not exist", "support/chat/prompt.yaml"]);
    write(
        &project,
        SUMMARISER,
        &RECAP.replace("conversation:", "text:").replace("{{ conversation", "{{ text"),
    );
    project.run(&["push"]).complains(&["has no variable `conversation`"]);
    write(&project, SUMMARISER, RECAP);
    project.run(&["push"]).exits(0);
    let refused = project.run(&["deploy", NAME, "--to", "production"]);
    assert_ne!(refused.code, 0);
    let shown = refused.out.clone() + &refused.err;
    assert!(shown.contains("does not serve in production"), "{shown}");
    project.run(&["deploy", SUMMARISER, "--to", "production"]).exits(0);
    project.run(&["deploy", NAME, "--to", "production"]).exits(0);
    for (from, to, told) in [
        ("keep: {turns: 1}", "keep: {turns: 0}", "`turns` must be from 1"),
        ("every: {turns: 2}", "", "does not say when"),
        ("conversation:\n", "conversation:\n  ttl: 30s\n", "`ttl` must be from"),
        (
            "{role: system, text: \"Be brief.\"}",
            "{role: user, text: a}, {role: assistant, text: b}",
            "ends with a message of the user's",
        ),
    ] {
        write(&project, NAME, &SUMMARISES.replace(from, to));
        project.run(&["push", "--dry-run"]).complains(&[told]);
    }
}
