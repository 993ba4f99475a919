//! The cascade in step 7: is the answer of a cheap model good enough, or is the next one asked?
//!
//! An answer has to be whole before it can be judged, so every step is asked for a whole one, and a caller who
//! wants a stream gets the answer as a stream when it is there. What a lower step cost is paid beside what
//! is served. Going up never takes an answer away: if the next step fails, is over the version's cap or has
//! no time left, the answer that is there goes on to step 8.

use std::time::Duration;

use gatemark_core::cascade::{Cascade, Climb, Reason, Seen};
use gatemark_core::id::ModelName;
use gatemark_provider::answer::{Answer, Finish};
use gatemark_text::conform::Conformance;
use tokio::time::Instant;

use crate::incoming::Ask;
use crate::prepare::{self, Prepared};
use crate::record::Pending;
use crate::release::Release;
use crate::reserve;
use crate::resolve::Resolved;
use crate::snapshot::Snapshot;

/// The steps of a call.
pub(crate) struct Stairs<'a> {
    cascade: &'a Cascade,
    release: &'a Release,
    began: Instant,
    /// How long the call may take in all.
    timeout: Duration,
    why: Vec<Reason>,
    /// The last answer that was not good enough.
    below: Option<String>,
}

/// The next step, ready to be asked.
pub(crate) struct Next {
    pub(crate) resolved: Resolved,
    pub(crate) prepared: Prepared,
    /// Time left for it.
    pub(crate) time: Duration,
    why: Reason,
}

impl<'a> Stairs<'a> {
    /// Those of a call that begins at the first step; `None` for all other calls.
    pub(crate) fn of(snapshot: &Snapshot, resolved: &'a Resolved) -> Option<Self> {
        let release = resolved.named.as_ref()?.release.as_ref();
        let content = &release.version.content;
        let cascade = content.cascade.as_ref()?;
        if cascade.steps.first() != Some(&resolved.model) {
            return None;
        }
        let provider = snapshot.project().providers.get(resolved.model.provider());
        let timeout = content.limits.timeout().or(provider.map(|provider| provider.timeout))?;
        let began = Instant::now();
        Some(Self { cascade, release, began, timeout, why: vec![], below: None })
    }

    /// The step after the one that `answer` comes from, if that is not good enough and there is a next one
    /// that may be asked.
    pub(crate) fn next(
        &self,
        (snapshot, resolved, ask): (&Snapshot, &Resolved, &Ask),
        answer: &Answer,
        record: &mut Pending,
    ) -> Option<Next> {
        let model = self.above(&record.record().model)?;
        let why = self.reason(answer)?;
        // An answer of an earlier run took its time there, and its step would be asked no more often here.
        let waited = self.began.elapsed().max(record.waited());
        let time = self.timeout.checked_sub(waited)?;
        let price = snapshot.project().price(model);
        let others = None;
        let resolved = Resolved { model: model.clone(), price, others, ..resolved.clone() };
        let prepared = prepare::prepare(snapshot, &resolved, ask.clone(), record)
            .and_then(|mut prepared| {
                prepared.spent = record.spent_so_far(answer.usage);
                reserve::reserve(snapshot, &resolved, &prepared, record).map(|()| prepared)
            })
            .inspect_err(|error| tracing::debug!(call = record.id(), %error, "does not go up"))
            .ok()?;
        Some(Next { resolved, prepared, time, why })
    }

    fn above(&self, model: &ModelName) -> Option<&'a ModelName> {
        let place = self.cascade.steps.iter().position(|step| step == model)?;
        self.cascade.steps.get(place + 1)
    }

    fn reason(&self, answer: &Answer) -> Option<Reason> {
        if answer.finish == Finish::ToolCalls {
            return None;
        }
        let judged = self.release.contract.judge(&answer.text);
        let seen = match &judged {
            Conformance::Valid(value) => Seen::Valid(value.as_ref()),
            Conformance::Insufficient => Seen::Insufficient,
            Conformance::OffFormat(_) => Seen::OffFormat,
        };
        self.cascade.up_when.reason(seen, answer.logprob)
    }

    /// The call has gone up from `below`, and was answered.
    pub(crate) fn went_up(&mut self, why: Reason, below: String) {
        self.why.push(why);
        self.below = Some(below);
    }

    /// What is told of the way, when `answer` is what goes on to step 8.
    pub(crate) fn climb(&self, answer: Option<&Answer>, model: &ModelName) -> Climb {
        let place = self.cascade.steps.iter().position(|step| step == model).unwrap_or_default();
        let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        let same = self.below.as_ref().zip(answer);
        Climb {
            step: count(place + 1),
            of: count(self.cascade.steps.len()),
            why: self.why.clone(),
            same: same.map(|(below, now)| self.cascade.up_when.is_same(below, &now.text)),
            saved: None,
        }
    }

    /// The model of the last step.
    pub(crate) fn top(&self) -> Option<&'a ModelName> {
        self.cascade.steps.last()
    }
}

impl Next {
    pub(crate) fn why(&self) -> Reason {
        self.why
    }
}
