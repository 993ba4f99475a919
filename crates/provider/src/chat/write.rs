//! Writes answers for applications.

use bytes::Bytes;
use gatemark_core::model::Usage;
use serde::Serialize;
use serde_json::value::RawValue;

use crate::answer::{Answer, Chunk};
use crate::dialect::{Dialect, Raw};
use crate::frame::Opening;

#[derive(Serialize)]
struct Whole<'a> {
    id: &'a str,
    object: &'static str,
    created: i64,
    model: &'a str,
    choices: [WholeChoice<'a>; 1],
    #[serde(skip_serializing_if = "Option::is_none")]
    usage: Option<WireUsage>,
}

#[derive(Serialize)]
struct WholeChoice<'a> {
    index: u32,
    message: WholeMessage<'a>,
    logprobs: Option<()>,
    finish_reason: &'a str,
}

#[derive(Serialize)]
struct WholeMessage<'a> {
    role: &'static str,
    content: Option<&'a str>,
    refusal: Option<&'a str>,
    #[serde(skip_serializing_if = "str::is_empty")]
    reasoning_content: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    tool_calls: Option<&'a RawValue>,
}

#[derive(Serialize)]
struct Piece<'a> {
    id: &'a str,
    object: &'static str,
    created: i64,
    model: &'a str,
    choices: &'a [PieceChoice<'a>],
    #[serde(skip_serializing_if = "Option::is_none")]
    usage: Option<WireUsage>,
}

#[derive(Serialize)]
struct PieceChoice<'a> {
    index: u32,
    delta: Delta<'a>,
    logprobs: Option<()>,
    finish_reason: Option<&'a str>,
}

#[derive(Serialize)]
struct Delta<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    role: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    content: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    refusal: Option<&'a str>,
    #[serde(skip_serializing_if = "str::is_empty")]
    reasoning_content: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    tool_calls: Option<&'a RawValue>,
}

#[derive(Serialize)]
struct WireUsage {
    prompt_tokens: u64,
    completion_tokens: u64,
    total_tokens: u64,
    prompt_tokens_details: WireDetails,
}

#[derive(Serialize)]
struct WireDetails {
    cached_tokens: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    cache_write_tokens: Option<u64>,
}

impl From<&Usage> for WireUsage {
    fn from(usage: &Usage) -> Self {
        Self {
            prompt_tokens: usage.input,
            completion_tokens: usage.output,
            total_tokens: usage.input.saturating_add(usage.output),
            prompt_tokens_details: WireDetails {
                cached_tokens: usage.cached_input,
                cache_write_tokens: (usage.cache_write > 0).then_some(usage.cache_write),
            },
        }
    }
}

/// Plain structs of strings and numbers always serialise.
fn written(value: &impl Serialize, capacity: usize) -> Bytes {
    let mut buffer = Vec::with_capacity(capacity);
    if serde_json::to_writer(&mut buffer, value).is_err() {
        buffer.clear();
    }
    buffer.into()
}

/// A whole answer: the vendor's bytes if it spoke this format, else a `chat.completion` from the parts.
/// `created` is in seconds since 1970.
pub fn write_answer(answer: &Answer, created: i64) -> Bytes {
    if let Some(raw) = Raw::in_dialect(answer.raw.as_ref(), Dialect::Chat) {
        return raw.clone();
    }
    let silent = answer.text.is_empty() && answer.tool_calls.is_some();
    let message = WholeMessage {
        role: "assistant",
        content: (!silent && !answer.refusal).then_some(answer.text.as_str()),
        refusal: answer.refusal.then_some(answer.text.as_str()),
        reasoning_content: &answer.reasoning,
        tool_calls: answer.tool_calls.as_deref(),
    };
    let finish_reason = answer.finish.word();
    let whole = Whole {
        id: &answer.id,
        object: "chat.completion",
        created,
        model: &answer.model,
        choices: [WholeChoice { index: 0, message, logprobs: None, finish_reason }],
        usage: answer.usage.as_ref().map(WireUsage::from),
    };
    written(&whole, answer.text.len() + answer.text.len() / 8 + 512)
}

/// The data of a `chat.completion.chunk` from the parts of `chunk`, without usage; `first` adds the role.
pub fn write_chunk(chunk: &Chunk, opening: &Opening, first: bool) -> Bytes {
    let bare = chunk.tool_calls.is_some() || chunk.finish.is_some() || !chunk.reasoning.is_empty();
    let delta = Delta {
        role: first.then_some("assistant"),
        content: (!(bare && chunk.text.is_empty() || chunk.refusal)).then_some(chunk.text.as_str()),
        refusal: chunk.refusal.then_some(chunk.text.as_str()),
        reasoning_content: &chunk.reasoning,
        tool_calls: chunk.tool_calls.as_deref(),
    };
    let finish_reason = chunk.finish.as_ref().map(|finish| finish.word());
    let choice = [PieceChoice { index: 0, delta, logprobs: None, finish_reason }];
    let size = chunk.text.len() + chunk.reasoning.len();
    written(&piece(opening, &choice, None), size + size / 8 + 256)
}

/// The data of the event that tells the usage of a whole stream.
pub(super) fn write_usage(usage: &Usage, opening: &Opening) -> Bytes {
    written(&piece(opening, &[], Some(usage.into())), 320)
}

fn piece<'a>(
    opening: &'a Opening,
    choices: &'a [PieceChoice<'a>],
    usage: Option<WireUsage>,
) -> Piece<'a> {
    Piece {
        id: &opening.call,
        object: "chat.completion.chunk",
        created: opening.created,
        model: &opening.model,
        choices,
        usage,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::answer::Finish;

    fn answer() -> Answer {
        Answer {
            id: "id1".into(),
            model: "m".into(),
            text: "hi \"you\"\n".into(),
            finish: Finish::Stop,
            usage: Some(Usage { input: 3, output: 2, cached_input: 1, ..Usage::default() }),
            ..Answer::default()
        }
    }

    fn text(bytes: &Bytes) -> &str {
        std::str::from_utf8(bytes).unwrap()
    }

    const USAGE: &str = r#""usage":{"prompt_tokens":3,"completion_tokens":2,"total_tokens":5,"prompt_tokens_details":{"cached_tokens":1}}"#;

    #[test]
    fn whole_from_parts_or_raw() {
        let mut answer = answer();
        let wanted = r#"{"id":"id1","object":"chat.completion","created":7,"model":"m","choices":[{"index":0,"message":{"role":"assistant","content":"hi \"you\"\n","refusal":null},"logprobs":null,"finish_reason":"stop"}],"#;
        assert_eq!(text(&write_answer(&answer, 7)), format!("{wanted}{USAGE}}}"));
        let raw = |dialect| Some(Raw { dialect, bytes: Bytes::from_static(b"{ }") });
        answer.raw = raw(Dialect::Chat);
        assert_eq!(text(&write_answer(&answer, 7)), "{ }");
        answer.raw = raw(Dialect::Messages);
        assert_eq!(text(&write_answer(&answer, 7)), format!("{wanted}{USAGE}}}"));
    }

    #[test]
    fn tool_calls_have_null_content() {
        let tools = RawValue::from_string(r#"[{"id":"c"}]"#.into()).unwrap();
        let answer = Answer { text: String::new(), tool_calls: Some(tools), ..answer() };
        let body = write_answer(&answer, 7);
        assert!(text(&body).contains(r#""content":null,"refusal":null,"tool_calls":[{"id":"c"}]"#));
    }
}
