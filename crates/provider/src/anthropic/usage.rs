//! Tokens as the messages API counts them.

use gatemark_core::model::Usage;
use serde::Deserialize;

use crate::unreadable::Unreadable;

/// Counts so far. In a stream they come in two events, the later of which may repeat the earlier.
#[derive(Debug, Default, Clone, Copy, Deserialize)]
pub(crate) struct Counts {
    #[serde(default)]
    input_tokens: Option<u64>,
    #[serde(default)]
    cache_read_input_tokens: Option<u64>,
    #[serde(default)]
    cache_creation_input_tokens: Option<u64>,
    #[serde(default)]
    cache_creation: Option<Writes>,
    #[serde(default)]
    output_tokens: Option<u64>,
}

/// What was written to the cache, by how long it is kept.
#[derive(Debug, Default, Clone, Copy, Deserialize)]
struct Writes {
    #[serde(default)]
    ephemeral_1h_input_tokens: Option<u64>,
}

impl Counts {
    /// Takes over what `later` says. Its counts are totals, not increments.
    pub(crate) fn update(&mut self, later: Self) {
        self.input_tokens = later.input_tokens.or(self.input_tokens);
        self.cache_read_input_tokens =
            later.cache_read_input_tokens.or(self.cache_read_input_tokens);
        self.cache_creation_input_tokens =
            later.cache_creation_input_tokens.or(self.cache_creation_input_tokens);
        self.cache_creation = later.cache_creation.or(self.cache_creation);
        self.output_tokens = later.output_tokens.or(self.output_tokens);
    }

    /// The neutral usage. `input_tokens` leaves out what was read from or written to the cache; ours
    /// does not. `None` if the vendor has not said how much it read.
    pub(crate) fn usage(self) -> Option<Usage> {
        let cached_input = self.cache_read_input_tokens.unwrap_or(0);
        let cache_write = self.cache_creation_input_tokens.unwrap_or(0);
        let input = self.input_tokens?.saturating_add(cached_input).saturating_add(cache_write);
        let output = self.output_tokens.unwrap_or(0);
        let hour = self.cache_creation.and_then(|writes| writes.ephemeral_1h_input_tokens);
        let cache_write_1h = hour.unwrap_or(0);
        Some(Usage { input, cached_input, cache_write, cache_write_1h, output, ..Usage::default() })
    }
}

/// The answer to a question for the count of tokens.
pub(crate) fn counted(body: &[u8]) -> Result<u64, Unreadable> {
    let counts: Counts =
        serde_json::from_slice(body).map_err(|cause| Unreadable::Odd(cause.to_string()))?;
    counts.input_tokens.ok_or_else(|| Unreadable::Odd("it holds no input_tokens".into()))
}
