//! What a bucket's sums say, as people and rules read it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Bucket, ScoreSums};
use crate::money::NanoUsd;
use crate::stats::sketch::Sketch;

/// Three quantiles in milliseconds, within 1 %.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Quantiles {
    /// The median.
    pub p50: f64,
    /// The 95th percentile.
    pub p95: f64,
    /// The 99th percentile.
    pub p99: f64,
}

impl Quantiles {
    /// Those of a sketch; `None` if it is empty.
    pub fn of(sketch: &Sketch) -> Option<Self> {
        let of = |q| sketch.quantile(q);
        Some(Self { p50: of(0.5)?, p95: of(0.95)?, p99: of(0.99)? })
    }
}

/// The mean of judgements.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Mean {
    /// The mean.
    pub mean: f64,
    /// Standard deviation; `None` for fewer than two.
    pub deviation: Option<f64>,
    /// How many.
    pub n: u64,
}

impl Mean {
    /// That of sums; `None` without any.
    pub fn of(sums: &ScoreSums) -> Option<Self> {
        let deviation = sums.variance().map(f64::sqrt);
        Some(Self { mean: sums.mean()?, deviation, n: sums.count() })
    }
}

/// Counts, shares of the calls that ended, means and quantiles. What has no calls to rest on is `None`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Figures {
    /// How many calls.
    pub calls: u64,
    /// Of these, left by their callers before the end; they count in no share.
    pub cancelled: u64,
    /// Share answered as the version demands (also with the marker that information is lacking).
    pub success: Option<f64>,
    /// Share without an answer.
    pub errors: Option<f64>,
    /// Share answered off format.
    pub off_format: Option<f64>,
    /// Share answered by the static fallback.
    pub fallbacks: Option<f64>,
    /// Share with more than one attempt or a repair.
    pub retries: Option<f64>,
    /// Share whose answer was repaired.
    pub repaired: Option<f64>,
    /// Share answered from a cache.
    pub cached: Option<f64>,
    /// Share that guards would have a person look at.
    #[serde(default)]
    pub guard_flags: Option<f64>,
    /// Share that guards would have refused, or have.
    #[serde(default)]
    pub guard_blocks: Option<f64>,
    /// Tokens read.
    pub input_tokens: u64,
    /// Of these, from vendors' prompt caches.
    pub cached_tokens: u64,
    /// Tokens written.
    pub output_tokens: u64,
    /// What the calls cost together, in nano-USD.
    pub cost: NanoUsd,
    /// What answers given again would have cost, in nano-USD.
    pub saved: NanoUsd,
    /// Mean cost of a call whose price is known, in US dollars.
    pub usd_per_call: Option<f64>,
    /// From accepting a call to the end of its answer; without answers given again.
    pub latency_ms: Option<Quantiles>,
    /// Of these, waiting for vendors.
    pub vendor_ms: Option<Quantiles>,
    /// Of these, in the gateway itself.
    pub gateway_ms: Option<Quantiles>,
    /// To the first piece of a streamed answer.
    pub first_token_ms: Option<Quantiles>,
    /// Judgements by name.
    pub scores: BTreeMap<String, Mean>,
}

impl Figures {
    /// What a bucket says.
    #[allow(clippy::cast_precision_loss)]
    pub fn of(bucket: &Bucket) -> Self {
        let ended = bucket.ended();
        let share = |count: u64| (ended > 0).then(|| count as f64 / ended as f64);
        let scores = bucket.scores.iter();
        Self {
            calls: bucket.calls,
            cancelled: bucket.cancelled,
            success: share(bucket.succeeded()),
            errors: share(bucket.errors),
            off_format: share(bucket.off_format),
            fallbacks: share(bucket.fallbacks),
            retries: share(bucket.retries),
            repaired: share(bucket.repaired),
            cached: share(bucket.cached),
            guard_flags: share(bucket.guard_flags),
            guard_blocks: share(bucket.guard_blocks),
            input_tokens: bucket.input_tokens,
            cached_tokens: bucket.cached_tokens,
            output_tokens: bucket.output_tokens,
            cost: bucket.cost,
            saved: bucket.saved,
            usd_per_call: (bucket.priced > 0).then(|| bucket.cost.as_usd() / bucket.priced as f64),
            latency_ms: Quantiles::of(&bucket.latency),
            vendor_ms: Quantiles::of(&bucket.vendor),
            gateway_ms: Quantiles::of(&bucket.gateway),
            first_token_ms: Quantiles::of(&bucket.first_token),
            scores: scores
                .filter_map(|(name, sums)| Some((name.clone(), Mean::of(sums)?)))
                .collect(),
        }
    }
}
