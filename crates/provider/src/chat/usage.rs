//! Reads the tokens that a vendor of chat completions reports, each in its own way.

use gatemark_core::model::Usage;
use serde::Deserialize;
use serde_json::value::RawValue;

#[derive(Deserialize)]
struct WireUsage {
    #[serde(default)]
    prompt_tokens: Option<u64>,
    #[serde(default)]
    completion_tokens: Option<u64>,
    #[serde(default)]
    total_tokens: Option<u64>,
    #[serde(default)]
    prompt_tokens_details: Option<InputDetails>,
    #[serde(default)]
    completion_tokens_details: Option<OutputDetails>,
    /// One vendor's own word for cached tokens.
    #[serde(default)]
    prompt_cache_hit_tokens: Option<u64>,
}

#[derive(Deserialize, Default)]
struct InputDetails {
    #[serde(default)]
    cached_tokens: Option<u64>,
    #[serde(default, alias = "cache_creation_tokens")]
    cache_write_tokens: Option<u64>,
    #[serde(default)]
    audio_tokens: Option<u64>,
}

#[derive(Deserialize, Default)]
struct OutputDetails {
    #[serde(default)]
    reasoning_tokens: Option<u64>,
    #[serde(default)]
    audio_tokens: Option<u64>,
}

/// Usage in any of the known dialects; `None` if it makes no sense, so that it is estimated instead.
pub(super) fn usage(raw: &RawValue) -> Option<Usage> {
    let wire: WireUsage = serde_json::from_str(raw.get()).ok()?;
    let input = wire.prompt_tokens?;
    let written = wire.completion_tokens.unwrap_or(0);
    let details = wire.prompt_tokens_details.unwrap_or_default();
    // Some vendors leave reasoning out of the completion tokens; their total betrays it.
    let of_output = wire.completion_tokens_details.unwrap_or_default();
    let reasoning = of_output.reasoning_tokens.unwrap_or(0);
    let apart = input.saturating_add(written).saturating_add(reasoning);
    let output =
        if wire.total_tokens == Some(apart) { written.saturating_add(reasoning) } else { written };
    let cached = details.cached_tokens.or(wire.prompt_cache_hit_tokens).unwrap_or(0);
    Some(Usage {
        input,
        cached_input: cached,
        cache_write: details.cache_write_tokens.unwrap_or(0),
        audio_input: details.audio_tokens.unwrap_or(0),
        output,
        reasoning,
        audio_output: of_output.audio_tokens.unwrap_or(0),
        ..Usage::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn usage_in_many_dialects() {
        let of = |text: &str| {
            usage(&RawValue::from_string(text.into()).unwrap())
                .map(|u| (u.input, u.cached_input, u.cache_write, u.output))
        };
        let openai = r#"{"prompt_tokens":10,"completion_tokens":7,"total_tokens":17,
            "prompt_tokens_details":{"cached_tokens":4},"completion_tokens_details":{"reasoning_tokens":5}}"#;
        assert_eq!(of(openai), Some((10, 4, 0, 7)));
        let apart = r#"{"prompt_tokens":10,"completion_tokens":2,"total_tokens":17,
            "completion_tokens_details":{"reasoning_tokens":5}}"#;
        assert_eq!(of(apart), Some((10, 0, 0, 7)));
        let hits = r#"{"prompt_tokens":10,"completion_tokens":2,"prompt_cache_hit_tokens":8}"#;
        assert_eq!(of(hits), Some((10, 8, 0, 2)));
        assert_eq!(of(r#"{"completion_tokens":2}"#), None);
        assert_eq!(of("null"), None);
        let parts = r#"{"prompt_tokens":10,"completion_tokens":7,"prompt_tokens_details":{"audio_tokens":3},
            "completion_tokens_details":{"reasoning_tokens":2,"audio_tokens":4}}"#;
        let parts = usage(&RawValue::from_string(parts.into()).unwrap()).unwrap();
        assert_eq!((parts.audio_input, parts.reasoning, parts.audio_output), (3, 2, 4));
    }
}
