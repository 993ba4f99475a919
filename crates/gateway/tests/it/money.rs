//! What calls cost, reserve and take of limits: nothing is paid twice, and nothing for nothing.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use futures_util::StreamExt;
use gatemark_core::NanoUsd;
use gatemark_core::budget::{Budget, OnExceed};
use gatemark_core::cache::{About, Cache, CacheUse, Caching, Share, Similar};
use gatemark_core::call::{CallPurpose, Outcome};
use gatemark_core::error::{Error, Kind};
use gatemark_core::limit::Limit;
use gatemark_core::model::Project;
use gatemark_core::resilience::ServerBounds;
use gatemark_core::scope::Scope;
use gatemark_core::window::{Window, Zone};
use gatemark_gateway::{Body, Count, Incoming, Reply, Target};
use gatemark_provider::Dialect;
use serde_json::value::RawValue;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::bench::{Act, Bench, ask, bench, bench_of, bench_serving, caller, content, project};

/// What each of the script's answers costs.
const COST: NanoUsd = NanoUsd(120_000);

fn raw(text: &str) -> Box<RawValue> {
    RawValue::from_string(text.into()).unwrap()
}

fn plain(max_tokens: u32) -> Incoming {
    let target = Target::Plain("p/m-2026-01-01".parse().unwrap());
    Incoming {
        messages: Some(raw(r#"[{"role":"user","content":"hi"}]"#)),
        fields: vec![("max_tokens".into(), raw(&max_tokens.to_string()))],
        ..Incoming::new(caller(), CallPurpose::Serve, target)
    }
}

fn budget(window: Window, amount: i64) -> Arc<Budget> {
    Arc::new(Budget {
        name: "b".into(),
        scope: Scope::default(),
        amount: NanoUsd(amount),
        window,
        zone: Zone::utc(),
        warn_at: vec![],
        on_exceed: OnExceed::Stop,
    })
}

fn limit(requests: Option<u64>, tokens: Option<u64>) -> Arc<Limit> {
    let (requests_per_minute, tokens_per_minute) = (requests, tokens);
    let scope = Scope::default();
    Arc::new(Limit { scope, requests_per_minute, tokens_per_minute, concurrency: None })
}

fn asked(bench: &Bench) -> u32 {
    bench.script.asked.load(Ordering::SeqCst)
}

async fn events(reply: Reply) -> String {
    let Body::Stream(frames) = reply.body else { panic!("not a stream") };
    String::from_utf8(frames.collect::<Vec<_>>().await.concat()).unwrap()
}

fn with_message(content: &str) -> Incoming {
    let message = format!(r#"[{{"role":"user","content":[{content}]}}]"#);
    Incoming { messages: Some(raw(&message)), ..ask(json!({"text": "x"}), false) }
}

#[tokio::test]
async fn the_cap_reckons_images_by_what_they_show() {
    let letters = "iVBORw0KGgo".repeat(20_000);
    let image = format!(
        r#"{{"type":"image_url","image_url":{{"url":"data:image\/png;base64,{letters}"}}}}"#
    );
    let within = bench(json!({}), vec![Act::Says("seen")]);
    within.gateway.call(with_message(&image)).await.unwrap();
    // 5,000 tokens each at $0.001 a thousand: three are over the cap of $0.01, however they are written.
    let link = r#"{"type":"image\u005furl","im\u0061ge_url":{"url":"https:\/\/x.example\/1.png"}}"#;
    for content in [[image.as_str(); 3].join(","), [link; 3].join(",")] {
        let over = bench(json!({}), vec![]);
        let failure = over.gateway.call(with_message(&content)).await.unwrap_err();
        assert_eq!(failure.error.code(), "cost_cap_exceeded", "{}", failure.error);
    }
}

#[tokio::test(start_paused = true)]
async fn a_caller_who_leaves_a_held_stream_pays_for_it() {
    let output = json!({"schema": {"type": "object"}, "stream": "hold"});
    let bench = bench(output, vec![Act::Stalls(vec![r#"{"action": "#, r#""go and on"#])]);
    let call = bench.gateway.call(ask(json!({"text": "x"}), true));
    assert!(tokio::time::timeout(Duration::from_millis(100), call).await.is_err());
    let record = &bench.records().await[0];
    assert_eq!(record.outcome, Outcome::Cancelled);
    assert!(record.usage.output > 0 && record.cost > NanoUsd::ZERO, "{record:?}");
}

#[tokio::test(start_paused = true)]
async fn a_hedge_is_promised_beside_the_request_that_it_hedges() {
    for (amount, hedged) in [(400_000, false), (700_000, true)] {
        let mut project = project();
        let provider = project.providers.get_mut("p").unwrap();
        provider.resilience.hedge_after = Some(Duration::from_millis(80));
        provider.retries = 0;
        project.budgets = vec![budget(Window::Call, amount)];
        let acts = vec![("p", vec![Act::Hangs, Act::Says("hedged")])];
        let bench = bench_of(project, json!({}), acts);
        // At most about $0.00025 a request.
        let answered = bench.gateway.call(plain(100)).await.is_ok();
        assert_eq!((answered, asked(&bench)), (hedged, 1 + u32::from(hedged)), "{amount}");
    }
}

#[tokio::test(start_paused = true)]
async fn tokens_of_lower_steps_are_tokens_of_the_minute() {
    let mut project = project();
    project.limits = vec![limit(None, Some(100_000))];
    let mut content = content(json!({"schema": {"type": "object"}}), true);
    content["cascade"] =
        json!({"steps": ["p/m-2026-01-01", "p/other"], "up_when": {"off_format": true}});
    let answers = ["no", "{}", "{}"].map(Act::Says).into();
    let bench = bench_serving(project, content, vec![("p", answers)], true);
    let mut left = vec![];
    for _ in 0..2 {
        let reply = bench.gateway.call(ask(json!({"text": "x"}), false)).await.unwrap();
        left.push(reply.facts.rates.tokens.unwrap().remaining);
    }
    assert_eq!(left[0] - left[1], 2 * 110, "two answers of 110 tokens each");
}

fn caching(similar: Option<Similar>, about: About) -> Project {
    let cache = Cache {
        name: "c".into(),
        about,
        ttl: Duration::from_secs(60),
        share: Share::Caller,
        max_bytes: 1 << 20,
        similar,
    };
    Project { caching: Caching { caches: vec![cache], prompt_cache: true }, ..project() }
}

#[tokio::test]
async fn an_exhausted_budget_still_serves_what_costs_nothing() {
    let mut project = caching(None, About::Models("p/*".into()));
    // One call may cost some $0.00035, and costs $0.00012.
    project.budgets = vec![budget(Window::Total, 400_000)];
    project.limits = vec![limit(Some(3), None)];
    let bench = bench_of(project, json!({}), vec![("p", vec![Act::Says("one")])]);
    bench.gateway.call(plain(150)).await.unwrap();
    let other = bench.gateway.call(plain(151)).await.unwrap_err();
    assert_eq!(other.error.code(), "budget_exceeded");
    let again = bench.gateway.call(plain(150)).await.unwrap();
    assert_eq!(again.facts.cache.unwrap().how, CacheUse::Hit);
    assert_eq!((again.facts.cost, again.facts.worth), (Some(NanoUsd::ZERO), Some(COST)));
    let standing = &bench.gateway.budgets()[0].standing;
    assert_eq!((standing.spent, standing.reserved), (COST, NanoUsd::ZERO));
    let fourth = bench.gateway.call(plain(150)).await.unwrap_err();
    assert_eq!(fourth.error.code(), "rate_limit_exceeded", "it is a request all the same");
}

#[tokio::test]
async fn nobody_pays_for_a_vector_of_a_call_that_may_not_be_made() {
    let similar = Similar { embedder: "p/e".parse().unwrap(), threshold: 0.9, max_entries: 10 };
    let about = About::Prompts { pattern: "a/*".into(), environment: None };
    let mut project = caching(Some(similar), about);
    project.budgets = vec![budget(Window::Total, 1_000)];
    let bench = bench_of(project, json!({}), vec![("p", vec![])]);
    let refused = bench.gateway.call(ask(json!({"text": "x"}), false)).await.unwrap_err();
    assert_eq!(refused.error.code(), "budget_exceeded");
    assert_eq!(bench.gateway.caches()[0].embeddings, 0);
}

/// The last usage that a stream tells, as tokens read and written.
fn told(dialect: Dialect, events: &str) -> (u64, u64) {
    let data = events.split('\n').filter_map(|line| line.strip_prefix("data: "));
    let data = data.filter_map(|data| serde_json::from_str::<Value>(data).ok());
    let usage = data.filter_map(|event| match dialect {
        Dialect::Responses => event["response"].get("usage").cloned(),
        _ => event.get("usage").cloned(),
    });
    let usage = usage.rev().find(Value::is_object);
    let usage = usage.unwrap_or_else(|| panic!("no usage in {events}"));
    let names = match dialect {
        Dialect::Chat => ["prompt_tokens", "completion_tokens"],
        _ => ["input_tokens", "output_tokens"],
    };
    (usage[names[0]].as_u64().unwrap(), usage[names[1]].as_u64().unwrap())
}

#[tokio::test]
async fn streams_of_whole_answers_tell_their_usage() {
    let down = || Act::Fails(Error::new(Kind::VendorRejected, "no"));
    for dialect in [Dialect::Chat, Dialect::Messages, Dialect::Responses] {
        let output = json!({"schema": {"type": "object"}, "fallback": {}});
        let call = || Incoming { dialect, usage_wanted: true, ..ask(json!({"text": "x"}), true) };
        // Wrong from its first letter: repaired before anything has left.
        let bench = bench(output, vec![Act::Streams(vec!["no"], None), Act::Says("{}"), down()]);
        let reply = bench.gateway.call(call()).await.unwrap();
        assert!(reply.facts.repaired);
        assert_eq!(told(dialect, &events(reply).await), (100, 10), "{dialect:?}");
        assert!(bench.gateway.call(call()).await.is_err());
    }
}

#[tokio::test]
async fn streams_of_vendors_that_do_not_count_tell_our_own_count() {
    let about = || About::Prompts { pattern: "a/*".into(), environment: None };
    for dialect in [Dialect::Chat, Dialect::Messages, Dialect::Responses] {
        let call = || Incoming { dialect, usage_wanted: true, ..ask(json!({"text": "x"}), true) };
        let acts = vec![("p", vec![Act::Streams(vec!["some ", "text"], None)])];
        let bench = bench_of(caching(None, about()), json!({}), acts);
        let live = told(dialect, &events(bench.gateway.call(call()).await.unwrap()).await);
        assert!(live.0 > 3 && live.1 == 2, "{dialect:?} {live:?}");
        let again = bench.gateway.call(call()).await.unwrap();
        assert_eq!(again.facts.cache.unwrap().how, CacheUse::Hit);
        assert_eq!(told(dialect, &events(again).await), live, "{dialect:?}");
        let usage = &bench.records().await[0].usage;
        assert_eq!((usage.input, usage.output, usage.estimated), (live.0, live.1, true));
    }
}

#[tokio::test]
async fn a_count_is_admitted_like_a_call() {
    let mut project = project();
    project.server = ServerBounds { max_in_flight: 1, max_queue: 0, ..ServerBounds::default() };
    project.limits = vec![limit(Some(3), None)];
    let bench = bench_of(project, json!({}), vec![("p", vec![Act::Hangs])]);
    let gateway = bench.gateway.clone();
    let mut busy = JoinSet::new();
    busy.spawn(async move { gateway.call(plain(1)).await });
    while asked(&bench) == 0 {
        tokio::task::yield_now().await;
    }
    let refused = bench.gateway.count(plain(1)).await.unwrap_err();
    assert_eq!(refused.error.code(), "overloaded");
    busy.shutdown().await;
    let long = format!(r#"[{{"role":"user","content":"{}"}}]"#, "some words ".repeat(20_000));
    let long = Incoming { messages: Some(raw(&long)), ..plain(1) };
    let Count::Long(work) = bench.gateway.count(long).await.unwrap() else {
        panic!("a long text is not counted where calls are served")
    };
    assert_eq!(bench.gateway.load().in_flight, 1, "it keeps its place");
    let counted = work.run().unwrap();
    assert!(counted.estimated && (40_000..40_100).contains(&counted.tokens), "{counted:?}");
    assert_eq!(bench.gateway.load().in_flight, 0, "its place is free again");
    let letters = "iVBORw0KGgo/".repeat(10_000);
    let image = format!(r#"[{{"type":"image","source":{{"type":"base64","data":"{letters}"}}}}]"#);
    let image = format!(r#"[{{"role":"user","content":{image}}}]"#);
    let image = Incoming { messages: Some(raw(&image)), ..plain(1) };
    let Count::Long(work) = bench.gateway.count(image).await.unwrap() else { panic!("short") };
    let counted = work.run().unwrap();
    assert!((1_600..1_700).contains(&counted.tokens), "{counted:?}");
    let fourth = bench.gateway.count(plain(1)).await.unwrap_err();
    assert_eq!(fourth.error.code(), "rate_limit_exceeded");
    assert_eq!(fourth.rates.requests.unwrap().remaining, 0);
}
