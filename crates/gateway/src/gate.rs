//! What the text of a stream goes through on its way out, and how what was found is told.

use std::sync::Arc;

use gatemark_core::error::{Error, Kind};
use gatemark_core::guard::{Finding, Layer, Opinion, Verdict};
use gatemark_core::guarded::Guarded;
use gatemark_provider::answer::Chunk;
use gatemark_text::output::filter::Filter;
use gatemark_text::output::lookout::{Found, Lookout, OutputFinding, Then};

use crate::record::{GUARD_BLOCKED, Pending};

/// Writes down what was found.
pub(crate) fn note(findings: &[OutputFinding], record: &mut Pending) {
    let worst = findings.iter().map(|finding| match finding.then {
        Then::Stop => Verdict::Block,
        Then::Tell => Verdict::Flag,
        Then::TakeOut => Verdict::Allow,
    });
    let verdict = worst.max().unwrap_or(Verdict::Allow);
    let score = findings.iter().map(|finding| finding.score).fold(0.0, f64::max);
    let findings = findings.iter().map(|finding| Finding {
        layer: if finding.rule == "canary" { Layer::Canary } else { Layer::Rules },
        rule: rule(finding),
        score: finding.score,
        start: finding.start,
        end: finding.end,
    });
    let mut guarded = Guarded::default();
    guarded.add("output", Opinion { verdict, score, findings: findings.collect() });
    record.note_guarded(guarded, verdict != Verdict::Allow);
}

/// `pii-email`; leaks and links have words of their own.
fn rule(finding: &OutputFinding) -> String {
    match finding.found {
        Found::Leak | Found::Link => finding.rule.to_string(),
        Found::Pii | Found::Secret => format!("{}-{}", finding.found.word(), finding.rule),
    }
}

/// An answer that is not passed on for what it carries.
pub(crate) fn withheld(found: Found) -> Error {
    let what = match found {
        Found::Leak => "the prompt's instructions",
        Found::Pii => "personal data",
        Found::Secret => "a secret",
        Found::Link => "a link to a host that is not allowed",
    };
    let message = format!("the model's answer was withheld because it holds {what}");
    Error::new(Kind::VendorFailed, message).coded(GUARD_BLOCKED)
}

/// What a stream goes through.
pub(crate) struct Gate {
    text: Filter,
    thoughts: Filter,
}

impl Gate {
    /// What `said` holds may be said back.
    pub(crate) fn new(lookout: &Arc<Lookout>, said: Option<&str>) -> Self {
        let filter = || Filter::new(lookout.clone(), said);
        Self { text: filter(), thoughts: filter() }
    }

    /// What may leave of a piece. The end of an answer comes behind all of its text.
    pub(crate) fn pass(&mut self, mut chunk: Chunk) -> Vec<Chunk> {
        chunk.raw = None;
        chunk.text = self.text.push(&chunk.text);
        chunk.reasoning = self.thoughts.push(&chunk.reasoning);
        if chunk.finish.is_none() {
            return vec![chunk];
        }
        let end = Chunk {
            finish: chunk.finish.take(),
            stop_sequence: chunk.stop_sequence.take(),
            ..Chunk::default()
        };
        let end = Chunk {
            usage: chunk.usage.take(),
            usage_only: std::mem::take(&mut chunk.usage_only),
            ..end
        };
        let mut chunks = vec![chunk];
        chunks.extend(self.rest());
        chunks.push(end);
        chunks
    }

    /// What was held back of an answer that is over.
    pub(crate) fn rest(&mut self) -> Option<Chunk> {
        let (text, reasoning) = (self.text.finish(), self.thoughts.finish());
        let is_something = !text.is_empty() || !reasoning.is_empty();
        is_something.then(|| Chunk { text, reasoning, ..Chunk::default() })
    }

    /// Why nothing more leaves.
    pub(crate) fn stopped(&self) -> Option<Error> {
        let stopped = self.text.stopped().or(self.thoughts.stopped());
        stopped.map(|finding| withheld(finding.found))
    }

    /// Writes down what was found so far.
    pub(crate) fn note(&self, record: &mut Pending) {
        let findings = [self.text.findings(), self.thoughts.findings()].concat();
        note(&findings, record);
    }
}
