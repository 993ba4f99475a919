//! What an answer's headers say about it.

use gatemark_core::call::Outcome;
use gatemark_core::id::{EnvironmentName, ModelName, PromptName};
use gatemark_core::money::NanoUsd;
use gatemark_core::throttle::Rates;

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
    /// How many requests to vendors it took.
    pub attempts: usize,
    /// How it came out; unknown while an answer streams.
    pub outcome: Option<Outcome>,
    /// Why the static fallback was served, if it was: `off_format` or the error's code.
    pub reason: Option<String>,
    /// Whether it is the model's second answer, given after the first was off format.
    pub repaired: bool,
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
    /// Waiting for the vendor, in microseconds; 0 for an answer of an earlier run.
    pub vendor_us: u64,
    /// When the call began, in microseconds since 1970.
    pub at: i64,
}
