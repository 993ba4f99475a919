//! Step 9, record: what is known about a call, written to the call log before its answer is complete.
//!
//! A [`Pending`] record writes itself exactly once: when told to finish, or, if the caller went away and
//! the call was dropped, when it is dropped.

mod aside;
mod attempts;
mod guarded;
mod notes;
mod steps;
mod stopped;
mod turn;

use std::sync::Arc;

use gatemark_core::call::{CallPurpose, CallRecord, Outcome};
use gatemark_core::error::Kind;
use gatemark_core::model::{Recording, Usage};
use gatemark_core::money::NanoUsd;
use gatemark_core::price::Price;
use gatemark_core::throttle::Rates;
use gatemark_provider::request::Messages;
use gatemark_text::redact::Redactor;
use serde_json::value::RawValue;
use tokio::sync::oneshot;
use tokio::time::Instant;

use crate::began::Began;
use crate::clock::micros;
use crate::entrance::Place;
use crate::hold::Hold;
use crate::meter::Meter;
use crate::redact::{self, Policy};
use crate::resolve::Resolved;
use crate::spent::Spent;
use crate::surroundings::{Circumstances, Surroundings};
use crate::weigh;

/// Most text of tool calls kept to be counted, in bytes.
const MOST_TOOL_CALLS: usize = 1 << 20;

/// The code of errors for answers that keep no form, and the reason of fallbacks in their place.
pub(crate) const OFF_FORMAT: &str = "off_format";

/// The code of errors for calls that were stopped, and the reason of what they get instead.
pub(crate) const STOPPED: &str = "stopped";

/// The code of errors for calls that were refused for what they say, and the reason of what they get instead.
pub(crate) const GUARD_BLOCKED: &str = "guard_blocked";

pub(crate) struct Pending {
    record: CallRecord,
    price: Option<Arc<Price>>,
    recording: Recording,
    /// What is taken out of its texts.
    policy: Policy,
    /// What the vendor does not see, and the caller gets back.
    mask: Option<Arc<Redactor>>,
    began: Instant,
    surroundings: Surroundings,
    /// What it has taken of budgets and limits.
    hold: Option<Hold>,
    /// Definitions of tools and schemas that the model reads beside the messages.
    definitions: String,
    /// Names and arguments of the tools that the model wants called.
    tool_calls: String,
    /// How long a recalled answer took when it was given, in microseconds.
    recalled: Option<u64>,
    /// What the answer cost when it was given.
    worth: NanoUsd,
    /// What answers of lower steps cost when they were given.
    below: NanoUsd,
    /// What those of them cost that an earlier run paid.
    below_recalled: NanoUsd,
    /// What is known of the request to the judge of a cascade, while it is asked.
    aside: Option<aside::Aside>,
    /// The price of the last step of a cascade.
    top: Option<Arc<Price>>,
    /// Attempts under way, by their place, and when they were sent; at most two race.
    open: [Option<(usize, Instant)>; 2],
    /// The attempt that answered.
    answered_by: Option<usize>,
    /// Since when vendors are waited for.
    waiting: Option<Instant>,
    /// What attempts cost that did not answer.
    beside: NanoUsd,
    /// Tokens that are in no usage of the record: of such attempts, and of answers of lower steps.
    tokens_beside: u64,
    written: bool,
    /// What earlier answers of this call used and cost.
    before: Spent,
    /// What it has to do with a conversation.
    place: Option<turn::Place>,
    /// Whether its answer is judged later, if there is one.
    drawn: bool,
    /// Whether people look at its answer, if there is one.
    sampled: bool,
    /// Whether people look at it if it gets the static fallback.
    fallbacks: bool,
    /// The scope of the stop that it met.
    stopped: Option<String>,
    /// Dropped when the answer is complete.
    told: Option<oneshot::Sender<()>>,
    _entrance: Option<Place>,
}

