//! Who is asked when, on a clock that the tests move: retries, keys, breakers, hedges, routes, fallbacks.

use std::sync::atomic::Ordering;
use std::time::Duration;

use futures_util::StreamExt;
use gatemark_core::call::CallPurpose;
use gatemark_core::error::{Error, Kind, VendorSaid};
use gatemark_core::model::Project;
use gatemark_core::resilience::BreakerSettings;
use gatemark_core::route::{Route, RouteTarget, Strategy};
use gatemark_gateway::{Body, BreakerState, Incoming, Reply, Target};
use serde_json::json;

use crate::bench::{Act, Bench, Vendors, ask, bench_of, caller, project};

const MS: Duration = Duration::from_millis(1);

fn failing(status: u16) -> Act {
    let kind = match status {
        429 => Kind::Limited,
        400 => Kind::VendorRejected,
        _ => Kind::VendorFailed,
    };
    let said = VendorSaid { status, ..VendorSaid::default() };
    Act::Fails(Error::new(kind, format!("status {status}")).from_vendor(said))
}

/// A project whose route `r` goes to `p/x`, then `q/y`.
fn with_route(strategy: Strategy) -> Project {
    let mut project = project();
    let target = |model: &str| RouteTarget { model: model.parse().unwrap(), weight: 1 };
    let targets = vec![target("p/x"), target("q/y")];
    project.routes.insert("r".into(), Route { strategy, targets, hedge_after: None });
    let mut second = project.providers["p"].clone();
    second.name = "q".into();
    project.providers.insert("q".into(), second);
    project
}

