//! What calls were like, in sums that add up: by minute, hour and day.
//!
//! A bucket holds nothing but counts, whole-number sums and sketches ([`crate::stats::sketch`]), so that buckets
//! merge exactly and in any order: a minute is the sum of its calls, an hour of its minutes, a fleet of its
//! prompts. Averages and percentiles are taken from sums when somebody asks ([`Figures`]), never kept. Sums of
//! scores are kept in millionths for the same reason: floating point would depend on the order.

mod baseline;
mod figures;
mod sums;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub use baseline::Baseline;
pub use figures::{Figures, Mean, Quantiles};
pub use sums::{LARGEST, ScoreSums};

use crate::call::{CallRecord, Outcome};
use crate::guard::Verdict;
use crate::id::{EnvironmentName, ModelName, PromptName};
use crate::money::NanoUsd;
use crate::price::Usage;
use crate::stats::sketch::Sketch;

pub use crate::period::{Period, Span};

/// What the calls of a bucket have in common.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    /// The prompt; `None` for plain model calls.
    pub prompt: Option<PromptName>,
    /// Where it was resolved.
    pub environment: Option<EnvironmentName>,
    /// The version's number.
    pub number: Option<u32>,
    /// The model that answered or was last asked.
    pub model: ModelName,
    /// The side of a rollout or experiment; `stable` outside of one.
    pub arm: String,
}

impl Key {
    /// What a call shares with others.
    pub fn of(record: &CallRecord) -> Self {
        Self {
            prompt: record.prompt.clone(),
            environment: record.environment.clone(),
            number: record.number,
            model: record.model.clone(),
            arm: record.arm.clone(),
        }
    }
}

/// What one call adds to its bucket.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Facts {
    /// How it ended.
    pub outcome: Outcome,
    /// Whether a vendor was asked more than once, or the answer had to be repaired.
    pub retried: bool,
    /// Whether a repair succeeded.
    pub repaired: bool,
    /// Whether the answer had been given before.
    pub cached: bool,
    /// Whether its price was known.
    pub priced: bool,
    /// Tokens.
    pub usage: Usage,
    /// What it cost.
    pub cost: NanoUsd,
    /// What an answer that had been given before would have cost.
    pub saved: NanoUsd,
    /// From accepting the call to the end of the answer, in microseconds.
    pub latency_us: u64,
    /// Of these, waiting for vendors.
    pub vendor_us: u64,
    /// To the first piece of a streamed answer, in microseconds.
    pub first_token_us: Option<u64>,
    /// What guards made of it; `None` if nothing.
    pub guard: Option<Verdict>,
}

impl Facts {
    /// What a record tells.
    pub fn of(record: &CallRecord) -> Self {
        Self {
            outcome: record.outcome,
            retried: record.is_retried(),
            repaired: record.repaired == Some(true),
            cached: record.cached,
            priced: record.priced,
            usage: record.usage,
            cost: record.cost,
            saved: record.saved,
            latency_us: record.latency_us,
            vendor_us: record.vendor_us,
            first_token_us: record.first_token_us,
            guard: record.guard.as_ref().map(|guard| guard.verdict),
        }
    }
}

