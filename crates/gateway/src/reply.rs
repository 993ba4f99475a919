//! Step 10, reply: the answer and the facts about it that travel in headers.

use std::pin::Pin;

use bytes::Bytes;
use futures_util::Stream;
use gatemark_core::call::Outcome;
use gatemark_core::id::{EnvironmentName, ModelName, PromptName};
use gatemark_core::money::NanoUsd;
use gatemark_provider::answer::Answer;
use serde_json::value::RawValue;

use crate::check::Checked;
use crate::record::Pending;
use crate::resolve::Resolved;
use crate::stream;

/// The part of a request that shapes the answer.
pub(crate) struct Ask {
    pub(crate) stream: bool,
    pub(crate) usage_wanted: bool,
    pub(crate) messages: Option<Box<RawValue>>,
    pub(crate) fields: Vec<(String, Box<RawValue>)>,
}

/// What is known when the answer begins.
#[derive(Debug, Clone)]
pub struct Facts {
    /// The call's id in the call log.
    pub call: String,
    /// The prompt, if one was called.
    pub prompt: Option<PromptName>,
    /// The version's number.
    pub number: Option<u32>,
    /// The version's semantic version.
    pub semver: Option<semver::Version>,
    /// Where it was resolved.
    pub environment: Option<EnvironmentName>,
    /// The side of a rollout or experiment.
    pub arm: String,
    /// The model that answered.
    pub model: ModelName,
    /// How it came out; unknown while an answer streams.
    pub outcome: Option<Outcome>,
    /// What it cost; unknown while an answer streams and for models without a price.
    pub cost: Option<NanoUsd>,
    /// When the call began, in microseconds since 1970.
    pub at: i64,
}

/// Complete frames of server-sent events, the terminator included.
pub type SseStream = Pin<Box<dyn Stream<Item = Bytes> + Send>>;

/// An answered call.
pub struct Reply {
    /// What is known about it.
    pub facts: Facts,
    /// The answer.
    pub body: Body,
}

/// An answer.
pub enum Body {
    /// At once.
    Whole(Box<Answer>),
    /// Piece by piece.
    Stream(SseStream),
}

impl std::fmt::Debug for Reply {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Reply").field("facts", &self.facts).finish_non_exhaustive()
    }
}

pub(crate) fn reply(resolved: &Resolved, checked: Checked, mut record: Pending) -> Reply {
    match checked {
        Checked::Whole(answer) => {
            record.settle();
            Reply { facts: facts(resolved, &record, true), body: Body::Whole(answer) }
        }
        Checked::StreamedWhole(answer) => {
            record.settle();
            let facts = facts(resolved, &record, true);
            let body = Body::Stream(stream::of_whole(&answer, &facts));
            Reply { facts, body }
        }
        Checked::Stream { first, rest, deadline, usage_wanted } => {
            let facts = facts(resolved, &record, false);
            let release = resolved.named.as_ref().map(|named| named.release.clone());
            let source =
                stream::Source { first: Some(first), rest, deadline, usage_wanted, release };
            let body = Body::Stream(stream::relay(source, record, &facts));
            Reply { facts, body }
        }
    }
}

fn facts(resolved: &Resolved, record: &Pending, ended: bool) -> Facts {
    let version = resolved.named.as_ref().map(|named| &named.release.version);
    let record = record.record();
    Facts {
        call: record.id.clone(),
        prompt: record.prompt.clone(),
        number: record.number,
        semver: version.map(|version| version.semver.clone()),
        environment: record.environment.clone(),
        arm: record.arm.clone(),
        model: record.model.clone(),
        outcome: ended.then_some(record.outcome),
        cost: (ended && record.priced).then_some(record.cost),
        at: record.at,
    }
}
