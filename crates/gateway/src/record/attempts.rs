//! The record of a call's tries at vendors: who was asked, for how long, who answered and at which price.

use std::sync::Arc;
use std::time::Duration;

use gatemark_core::call::Attempt;
use gatemark_core::error::Error;
use gatemark_core::id::ModelName;
use gatemark_core::model::Usage;
use gatemark_core::price::Price;
use tokio::time::Instant;

use super::Pending;
use crate::clock::micros;

impl Pending {
    /// A request is about to leave for `model`. Returns its place among the attempts.
    pub(crate) fn begin_attempt(&mut self, model: &ModelName) -> usize {
        let place = self.record.attempts.len();
        let judge = self.aside.is_some();
        let attempt = Attempt { model: model.clone(), duration_us: 0, error: None, judge };
        self.record.attempts.push(attempt);
        if let Some(free) = self.open.iter_mut().find(|open| open.is_none()) {
            *free = Some((place, Instant::now()));
        }
        if !judge && self.record.model != *model {
            self.record.model = model.clone();
        }
        place
    }

    /// The attempt at `place` was answered, or failed.
    pub(crate) fn end_attempt(&mut self, place: usize, error: Option<&Error>) {
        if error.is_none() && self.aside.is_none() {
            self.answered_by = Some(place);
        }
        self.close_attempt(place, error.map(Error::code));
    }

    pub(super) fn close_attempt(&mut self, place: usize, error: Option<&str>) {
        let is_it = |open: &&mut Option<(usize, Instant)>| open.is_some_and(|(at, _)| at == place);
        let open = self.open.iter_mut().find(is_it).and_then(Option::take);
        let Some((_, sent)) = open else { return };
        if let Some(attempt) = self.record.attempts.get_mut(place) {
            attempt.duration_us = micros(sent.elapsed());
            attempt.error = error.map(str::to_string);
        }
    }

    /// Vendors are being waited for: one, or two that race.
    pub(crate) fn begin_wait(&mut self) {
        self.waiting = Some(Instant::now());
    }

    /// They are not any more.
    pub(crate) fn end_wait(&mut self) {
        if let Some(since) = self.waiting.take() {
            self.record.vendor_us += micros(since.elapsed());
        }
    }

    /// The answer comes from `model`, at `price`.
    pub(crate) fn answers(&mut self, model: &ModelName, price: Option<Arc<Price>>) {
        if let Some(aside) = &mut self.aside {
            aside.price = price;
            return;
        }
        if self.record.model != *model {
            self.record.model = model.clone();
        }
        self.record.priced = price.is_some();
        self.record.price = price.as_ref().map(|price| price.version().to_string());
        self.price = price;
    }

    /// What an attempt used that did not answer: paid for beside what did.
    pub(crate) fn note_spent(&mut self, usage: Usage, price: Option<&Price>) {
        self.tokens_beside = self.tokens_beside.saturating_add(super::tokens(&usage));
        if let Some(price) = price {
            self.beside += price.of(&usage);
            self.record.cost = self.before.cost + self.beside;
        }
    }

    /// Time spent waiting for a failed vendor to recover: its time, not ours.
    pub(crate) fn note_backoff(&mut self, waited: Duration) {
        self.record.vendor_us += micros(waited);
    }

    /// Time spent waiting for the rest of a stream; belongs to the attempt that answers.
    pub(crate) fn note_waited(&mut self, took: Duration) {
        self.record.vendor_us += micros(took);
        let answered_by = self.answered_by.and_then(|place| self.record.attempts.get_mut(place));
        if let Some(attempt) = answered_by {
            attempt.duration_us += micros(took);
        }
    }

    /// Attempts under way are given up.
    pub(crate) fn abandon(&mut self, error: &Error) {
        for (place, _) in self.open.into_iter().flatten() {
            self.close_attempt(place, Some(error.code()));
        }
        self.end_wait();
    }
}
