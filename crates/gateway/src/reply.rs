//! Step 10, reply: the answer and the facts about it that travel in headers.

use gatemark_provider::Dialect;
use gatemark_provider::answer::Answer;
use gatemark_provider::door::{Asked, Writer};
use gatemark_provider::request::ChatRequest;

use crate::cache::{Found, Keeper};
use crate::check::Checked;
use crate::facts::{CacheFacts, Facts};
use crate::prepare::Prepared;
use crate::record::Pending;
use crate::redact::{self, Restored};
use crate::resolve::Resolved;
use crate::stream::{self, SseStream};

/// An answered call.
pub struct Reply {
    /// What is known about it.
    pub facts: Facts,
    /// What the caller asked, for dialects whose answers repeat it.
    pub asked: Asked,
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

pub(crate) fn reply(
    resolved: &Resolved,
    checked: Checked,
    keeper: Option<Box<Keeper>>,
    mut record: Pending,
    (dialect, asked, usage_wanted): (Dialect, Asked, bool),
) -> Reply {
    match checked {
        Checked::Whole(mut answer) => {
            if let Some(keeper) = keeper {
                keeper.whole(&answer, record.record());
            }
            record.note_said(&answer);
            record.settle();
            restore(&record, &mut answer);
            answer.usage.get_or_insert(record.record().usage);
            let facts = facts(resolved, &record, true);
            Reply { facts, asked, body: Body::Whole(answer) }
        }
        Checked::StreamedWhole(mut answer) => {
            if let Some(keeper) = keeper {
                keeper.whole(&answer, record.record());
            }
            record.note_said(&answer);
            record.settle();
            restore(&record, &mut answer);
            let facts = facts(resolved, &record, true);
            let opening = stream::opening(&facts, usage_wanted, asked.clone());
            let (usage, writer) = (record.record().usage, Writer::new(dialect, opening));
            let body = Body::Stream(stream::of_whole(*answer, usage, writer));
            Reply { facts, asked, body }
        }
        Checked::Stream { started, watched, input } => {
            let facts = facts(resolved, &record, false);
            let release = resolved.named.as_ref().map(|named| named.release.clone());
            let source = stream::Source::new(*started, release, input, keeper);
            let writer = Writer::new(dialect, stream::opening(&facts, usage_wanted, asked.clone()));
            let body = Body::Stream(stream::relay(source, watched, record, writer));
            Reply { facts, asked, body }
        }
    }
}

/// An answer that is given again, and the form in which it is wanted.
pub(crate) struct Again {
    pub(crate) found: Found,
    pub(crate) stream: bool,
    pub(crate) usage_wanted: bool,
}

impl Again {
    /// `found` for the call that `prepared` would have asked; `streams` if that is not in its own words.
    pub(crate) fn of(
        found: Found,
        prepared: &Prepared,
        streams: bool,
        record: &mut Pending,
    ) -> Box<Self> {
        found.note(record);
        let ChatRequest { stream, usage_wanted, .. } = prepared.request;
        Box::new(Self { found, stream: stream || streams, usage_wanted })
    }
}

/// The reply to a call whose answer was kept. It is recorded before anything leaves.
pub(crate) fn again(
    resolved: &Resolved,
    again: Again,
    mut record: Pending,
    (dialect, asked): (Dialect, Asked),
) -> Reply {
    let Again { found, stream, usage_wanted } = again;
    if stream {
        record.note_first_token();
    }
    if record.speaks() {
        record.note_said(&found.kept.answer());
    }
    record.settle();
    let mut facts = facts(resolved, &record, true);
    let age = Some(found.age());
    facts.cache = Some(CacheFacts { how: found.how, age, similarity: found.similarity });
    let body = if stream {
        let opening = stream::opening(&facts, usage_wanted, asked.clone());
        let (mut chunks, usage) = (found.kept.chunks(), found.kept.usage);
        if let Some(mask) = record.mask() {
            let mut restored = Restored::new(mask);
            chunks.iter_mut().for_each(|chunk| restored.piece(chunk));
        }
        Body::Stream(stream::of_chunks(&chunks, usage, Writer::new(dialect, opening)))
    } else {
        let mut answer = found.kept.answer();
        restore(&record, &mut answer);
        answer.usage.get_or_insert(found.kept.usage);
        name(&mut answer, &facts);
        Body::Whole(Box::new(answer))
    };
    Reply { facts, asked, body }
}

/// Puts back what the vendor did not see.
fn restore(record: &Pending, answer: &mut Answer) {
    if let Some(mask) = record.mask() {
        redact::whole(&mask, answer);
    }
}

/// An answer put together from pieces has neither an id nor the model's name.
fn name(answer: &mut Answer, facts: &Facts) {
    if answer.id.is_empty() {
        answer.id = format!("chatcmpl-{}", facts.call);
    }
    if answer.model.is_empty() {
        answer.model = facts.model.vendor_id().to_string();
    }
}

fn facts(resolved: &Resolved, record: &Pending, ended: bool) -> Facts {
    let version = resolved.named.as_ref().map(|named| &named.release.version);
    let (worth, recalled_us) = (record.worth(), record.recalled());
    let conversation = record.part();
    let (rates, budget_warnings) = (record.rates(), record.warnings().to_vec());
    let stopped = record.stopped();
    let record = record.record();
    let known = ended && record.priced;
    Facts {
        call: record.id.clone(),
        prompt: record.prompt.clone(),
        number: record.number,
        semver: version.map(|version| version.semver.clone()),
        environment: record.environment.clone(),
        arm: record.arm.clone(),
        model: record.model.clone(),
        outcome: ended.then_some(record.outcome),
        reason: record.error.clone(),
        cascade: record.cascade.as_ref().map(|climb| (climb.step, climb.of)),
        attempts: record.attempts.len(),
        repaired: record.repaired == Some(true),
        guard: record.guard.clone(),
        reviewed: !record.review.is_empty(),
        cost: known.then_some(record.cost),
        worth: known.then_some(worth),
        rates,
        budget_warnings,
        recalled_us,
        cache: record.cache.map(|how| CacheFacts { how, age: None, similarity: None }),
        stopped,
        dropped: record.dropped.clone(),
        examples: record.examples,
        conversation,
        vendor_us: record.vendor_us,
        at: record.at,
    }
}
