//! The record of a call while the judge of its cascade is asked: a request beside the call's own, whose model,
//! price and texts are not the call's, and whose cost is.

use std::sync::Arc;

use gatemark_core::money::NanoUsd;
use gatemark_core::price::Price;
use gatemark_provider::answer::Answer;
use gatemark_provider::request::ChatRequest;

use super::{Pending, tokens};
use crate::weigh;

/// What is known of the request to the judge.
#[derive(Default)]
pub(super) struct Aside {
    pub(super) price: Option<Arc<Price>>,
    /// How long its reply took when it was given, if an earlier run gave it, in microseconds.
    pub(super) recalled: Option<u64>,
    /// How long vendors had been waited for before, in microseconds.
    waited: u64,
}

impl Pending {
    /// What is noted from now on is about the judge.
    pub(crate) fn step_aside(&mut self) {
        let waited = self.record.vendor_us;
        self.aside = Some(Aside { waited, ..Aside::default() });
    }

    /// What is noted from now on is about the call again. What the judge's reply to `request` cost when it was
    /// given, if it is known and there was one, is paid beside the answers.
    pub(crate) fn come_back(
        &mut self,
        request: &ChatRequest,
        reply: Option<&Answer>,
    ) -> Option<NanoUsd> {
        let aside = self.aside.take()?;
        let reply = reply?;
        let definitions: String = weigh::definitions(&request.fields).collect();
        let count = || {
            let written = [reply.text.as_str(), ""];
            weigh::estimate(&request.model, (&definitions, &request.messages), written)
        };
        let usage = reply.usage.unwrap_or_else(count);
        let worth = aside.price.as_ref().map(|price| price.of(&usage));
        let cost = worth.unwrap_or_default();
        self.below += cost;
        if aside.recalled.is_some() {
            self.below_recalled += cost;
        } else {
            self.tokens_beside = self.tokens_beside.saturating_add(tokens(&usage));
            self.beside += cost;
        }
        self.took(&aside);
        worth
    }

    /// Counts the judge's time as the answer's is counted: as it was when it was given.
    fn took(&mut self, aside: &Aside) {
        let now = self.record.vendor_us.saturating_sub(aside.waited);
        match (&mut self.recalled, aside.recalled) {
            (Some(answer), Some(judge)) => *answer += judge,
            (Some(answer), None) => {
                *answer += now;
                self.record.vendor_us = aside.waited;
            }
            (None, Some(judge)) => self.record.vendor_us += judge,
            (None, None) => {}
        }
    }
}
