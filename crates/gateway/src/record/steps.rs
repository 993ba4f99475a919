//! The record of a call that goes through a cascade: what answers of lower steps used is paid beside the one
//! that is served.

use std::sync::Arc;
use std::time::Duration;

use gatemark_core::cascade::Climb;
use gatemark_core::id::ModelName;
use gatemark_core::model::Usage;
use gatemark_core::money::NanoUsd;
use gatemark_core::price::Price;
use gatemark_provider::request::Messages;

use super::Pending;

/// An answer of a lower step.
pub(crate) struct Step {
    model: ModelName,
    price: Option<Arc<Price>>,
    recalled: Option<u64>,
}

impl Pending {
    /// What the call will have cost if nothing more is asked than has been answered; what an earlier run paid
    /// counts, since a version's cap allows the same in every run.
    pub(crate) fn spent_so_far(&self, usage: Option<Usage>) -> NanoUsd {
        let last = self.price.as_ref().zip(usage).map(|(price, usage)| price.of(&usage));
        self.beside + self.below_recalled + last.unwrap_or_default()
    }

    /// Takes what is known of the answer that is there, before another step is asked.
    pub(crate) fn step(&mut self) -> Step {
        self.record.cached = false;
        Step {
            model: self.record.model.clone(),
            price: self.price.clone(),
            recalled: self.recalled.take(),
        }
    }

    /// The step above gave nothing: the answer of `step` stands.
    pub(crate) fn step_stands(&mut self, step: Step) {
        self.end_wait();
        self.record.cached = step.recalled.is_some();
        self.recalled = step.recalled;
        self.answers(&step.model, step.price);
    }

    /// The step above answered: what that of `step` cost is paid beside it.
    pub(crate) fn step_passed(
        &mut self,
        step: &Step,
        input: &Messages,
        (text, usage): (&str, Option<Usage>),
    ) {
        let usage = usage.unwrap_or_else(|| self.estimate(input, text));
        let cost = step.price.as_ref().map(|price| price.of(&usage)).unwrap_or_default();
        self.below += cost;
        self.add_time(step.recalled);
        if step.recalled.is_none() {
            self.tokens_beside = self.tokens_beside.saturating_add(super::tokens(&usage));
            self.beside += cost;
            self.record.cost = self.beside;
        } else {
            self.below_recalled += cost;
        }
    }

    /// How long vendors have been waited for, or were when the answers were given.
    pub(crate) fn waited(&self) -> Duration {
        Duration::from_micros(self.recalled.unwrap_or(self.record.vendor_us))
    }

    /// Counts an answer before the one that is there as long as it took when it was given.
    pub(super) fn add_time(&mut self, before: Option<u64>) {
        match (before, &mut self.recalled) {
            (Some(then), Some(now)) => *now += then,
            (Some(then), None) => self.record.vendor_us += then,
            (None, Some(now)) => *now += self.record.vendor_us,
            (None, None) => {}
        }
    }

    /// The way through the cascade, and what the last step alone would be paid by.
    pub(crate) fn note_climb(&mut self, climb: Climb, top: Option<Arc<Price>>) {
        self.record.cascade = Some(climb);
        self.top = top;
    }
}
