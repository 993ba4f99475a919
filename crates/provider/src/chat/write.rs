//! Writes answers for applications.

use bytes::Bytes;
use gatemark_core::model::Usage;
use serde::Serialize;
use serde_json::value::RawValue;

use crate::answer::{Answer, Chunk};

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
    refusal: Option<()>,
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
    if let Some(raw) = &answer.raw {
        return raw.clone();
    }
    let silent = answer.text.is_empty() && answer.tool_calls.is_some();
    let message = WholeMessage {
        role: "assistant",
        content: (!silent).then_some(answer.text.as_str()),
        refusal: None,
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

/// The data of one event of a stream, to be framed by the caller: the vendor's bytes if it spoke this
/// format, else a `chat.completion.chunk`. `created` is in seconds since 1970; `first` adds the role.
pub fn write_chunk(chunk: &Chunk, id: &str, model: &str, created: i64, first: bool) -> Bytes {
    if let Some(raw) = &chunk.raw {
        return raw.clone();
    }
    let bare = chunk.tool_calls.is_some() || (chunk.finish.is_some() && !first);
    let delta = Delta {
        role: first.then_some("assistant"),
        content: (!(bare && chunk.text.is_empty())).then_some(chunk.text.as_str()),
        tool_calls: chunk.tool_calls.as_deref(),
    };
    let finish_reason = chunk.finish.as_ref().map(|finish| finish.word());
    let choice = [PieceChoice { index: 0, delta, logprobs: None, finish_reason }];
    let piece = Piece {
        id,
        object: "chat.completion.chunk",
        created,
        model,
        choices: if chunk.usage_only { &[] } else { &choice },
        usage: chunk.usage.as_ref().map(WireUsage::from),
    };
    written(&piece, chunk.text.len() + chunk.text.len() / 8 + 256)
}

/// The events' data of a stream that tells a whole answer, without the final `[DONE]`; for answers that
/// exist already, such as a static fallback. The usage event is left out unless `usage_wanted`.
pub fn write_whole_as_chunks(answer: Answer, created: i64, usage_wanted: bool) -> Vec<Bytes> {
    let (id, model) = (answer.id.clone(), answer.model.clone());
    let chunks = answer.into_chunks().into_iter();
    chunks
        .filter(|chunk| usage_wanted || !chunk.usage_only)
        .enumerate()
        .map(|(rank, chunk)| write_chunk(&chunk, &id, &model, created, rank == 0))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::answer::Finish;

    fn answer() -> Answer {
        Answer {
            raw: None,
            id: "id1".into(),
            model: "m".into(),
            text: "hi \"you\"\n".into(),
            tool_calls: None,
            finish: Finish::Stop,
            usage: Some(Usage { input: 3, output: 2, cached_input: 1, ..Usage::default() }),
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
        answer.raw = Some(Bytes::from_static(b"{ }"));
        assert_eq!(text(&write_answer(&answer, 7)), "{ }");
    }

    #[test]
    fn tool_calls_have_null_content() {
        let tools = RawValue::from_string(r#"[{"id":"c"}]"#.into()).unwrap();
        let answer = Answer { text: String::new(), tool_calls: Some(tools), ..answer() };
        let body = write_answer(&answer, 7);
        assert!(text(&body).contains(r#""content":null,"refusal":null,"tool_calls":[{"id":"c"}]"#));
    }

    #[test]
    fn whole_as_a_stream() {
        let head =
            r#"{"id":"id1","object":"chat.completion.chunk","created":7,"model":"m","choices":["#;
        let wanted = [
            format!(
                r#"{head}{{"index":0,"delta":{{"role":"assistant","content":"hi \"you\"\n"}},"logprobs":null,"finish_reason":null}}]}}"#
            ),
            format!(
                r#"{head}{{"index":0,"delta":{{}},"logprobs":null,"finish_reason":"stop"}}]}}"#
            ),
            format!("{head}],{USAGE}}}"),
        ];
        let chunks = write_whole_as_chunks(answer(), 7, true);
        assert_eq!(chunks.iter().map(text).collect::<Vec<_>>(), wanted);
        assert_eq!(write_whole_as_chunks(answer(), 7, false).len(), 2);
    }
}
