//! A call through a door, and its answer as an HTTP response.

use std::convert::Infallible;

use axum::body::Body;
use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use axum::response::Response;
use bytes::Bytes;
use futures_util::StreamExt;
use gatemark_core::access::Caller;
use gatemark_core::call::CallPurpose;
use gatemark_core::error::Result;
use gatemark_gateway::{self as gateway, Facts, Incoming, Reply};
use gatemark_provider::Dialect;
use gatemark_provider::door::{self, Opening};

use super::target::target;
use crate::account;
use crate::app::App;
use crate::caching;
use crate::conversing;
use crate::error::Answer;

/// More headers than most answers carry: room for them is made once.
const HEADERS: usize = 24;

/// Reads a request at the door of `dialect`. `asked` are its headers, `headers` those that go on to the vendor.
pub(super) fn incoming(
    caller: Caller,
    asked: &HeaderMap,
    (dialect, body): (Dialect, &Bytes),
    headers: Vec<(&'static str, String)>,
) -> Result<Incoming> {
    let mut request = door::read_request(dialect, body)?;
    let target = target(&request)?;
    let talking = conversing::talking(asked, &target, &mut request.fields)?;
    Ok(Incoming {
        caller,
        purpose: CallPurpose::Serve,
        target,
        dialect,
        stream: request.stream,
        usage_wanted: request.usage_wanted,
        messages: request.messages,
        fields: request.fields,
        headers,
        tags: account::tags(asked)?,
        cache: caching::wish(asked)?,
        talking,
        guard: None,
        unit: account::unit(asked)?,
    })
}

/// Takes one request through the gateway.
pub(super) async fn call(app: &App, incoming: Incoming) -> Answer<Response> {
    let dialect = incoming.dialect;
    let reply = app.control.gateway().call(incoming).await?;
    Ok(respond(dialect, reply)?)
}

fn respond(dialect: Dialect, reply: Reply) -> Result<Response> {
    let Reply { facts, asked, body } = reply;
    let (kind, body) = match body {
        gateway::Body::Whole(answer) => {
            let opening = Opening {
                call: facts.call.clone(),
                model: facts.model.vendor_id().to_string(),
                created: facts.at / 1_000_000,
                asked,
                ..Opening::default()
            };
            let written = door::write_answer(dialect, &answer, &opening)?;
            ("application/json", Body::from(written))
        }
        gateway::Body::Stream(frames) => {
            ("text/event-stream", Body::from_stream(frames.map(Ok::<_, Infallible>)))
        }
    };
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    headers.reserve(HEADERS);
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    if kind == "text/event-stream" {
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    }
    describe(headers, &facts);
    Ok(response)
}

/// The facts as `x-gatemark-…` headers.
fn describe(headers: &mut HeaderMap, facts: &Facts) {
    let mut set = |name: &'static str, value: Option<String>| {
        if let Some(value) = value.and_then(|value| HeaderValue::from_maybe_shared(value).ok()) {
            headers.insert(HeaderName::from_static(name), value);
        }
    };
    set("x-gatemark-call-id", Some(facts.call.clone()));
    // Anthropic's clients show it beside an answer; OpenAI's look for `x-request-id`.
    set("request-id", Some(facts.call.clone()));
    set("x-gatemark-model", Some(facts.model.to_string()));
    set("x-gatemark-prompt", facts.prompt.as_ref().map(ToString::to_string));
    set("x-gatemark-version", facts.semver.as_ref().map(ToString::to_string));
    set("x-gatemark-version-number", facts.number.map(|number| number.to_string()));
    set("x-gatemark-environment", facts.environment.as_ref().map(ToString::to_string));
    set("x-gatemark-arm", facts.prompt.is_some().then(|| facts.arm.clone()));
    set("x-gatemark-cascade", facts.cascade.map(|(step, of)| format!("{step}/{of}")));
    set("x-gatemark-attempts", Some(facts.attempts.to_string()));
    set("x-gatemark-examples", facts.examples.map(|by| by.word().to_string()));
    set("x-gatemark-repaired", facts.repaired.then(|| "1".to_string()));
    set("x-gatemark-stopped", facts.stopped.clone());
    set(
        "x-gatemark-guard",
        facts.guard.as_ref().and_then(|guard| guard.word()).map(str::to_string),
    );
    set("x-gatemark-review", facts.reviewed.then(|| "queued".to_string()));
    set("x-gatemark-outcome", facts.outcome.map(|outcome| outcome.word().to_string()));
    let dollars = facts.cost.map(|cost| cost.to_string().trim_start_matches('$').to_string());
    set("x-gatemark-cost-usd", dollars);
    if !facts.dropped.is_empty() {
        let tokens: u64 = facts.dropped.iter().map(|dropped| dropped.tokens).sum();
        let parts = facts.dropped.iter();
        let parts: Vec<String> =
            parts.map(|dropped| format!("{}={}", dropped.part, dropped.tokens)).collect();
        set("x-gatemark-dropped-tokens", Some(tokens.to_string()));
        set("x-gatemark-dropped", Some(parts.join(", ")));
    }
    account::describe(headers, facts);
    if let Some(part) = &facts.conversation {
        conversing::describe(headers, part);
    }
    if let Some(cache) = facts.cache {
        caching::describe(headers, cache);
    }
}
