//! Step 10, reply: the answer and the facts about it that travel in headers.

use gatemark_provider::Dialect;
use gatemark_provider::answer::Answer;
use gatemark_provider::door::Writer;

use crate::check::Checked;
use crate::facts::Facts;
use crate::record::Pending;
use crate::resolve::Resolved;
use crate::stream::{self, SseStream};

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

pub(crate) fn reply(
    resolved: &Resolved,
    checked: Checked,
    mut record: Pending,
    dialect: Dialect,
) -> Reply {
    match checked {
        Checked::Whole(answer) => {
            record.settle();
            Reply { facts: facts(resolved, &record, true), body: Body::Whole(answer) }
        }
        Checked::StreamedWhole(answer) => {
            record.settle();
            let facts = facts(resolved, &record, true);
            let body = Body::Stream(stream::of_whole(*answer, dialect, &facts));
            Reply { facts, body }
        }
        Checked::Stream { started, usage_wanted, watched, input } => {
            let facts = facts(resolved, &record, false);
            let release = resolved.named.as_ref().map(|named| named.release.clone());
            let source = stream::Source::new(*started, release, input);
            let opening = stream::opening(&facts, usage_wanted);
            let writer = Writer::new(dialect, opening);
            let body = Body::Stream(stream::relay(source, watched, record, writer));
            Reply { facts, body }
        }
    }
}

fn facts(resolved: &Resolved, record: &Pending, ended: bool) -> Facts {
    let version = resolved.named.as_ref().map(|named| &named.release.version);
    let (worth, recalled_us) = (record.worth(), record.recalled());
    let (rates, budget_warnings) = (record.rates(), record.warnings().to_vec());
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
        attempts: record.attempts.len(),
        repaired: record.repaired == Some(true),
        reviewed: record.review.is_some(),
        cost: known.then_some(record.cost),
        worth: known.then_some(worth),
        rates,
        budget_warnings,
        recalled_us,
        vendor_us: record.vendor_us,
        at: record.at,
    }
}
