//! What the steps of a call find out and the record keeps as it is.

use gatemark_core::cache::CacheUse;
use gatemark_core::call::{CallPurpose, CallRecord, Dropped, Outcome};
use gatemark_core::context::Selection;
use gatemark_core::error::{Error, Kind};
use gatemark_core::id::Digest;
use gatemark_core::model::{Project, Recording};
use gatemark_core::money::NanoUsd;
use gatemark_core::review::{Cause, SAMPLED, add_reason};

use super::{OFF_FORMAT, Pending};
use crate::clock::micros;

impl Pending {
    /// By what the examples are chosen, and what that cost.
    pub(crate) fn note_selection(&mut self, by: Selection, cost: NanoUsd) {
        self.record.examples = Some(by);
        self.beside += cost;
        self.record.cost = self.beside;
    }

    pub(crate) fn note_variables(&mut self, hash: Digest) {
        if self.aside.is_none() {
            self.record.variables_hash = Some(hash);
        }
    }

    /// What was left out of the request that is sent, or was answered.
    pub(crate) fn note_dropped(&mut self, dropped: &[Dropped]) {
        if self.record.dropped != dropped {
            self.record.dropped = dropped.to_vec();
        }
    }

    pub(crate) fn note_input(&mut self, text: impl FnOnce() -> String) {
        if self.recording == Recording::Content && self.aside.is_none() {
            self.record.input = Some(text());
        }
    }

    pub(crate) fn note_first_token(&mut self) {
        self.record.first_token_us.get_or_insert_with(|| micros(self.began.elapsed()));
    }

    /// The call is to be looked at by a person, for this reason too. Only calls of applications are.
    pub(crate) fn note_review(&mut self, why: &str) {
        if self.record.purpose == CallPurpose::Serve {
            add_reason(&mut self.record.review, why);
        }
    }

    /// What its environment has looked at beside what conditions and guards put before people. Nothing can be said of
    /// an answer that was stopped, and one that is given again was drawn or not when it was new.
    pub(super) fn note_looked_at(&mut self) {
        let (outcome, cached) = (self.record.outcome, self.record.cached);
        let own = matches!(outcome, Outcome::Ok | Outcome::Insufficient | Outcome::OffFormat);
        if self.sampled && own && !cached {
            self.note_review(SAMPLED);
        }
        if self.fallbacks && outcome == Outcome::Fallback && self.stopped.is_none() {
            let why = Cause::fallback(self.record.error.as_deref().unwrap_or("unknown"));
            self.note_review(&why);
        }
    }

    pub(super) fn note_output(&mut self, text: &str) {
        if self.recording == Recording::Content {
            self.record.output = Some(text.to_string());
        }
    }

    pub(crate) fn note_outcome(&mut self, outcome: Outcome) {
        self.record.outcome = outcome;
    }

    pub(crate) fn note_fallback(&mut self, reason: &str, served: &str) {
        self.record.outcome = Outcome::Fallback;
        self.record.error = Some(reason.to_string());
        self.note_output(served);
    }

    pub(crate) fn fail(&mut self, error: &Error) {
        self.record.fail(error.kind());
        if error.code() == OFF_FORMAT {
            self.record.outcome = Outcome::OffFormat;
            self.record.error = Some(OFF_FORMAT.to_string());
        }
    }

    pub(crate) fn cancelled(&mut self) {
        self.record.fail(Kind::Cancelled);
    }

    /// Draws it, if its environment has a share of answers judged or looked at. Copies for candidates are judged beside those of
    /// applications.
    pub(crate) fn draw(&mut self, project: &Project) {
        let asked = matches!(self.record.purpose, CallPurpose::Serve | CallPurpose::Shadow);
        let environment = self.record.environment.as_ref().filter(|_| asked);
        let environment = environment.and_then(|name| project.environments.get(name));
        let reviewing = environment.map(|environment| environment.reviewing).unwrap_or_default();
        self.sampled = reviewing.draws(&self.record.id);
        self.fallbacks = reviewing.fallbacks;
        let evaluate = environment.and_then(|environment| environment.evaluate);
        self.drawn = evaluate.is_some_and(|evaluate| evaluate.draws(&self.record.id));
    }

    /// Only a model's own answer whose text is kept can be judged, and one that is given again was before.
    pub(super) fn note_drawn(&mut self) {
        let CallRecord { outcome, cached, input, output, .. } = &self.record;
        let own = matches!(outcome, Outcome::Ok | Outcome::Insufficient | Outcome::OffFormat);
        let kept = input.is_some() && output.is_some();
        self.record.evaluate = self.drawn && own && kept && !cached;
    }

    /// What a cache had to do with the call.
    pub(crate) fn note_cache(&mut self, how: CacheUse) {
        self.record.cache = Some(how);
    }
}
