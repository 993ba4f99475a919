//! Step 9, record: what is known about a call, written to the call log before its answer is complete.
//!
//! A [`Pending`] record writes itself exactly once: when told to finish, or, if the caller went away and
//! the call was dropped, when it is dropped.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use gatemark_core::cache::CacheUse;
use gatemark_core::call::{Attempt, CallPurpose, CallRecord, Dropped, Outcome};
use gatemark_core::cascade::Climb;
use gatemark_core::error::{Error, Kind};
use gatemark_core::id::{Digest, ModelName};
use gatemark_core::model::{Recording, Usage};
use gatemark_core::money::NanoUsd;
use gatemark_core::price::Price;
use gatemark_core::throttle::Rates;
use gatemark_provider::request::Messages;
use gatemark_store::calllog::CallLog;
use serde_json::value::RawValue;
use tokio::time::Instant;

use crate::clock::{micros, now_us};
use crate::entrance::Place;
use crate::hold::Hold;
use crate::meter::Meter;
use crate::resolve::Resolved;
use crate::volatile::Volatile;
use crate::weigh;

/// Most text of tool calls kept to be counted, in bytes.
const MOST_TOOL_CALLS: usize = 1 << 20;

/// What all calls share.
#[derive(Clone)]
pub(crate) struct Surroundings {
    pub(crate) log: CallLog,
    pub(crate) meter: Arc<dyn Meter>,
    pub(crate) volatile: Arc<Volatile>,
}

/// Who calls, why and how.
pub(crate) struct Circumstances<'a> {
    pub(crate) caller: &'a str,
    pub(crate) tags: BTreeMap<String, String>,
    pub(crate) purpose: CallPurpose,
    pub(crate) stream: bool,
    /// Its place among the calls under way, held until its answer is complete.
    pub(crate) place: Option<Place>,
}

/// An answer of a lower step.
pub(crate) struct Step {
    model: ModelName,
    price: Option<Arc<Price>>,
    recalled: Option<u64>,
}

pub(crate) struct Pending {
    record: CallRecord,
    price: Option<Arc<Price>>,
    recording: Recording,
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
    written: bool,
    _place: Option<Place>,
}

impl Pending {
    pub(crate) fn begin(
        surroundings: Surroundings,
        resolved: &Resolved,
        how: Circumstances<'_>,
    ) -> Self {
        let version = resolved.named.as_ref().map(|named| &named.release.version);
        let record = CallRecord {
            id: uuid::Uuid::now_v7().to_string(),
            at: now_us(),
            purpose: how.purpose,
            caller: how.caller.to_string(),
            prompt: version.map(|version| version.prompt.clone()),
            number: version.map(|version| version.number),
            version: version.map(|version| version.hash),
            environment: resolved.environment.clone(),
            arm: "stable".to_string(),
            model: resolved.model.clone(),
            stream: how.stream,
            outcome: Outcome::Cancelled,
            error: None,
            variables_hash: None,
            recording: resolved.recording.word().to_string(),
            input: None,
            output: None,
            usage: Usage::default(),
            cost: NanoUsd::ZERO,
            saved: NanoUsd::ZERO,
            price: resolved.price.as_ref().map(|price| price.version().to_string()),
            priced: resolved.price.is_some(),
            latency_us: 0,
            vendor_us: 0,
            first_token_us: None,
            attempts: vec![],
            tags: how.tags,
            dropped: vec![],
            cached: false,
            cache: None,
            cascade: None,
        };
        Self {
            record,
            price: resolved.price.clone(),
            recording: resolved.recording,
            began: Instant::now(),
            surroundings,
            hold: None,
            definitions: String::new(),
            tool_calls: String::new(),
            recalled: None,
            worth: NanoUsd::ZERO,
            below: NanoUsd::ZERO,
            top: None,
            open: [None; 2],
            answered_by: None,
            waiting: None,
            beside: NanoUsd::ZERO,
            written: false,
            _place: how.place,
        }
    }

    pub(crate) fn id(&self) -> &str {
        &self.record.id
    }

    pub(crate) fn record(&self) -> &CallRecord {
        &self.record
    }

    pub(crate) fn meter(&self) -> &dyn Meter {
        self.surroundings.meter.as_ref()
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
        self.recalled = Some(latency_us);
        self.record.cached = true;
    }