fn plain(target: Target, stream: bool) -> Incoming {
    Incoming {
        stream,
        messages: serde_json::from_str(r#"[{"role":"user","content":"hi"}]"#).unwrap(),
        ..Incoming::new(caller(), CallPurpose::Serve, target)
    }
}

fn route(stream: bool) -> Incoming {
    plain(Target::Route("r".into()), stream)
}

fn model(stream: bool) -> Incoming {
    plain(Target::Plain("p/x".parse().unwrap()), stream)
}

async fn text(reply: Reply) -> String {
    match reply.body {
        Body::Whole(answer) => answer.text,
        Body::Stream(frames) => {
            let frames: Vec<_> = frames.collect().await;
            frames.iter().map(|frame| String::from_utf8_lossy(frame).into_owned()).collect()
        }
    }
}

fn asked(bench: &Bench, connection: &str) -> u32 {
    bench.scripts[connection].asked.load(Ordering::SeqCst)
}

#[tokio::test(start_paused = true)]
async fn a_target_that_fails_gives_way_to_the_next_after_its_retries() {
    let acts: Vendors =
        vec![("p", vec![failing(500), failing(503)]), ("q", vec![Act::Says("from q")])];
    let bench = bench_of(with_route(Strategy::Priority), json!({}), acts);
    let reply = bench.gateway.call(route(false)).await.unwrap();
    assert_eq!((reply.facts.model.as_str(), reply.facts.attempts), ("q/y", 3));
    assert_eq!(text(reply).await, "from q");
    let record = &bench.records().await[0];
    let attempts: Vec<_> =
        record.attempts.iter().map(|a| (a.model.as_str(), a.error.as_deref())).collect();
    let failed = Some("vendor_failed");
    assert_eq!(attempts, [("p/x", failed), ("p/x", failed), ("q/y", None)]);
    assert_eq!(record.model.as_str(), "q/y");
}

#[tokio::test(start_paused = true)]
async fn each_class_of_failure_has_its_own_way() {
    // (status, requests to p, whether q was asked)
    for (status, to_p, to_q) in
        [(400, 1, 0), (401, 1, 1), (402, 1, 1), (403, 1, 1), (429, 1, 1), (500, 2, 1), (302, 1, 1)]
    {
        let acts: Vendors =
            vec![("p", vec![failing(status), failing(status)]), ("q", vec![Act::Says("from q")])];
        let bench = bench_of(with_route(Strategy::Priority), json!({}), acts);
        let answered = bench.gateway.call(route(false)).await;
        assert_eq!(answered.is_ok(), to_q == 1, "{status}");
        assert_eq!((asked(&bench, "p"), asked(&bench, "q")), (to_p, to_q), "{status}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_refused_or_limited_key_gives_way_to_the_next_and_rests() {
    for status in [401, 402, 403, 429] {
        let acts: Vendors =
            vec![("p", vec![failing(status)]), ("p#1", vec![Act::Says("one"), Act::Says("two")])];
        let bench = bench_of(project(), json!({}), acts);
        let began = tokio::time::Instant::now();
        assert_eq!(text(bench.gateway.call(model(false)).await.unwrap()).await, "one");
        assert_eq!(began.elapsed(), Duration::ZERO, "another key needs no pause");
        assert_eq!(text(bench.gateway.call(model(false)).await.unwrap()).await, "two");
        assert_eq!(asked(&bench, "p"), 1, "{status}: the first key rests");
        assert_eq!(bench.gateway.providers()[0].keys_resting, 1);
    }
}

#[tokio::test(start_paused = true)]
async fn a_provider_whose_keys_all_rest_is_passed_over_while_another_is_ready() {
    let acts: Vendors = vec![
        ("p", vec![failing(429), Act::Says("from p")]),
        ("q", vec![Act::Says("one"), Act::Says("two")]),
    ];
    let bench = bench_of(with_route(Strategy::Priority), json!({}), acts);
    for wanted in ["one", "two"] {
        assert_eq!(text(bench.gateway.call(route(false)).await.unwrap()).await, wanted);
    }
    assert_eq!(asked(&bench, "p"), 1);
    tokio::time::advance(5000 * MS).await;
    assert_eq!(text(bench.gateway.call(route(false)).await.unwrap()).await, "from p");
}

#[tokio::test(start_paused = true)]
async fn retry_after_is_honoured_if_it_fits_the_deadline() {
    let limited = |wait| {
        let said = VendorSaid { status: 429, ..VendorSaid::default() };
        Act::Fails(Error::new(Kind::Limited, "slow down").from_vendor(said).retry_after(wait))
    };
    let acts: Vendors = vec![("p", vec![limited(200 * MS), Act::Says("ok")])];
    let bench = bench_of(project(), json!({}), acts);
    let began = tokio::time::Instant::now();
    assert_eq!(text(bench.gateway.call(model(false)).await.unwrap()).await, "ok");
    assert_eq!(began.elapsed(), 200 * MS);
    let acts: Vendors = vec![("p", vec![limited(400 * MS)])];
    let bench = bench_of(project(), json!({}), acts);
    let began = tokio::time::Instant::now();
    let failure = bench.gateway.call(model(false)).await.unwrap_err();
    assert_eq!(failure.error.wait(), Some(400 * MS), "the caller is told");
    assert_eq!(began.elapsed(), Duration::ZERO, "an error now is better than one too late");
}

#[tokio::test(start_paused = true)]
async fn an_outage_is_not_amplified_beyond_the_budget() {
    let mut project = project();
    let provider = project.providers.get_mut("p").unwrap();
    provider.retries = 5;
    provider.resilience.breaker = None;
    let acts: Vendors = vec![("p", (0..1000).map(|_| failing(500)).collect())];
    let bench = bench_of(project, json!({}), acts);
    for _ in 0..500 {
        assert!(bench.gateway.call(model(false)).await.is_err());
    }
    let repeated = asked(&bench, "p") - 500;
    assert!(repeated <= 10 + 100, "{repeated} repetitions of 500 calls");
    assert!(repeated > 90, "the budget is used: {repeated}");
    assert!(bench.gateway.providers()[0].retries_refused > 0);
}

#[tokio::test(start_paused = true)]
async fn an_open_breaker_spares_the_vendor_and_probes_close_it() {
    let mut project = with_route(Strategy::Priority);
    for provider in project.providers.values_mut() {
        provider.retries = 0;
        let settings = BreakerSettings { min_samples: 4, probes: 1, ..BreakerSettings::default() };
        provider.resilience.breaker = Some(settings);
    }
    let mut p: Vec<Act> = (0..4).map(|_| failing(500)).collect();
    p.extend([Act::Says("well again"), Act::Says("well")]);
    let q = (0..6).map(|_| Act::Says("from q")).collect();
    let bench = bench_of(project, json!({}), vec![("p", p), ("q", q)]);
    for _ in 0..6 {
        assert_eq!(text(bench.gateway.call(route(false)).await.unwrap()).await, "from q");
    }
    assert_eq!(asked(&bench, "p"), 4, "two calls did not even try");
    assert_eq!(bench.gateway.models()[0].breaker, BreakerState::Open);
    let refused = bench.gateway.call(model(false)).await.unwrap_err().error;
    assert_eq!((refused.kind(), refused.code()), (Kind::Unavailable, "breaker_open"));
    tokio::time::advance(10_000 * MS).await;
    assert_eq!(text(bench.gateway.call(route(false)).await.unwrap()).await, "well again");
    assert_eq!(bench.gateway.models()[0].breaker, BreakerState::Closed);
}

#[tokio::test(start_paused = true)]
async fn callers_mistakes_do_not_open_a_breaker() {
    let mut project = project();
    let settings = BreakerSettings { min_samples: 2, ..BreakerSettings::default() };
    project.providers.get_mut("p").unwrap().resilience.breaker = Some(settings);
    let acts: Vendors = vec![("p", (0..20).map(|_| failing(400)).collect())];
    let bench = bench_of(project, json!({}), acts);
    for _ in 0..20 {
        assert!(bench.gateway.call(model(false)).await.is_err());
    }
    assert_eq!(bench.gateway.models()[0].breaker, BreakerState::Closed);
    assert_eq!(bench.gateway.models()[0].failed, 0);
}

#[tokio::test(start_paused = true)]
async fn a_stall_leaves_the_other_target_half_of_the_time() {
    let acts: Vendors = vec![("p", vec![Act::Hangs]), ("q", vec![Act::Says("from q")])];
    let mut project = with_route(Strategy::Priority);
    project.providers.get_mut("p").unwrap().retries = 0;
    let bench = bench_of(project, json!({}), acts);
    let began = tokio::time::Instant::now();
    assert_eq!(text(bench.gateway.call(route(false)).await.unwrap()).await, "from q");
    assert_eq!(began.elapsed(), 150 * MS, "half of the 300 ms that the call has");
}

#[tokio::test(start_paused = true)]
async fn start_up_events_are_held_back_and_an_error_after_output_is_final() {
    let cut = || Some(Error::new(Kind::VendorFailed, "cut"));
    let silent = vec!["", "", ""];
    let acts: Vendors =
        vec![("p", vec![Act::Streams(silent, cut()), Act::Streams(vec!["", "out"], cut())])];
    let bench = bench_of(project(), json!({}), acts);
    let sent = text(bench.gateway.call(model(true)).await.unwrap()).await;
    assert_eq!(asked(&bench, "p"), 2, "nothing had been said, so it was asked again");
    assert!(sent.contains("out") && sent.contains("cut") && sent.ends_with("data: [DONE]\n\n"));
    // A vendor that never says anything is not held back for ever.
    let endless = vec![""; 200];
    let bench = bench_of(project(), json!({}), vec![("p", vec![Act::Streams(endless, None)])]);
    let sent = text(bench.gateway.call(model(true)).await.unwrap()).await;
    assert!(sent.ends_with("data: [DONE]\n\n") && !sent.contains("error"), "{sent}");
    assert_eq!(asked(&bench, "p"), 1);
}

#[tokio::test(start_paused = true)]
async fn streams_have_deadlines_for_the_first_output_and_between() {
    let mut project = project();
    let provider = project.providers.get_mut("p").unwrap();
    provider.retries = 0;
    provider.resilience.timeouts.first_token = Some(40 * MS);
    provider.resilience.timeouts.between_tokens = Some(70 * MS);
    let acts: Vendors = vec![("p", vec![Act::Stalls(vec![""]), Act::Stalls(vec!["out"])])];
    let bench = bench_of(project, json!({}), acts);
    let began = tokio::time::Instant::now();
    let failure = bench.gateway.call(model(true)).await.unwrap_err();
    assert_eq!(failure.error.message(), "no first output within 40 ms");
    assert_eq!(began.elapsed(), 40 * MS);
    let began = tokio::time::Instant::now();
    let sent = text(bench.gateway.call(model(true)).await.unwrap()).await;
    assert!(sent.contains("fell silent for 70 ms"), "{sent}");
    assert_eq!(began.elapsed(), 70 * MS);
}

#[tokio::test(start_paused = true)]
async fn a_silent_target_is_hedged_and_the_faster_answer_taken() {
    let mut project = with_route(Strategy::Priority);
    project.routes.get_mut("r").unwrap().hedge_after = Some(80 * MS);
    let acts: Vendors = vec![("p", vec![Act::Hangs]), ("q", vec![Act::Says("from q")])];
    let bench = bench_of(project, json!({}), acts);
    let began = tokio::time::Instant::now();
    let reply = bench.gateway.call(route(false)).await.unwrap();
    assert_eq!((reply.facts.model.as_str(), reply.facts.attempts), ("q/y", 2));
    assert_eq!(began.elapsed(), 80 * MS);
    let records = bench.records().await;
    let errors: Vec<_> = records[0].attempts.iter().map(|a| a.error.as_deref()).collect();
    assert_eq!(errors, [Some("cancelled"), None]);
    assert_eq!(bench.gateway.providers().iter().map(|p| p.hedged).sum::<u64>(), 1);
    assert!(bench.gateway.providers().iter().all(|p| p.in_flight == 0), "the loser is gone");
}

#[tokio::test(start_paused = true)]
async fn a_provider_takes_no_more_than_its_bound() {
    let mut project = project();
    project.providers.get_mut("p").unwrap().resilience.max_in_flight = Some(1);
    let bench = bench_of(project, json!({}), vec![("p", vec![Act::Hangs, Act::Says("ok")])]);
    let gateway = bench.gateway.clone();
    let mut first = tokio::task::JoinSet::new();
    first.spawn(async move { gateway.call(model(false)).await });
    tokio::time::sleep(MS).await;
    let failure = bench.gateway.call(model(false)).await.unwrap_err();
    assert_eq!(failure.error.code(), "provider_busy");
    assert!(failure.error.wait().is_some());
    first.shutdown().await;
    assert_eq!(text(bench.gateway.call(model(false)).await.unwrap()).await, "ok");
    assert_eq!(bench.gateway.providers()[0].shed, 1);
}

#[tokio::test(start_paused = true)]
async fn a_prompt_falls_back_only_to_models_that_the_gate_admitted() {
    for (admitted, answered) in [(true, Some("p/other")), (false, None)] {
        let mut project = project();
        project.providers.get_mut("p").unwrap().retries = 0;
        let acts: Vendors = vec![("p", vec![failing(500), Act::Says("fine")])];
        let bench = crate::bench::bench_with(project, json!({}), acts, admitted);
        let result = bench.gateway.call(ask(json!({"text": "x"}), false)).await;
        assert_eq!(result.ok().map(|reply| reply.facts.model.to_string()).as_deref(), answered);
        let requests = bench.scripts["p"].requests.lock().unwrap();
        assert_eq!(requests.len(), if admitted { 2 } else { 1 });
        if let Some(second) = requests.get(1) {
            assert_eq!(second.model, "other");
            let tokens = second.field("max_tokens").map(|raw| raw.get().to_string());
            assert_eq!(tokens.as_deref(), Some("77"), "with the parameters of its own variant");
        }
    }
}