impl Pending {
    pub(crate) fn begin(
        surroundings: Surroundings,
        resolved: &Resolved,
        how: Circumstances<'_>,
    ) -> Self {
        let version = resolved.named.as_ref().map(|named| &named.release.version);
        let Began { id, at } = how.began;
        let assigned = resolved.assigned.as_deref();
        let caller = how.caller.to_string();
        let begun = CallRecord::begun(id, at, how.purpose, caller, resolved.model.clone());
        let arm = assigned.map_or_else(|| begun.arm.clone(), |assigned| assigned.arm.clone());
        let record = CallRecord {
            prompt: version.map(|version| version.prompt.clone()),
            number: version.map(|version| version.number),
            version: version.map(|version| version.hash),
            environment: resolved.environment.clone(),
            arm,
            split: assigned.and_then(|assigned| assigned.mark.clone()),
            unit: assigned.and_then(|assigned| assigned.unit.clone()),
            copy_of: assigned.and_then(|assigned| assigned.copy_of.clone()),
            stream: how.stream,
            recording: resolved.recording.word().to_string(),
            price: resolved.price.as_ref().map(|price| price.version().to_string()),
            priced: resolved.price.is_some(),
            tags: how.tags,
            ..begun
        };
        Self {
            record,
            price: resolved.price.clone(),
            recording: resolved.recording,
            policy: resolved.redact,
            mask: None,
            began: Instant::now(),
            surroundings,
            hold: None,
            definitions: String::new(),
            tool_calls: String::new(),
            recalled: None,
            worth: NanoUsd::ZERO,
            below: NanoUsd::ZERO,
            below_recalled: NanoUsd::ZERO,
            aside: None,
            top: None,
            open: [None; 2],
            answered_by: None,
            waiting: None,
            beside: NanoUsd::ZERO,
            tokens_beside: 0,
            written: false,
            before: Spent::default(),
            told: None,
            place: None,
            drawn: false,
            sampled: false,
            fallbacks: false,
            stopped: None,
            _entrance: how.place,
        }
    }

    pub(crate) fn id(&self) -> &str {
        &self.record.id
    }

    pub(crate) fn record(&self) -> &CallRecord {
        &self.record
    }

    /// What is taken out of its texts.
    pub(crate) fn policy(&self) -> Policy {
        self.policy
    }

    /// What was taken out of the request, and has to be put back into the answer.
    pub(crate) fn note_mask(&mut self, mask: Option<Arc<Redactor>>) {
        self.mask = mask;
    }

    pub(crate) fn mask(&self) -> Option<Arc<Redactor>> {
        self.mask.clone()
    }

    /// The key of marks. Applications' calls have one that is drawn when the process starts; those of test runs,
    /// whose texts nobody outside writes, are the same in every process, so that answers can be recalled.
    pub(crate) fn marks_key(&self) -> [u8; 32] {
        match self.record.purpose {
            CallPurpose::Test => [0; 32],
            _ => *self.surroundings.secret,
        }
    }

    pub(crate) fn meter(&self) -> &dyn Meter {
        self.surroundings.meter.as_ref()
    }

    /// Tells `end` when the answer is complete, by dropping it.
    pub(crate) fn tell_end(&mut self, end: oneshot::Sender<()>) {
        self.told = Some(end);
    }

    /// A hold of nothing yet.
    pub(crate) fn empty_hold(&self) -> Hold {
        Hold::new(self.surroundings.volatile.clone())
    }

    /// What the call has taken so far.
    pub(crate) fn take_hold(&mut self) -> Hold {
        self.hold.take().unwrap_or_else(|| self.empty_hold())
    }

    /// Holds it until the call has ended.
    pub(crate) fn keep(&mut self, hold: Hold) {
        self.hold = Some(hold);
    }

    /// What is left of the rates that the call met.
    pub(crate) fn rates(&self) -> Rates {
        self.hold.as_ref().map(|hold| hold.rates).unwrap_or_default()
    }

    /// Budgets that the call brought to a level.
    pub(crate) fn warnings(&self) -> &[String] {
        self.hold.as_ref().map(|hold| hold.warnings.as_slice()).unwrap_or_default()
    }

    /// What the model will read beside the messages, in case that we have to count it.
    pub(crate) fn note_definitions(&mut self, fields: &[(String, Box<RawValue>)]) {
        self.definitions.extend(weigh::definitions(fields));
    }

    /// Tools that the model wants called, whole or a piece of them.
    pub(crate) fn note_tool_calls(&mut self, calls: &RawValue) {
        weigh::each_string(calls, |text| {
            if self.tool_calls.len() + text.len() <= MOST_TOOL_CALLS {
                self.tool_calls.push_str(text);
            }
        });
    }

    /// The answer comes from an earlier run: nothing is paid for it now.
    pub(crate) fn note_recalled(&mut self, latency_us: u64) {
        if let Some(aside) = &mut self.aside {
            aside.recalled = Some(latency_us);
            return;
        }
        self.recalled = Some(latency_us);
        self.record.cached = true;
    }

    /// The answer was kept from an earlier call, where it was judged. No vendor read or wrote anything for this
    /// one, so no tokens are recorded: what they would have cost is what was saved.
    pub(crate) fn note_kept(&mut self, text: &str, usage: Usage, latency_us: u64) {
        self.note_recalled(latency_us);
        self.note_answer(&Messages::default(), text, Some(usage));
        self.record.usage = Usage::default();
        self.note_outcome(Outcome::Ok);
    }

