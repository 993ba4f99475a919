//! Reads a whole answer.
//!
//! Text blocks are joined; `toolUse` blocks become `tool_calls`, `reasoningContent` the reasoning.

use gatemark_core::model::Usage;
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::answer::{Answer, Finish};
use crate::called::{Call, listed};
use crate::unreadable::Unreadable;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Body<'a> {
    #[serde(borrow, default)]
    output: Option<Output<'a>>,
    #[serde(default)]
    stop_reason: Option<String>,
    #[serde(default)]
    usage: Option<Counts>,
}

#[derive(Deserialize)]
struct Output<'a> {
    #[serde(borrow, default)]
    message: Option<Message<'a>>,
}

#[derive(Deserialize)]
struct Message<'a> {
    #[serde(borrow, default)]
    content: Vec<Block<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Block<'a> {
    #[serde(default)]
    text: Option<String>,
    #[serde(borrow, default)]
    tool_use: Option<ToolUse<'a>>,
    #[serde(default)]
    reasoning_content: Option<Reasoning>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Reasoning {
    #[serde(default)]
    reasoning_text: Option<Thoughts>,
}

#[derive(Deserialize)]
struct Thoughts {
    #[serde(default)]
    text: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ToolUse<'a> {
    #[serde(default)]
    tool_use_id: String,
    #[serde(default)]
    name: String,
    #[serde(borrow, default)]
    input: Option<&'a RawValue>,
}

/// Tokens as the API counts them.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Counts {
    input_tokens: Option<u64>,
    output_tokens: Option<u64>,
    cache_read_input_tokens: Option<u64>,
    cache_write_input_tokens: Option<u64>,
}

impl Counts {
    /// The neutral usage. `inputTokens` leaves out what was read from or written to the cache; ours does not.
    pub(super) fn usage(self) -> Option<Usage> {
        let cached_input = self.cache_read_input_tokens.unwrap_or(0);
        let cache_write = self.cache_write_input_tokens.unwrap_or(0);
        let input = self.input_tokens?.saturating_add(cached_input).saturating_add(cache_write);
        let output = self.output_tokens.unwrap_or(0);
        Some(Usage { input, cached_input, cache_write, output, ..Usage::default() })
    }
}

/// The reason in the words of chat completions, where they have one.
pub(super) fn finish(reason: &str) -> Finish {
    match reason {
        "end_turn" | "stop_sequence" => Finish::Stop,
        "max_tokens" | "model_context_window_exceeded" => Finish::Length,
        "tool_use" => Finish::ToolCalls,
        "guardrail_intervened" | "content_filtered" => Finish::ContentFilter,
        other => Finish::Other(other.to_string()),
    }
}

/// Reads the body.
pub(crate) fn read(body: &[u8]) -> Result<Answer, Unreadable> {
    let odd = |why: String| Unreadable::Odd(why);
    let text = std::str::from_utf8(body).map_err(|_| odd("it is not UTF-8".into()))?;
    if !text.trim_ascii_start().starts_with('{') {
        return Err(odd("it is not a JSON object".into()));
    }
    let body: Body<'_> = serde_json::from_str(text).map_err(|cause| odd(cause.to_string()))?;
    let message = body.output.and_then(|output| output.message);
    let blocks = message.ok_or_else(|| odd("it holds no message".into()))?.content;
    let text = blocks.iter().filter_map(|block| block.text.as_deref()).collect();
    let thoughts = blocks.iter().filter_map(|block| block.reasoning_content.as_ref());
    let thoughts = thoughts.filter_map(|thoughts| thoughts.reasoning_text.as_ref());
    let calls = blocks.iter().filter_map(|block| block.tool_use.as_ref());
    let calls: Vec<_> = calls
        .map(|call| {
            Call::whole(&call.tool_use_id, &call.name, call.input.map_or("{}", RawValue::get))
        })
        .collect();
    Ok(Answer {
        text,
        reasoning: thoughts.map(|thoughts| thoughts.text.as_str()).collect(),
        tool_calls: listed(&calls)?,
        finish: body.stop_reason.as_deref().map_or(Finish::Stop, finish),
        usage: body.usage.and_then(Counts::usage),
        ..Answer::default()
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn reasons_and_tokens() {
        for (reason, wanted) in [
            ("end_turn", Finish::Stop),
            ("stop_sequence", Finish::Stop),
            ("max_tokens", Finish::Length),
            ("tool_use", Finish::ToolCalls),
            ("guardrail_intervened", Finish::ContentFilter),
            ("content_filtered", Finish::ContentFilter),
            ("malformed_tool_use", Finish::Other("malformed_tool_use".into())),
        ] {
            assert_eq!(finish(reason), wanted);
        }
        let usage = |text: &str| serde_json::from_str::<Counts>(text).unwrap().usage();
        let all = r#"{"inputTokens":4,"outputTokens":9,"totalTokens":1442,"cacheReadInputTokens":1000,
            "cacheWriteInputTokens":429}"#;
        let wanted = Usage {
            input: 1433,
            cached_input: 1000,
            cache_write: 429,
            output: 9,
            ..Usage::default()
        };
        assert_eq!(usage(all), Some(wanted));
        assert_eq!(usage("{}"), None);
    }

    proptest! {
        #[test]
        fn any_bytes_are_answered(body in proptest::collection::vec(any::<u8>(), 0..100)) {
            drop(read(&body));
        }

        #[test]
        fn any_shape_is_answered(a in "[a-z{}\\[\\]:\",0-9]{0,40}") {
            drop(read(format!(r#"{{"output":{{"message":{{"content":[{a}]}}}}}}"#).as_bytes()));
        }
    }
}
