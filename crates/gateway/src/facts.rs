//! What an answer's headers say about it.

use std::time::Duration;

use gatemark_core::cache::CacheUse;
use gatemark_core::call::{Dropped, Outcome};
use gatemark_core::context::Selection;
use gatemark_core::conversation::Part;
use gatemark_core::guarded::Guarded;
use gatemark_core::id::{EnvironmentName, ModelName, PromptName};
use gatemark_core::money::NanoUsd;
use gatemark_core::throttle::Rates;

/// What a cache had to do with an answer.
#[derive(Debug, Clone, Copy)]
pub struct CacheFacts {
    /// Whether and how it was given again.
    pub how: CacheUse,
    /// How long ago it was given first.
    pub age: Option<Duration>,
    /// The cosine similarity to the request that it was given to first, if that was another.
    pub similarity: Option<f32>,
}

/// What is known when the answer begins.
#[derive(Debug, Clone)]
pub struct Facts {
    /// The call's id in the call log.
    pub call: String,
    /// The prompt, if one was called.
    pub prompt: Option<PromptName>,
    /// The version's number.
    pub number: Option<u32>,
    /// The version's semantic version.
    pub semver: Option<semver::Version>,
    /// Where it was resolved.
    pub environment: Option<EnvironmentName>,
    /// The side of a rollout or experiment.
    pub arm: String,
    /// The model that answered.
    pub model: ModelName,
    /// The step of the version's cascade that answered, from 1, and how many there are.
    pub cascade: Option<(u32, u32)>,
    /// How many requests to vendors it took.
    pub attempts: usize,
    /// How it came out; unknown while an answer streams.
    pub outcome: Option<Outcome>,
    /// Why the static fallback was served, if it was: `off_format` or the error's code.
    pub reason: Option<String>,
    /// Whether it is the model's second answer, given after the first was off format.
    pub repaired: bool,
    /// What guards found in it, if they found anything.
    pub guard: Option<Box<Guarded>>,
    /// Whether a person will look at it; unknown while an answer streams.
    pub reviewed: bool,
    /// What it cost; unknown while an answer streams and for models without a price.
    pub cost: Option<NanoUsd>,
    /// What the answer cost when it was given: the same, except for an answer of an earlier run, which
    /// costs nothing now.
    pub worth: Option<NanoUsd>,
    /// What is left of the rates that the call met.
    pub rates: Rates,
    /// Budgets that have reached a warning level, as `name 83%`.
    pub budget_warnings: Vec<String>,
    /// How long an answer of an earlier run took when it was given, in microseconds; `None` for others.
    pub recalled_us: Option<u64>,
    /// What a cache had to do with it, if one is about such calls.
    pub cache: Option<CacheFacts>,
    /// The scope of the stop that the call met, so that no vendor was asked: such as `service=support`.
    pub stopped: Option<String>,
    /// What was left out of the request to make it fit.
    pub dropped: Vec<Dropped>,
    /// By what examples were chosen, if that is done by an embedding model.
    pub examples: Option<Selection>,
    /// Its part in a conversation that is kept. While an answer streams, the turn is the one that it becomes
    /// if the stream is complete.
    pub conversation: Option<Part>,
    /// Waiting for the vendor, in microseconds; 0 for an answer of an earlier run.
    pub vendor_us: u64,
    /// When the call began, in microseconds since 1970.
    pub at: i64,
}
