//! The in-process stand-in for a vendor.
//!
//! It lets a project be tried, tested and demonstrated without a key or a network, and lets the
//! gateway's tests have a vendor that fails on purpose. Answers come from a small learner over the
//! request's own examples ([`Learner`]); it is no language model. Of the request's fields it honours
//! `max_tokens`, `max_completion_tokens` and `response_format` with a JSON schema; others have no meaning
//! for it. Its embeddings are hashed n-grams. Time is tokio's, so tests can pause it.

mod apart;
mod count;
mod embed;
mod fate;
mod learn;
mod obey;
mod pieces;

use std::collections::VecDeque;
use std::time::Duration;

use futures_util::FutureExt;
use gatemark_core::model::{SimSettings, Usage};
use gatemark_core::{Error, Result};
use gatemark_text::tokens;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep, sleep_until};

use crate::answer::{Answer, Chunk, ChunkStream, Finish};
use crate::embedding::Embedded;
use crate::message::{self, Speaker};
use crate::peer::Peer;
use crate::request::ChatRequest;
use crate::vendor::{BoxFuture, Vendor};
use count::Counts;
use fate::Fate;
pub use learn::{Behaviour, Learner, Role, Turn};

/// Tokens that frame a message and prime an answer in OpenAI's chat format, which the counts imitate.
const FRAME_TOKENS: usize = 3;

/// The vendor.
pub(crate) struct Sim {
    peer: Peer,
    settings: SimSettings,
    learner: Learner,
    counts: Counts,
}

impl Sim {
    pub(crate) fn new(name: &str, settings: SimSettings) -> Self {
        Self {
            peer: Peer::new(name, None),
            settings,
            learner: Learner::new(),
            counts: Counts::default(),
        }
    }

    fn latency(&self) -> Duration {
        Duration::from_millis(self.settings.latency_ms)
    }

    /// What the vendor makes of a request, apart from the time it takes.
    fn answer(&self, request: &ChatRequest) -> Result<Answer> {
        let said = message::read(&request.messages)?;
        let turns = fate::texts(&said).map_err(|(rank, kind)| {
            let param = format!("messages[{rank}].content");
            Error::invalid(format!("`{param}` holds a part of type {kind:?}; sim reads text only"))
                .at(param)
        })?;
        // What is left to chance is drawn from what is said, not from marks around it.
        let shown_as = apart::read(turns.clone());
        let limit = limit(request)?;
        let schema = schema(request);
        let fate = Fate::of(self.settings.seed, &request.model, &shown_as);
        if fate.strikes("error", self.settings.error_rate) {
            let error = json!({"type": "server_error", "message": "simulated failure"});
            return Err(self.peer.complained(&error));
        }
        let behaviour = Behaviour {
            malformed: fate.strikes("malformed", self.settings.malformed_rate),
            drift: self.settings.drift,
            seed: fate.seed(),
        };
        let obeyed = obey::obey(&turns, self.settings.obedience, fate);
        let answered = || self.learner.reply(&shown(&shown_as), schema.as_ref(), &behaviour);
        let mut text = obeyed.unwrap_or_else(answered);
        let mut finish = Finish::Stop;
        if let Some(cut) = limit.and_then(|limit| pieces::cut(&text, limit)) {
            text.truncate(cut);
            finish = Finish::Length;
        }
        let texts = turns.iter().map(|(_, text)| text.as_str());
        let read = self.counts.all(texts) + turns.len() * FRAME_TOKENS;
        let usage = Usage {
            input: u64::try_from(read + FRAME_TOKENS).unwrap_or(u64::MAX),
            output: u64::try_from(tokens::count(&text)).unwrap_or(u64::MAX),
            ..Usage::default()
        };
        Ok(Answer {
            id: format!("sim-{:016x}", fate.seed()),
            model: request.model.clone(),
            text,
            finish,
            usage: Some(usage),
            ..Answer::default()
        })
    }
}

impl Vendor for Sim {
    fn complete<'a>(&'a self, request: &'a ChatRequest) -> BoxFuture<'a, Result<Answer>> {
        async move {
            let answer = self.answer(request);
            if !self.latency().is_zero() {
                sleep(self.latency()).await;
            }
            answer
        }
        .boxed()
    }

    fn stream<'a>(&'a self, request: &'a ChatRequest) -> BoxFuture<'a, Result<ChunkStream>> {
        async move {
            let Answer { text, finish, usage, .. } = self.answer(request)?;
            let mut chunks: VecDeque<Chunk> = pieces::words(&text)
                .map(|word| Chunk { text: word.to_string(), ..Chunk::default() })
                .collect();
            chunks.push_back(Chunk { finish: Some(finish), ..Chunk::default() });
            chunks.extend(usage.map(Chunk::of_usage));
            Ok(spread(chunks, self.latency()))
        }
        .boxed()
    }

    fn embed<'a>(&'a self, _: &'a str, texts: &'a [String]) -> BoxFuture<'a, Result<Embedded>> {
        async move {
            let vectors = texts.iter().map(|text| embed::vector(text)).collect();
            let input = self.counts.all(texts.iter().map(String::as_str));
            let input = u64::try_from(input).unwrap_or(u64::MAX);
            if !self.latency().is_zero() {
                sleep(self.latency()).await;
            }
            Ok(Embedded { vectors, usage: Some(Usage { input, ..Usage::default() }) })
        }
        .boxed()
    }

    fn embedder<'a>(&'a self, _: &'a str) -> BoxFuture<'a, Result<String>> {
        async { Ok(embed::METHOD.to_string()) }.boxed()
    }
}

/// Gives `chunks` out evenly over `latency`, the last at its end.
fn spread(chunks: VecDeque<Chunk>, latency: Duration) -> ChunkStream {
    if latency.is_zero() {
        return Box::pin(futures_util::stream::iter(chunks.into_iter().map(Ok)));
    }
    let start = Instant::now();
    let count = u32::try_from(chunks.len()).unwrap_or(u32::MAX).max(1);
    let state = (chunks, 0u32);
    Box::pin(futures_util::stream::unfold(state, move |(mut chunks, given)| async move {
        let chunk = chunks.pop_front()?;
        let given = given.saturating_add(1);
        // Each at its own time from the start: pauses one after another would add up their rounding.
        let share = f64::from(given) / f64::from(count);
        sleep_until(start + latency.mul_f64(share.min(1.0))).await;
        Some((Ok(chunk), (chunks, given)))
    }))
}

/// The turns as the learner takes them; the results of tools are read as the user's.
fn shown(turns: &[(Speaker, String)]) -> Vec<Turn<'_>> {
    let role = |speaker: &Speaker| match speaker {
        Speaker::System => Role::System,
        Speaker::Assistant => Role::Assistant,
        Speaker::User | Speaker::Tool => Role::User,
    };
    turns.iter().map(|(speaker, text)| Turn { role: role(speaker), text }).collect()
}

fn limit(request: &ChatRequest) -> Result<Option<usize>> {
    for name in ["max_completion_tokens", "max_tokens"] {
        if let Some(raw) = request.field(name) {
            let count: usize = serde_json::from_str(raw.get()).map_err(|_| {
                Error::invalid(format!("`{name}` must be a whole number, not negative")).at(name)
            })?;
            return Ok(Some(count));
        }
    }
    Ok(None)
}

/// The JSON schema that the answer is bound to.
fn schema(request: &ChatRequest) -> Option<Value> {
    let format: Value = serde_json::from_str(request.field("response_format")?.get()).ok()?;
    format.pointer("/json_schema/schema").cloned()
}
