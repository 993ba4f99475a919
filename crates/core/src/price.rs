//! What tokens cost: a price table per model, exact to the nano-dollar, and the usage that it is applied to.
//!
//! Vendors change their prices, so no price is built in and every record names the version of the price
//! that priced it: a hash of the terms, equal exactly where the terms are equal. Kinds of tokens that a
//! table does not name cost what the kind around them costs (cached and written input what input does,
//! reasoning what output does): that is how vendors bill what they do not list.

use serde::{Deserialize, Serialize};

use crate::canonical;
use crate::money::NanoUsd;

/// Tokens that one call used, as far as the vendor says. `input` and `output` are totals; the other counts
/// are parts of them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    /// Tokens read, including those from the vendor's cache.
    pub input: u64,
    /// Of these, read from the vendor's prompt cache.
    pub cached_input: u64,
    /// Of these, written to the vendor's prompt cache, for whatever time.
    pub cache_write: u64,
    /// Of the written ones, those kept for an hour instead of five minutes.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub cache_write_1h: u64,
    /// Of `input`, tokens of sound.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub audio_input: u64,
    /// Tokens written, including reasoning.
    pub output: u64,
    /// Of these, tokens of reasoning.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub reasoning: u64,
    /// Of `output`, tokens of sound.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub audio_output: u64,
    /// True when we counted because the vendor said nothing.
    pub estimated: bool,
}

impl Usage {
    /// The usage of two answers together; estimated if one of them is.
    pub fn and(&self, other: &Usage) -> Usage {
        Usage {
            input: self.input.saturating_add(other.input),
            cached_input: self.cached_input.saturating_add(other.cached_input),
            cache_write: self.cache_write.saturating_add(other.cache_write),
            cache_write_1h: self.cache_write_1h.saturating_add(other.cache_write_1h),
            audio_input: self.audio_input.saturating_add(other.audio_input),
            output: self.output.saturating_add(other.output),
            reasoning: self.reasoning.saturating_add(other.reasoning),
            audio_output: self.audio_output.saturating_add(other.audio_output),
            estimated: self.estimated || other.estimated,
        }
    }
}

#[allow(clippy::trivially_copy_pass_by_ref)]
fn is_zero(count: &u64) -> bool {
    *count == 0
}

/// Prices for a million tokens.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rates {
    /// Tokens read.
    pub input: NanoUsd,
    /// Tokens written.
    pub output: NanoUsd,
    /// Tokens read from the vendor's cache; `None` if they cost what others do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cached_input: Option<NanoUsd>,
    /// Tokens written to the vendor's cache; `None` if they cost what others do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cache_write: Option<NanoUsd>,
    /// Tokens written to the vendor's cache for an hour; `None` if they cost what other written ones do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cache_write_1h: Option<NanoUsd>,
    /// Tokens of reasoning; `None` if they cost what other output does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reasoning: Option<NanoUsd>,
    /// Tokens of sound that are read; `None` if they cost what others do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub audio_input: Option<NanoUsd>,
    /// Tokens of sound that are written; `None` if they cost what others do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub audio_output: Option<NanoUsd>,
}

impl Rates {
    /// What `usage` costs; each kind of token is rounded up to a nano-dollar. Parts that exceed their
    /// whole are cut to it: a vendor's nonsense must not become a negative count.
    fn of(&self, usage: &Usage) -> NanoUsd {
        let cached = usage.cached_input.min(usage.input);
        let written = usage.cache_write.min(usage.input - cached);
        let hour = usage.cache_write_1h.min(written);
        let heard = usage.audio_input.min(usage.input - cached - written);
        let plain = usage.input - cached - written - heard;
        let reasoned = usage.reasoning.min(usage.output);
        let spoken = usage.audio_output.min(usage.output - reasoned);
        let said = usage.output - reasoned - spoken;
        let write = self.cache_write.unwrap_or(self.input);
        NanoUsd::for_tokens(plain, self.input)
            + NanoUsd::for_tokens(cached, self.cached_input.unwrap_or(self.input))
            + NanoUsd::for_tokens(written - hour, write)
            + NanoUsd::for_tokens(hour, self.cache_write_1h.unwrap_or(write))
            + NanoUsd::for_tokens(heard, self.audio_input.unwrap_or(self.input))
            + NanoUsd::for_tokens(said, self.output)
            + NanoUsd::for_tokens(reasoned, self.reasoning.unwrap_or(self.output))
            + NanoUsd::for_tokens(spoken, self.audio_output.unwrap_or(self.output))
    }

