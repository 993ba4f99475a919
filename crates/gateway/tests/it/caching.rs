//! Answers that are given again.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::future::join_all;
use gatemark_core::access::{Caller, Role};
use gatemark_core::cache::{About, Cache, CacheUse, Caching, Share, Similar};
use gatemark_core::call::CallPurpose;
use gatemark_core::error::{Error, Kind};
use gatemark_core::model::Project;
use gatemark_core::money::NanoUsd;
use gatemark_gateway::{Body, CacheWish, Incoming, Reply, Target};
use gatemark_provider::answer::Finish;
use proptest::prelude::*;
use serde_json::value::RawValue;
use serde_json::{Value, json};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::bench::{Act, Bench, ask, bench_of, project};

fn cached(about: About) -> Project {
    let cache = Cache {
        name: "c".into(),
        about,
        ttl: Duration::from_secs(60),
        share: Share::Caller,
        max_bytes: 1 << 20,
        similar: None,
    };
    let mut project = project();
    // The tests' machine may be busy, and followers wait as long as they would for the vendor.
    project.providers.get_mut("p").unwrap().timeout = Duration::from_secs(30);
    Project { caching: Caching { caches: vec![cache], prompt_cache: true }, ..project }
}

fn prompts() -> About {
    About::Prompts { pattern: "a/*".into(), environment: None }
}

fn of_prompts(output: Value, acts: Vec<Act>) -> Bench {
    bench_of(cached(prompts()), output, vec![("p", acts)])
}

fn of_models(acts: Vec<Act>) -> Bench {
    bench_of(cached(About::Models("p/*".into())), json!({}), vec![("p", acts)])
}

