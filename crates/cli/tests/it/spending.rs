//! Budgets and limits, through the real server: what is refused, what is kept, what is said.

use std::collections::BTreeMap;
use std::fs;
use std::sync::Mutex;
use std::sync::mpsc;

use serde_json::{Value, json};

use crate::http::Response;
use crate::support::{Project, Server};
use crate::upstream::Upstream;

/// What the mock's answer costs in nano-dollars: 100 tokens read at $1, 10 written at $2 for a million.
const COST: i64 = 100 * 1000 + 10 * 2000;

fn priced(upstream: &Upstream, more: &str) -> Project {
    let project = Project::new();
    configure(&project, upstream, more);
    project
}

fn configure(project: &Project, upstream: &Upstream, more: &str) {
    fs::write(project.path().join("gatemark.yaml"), upstream.config() + more).unwrap();
}

/// A call of about 600 bytes, which by any count has more tokens than the mock says.
fn body() -> Value {
    let text = "Sort this message, please. ".repeat(20);
    json!({"model": "mock/m", "max_tokens": 10, "messages": [{"role": "user", "content": text}]})
}

fn call(server: &Server) -> Response {
    server.post("/v1/chat/completions", None, &body())
}

fn tagged(server: &Server, tags: &str) -> Response {
    let headers = format!("x-gatemark-tags: {tags}\r\n");
    server.send("POST", "/v1/chat/completions", &headers, body().to_string().as_bytes())
}

fn standing(server: &Server, name: &str) -> Value {
    let all = server.get("/api/v1/budgets", None).json();
    let found = all.as_array().unwrap().iter().find(|line| line["name"] == name);
    found.unwrap_or_else(|| panic!("{name} in {all}")).clone()
}

/// What the call log says was spent.
fn recorded(project: &Project) -> (usize, i64) {
    let listed = project.run(&["calls", "--limit", "100000", "--json"]).exits(0).out;
    let calls: Vec<Value> =
        listed.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let answered = calls.iter().filter(|call| call["outcome"] == "ok");
    assert!(answered.clone().all(|call| call["price"].as_str().is_some_and(|v| v.len() == 12)));
    (answered.count(), calls.iter().map(|call| call["cost"].as_i64().unwrap()).sum())
}

#[test]
fn a_thousand_calls_at_once_do_not_pass_the_amount() {
    let upstream = Upstream::start(|_, _| Ok("fine".into()));
    let project = priced(
        &upstream,
        "budgets:\n  - {name: all, amount_usd: 0.02, window: total}\n  - {name: mine, scope: {key: local}, amount_usd: 0.03, window: month}\n",
    );
    let server = Server::start(&project);
    let outcomes: Mutex<BTreeMap<(u16, String), usize>> = Mutex::default();
    std::thread::scope(|scope| {
        for _ in 0..1000 {
            let work = || {
                let answer = call(&server);
                let code = if answer.status == 200 { String::new() } else { answer.code() };
                *outcomes.lock().unwrap().entry((answer.status, code)).or_default() += 1;
            };
            std::thread::Builder::new().stack_size(256 << 10).spawn_scoped(scope, work).unwrap();
        }
    });
    let mut outcomes = outcomes.into_inner().unwrap();
    let answered = outcomes.remove(&(200, String::new())).unwrap_or_default();
    let refused = outcomes.remove(&(429, "budget_exceeded".into())).unwrap_or_default();
    assert_eq!((answered + refused, outcomes), (1000, BTreeMap::new()));
    let more = (0..1000).take_while(|_| call(&server).status == 200).count();
    let (all, mine) = (standing(&server, "all"), standing(&server, "mine"));
    let spent = all["spent"].as_i64().unwrap();
    assert_eq!(spent, COST * i64::try_from(answered + more).unwrap());
    assert_eq!((all["reserved"].as_i64(), mine["spent"].as_i64()), (Some(0), Some(spent)));
    assert!(spent <= 20_000_000, "overshot: {spent}");
    // What is left is less than the dearest that one more call can be: 700 tokens at most.
    assert!(20_000_000 - spent < 700 * 1000 + 10 * 2000 + 6, "{spent} is refused too early");
    drop(server);
    assert_eq!(
        recorded(&project),
        (answered + more, spent),
        "the ledger is the sum of the records"
    );
}