    /// The same usage as the dearest kind of token that it may turn out to be, one rate for each side.
    fn dearest(&self, sound: bool) -> (NanoUsd, NanoUsd) {
        let most = |first: NanoUsd, others: &[Option<NanoUsd>]| {
            others.iter().flatten().copied().fold(first, NanoUsd::max)
        };
        let heard = self.audio_input.filter(|_| sound);
        let spoken = self.audio_output.filter(|_| sound);
        let input = [self.cached_input, self.cache_write, self.cache_write_1h, heard];
        (most(self.input, &input), most(self.output, &[self.reasoning, spoken]))
    }
}

/// Rates of calls that read more than a number of tokens; they hold for the whole call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tier {
    /// The tier holds for calls that read more tokens than these.
    pub above: u64,
    /// Its rates.
    pub rates: Rates,
}

/// Everything that decides what a call costs.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Terms {
    /// Rates of ordinary calls.
    pub rates: Rates,
    /// Rates of calls with long inputs, by ascending bound.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tiers: Vec<Tier>,
    /// Fee for each call, whatever it uses.
    #[serde(default)]
    pub request: NanoUsd,
    /// Rates of the vendor's batch service; the gateway's own calls are never in a batch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub batch: Option<Rates>,
}

/// A price table: terms and the version that names them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Price {
    terms: Terms,
    version: String,
}

impl Price {
    /// A price on these terms; tiers are put in order.
    pub fn new(mut terms: Terms) -> Self {
        terms.tiers.sort_by_key(|tier| tier.above);
        let version = canonical::seal(&terms).map(|sealed| sealed.digest.short());
        Self { version: version.unwrap_or_default(), terms }
    }

    /// One rate for all input and one for all output.
    pub fn flat(input: NanoUsd, output: NanoUsd) -> Self {
        Self::new(Terms { rates: Rates { input, output, ..Rates::default() }, ..Terms::default() })
    }

    /// The terms.
    pub fn terms(&self) -> &Terms {
        &self.terms
    }

    /// Twelve hexadecimal digits of the hash of the terms.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// What a call with `usage` costs.
    pub fn of(&self, usage: &Usage) -> NanoUsd {
        self.rates(usage.input).of(usage) + self.terms.request
    }

    /// What it would cost in a batch; `None` if the vendor has no price for that.
    pub fn of_batch(&self, usage: &Usage) -> Option<NanoUsd> {
        Some(self.terms.batch?.of(usage) + self.terms.request)
    }

    /// The most that a call can cost that reads at most `input` tokens and writes at most `output`,
    /// however they are billed: in any tier within reach, cached, written to a cache, as reasoning, and
    /// if there is `sound` in the call as sound.
    pub fn dearest(&self, input: u64, output: u64, sound: bool) -> NanoUsd {
        let tiers = self.terms.tiers.iter().filter(|tier| input > tier.above).map(|t| &t.rates);
        let most =
            std::iter::once(&self.terms.rates).chain(tiers).map(|rates| rates.dearest(sound));
        let (read, written) =
            most.fold((NanoUsd::ZERO, NanoUsd::ZERO), |a, b| (a.0.max(b.0), a.1.max(b.1)));
        let kinds = NanoUsd(ROUNDING);
        NanoUsd::for_tokens(input, read)
            + NanoUsd::for_tokens(output, written)
            + self.terms.request
            + kinds
    }

    fn rates(&self, input: u64) -> &Rates {
        let reached = self.terms.tiers.iter().rev().find(|tier| input > tier.above);
        reached.map_or(&self.terms.rates, |tier| &tier.rates)
    }
}

