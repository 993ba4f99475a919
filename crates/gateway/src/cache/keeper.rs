//! Whether an answer is kept, once it is known how it came out.
//!
//! Kept is only what may be given to the next caller as if it had just been asked for: the model's own,
//! complete answer, in the demanded form, from the model that was meant. Not kept are errors, broken streams,
//! fallbacks, answers off format or cut at the bound on tokens, whatever a vendor's filter touched, refusals
//! in words, and calls of tools unless the request asks for the same answer every time.

use std::sync::Arc;
use std::time::Duration;

use gatemark_core::call::{CallRecord, Outcome};
use gatemark_core::id::{Digest, ModelName};
use gatemark_provider::answer::{Answer, Chunk, Finish};
use gatemark_text::safety::Detector;
use gatemark_text::safety::refusal::Refusal;
use tokio::time::Instant;

use super::flight::{Landed, Lead};
use super::kept::{Kept, Pieces, Terms};
use super::room::Room;

/// Takes in the answer to a call that a cache is about. Dropped without one, the duty to ask passes on.
pub(crate) struct Keeper {
    pub(super) room: Arc<Room>,
    pub(super) key: Digest,
    pub(super) ttl: Duration,
    pub(super) lead: Option<Lead>,
    /// The vector of what was asked, and the group that it belongs to.
    pub(super) near: Option<(Digest, Vec<f32>)>,
    pub(super) model: ModelName,
    pub(super) deterministic: bool,
    pub(super) pieces: Pieces,
}

/// How an answer came out.
struct Ending<'a> {
    finish: &'a Finish,
    text: &'a str,
    calls_tools: bool,
    refused: bool,
    record: &'a CallRecord,
}

impl Keeper {
    /// A whole answer has been checked and is about to leave.
    pub(crate) fn whole(self, answer: &Answer, record: &CallRecord) {
        if is_failure(record) {
            return;
        }
        let ending = Ending {
            finish: &answer.finish,
            text: &answer.text,
            calls_tools: answer.tool_calls.is_some(),
            refused: answer.refusal,
            record,
        };
        let kept = self.may_keep(&ending).then(|| Kept::whole(answer, self.terms(record)));
        self.end(kept);
    }

    /// A piece of a stream is about to leave.
    pub(crate) fn piece(&mut self, chunk: &Chunk) {
        self.pieces.add(chunk);
    }

    /// The stream is complete and has been judged.
    pub(crate) fn streamed(mut self, finish: &Finish, text: &str, record: &CallRecord) {
        let pieces = std::mem::take(&mut self.pieces);
        let (calls_tools, refused) = (pieces.call_tools(), pieces.refuse());
        let ending = Ending { finish, text, calls_tools, refused, record };
        let terms = self.terms(record);
        let kept = self.may_keep(&ending).then(|| Kept::pieces(pieces, terms)).flatten();
        self.end(kept);
    }

    fn may_keep(&self, ending: &Ending<'_>) -> bool {
        let Ending { finish, text, calls_tools, refused, record } = ending;
        let complete = match finish {
            Finish::Stop if !calls_tools => !text.trim().is_empty(),
            Finish::Stop | Finish::ToolCalls => self.deterministic,
            Finish::Length | Finish::ContentFilter | Finish::Other(_) => false,
        };
        let complete = complete && !refused;
        complete && record.outcome == Outcome::Ok && record.model == self.model && !refuses(text)
    }

    fn terms(&self, record: &CallRecord) -> Terms {
        Terms {
            usage: record.usage,
            latency_us: record.vendor_us,
            at: Instant::now(),
            ttl: self.ttl,
        }
    }

    fn end(self, kept: Option<Kept>) {
        let kept = kept.map(Arc::new);
        match &kept {
            // First to the shelf: who comes after the question has ended must find the answer.
            Some(kept) => self.room.put(self.key, kept.clone(), self.near),
            None => self.room.count_refused(),
        }
        if let Some(lead) = self.lead {
            lead.land(kept.map(|kept| Landed { kept, similarity: None }));
        }
    }
}

/// Whether the vendor failed and the static fallback was served: somebody else may have more luck.
fn is_failure(record: &CallRecord) -> bool {
    record.outcome == Outcome::Fallback && record.error.as_deref() != Some("off_format")
}

fn refuses(text: &str) -> bool {
    Refusal::new().is_ok_and(|refusal| !refusal.findings(text).is_empty())
}