#[test]
fn neither_kill_9_nor_an_edit_gives_back_what_was_spent() {
    let upstream = Upstream::start(|_, _| Ok("fine".into()));
    let budget = |name: &str, amount: &str| {
        format!(
            "budgets:\n  - {{name: {name}, scope: {{key: \"*\"}}, amount_usd: {amount}, window: month, time_zone: Europe/Berlin}}\n"
        )
    };
    let project = priced(&upstream, &budget("first", "0.002"));
    let mut server = Server::start(&project);
    let passed = (0..100).take_while(|_| call(&server).status == 200).count();
    assert!((5..=16).contains(&passed), "{passed}");
    server.signal("KILL");
    let server = Server::start(&project);
    let refused = call(&server);
    assert_eq!((refused.status, refused.code().as_str()), (429, "budget_exceeded"));
    let wait: u64 = refused.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=31 * 86_400 + 3600).contains(&wait), "{wait}");
    assert_eq!(refused.header("x-should-retry"), Some("false"));
    assert!(refused.body.contains("budget `first` of $0.002 a month"), "{}", refused.body);
    drop(server);
    configure(&project, &upstream, &budget("renamed", "0.003"));
    let server = Server::start(&project);
    let line = standing(&server, "renamed");
    assert_eq!(line["spent"].as_i64().unwrap(), COST * i64::try_from(passed).unwrap());
    assert_eq!(
        (line["account"].as_str(), line["scope"].as_str()),
        (Some("key=local"), Some("key=*"))
    );
    assert_eq!(call(&server).status, 200);
    drop(server);
    let shown = project.run(&["budget", "show", "renamed"]).exits(0);
    shown.says(&["key=local", "month, Europe/Berlin", "$0.003"]);
    project.run(&["budget", "show", "renamd"]).exits(2).complains(&["did you mean `renamed`?"]);
}

#[test]
fn tags_warnings_and_calls_without_a_price() {
    let upstream = Upstream::start(|_, _| Ok("fine".into()));
    let project = priced(
        &upstream,
        "budgets:\n  - {name: team, scope: {tag: {team: \"*\"}}, amount_usd: 0.0015, window: day, warn_at: [0.1, 0.5]}\n  \
         - {name: seen, amount_usd: 0.0000001, window: day, on_exceed: warn}\n  \
         - {name: each, scope: {tag: {small: \"yes\"}}, amount_usd: 0.0001, window: call}\n",
    );
    let server = Server::start(&project);
    let first = tagged(&server, "team=a");
    let warning = first.header("x-gatemark-budget-warning").unwrap();
    assert!(warning.contains("team ") && warning.contains("seen "), "{warning}");
    let passed = 1 + (0..100).take_while(|_| tagged(&server, "team=a").status == 200).count();
    assert!((4..=12).contains(&passed), "{passed}");
    assert_eq!(tagged(&server, "team=b").status, 200, "another team has its own account");
    let mut by_metadata = body();
    by_metadata["metadata"] = json!({"team": "a", "secret": "x"});
    let refused = server.post("/v1/chat/completions", None, &by_metadata);
    assert_eq!((refused.status, refused.code().as_str()), (429, "budget_exceeded"));
    let small = tagged(&server, "small=yes");
    assert_eq!((small.status, small.header("retry-after")), (429, None));
    assert_eq!(tagged(&server, "team").code(), "invalid_tags");
    let mut unpriced = body();
    unpriced["model"] = json!("mock/unknown");
    assert_eq!(server.post("/v1/chat/completions", None, &unpriced).status, 200, "only watched");
    unpriced["metadata"] = json!({"team": "c"});
    assert_eq!(server.post("/v1/chat/completions", None, &unpriced).code(), "price_unknown");
    let metrics = server.get("/metrics", None).body;
    assert!(metrics.contains("gatemark_budget_refusals_total{budget=\"team\"}"), "{metrics}");
    assert!(metrics.contains("gatemark_budget_limit_usd{budget=\"team\"} 0.0015"), "{metrics}");
    drop(server);
    let tagged = project.run(&["calls", "--json"]).exits(0).out;
    assert!(tagged.contains(r#""tags":{"team":"b"}"#) && !tagged.contains("secret"), "{tagged}");
}

#[test]
fn calls_that_come_too_fast_are_told_when_to_come_again() {
    let (arrived, arrivals) = mpsc::channel::<()>();
    let (release, released) = mpsc::channel::<()>();
    let (arrived, released) = (Mutex::new(arrived), Mutex::new(released));
    let upstream = Upstream::start(move |request, _| {
        if request["user"] == "slow" {
            arrived.lock().unwrap().send(()).unwrap();
            released.lock().unwrap().recv().unwrap();
        }
        Ok("fine".into())
    });
    let project = priced(
        &upstream,
        "limits:\n  - {scope: {key: \"*\"}, requests_per_minute: 3, tokens_per_minute: 100000}\n  \
         - {scope: {tag: {lane: narrow}}, concurrency: 1}\n",
    );
    let server = Server::start(&project);
    std::thread::scope(|scope| {
        let mut slow = body();
        slow["user"] = json!("slow");
        slow["metadata"] = json!({"lane": "narrow"});
        let server = &server;
        let first = scope.spawn(move || server.post("/v1/chat/completions", None, &slow));
        arrivals.recv().unwrap();
        let second = tagged(server, "lane=narrow");
        assert_eq!((second.status, second.header("retry-after")), (429, Some("1")));
        assert!(second.body.contains("tag:lane=narrow: 1 concurrent requests"), "{}", second.body);
        release.send(()).unwrap();
        assert_eq!(first.join().unwrap().status, 200);
    });
    let second = call(&server);
    assert_eq!(second.header("x-ratelimit-limit-requests"), Some("3"));
    assert_eq!(second.header("x-ratelimit-remaining-requests"), Some("1"));
    assert_eq!(second.header("x-ratelimit-limit-tokens"), Some("100000"));
    assert_eq!(call(&server).header("x-ratelimit-remaining-requests"), Some("0"));
    let refused = call(&server);
    assert_eq!((refused.status, refused.code().as_str()), (429, "rate_limit_exceeded"));
    let wait: u64 = refused.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=20).contains(&wait), "{wait}");
    assert_eq!(refused.header("x-ratelimit-remaining-requests"), Some("0"));
    assert!(refused.header("x-ratelimit-reset-requests").is_some_and(|reset| reset.ends_with('s')));
    assert_eq!(upstream.asked(), 3);
}