    /// How long a recalled answer took when it was given, in microseconds.
    pub(crate) fn recalled(&self) -> Option<u64> {
        self.recalled
    }

    /// What the answer cost when it was given, also if that was in an earlier run.
    pub(crate) fn worth(&self) -> NanoUsd {
        self.worth
    }

    /// The model's own answer: what it used is paid for even if something else is served.
    pub(crate) fn note_answer(&mut self, input: &Messages, text: &str, usage: Option<Usage>) {
        let used = usage.unwrap_or_else(|| self.estimate(input, text));
        let some = self.answered_by.is_some() || self.recalled.is_some() || usage.is_some();
        let price = self.price.as_ref().filter(|_| some);
        let worth = price.map_or(NanoUsd::ZERO, |price| price.of(&used));
        let all = self.before.and(&used, worth, self.recalled.is_some());
        (self.worth, self.record.usage) = (all.worth, all.usage);
        self.record.cost = all.cost + self.beside;
        self.record.saved = all.saved + self.below_recalled;
        self.worth += self.below;
        if let (Some(climb), Some(top)) = (&mut self.record.cascade, price.and(self.top.as_ref())) {
            let alone = top.of(&self.record.usage);
            climb.saved = Some(NanoUsd(alone.0.saturating_sub(self.worth.0)));
        }
        self.note_output(text);
    }

    /// The answer that was noted is not the last: the model is asked again. Gives how long it took if it was
    /// recalled, for [`Pending::asked_again`].
    pub(crate) fn ask_again(&mut self) -> Option<u64> {
        let cost = NanoUsd(self.record.cost.0.saturating_sub(self.beside.0));
        let usage = self.record.usage;
        let saved = NanoUsd(self.record.saved.0.saturating_sub(self.below_recalled.0));
        let worth = NanoUsd(self.worth.0.saturating_sub(self.below.0));
        self.before = Spent { usage, worth, cost, saved };
        self.record.cached = false;
        self.answered_by = None;
        self.tool_calls.clear();
        self.record.repaired = Some(false);
        self.recalled.take()
    }

    /// The model was asked again, and gave an answer or none; `recalled` is of the first answer.
    pub(crate) fn asked_again(&mut self, recalled: Option<u64>, answered: bool) {
        if answered {
            self.add_time(recalled);
        } else {
            self.record.cached = recalled.is_some();
            self.recalled = recalled;
        }
    }

    /// What the call's answers so far cost when they were given, with what was paid beside them.
    pub(crate) fn cost_when_given(&self) -> NanoUsd {
        self.record.cost + self.record.saved
    }

    /// The answer that was asked for again is right.
    pub(crate) fn note_repaired(&mut self) {
        self.record.repaired = Some(true);
    }

    /// Our own count where the vendor gave none, marked as such. Nothing was used if no vendor answered.
    pub(crate) fn estimate(&self, input: &Messages, text: &str) -> Usage {
        if self.answered_by.is_none() && self.recalled.is_none() {
            return Usage::default();
        }
        let written = [text, self.tool_calls.as_str()];
        weigh::estimate(self.record.model.vendor_id(), (&self.definitions, input), written)
    }

    /// Writes the record; nothing can be noted in it any more.
    pub(crate) fn finish(mut self) {
        self.settle();
    }

    /// Writes the record, once, while the value lives on for a reply that still reads it.
    pub(crate) fn settle(&mut self) {
        if std::mem::replace(&mut self.written, true) {
            return;
        }
        self.record.latency_us = micros(self.began.elapsed());
        if self.stopped.is_some() {
            self.record.error = Some(STOPPED.to_string());
        }
        self.settle_guard();
        self.write_part();
        self.note_drawn();
        self.note_looked_at();
        redact::keep(self.policy.wanted, &mut self.record);
        if self.surroundings.log.append(&self.record).is_err() {
            self.surroundings.meter.lost();
        }
        self.keep_part();
        if let Some(hold) = &mut self.hold {
            let used = tokens(&self.record.usage).saturating_add(self.tokens_beside);
            hold.settle(Some(&self.record.model), self.record.cost, used);
        }
        self.surroundings.meter.ended(&self.record);
        self.told = None;
    }
}

/// Read and written together.
fn tokens(usage: &Usage) -> u64 {
    usage.input.saturating_add(usage.output)
}

impl Drop for Pending {
    fn drop(&mut self) {
        if !self.written {
            self.end_wait();
            for (place, _) in self.open.into_iter().flatten() {
                self.close_attempt(place, Some(Kind::Cancelled.code()));
            }
            self.cancelled();
            self.settle();
        }
    }
}