fn plain(fields: &[(&str, &str)]) -> Incoming {
    let raw = |text: &str| RawValue::from_string(text.into()).unwrap();
    let caller = Caller { name: "app".into(), roles: vec![Role::Call] };
    let target = Target::Plain("p/m-2026-01-01".parse().unwrap());
    Incoming {
        messages: Some(raw(r#"[{"role":"user","content":"hi"}]"#)),
        fields: fields.iter().map(|(name, value)| (name.to_string(), raw(value))).collect(),
        ..Incoming::new(caller, CallPurpose::Serve, target)
    }
}

fn how(reply: &Reply) -> Option<CacheUse> {
    reply.facts.cache.map(|cache| cache.how)
}

/// What is said, whichever way.
async fn text(reply: Reply) -> String {
    match reply.body {
        Body::Whole(answer) => answer.text,
        Body::Stream(frames) => {
            let bytes = frames.collect::<Vec<_>>().await.concat();
            let events = String::from_utf8(bytes).unwrap();
            assert!(events.ends_with("data: [DONE]\n\n"), "{events}");
            let data = events.split("\n\n").filter_map(|event| event.strip_prefix("data: {"));
            data.map(|data| serde_json::from_str::<Value>(&format!("{{{data}")).unwrap())
                .filter_map(|chunk| {
                    chunk["choices"][0]["delta"]["content"].as_str().map(str::to_string)
                })
                .collect()
        }
    }
}

fn asked(bench: &Bench) -> u32 {
    bench.script.asked.load(Ordering::SeqCst)
}

#[tokio::test]
async fn the_same_call_is_answered_again_for_nothing() {
    let bench = of_prompts(json!({}), vec![Act::Says("one")]);
    let first = bench.gateway.call(ask(json!({"text": "x"}), false)).await.unwrap();
    assert_eq!((how(&first), first.facts.cost), (Some(CacheUse::Miss), Some(NanoUsd(120_000))));
    let second = bench.gateway.call(ask(json!({"text": "x"}), false)).await.unwrap();
    assert_eq!((how(&second), second.facts.cost), (Some(CacheUse::Hit), Some(NanoUsd(0))));
    assert_eq!(second.facts.worth, Some(NanoUsd(120_000)));
    assert!(second.facts.cache.unwrap().age.unwrap() < Duration::from_secs(60));
    assert_eq!((text(first).await, text(second).await), ("one".into(), "one".into()));
    assert_eq!(asked(&bench), 1);
    let records = bench.records().await;
    let again = records.iter().find(|record| record.cached).unwrap();
    assert_eq!((again.cost, again.saved), (NanoUsd(0), NanoUsd(120_000)));
    assert_eq!((again.usage.input, again.attempts.len()), (0, 0), "no vendor read anything");
    assert_eq!(again.output.as_deref(), Some("one"));
    let stats = &bench.gateway.caches()[0];
    assert_eq!((stats.hits, stats.misses, stats.saved), (1, 1, NanoUsd(120_000)));
}

#[tokio::test]
async fn either_form_is_given_from_the_other() {
    let streams = Act::Streams(vec!["one ", "two ", "three"], None);
    let bench = of_prompts(json!({}), vec![streams, Act::Says("whole")]);
    let first = bench.gateway.call(ask(json!({"text": "x"}), true)).await.unwrap();
    assert_eq!(text(first).await, "one two three");
    for stream in [true, false] {
        let again = bench.gateway.call(ask(json!({"text": "x"}), stream)).await.unwrap();
        assert_eq!(how(&again), Some(CacheUse::Hit));
        assert_eq!(matches!(again.body, Body::Stream(_)), stream);
        assert_eq!(text(again).await, "one two three");
    }
    let whole = bench.gateway.call(ask(json!({"text": "y"}), false)).await.unwrap();
    assert_eq!(text(whole).await, "whole");
    let streamed = bench.gateway.call(ask(json!({"text": "y"}), true)).await.unwrap();
    assert_eq!(text(streamed).await, "whole");
    assert_eq!(asked(&bench), 2);
}

#[tokio::test]
async fn a_streams_usage_is_told_to_who_wants_it() {
    let bench = of_models(vec![Act::Says("x")]);
    bench.gateway.call(plain(&[])).await.unwrap();
    for usage_wanted in [true, false] {
        let call = Incoming { stream: true, usage_wanted, ..plain(&[]) };
        let Body::Stream(frames) = bench.gateway.call(call).await.unwrap().body else { panic!() };
        let events = String::from_utf8(frames.collect::<Vec<_>>().await.concat()).unwrap();
        assert_eq!(events.contains("\"prompt_tokens\":100"), usage_wanted, "{events}");
    }
}

#[tokio::test]
async fn callers_do_not_see_each_others_answers_unless_they_share() {
    let other = |stream| Incoming {
        caller: Caller { name: "other".into(), roles: vec![Role::Call] },
        ..ask(json!({"text": "x"}), stream)
    };
    let bench = of_prompts(json!({}), vec![Act::Says("mine"), Act::Says("theirs")]);
    bench.gateway.call(ask(json!({"text": "x"}), false)).await.unwrap();
    let theirs = bench.gateway.call(other(false)).await.unwrap();
    assert_eq!((how(&theirs), text(theirs).await), (Some(CacheUse::Miss), "theirs".into()));
    let mut project = cached(prompts());
    project.caching.caches[0].share = Share::All;
    let bench = bench_of(project, json!({}), vec![("p", vec![Act::Says("ours")])]);
    bench.gateway.call(ask(json!({"text": "x"}), false)).await.unwrap();
    let theirs = bench.gateway.call(other(false)).await.unwrap();
    assert_eq!((how(&theirs), text(theirs).await), (Some(CacheUse::Hit), "ours".into()));
}

/// What is never given again: errors, fallbacks, answers off format, cut, filtered, refusing or saying that
/// information is missing.
#[tokio::test]
async fn only_good_answers_are_kept() {
    let down = || Act::Fails(Error::new(Kind::VendorFailed, "503"));
    let schema = || json!({"schema": {"type": "object"}, "insufficient": "NO_DATA", "repair": 0});
    let cases: Vec<(Value, Vec<Act>, u32)> = vec![
        (json!({}), vec![down(), down()], 2),
        (json!({"fallback": "sorry"}), vec![down(), down()], 2),
        (
            json!({"fallback": {"a": 1}, "schema": {"type": "object"}}),
            vec![Act::Says("no"), Act::Says("no")],
            2,
        ),
        (schema(), vec![Act::Says("not json")], 1),
        (schema(), vec![Act::Says("NO_DATA")], 1),
        (json!({}), vec![Act::Ends("cut", Finish::Length)], 1),
        (json!({}), vec![Act::Ends("bad", Finish::ContentFilter)], 1),
        (json!({}), vec![Act::Ends("odd", Finish::Other("pause_turn".into()))], 1),
        (json!({}), vec![Act::Says("")], 1),
        (json!({}), vec![Act::Says("I'm sorry, but I can't help with that request.")], 1),
    ];
    for (rank, (output, mut acts, asks)) in cases.into_iter().enumerate() {
        acts.push(Act::Says(r#"{"good": 1}"#));
        let bench = of_prompts(output, acts);
        bench.gateway.call(ask(json!({"text": "x"}), false)).await.ok();
        assert_eq!(asked(&bench), asks, "case {rank}");
        let second = bench.gateway.call(ask(json!({"text": "x"}), false)).await.unwrap();
        assert_eq!(how(&second), Some(CacheUse::Miss), "case {rank}");
        assert_eq!(text(second).await, r#"{"good": 1}"#);
        let third = bench.gateway.call(ask(json!({"text": "x"}), false)).await.unwrap();
        assert_eq!(how(&third), Some(CacheUse::Hit), "case {rank}");
    }
}

#[tokio::test]
async fn a_broken_or_abandoned_stream_is_not_kept() {
    let cut = Error::new(Kind::VendorFailed, "cut");
    let acts = vec![
        Act::Streams(vec!["half"], Some(cut)),
        Act::Stalls(vec!["half"]),
        Act::Streams(vec!["all"], None),
    ];
    let bench = of_models(acts);
    let call = || Incoming { stream: true, ..plain(&[]) };
    let Body::Stream(frames) = bench.gateway.call(call()).await.unwrap().body else { panic!() };
    let broken = frames.collect::<Vec<_>>().await.concat();
    assert!(String::from_utf8(broken).unwrap().contains("error"));
    let Body::Stream(mut frames) = bench.gateway.call(call()).await.unwrap().body else { panic!() };
    frames.next().await.unwrap();
    drop(frames);
    let third = bench.gateway.call(call()).await.unwrap();
    assert_eq!((how(&third), text(third).await), (Some(CacheUse::Miss), "all".into()));
    let fourth = bench.gateway.call(call()).await.unwrap();
    assert_eq!((how(&fourth), text(fourth).await), (Some(CacheUse::Hit), "all".into()));
}

#[tokio::test]
async fn calls_of_tools_are_kept_where_answers_are_to_be_the_same() {
    let calls = || Act::Ends("", Finish::ToolCalls);
    let bench = of_models(vec![calls(), calls(), calls()]);
    for wanted in [CacheUse::Miss, CacheUse::Miss] {
        assert_eq!(how(&bench.gateway.call(plain(&[])).await.unwrap()), Some(wanted));
    }
    let fixed = || plain(&[("temperature", "0")]);
    bench.gateway.call(fixed()).await.unwrap();
    let streamed = Incoming { stream: true, ..fixed() };
    let Body::Stream(frames) = bench.gateway.call(streamed).await.unwrap().body else { panic!() };
    let events = String::from_utf8(frames.collect::<Vec<_>>().await.concat()).unwrap();
    assert!(events.contains(r#""index":0"#) && events.contains("tool_calls"), "{events}");
    assert_eq!(asked(&bench), 3);
}

#[tokio::test]
async fn callers_may_pass_by_and_renew() {
    let bench = of_models(vec![Act::Says("1"), Act::Says("2"), Act::Says("3"), Act::Says("4")]);
    let call = |cache| Incoming { cache, ..plain(&[]) };
    let said = async |wish| {
        let reply = bench.gateway.call(call(wish)).await.unwrap();
        (how(&reply), text(reply).await)
    };
    let usual = CacheWish::default();
    let aside = CacheWish { no_store: true, ..usual };
    let renewed = CacheWish { refresh: true, ..usual };
    let new = CacheWish { ttl: Some(Duration::ZERO), ..usual };
    assert_eq!(said(usual).await, (Some(CacheUse::Miss), "1".into()));
    assert_eq!(said(aside).await, (Some(CacheUse::Bypass), "2".into()));
    assert_eq!(said(usual).await, (Some(CacheUse::Hit), "1".into()));
    assert_eq!(said(renewed).await, (Some(CacheUse::Miss), "3".into()));
    assert_eq!(said(usual).await, (Some(CacheUse::Hit), "3".into()));
    assert_eq!(said(new).await, (Some(CacheUse::Miss), "4".into()));
    assert_eq!(bench.gateway.clear_caches(Some("none")), [""; 0]);
    assert_eq!(bench.gateway.clear_caches(None), ["c"]);
    assert_eq!(bench.gateway.caches()[0].entries, 0);
}

#[tokio::test]
async fn plain_calls_are_kept_at_their_callers_wish_and_prompts_are_not() {
    let acts = || vec![Act::Says("1"), Act::Says("2")];
    let bench = bench_of(project(), json!({}), vec![("p", acts())]);
    let ttl = Some(Duration::from_secs(60));
    let cache = CacheWish { ttl, ..CacheWish::default() };
    let call = || Incoming { cache, ..plain(&[]) };
    assert_eq!(how(&bench.gateway.call(call()).await.unwrap()), Some(CacheUse::Miss));
    assert_eq!(how(&bench.gateway.call(call()).await.unwrap()), Some(CacheUse::Hit));
    assert_eq!(how(&bench.gateway.call(plain(&[])).await.unwrap()), None, "nobody asked for it");
    let bench = bench_of(project(), json!({}), vec![("p", acts())]);
    for _ in 0..2 {
        let call = Incoming { cache, ..ask(json!({"text": "x"}), false) };
        assert_eq!(how(&bench.gateway.call(call).await.unwrap()), None);
    }
}

#[tokio::test]
async fn a_failing_embedder_is_a_miss() {
    let mut project = cached(prompts());
    let embedder = "p/vectors".parse().unwrap();
    project.caching.caches[0].similar = Some(Similar { embedder, threshold: 0.9, max_entries: 10 });
    let bench = bench_of(project, json!({}), vec![("p", vec![Act::Says("x"), Act::Says("y")])]);
    for (said, wanted) in [("a", CacheUse::Miss), ("a", CacheUse::Hit), ("b", CacheUse::Miss)] {
        let reply = bench.gateway.call(ask(json!({"text": said}), false)).await.unwrap();
        assert_eq!(how(&reply), Some(wanted));
    }
    assert_eq!(bench.gateway.caches()[0].embedding_failures, 2);
}

#[tokio::test]
async fn a_leader_who_goes_away_does_not_fail_the_others() {
    let gate = Arc::new(Semaphore::new(0));
    let acts = vec![Act::Hangs, Act::SaysAfter(gate.clone(), "second")];
    let bench = of_models(acts);
    let mut calls = JoinSet::new();
    let gateway = bench.gateway.clone();
    let leader = calls.spawn(async move { gateway.call(plain(&[])).await.unwrap() });
    while asked(&bench) == 0 {
        tokio::task::yield_now().await;
    }
    for _ in 0..8 {
        let gateway = bench.gateway.clone();
        calls.spawn(async move { gateway.call(plain(&[])).await.unwrap() });
    }
    tokio::task::yield_now().await;
    leader.abort();
    assert!(calls.join_next().await.unwrap().unwrap_err().is_cancelled());
    while asked(&bench) == 1 {
        tokio::task::yield_now().await;
    }
    gate.add_permits(1);
    while let Some(follower) = calls.join_next().await {
        assert_eq!(text(follower.unwrap()).await, "second");
    }
    assert_eq!(asked(&bench), 2, "one took over, the rest waited on");
}

#[tokio::test]
async fn a_leader_who_fails_does_not_fail_the_others() {
    let refused = Error::new(Kind::VendorRejected, "400");
    let bench = of_models(vec![Act::Fails(refused), Act::Says("second")]);
    let calls = (0..8).map(|_| bench.gateway.call(plain(&[])));
    let ended = join_all(calls).await;
    assert_eq!(ended.iter().filter(|result| result.is_err()).count(), 1, "only its own");
    assert_eq!(asked(&bench), 2);
}

#[tokio::test]
async fn an_answer_not_to_be_shared_makes_no_queue() {
    let bench = of_models((0..5).map(|_| Act::Ends("cut", Finish::Length)).collect());
    let ended = join_all((0..5).map(|_| bench.gateway.call(plain(&[])))).await;
    for reply in ended {
        assert_eq!(how(&reply.unwrap()), Some(CacheUse::Miss));
    }
    assert_eq!(asked(&bench), 5);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// However many ask the same at once, whole or streamed, the vendor is asked once.
    #[test]
    fn identical_calls_at_the_same_time_ask_once(
        forms in prop::collection::vec(any::<bool>(), 2..40),
        threads in 1_usize..4,
    ) {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(threads)
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(async {
            let gate = Arc::new(Semaphore::new(0));
            let bench = of_models(vec![Act::SaysAfter(gate.clone(), "once")]);
            let mut calls = JoinSet::new();
            let gateway = bench.gateway.clone();
            calls.spawn(async move { gateway.call(plain(&[])).await.unwrap() });
            while asked(&bench) == 0 {
                tokio::task::yield_now().await;
            }
            for stream in &forms {
                let (gateway, stream) = (bench.gateway.clone(), *stream);
                let call = Incoming { stream, ..plain(&[]) };
                calls.spawn(async move { gateway.call(call).await.unwrap() });
            }
            gate.add_permits(1);
            let mut missed = 0;
            while let Some(reply) = calls.join_next().await {
                let reply = reply.unwrap();
                missed += usize::from(how(&reply) == Some(CacheUse::Miss));
                assert_eq!(text(reply).await, "once");
            }
            assert_eq!(missed, 1);
            assert_eq!(asked(&bench), 1);
        });
    }
}