#[test]
fn prices_are_imported_shown_and_compared() {
    let upstream = Upstream::start(|_, _| Ok("fine".into()));
    let project = Project::new();
    let table = |price: &str| {
        let text = format!(
            r#"{{"vendor/new": {{"litellm_provider": "vendor", "mode": "chat", "input_cost_per_token": {price}, "output_cost_per_token": 2e-06}},
                 "m": {{"litellm_provider": "vendor", "mode": "chat", "input_cost_per_token": 9e-06, "output_cost_per_token": 9e-06}},
                 "other": {{"litellm_provider": "elsewhere", "input_cost_per_token": 1e-06}}}}"#
        );
        fs::write(project.path().join("table.json"), text).unwrap();
    };
    table("1.5e-07");
    configure(&project, &upstream, "");
    let import = ["prices", "import", "table.json", "--provider", "mock=vendor"];
    project.run(&import).exits(2).complains(&["add the line `prices: prices.json`"]);
    configure(&project, &upstream, "prices: prices.json\n");
    project
        .run(&["prices", "show"])
        .exits(2)
        .complains(&["there is no file prices.json", "gatemark prices import"]);
    let done = project.run(&import).exits(0);
    done.complains(&[
        "2 models written to prices.json",
        "not imported: 1 models: the project has no such provider",
    ]);
    let shown = project.run(&["prices", "show", "mock/new", "--json"]).exits(0).json();
    assert_eq!(shown[0]["nano_usd_per_million"]["rates"]["input"], 150_000_000);
    let own = project.run(&["prices", "show", "mock/m", "--json"]).exits(0).json();
    assert_eq!(
        own[0]["nano_usd_per_million"]["rates"]["input"], 1_000_000_000_i64,
        "gatemark.yaml goes first"
    );
    let diff = ["prices", "diff", "table.json", "--provider", "mock=vendor", "--json"];
    assert_eq!(project.run(&diff).exits(0).json(), json!([]));
    table("3e-07");
    let changes = project.run(&diff).exits(0).json();
    assert_eq!(
        (changes[0]["model"].as_str(), changes[0]["change"].as_str()),
        (Some("mock/new"), Some("changed"))
    );
    assert_eq!(changes.as_array().unwrap().len(), 1);
}

#[test]
fn mistakes_in_budgets_are_told_at_once() {
    let upstream = Upstream::start(|_, _| Ok("fine".into()));
    let project = priced(
        &upstream,
        "budgets:\n  - {name: a b, amount_usd: 0, window: yearly, time_zone: Europe/Nowhere, scope: {servce: x}}\n  \
         - {name: ok, amount_usd: 1, window: day}\n  - {name: ok, amount_usd: 1, window: day}\n\
         limits:\n  - {scope: all}\n  - {scope: {model: x}, requests_per_minute: 0}\n",
    );
    project.run(&["list"]).exits(2).complains(&[
        "the budget's name `a b` does not fit",
        "`amount_usd` must be more than nothing",
        "call, day, week, month, total",
        "there is no time zone `Europe/Nowhere`",
        "did you mean `service`?",
        "there are two budgets named `ok`",
        "a limit must bound something",
        "`requests_per_minute` must be",
        "provider/model",
    ]);
}