    /// What a cache had to do with the call.
    pub(crate) fn note_cache(&mut self, how: CacheUse) {
        self.record.cache = Some(how);
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

    pub(crate) fn note_variables(&mut self, hash: Digest) {
        self.record.variables_hash = Some(hash);
    }

    /// What was left out of the request, for the target that it is prepared for now.
    pub(crate) fn note_dropped(&mut self, dropped: Vec<Dropped>) {
        self.record.dropped = dropped;
    }

    pub(crate) fn note_input(&mut self, text: impl FnOnce() -> String) {
        if self.recording == Recording::Content {
            self.record.input = Some(text());
        }
    }

    /// A request is about to leave for `model`. Returns its place among the attempts.
    pub(crate) fn begin_attempt(&mut self, model: &ModelName) -> usize {
        let place = self.record.attempts.len();
        let attempt = Attempt { model: model.clone(), duration_us: 0, error: None };
        self.record.attempts.push(attempt);
        if let Some(free) = self.open.iter_mut().find(|open| open.is_none()) {
            *free = Some((place, Instant::now()));
        }
        if self.record.model != *model {
            self.record.model = model.clone();
        }
        place
    }

    /// The attempt at `place` was answered, or failed.
    pub(crate) fn end_attempt(&mut self, place: usize, error: Option<&Error>) {
        if error.is_none() {
            self.answered_by = Some(place);
        }
        self.close_attempt(place, error.map(Error::code));
    }

    fn close_attempt(&mut self, place: usize, error: Option<&str>) {
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
        if self.record.model != *model {
            self.record.model = model.clone();
        }
        self.record.priced = price.is_some();
        self.price = price;
    }

    /// What an attempt used that did not answer: paid for beside what did.
    pub(crate) fn note_spent(&mut self, usage: Usage, price: Option<&Price>) {
        if let Some(price) = price {
            self.beside += price.of(&usage);
            self.record.cost = self.beside;
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

    pub(crate) fn note_first_token(&mut self) {
        self.record.first_token_us.get_or_insert_with(|| micros(self.began.elapsed()));
    }

    /// The model's own answer: what it used is paid for even if something else is served.
    pub(crate) fn note_answer(&mut self, input: &Messages, text: &str, usage: Option<Usage>) {
        self.record.usage = usage.unwrap_or_else(|| self.estimate(input, text));
        let nothing = self.answered_by.is_none() && self.recalled.is_none() && usage.is_none();
        let price = self.price.as_ref().filter(|_| !nothing);
        self.worth = price.map_or(NanoUsd::ZERO, |price| price.of(&self.record.usage));
        let recalled = self.recalled.is_some();
        let paid = if recalled { NanoUsd::ZERO } else { self.worth };
        self.record.cost = paid + self.beside;
        self.record.saved = if recalled { self.worth } else { NanoUsd::ZERO };
        self.worth += self.below;
        if let (Some(climb), Some(top)) = (&mut self.record.cascade, price.and(self.top.as_ref())) {
            let alone = top.of(&self.record.usage);
            climb.saved = Some(NanoUsd(alone.0.saturating_sub(self.worth.0)));
        }
        self.note_output(text);
    }

    /// What the call will have cost if nothing more is asked than has been answered.
    pub(crate) fn spent_so_far(&self, usage: Option<Usage>) -> NanoUsd {
        let last = self.price.as_ref().zip(usage).map(|(price, usage)| price.of(&usage));
        self.beside + last.unwrap_or_default()
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
        match (step.recalled, &mut self.recalled) {
            (Some(then), Some(now)) => *now += then,
            // As long as it took when it was given.
            (Some(then), None) => self.record.vendor_us += then,
            (None, Some(now)) => *now += self.record.vendor_us,
            (None, None) => {}
        }
        if step.recalled.is_none() {
            self.beside += cost;
            self.record.cost = self.beside;
        }
    }

    /// The way through the cascade, and what the last step alone would be paid by.
    pub(crate) fn note_climb(&mut self, climb: Climb, top: Option<Arc<Price>>) {
        self.record.cascade = Some(climb);
        self.top = top;
    }

    fn note_output(&mut self, text: &str) {
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
    }

    pub(crate) fn cancelled(&mut self) {
        self.record.fail(Kind::Cancelled);
    }

    /// Our own count where the vendor gave none, marked as such. Nothing was used if no vendor answered.
    fn estimate(&self, input: &Messages, text: &str) -> Usage {
        if self.answered_by.is_none() && self.recalled.is_none() {
            return Usage::default();
        }
        let id = self.record.model.vendor_id();
        let definitions = std::iter::once(self.definitions.as_str());
        let input = match input {
            Messages::Raw(raw) => weigh::count(id, definitions.chain([raw.get()])),
            Messages::Turns(turns) => {
                weigh::count(id, definitions.chain(turns.iter().map(|turn| turn.text.as_str())))
            }
        };
        let output = weigh::count(id, [text, self.tool_calls.as_str()].into_iter());
        Usage { input, output, estimated: true, ..Usage::default() }
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
        if self.surroundings.log.append(&self.record).is_err() {
            self.surroundings.meter.lost();
        }
        if let Some(hold) = &mut self.hold {
            let usage = &self.record.usage;
            hold.settle(
                Some(&self.record.model),
                self.record.cost,
                usage.input.saturating_add(usage.output),
            );
        }
        self.surroundings.meter.ended(&self.record);
    }
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
