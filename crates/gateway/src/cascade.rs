//! The cascade in step 7: is the answer of a cheap model good enough, or is the next one asked?
//!
//! An answer has to be whole before it can be judged, so every step is asked for a whole one, and a caller who
//! wants a stream gets the answer as a stream when it is there. What a lower step cost is paid beside what
//! is served. Going up never takes an answer away: if the next step fails, is over the version's cap or has
//! no time left, the answer that is there goes on to step 8.

use std::time::Duration;

use gatemark_core::cascade::{Cascade, Climb, Judge, Judged, Reason, Seen};
use gatemark_core::id::ModelName;
use gatemark_core::money::NanoUsd;
use gatemark_core::stop::Stops;
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
    judged: Vec<Judged>,
    /// Whether nobody is to ask the judge, because it is stopped.
    judge_stopped: bool,
}

/// What is seen of an answer.
pub(crate) enum Sign<'a> {
    /// It is not good enough.
    Up(Reason),
    /// Nothing speaks against it, and this judge is to be asked.
    Ask(&'a Judge),
}

/// The next step, ready to be asked.
pub(crate) struct Next {
    pub(crate) resolved: Resolved,
    pub(crate) prepared: Prepared,
    /// Time left for it.
    pub(crate) time: Duration,
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
        let (why, judged, judge_stopped) = (vec![], vec![], false);
        Some(Self { cascade, release, began, timeout, why, below: None, judged, judge_stopped })
    }

    /// The same, knowing what is stopped.
    pub(crate) fn knowing(self, stops: &Stops, resolved: &Resolved) -> Self {
        let judge = self.cascade.up_when.judge.as_ref().map(|judge| &judge.prompt);
        let stop = judge.and_then(|judge| stops.about(Some(judge), resolved.environment.as_ref()));
        Self { judge_stopped: stop.is_some(), ..self }
    }

    /// What of an answer, by the model of `record`, may make the call go up; `None` if it stays.
    pub(crate) fn sign(&self, answer: &Answer, record: &Pending) -> Option<Sign<'a>> {
        self.above(&record.record().model)?;
        if answer.finish == Finish::ToolCalls {
            return None;
        }
        let judged = self.release.contract.judge(&answer.text);
        let seen = match &judged {
            Conformance::Valid(value) => Seen::Valid(value.as_ref()),
            Conformance::Insufficient => Seen::Insufficient,
            Conformance::OffFormat(_) => Seen::OffFormat,
        };
        let signs = &self.cascade.up_when;
        match signs.reason(seen, answer.logprob) {
            Some(why) => Some(Sign::Up(why)),
            // Who is stopped vouches for nothing.
            None if self.judge_stopped => signs.asks(seen).map(|_| Sign::Up(Reason::Judge)),
            None => signs.asks(seen).map(Sign::Ask),
        }
    }

    /// What is left of the call's time. An answer of an earlier run took its time there, and its step would be
    /// asked no more often here.
    pub(crate) fn left(&self, record: &Pending) -> Option<Duration> {
        let waited = self.began.elapsed().max(record.waited());
        self.timeout.checked_sub(waited).filter(|left| !left.is_zero())
    }

    /// The step after the one that `answer` comes from, if there is one that may be asked.
    pub(crate) fn next(
        &self,
        (snapshot, resolved, ask): (&Snapshot, &Resolved, &Ask),
        answer: &Answer,
        record: &mut Pending,
    ) -> Option<Next> {
        let model = self.above(&record.record().model)?;
        let time = self.left(record)?;
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
        Some(Next { resolved, prepared, time })
    }

    fn above(&self, model: &ModelName) -> Option<&'a ModelName> {
        let place = self.cascade.steps.iter().position(|step| step == model)?;
        self.cascade.steps.get(place + 1)
    }

    /// The judge was asked about the answer of `model`.
    pub(crate) fn judged(&mut self, model: &ModelName, score: Option<f64>, cost: Option<NanoUsd>) {
        self.judged.push(Judged { step: self.step_of(model), score, cost });
    }

    /// The place of `model` among the steps, from 1.
    fn step_of(&self, model: &ModelName) -> u32 {
        let place = self.cascade.steps.iter().position(|step| step == model).unwrap_or_default();
        count(place + 1)
    }

    /// The call has gone up from `below`, and was answered.
    pub(crate) fn went_up(&mut self, why: Reason, below: String) {
        self.why.push(why);
        self.below = Some(below);
    }

    /// What is told of the way, when `answer` is what goes on to step 8.
    pub(crate) fn climb(&self, answer: Option<&Answer>, model: &ModelName) -> Climb {
        let same = self.below.as_ref().zip(answer);
        Climb {
            step: self.step_of(model),
            of: count(self.cascade.steps.len()),
            why: self.why.clone(),
            same: same.map(|(below, now)| self.cascade.up_when.is_same(below, &now.text)),
            judged: self.judged.clone(),
            saved: None,
        }
    }

    /// The model of the last step.
    pub(crate) fn top(&self) -> Option<&'a ModelName> {
        self.cascade.steps.last()
    }
}

fn count(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}