/// Each of the eight kinds of token may be rounded up by less than a nano-dollar; a bound that rounds two
/// sums only must allow for the other six.
const ROUNDING: i64 = 6;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn full() -> Terms {
        let dollars = |n: i64| NanoUsd(n * 1_000_000_000);
        let rates = Rates {
            input: dollars(2),
            output: dollars(8),
            cached_input: Some(NanoUsd(500_000_000)),
            cache_write: Some(NanoUsd(2_500_000_000)),
            cache_write_1h: Some(dollars(4)),
            reasoning: Some(dollars(9)),
            audio_input: Some(dollars(40)),
            audio_output: Some(dollars(80)),
        };
        let double = Rates { input: dollars(4), output: dollars(16), ..rates };
        Terms {
            rates,
            tiers: vec![Tier { above: 200_000, rates: double }],
            request: NanoUsd(7),
            batch: Some(Rates { input: dollars(1), output: dollars(4), ..Rates::default() }),
        }
    }

    #[test]
    fn each_kind_of_token_has_its_price() {
        let usage = Usage {
            input: 1000,
            cached_input: 500,
            cache_write: 200,
            cache_write_1h: 50,
            audio_input: 10,
            output: 100,
            reasoning: 60,
            audio_output: 5,
            estimated: false,
        };
        let nanos = 290 * 2000
            + 500 * 500
            + 150 * 2500
            + 50 * 4000
            + 10 * 40_000
            + 35 * 8000
            + 60 * 9000
            + 5 * 80_000
            + 7;
        let price = Price::new(full());
        assert_eq!(price.of(&usage), NanoUsd(nanos));
        assert_eq!(price.of_batch(&usage), Some(NanoUsd(1000 * 1000 + 100 * 4000 + 7)));
    }

    #[test]
    fn a_tier_holds_for_the_whole_call() {
        let price = Price::new(full());
        let of = |input| price.of(&Usage { input, output: 1, ..Usage::default() });
        assert_eq!(of(200_000), NanoUsd(200_000 * 2000 + 8000 + 7));
        assert_eq!(of(200_001), NanoUsd(200_001 * 4000 + 16_000 + 7));
    }

    #[test]
    fn the_version_follows_the_terms() {
        assert_eq!(Price::new(full()).version(), Price::new(full()).version());
        assert_ne!(
            Price::new(full()).version(),
            Price::new(Terms { request: NanoUsd(8), ..full() }).version()
        );
        assert_eq!(Price::flat(NanoUsd(1), NanoUsd(2)).version().len(), 12);
    }

    #[test]
    fn usage_of_older_records_is_read() {
        let old = r#"{"input":9,"cached_input":4,"cache_write":1,"output":3,"estimated":true}"#;
        let read: Usage = serde_json::from_str(old).unwrap();
        let new = Usage {
            input: 9,
            cached_input: 4,
            cache_write: 1,
            output: 3,
            estimated: true,
            ..Usage::default()
        };
        assert_eq!(read, new);
        assert_eq!(serde_json::to_string(&new).unwrap(), old);
    }

    proptest! {
        /// Whatever a vendor reports within the bounds costs no more than what was reserved for them.
        #[test]
        fn nothing_costs_more_than_the_dearest(
            counts in proptest::array::uniform8(0_u64..400_000), input in 0_u64..400_000, output in 0_u64..100_000,
        ) {
            let [cached_input, cache_write, cache_write_1h, audio_input, reasoning, audio_output, less, fewer] = counts;
            let usage = Usage {
                input: input.saturating_sub(less / 10), cached_input, cache_write, cache_write_1h, audio_input,
                output: output.saturating_sub(fewer / 10), reasoning, audio_output, estimated: false,
            };
            let price = Price::new(full());
            let cost = price.of(&usage);
            prop_assert!(cost >= NanoUsd::ZERO);
            prop_assert!(cost <= price.dearest(input, output, true), "{usage:?}");
            let silent = Usage { audio_input: 0, audio_output: 0, ..usage };
            prop_assert!(price.of(&silent) <= price.dearest(input, output, false), "{silent:?}");
        }
    }
}