/// Sums over calls. Everything that is 0 or empty is left out of the stored form.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Bucket {
    /// How many calls.
    #[serde(skip_serializing_if = "nothing")]
    pub calls: u64,
    /// Of these, answered in the demanded form.
    #[serde(skip_serializing_if = "nothing")]
    pub ok: u64,
    /// Answered by the agreed marker that information is lacking.
    #[serde(skip_serializing_if = "nothing")]
    pub insufficient: u64,
    /// Answered off format.
    #[serde(skip_serializing_if = "nothing")]
    pub off_format: u64,
    /// Answered by the static fallback.
    #[serde(skip_serializing_if = "nothing")]
    pub fallbacks: u64,
    /// Left by their callers; they count in no rate.
    #[serde(skip_serializing_if = "nothing")]
    pub cancelled: u64,
    /// Without an answer.
    #[serde(skip_serializing_if = "nothing")]
    pub errors: u64,
    /// Ended calls with more than one attempt or a repair.
    #[serde(skip_serializing_if = "nothing")]
    pub retries: u64,
    /// Ended calls whose answer was repaired.
    #[serde(skip_serializing_if = "nothing")]
    pub repaired: u64,
    /// Ended calls whose answer had been given before.
    #[serde(skip_serializing_if = "nothing")]
    pub cached: u64,
    /// Ended calls that guards would have a person look at.
    #[serde(skip_serializing_if = "nothing")]
    pub guard_flags: u64,
    /// Ended calls that guards would have refused; that they were is for their environment to say.
    #[serde(skip_serializing_if = "nothing")]
    pub guard_blocks: u64,
    /// Calls whose price was known.
    #[serde(skip_serializing_if = "nothing")]
    pub priced: u64,
    /// What they cost.
    #[serde(skip_serializing_if = "nothing")]
    pub cost: NanoUsd,
    /// Squares of the costs in whole millionths of a dollar, for the spread of the mean.
    #[serde(skip_serializing_if = "nothing")]
    pub cost_squares: u64,
    /// What answers given again would have cost.
    #[serde(skip_serializing_if = "nothing")]
    pub saved: NanoUsd,
    /// Tokens read.
    #[serde(skip_serializing_if = "nothing")]
    pub input_tokens: u64,
    /// Of these, from vendors' prompt caches.
    #[serde(skip_serializing_if = "nothing")]
    pub cached_tokens: u64,
    /// Tokens written.
    #[serde(skip_serializing_if = "nothing")]
    pub output_tokens: u64,
    /// Milliseconds from accepting a call to the end of its answer; without answers given again.
    #[serde(skip_serializing_if = "nothing")]
    pub latency: Sketch,
    /// Of these, waiting for vendors.
    #[serde(skip_serializing_if = "nothing")]
    pub vendor: Sketch,
    /// Of these, in the gateway itself.
    #[serde(skip_serializing_if = "nothing")]
    pub gateway: Sketch,
    /// Milliseconds to the first piece of a streamed answer.
    #[serde(skip_serializing_if = "nothing")]
    pub first_token: Sketch,
    /// Tokens read by a call; without answers given again.
    #[serde(skip_serializing_if = "nothing")]
    pub input_length: Sketch,
    /// Tokens written by a call; without answers given again.
    #[serde(skip_serializing_if = "nothing")]
    pub output_length: Sketch,
    /// Judgements on the calls, by name, whenever they came.
    #[serde(skip_serializing_if = "nothing")]
    pub scores: BTreeMap<String, ScoreSums>,
}

fn nothing<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

fn grow(count: &mut u64, by: u64) {
    *count = count.saturating_add(by);
}

impl Bucket {
    /// Counts a call.
    pub fn add(&mut self, facts: &Facts) {
        grow(&mut self.calls, 1);
        if facts.priced {
            grow(&mut self.priced, 1);
            let millionths = facts.cost.0.max(0).unsigned_abs() / 1_000;
            grow(&mut self.cost_squares, millionths.saturating_mul(millionths));
        }
        self.cost += facts.cost;
        self.saved += facts.saved;
        grow(&mut self.input_tokens, facts.usage.input);
        grow(&mut self.cached_tokens, facts.usage.cached_input);
        grow(&mut self.output_tokens, facts.usage.output);
        let outcome = match facts.outcome {
            Outcome::Ok => &mut self.ok,
            Outcome::Insufficient => &mut self.insufficient,
            Outcome::OffFormat => &mut self.off_format,
            Outcome::Fallback => &mut self.fallbacks,
            Outcome::Cancelled => &mut self.cancelled,
            Outcome::Error => &mut self.errors,
        };
        grow(outcome, 1);
        // Whoever left before the end tells nothing about how it would have ended.
        if facts.outcome == Outcome::Cancelled {
            return;
        }
        grow(&mut self.retries, u64::from(facts.retried));
        grow(&mut self.repaired, u64::from(facts.repaired));
        grow(&mut self.cached, u64::from(facts.cached));
        grow(&mut self.guard_flags, u64::from(facts.guard == Some(Verdict::Flag)));
        grow(&mut self.guard_blocks, u64::from(facts.guard == Some(Verdict::Block)));
        if !facts.cached {
            self.latency.add(milliseconds(facts.latency_us));
            self.vendor.add(milliseconds(facts.vendor_us));
            self.gateway.add(milliseconds(facts.latency_us.saturating_sub(facts.vendor_us)));
            if let Some(first) = facts.first_token_us {
                self.first_token.add(milliseconds(first));
            }
            // Who was never asked, or never answered, has no length.
            if facts.usage.input > 0 {
                self.input_length.add(whole(facts.usage.input));
                self.output_length.add(whole(facts.usage.output));
            }
        }
    }

    /// Adds what `other` counted: commutative, associative, exact.
    pub fn merge(&mut self, other: &Self) {
        // Taken apart whole, so that a field that is added cannot be forgotten here.
        let Self {
            calls,
            ok,
            insufficient,
            off_format,
            fallbacks,
            cancelled,
            errors,
            retries,
            repaired,
            cached,
            guard_flags,
            guard_blocks,
            priced,
            cost,
            cost_squares,
            saved,
            input_tokens,
            cached_tokens,
            output_tokens,
            latency,
            vendor,
            gateway,
            first_token,
            input_length,
            output_length,
            scores,
        } = other;
        grow(&mut self.calls, *calls);
        grow(&mut self.ok, *ok);
        grow(&mut self.insufficient, *insufficient);
        grow(&mut self.off_format, *off_format);
        grow(&mut self.fallbacks, *fallbacks);
        grow(&mut self.cancelled, *cancelled);
        grow(&mut self.errors, *errors);
        grow(&mut self.retries, *retries);
        grow(&mut self.repaired, *repaired);
        grow(&mut self.cached, *cached);
        grow(&mut self.guard_flags, *guard_flags);
        grow(&mut self.guard_blocks, *guard_blocks);
        grow(&mut self.priced, *priced);
        self.cost += *cost;
        grow(&mut self.cost_squares, *cost_squares);
        self.saved += *saved;
        grow(&mut self.input_tokens, *input_tokens);
        grow(&mut self.cached_tokens, *cached_tokens);
        grow(&mut self.output_tokens, *output_tokens);
        self.latency.merge(latency);
        self.vendor.merge(vendor);
        self.gateway.merge(gateway);
        self.first_token.merge(first_token);
        self.input_length.merge(input_length);
        self.output_length.merge(output_length);
        for (name, sums) in scores {
            self.add_score(name, *sums);
        }
    }

    /// Adds judgements of one name, or takes them back if they are negative.
    pub fn add_score(&mut self, name: &str, sums: ScoreSums) {
        let mut total = self.scores.remove(name).unwrap_or_default();
        total.merge(sums);
        if total != ScoreSums::default() {
            self.scores.insert(name.to_string(), total);
        }
    }

    /// Calls that ended: those that rates are shares of.
    pub fn ended(&self) -> u64 {
        self.calls.saturating_sub(self.cancelled)
    }

    /// How calls ended, and nothing else.
    #[must_use]
    pub fn counts(&self) -> Self {
        let Self {
            calls, ok, insufficient, off_format, fallbacks, cancelled, errors, retries, ..
        } = *self;
        let rest = Self::default();
        Self { calls, ok, insufficient, off_format, fallbacks, cancelled, errors, retries, ..rest }
    }

    /// Calls that were answered as their version demands.
    pub fn succeeded(&self) -> u64 {
        self.ok.saturating_add(self.insufficient)
    }
}

#[allow(clippy::cast_precision_loss)]
fn milliseconds(micros: u64) -> f64 {
    micros as f64 / 1e3
}

#[allow(clippy::cast_precision_loss)]
fn whole(count: u64) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests;
