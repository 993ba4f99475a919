//! Writes a whole answer for applications.

use bytes::Bytes;
use gatemark_core::model::Usage;
use gatemark_core::{Error, Kind, Result};
use serde::Serialize;
use serde_json::value::RawValue;

use crate::answer::{Answer, Finish};
use crate::calls;
use crate::dialect::{Dialect, Raw};

#[derive(Serialize)]
struct Message<'a> {
    id: &'a str,
    r#type: &'static str,
    role: &'static str,
    model: &'a str,
    content: Vec<Block<'a>>,
    stop_reason: &'a str,
    stop_sequence: Option<&'a str>,
    usage: Counts,
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Block<'a> {
    Thinking { thinking: &'a str, signature: &'static str },
    Text { text: &'a str },
    ToolUse { id: &'a str, name: &'a str, input: &'a RawValue },
}

/// Tokens as the API counts them: input without what was read from or written to the cache.
#[derive(Debug, Serialize)]
pub(super) struct Counts {
    input_tokens: u64,
    cache_creation_input_tokens: u64,
    cache_read_input_tokens: u64,
    output_tokens: u64,
}

impl From<Usage> for Counts {
    fn from(usage: Usage) -> Self {
        let cached = usage.cached_input.saturating_add(usage.cache_write);
        Self {
            input_tokens: usage.input.saturating_sub(cached),
            cache_creation_input_tokens: usage.cache_write,
            cache_read_input_tokens: usage.cached_input,
            output_tokens: usage.output,
        }
    }
}

/// The API's word for the end of an answer that the model or a filter refused.
pub(super) const REFUSAL: &str = "refusal";

/// The API's word for why an answer ended. Some servers say `stop` beside calls of tools.
pub(super) fn stop_reason<'a>(finish: &'a Finish, met: Option<&str>, called: bool) -> &'a str {
    match finish {
        Finish::Stop if called => "tool_use",
        Finish::Stop if met.is_some() => "stop_sequence",
        Finish::Stop => "end_turn",
        Finish::Length => "max_tokens",
        Finish::ToolCalls => "tool_use",
        Finish::ContentFilter => REFUSAL,
        Finish::Other(word) if matches!(word.as_str(), "pause_turn" | "compaction") => word,
        Finish::Other(_) => "end_turn",
    }
}

/// A whole answer: the vendor's bytes if it spoke this format, else a message from the parts. `call` names
/// an answer whose vendor gave it no id.
///
/// # Errors
/// `VendorFailed` if the arguments of a call of a tool are not a JSON object: the format has no place for
/// anything else.
pub fn write_answer(answer: &Answer, call: &str) -> Result<Bytes> {
    if let Some(raw) = Raw::in_dialect(answer.raw.as_ref(), Dialect::Messages) {
        return Ok(raw.clone());
    }
    let said = answer.tool_calls.as_deref().map(calls::read).transpose()?.unwrap_or_default();
    let mut inputs = Vec::with_capacity(said.len());
    for (rank, piece) in said.iter().enumerate() {
        let id = piece.id.clone().unwrap_or_else(|| made_id(call, rank));
        inputs.push((id, piece.name.as_deref().unwrap_or_default(), input(&piece.arguments)?));
    }
    let mut content = Vec::with_capacity(2 + inputs.len());
    if !answer.reasoning.is_empty() {
        content.push(Block::Thinking { thinking: &answer.reasoning, signature: "" });
    }
    if !answer.text.is_empty() {
        content.push(Block::Text { text: &answer.text });
    }
    content.extend(inputs.iter().map(|(id, name, input)| Block::ToolUse { id, name, input }));
    let named = format!("msg_{call}");
    let met = answer.stop_sequence.as_deref();
    let message = Message {
        id: if answer.id.is_empty() { &named } else { &answer.id },
        r#type: "message",
        role: "assistant",
        model: &answer.model,
        stop_reason: match answer.refusal {
            true => REFUSAL,
            false => stop_reason(&answer.finish, met, !inputs.is_empty()),
        },
        content,
        stop_sequence: met,
        usage: answer.usage.unwrap_or_default().into(),
    };
    serde_json::to_vec(&message)
        .map(Bytes::from)
        .map_err(|cause| Error::internal("cannot write the answer").because(cause))
}

/// The answer to a question for the count of tokens.
pub fn write_count(input_tokens: u64) -> Bytes {
    format!(r#"{{"input_tokens":{input_tokens}}}"#).into()
}

/// An id for a call of a tool whose vendor gave none.
pub(super) fn made_id(call: &str, rank: usize) -> String {
    format!("toolu_{}_{rank}", call.replace('-', ""))
}

/// Arguments as the object that they must be.
fn input(arguments: &str) -> Result<Box<RawValue>> {
    let arguments = if arguments.trim().is_empty() { "{}" } else { arguments.trim() };
    let object = RawValue::from_string(arguments.to_string());
    object.ok().filter(|raw| raw.get().starts_with('{')).ok_or_else(|| {
        let message = "the model called a tool with arguments that are not a JSON object";
        Error::new(Kind::VendorFailed, message).coded("tool_arguments_invalid")
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn written(answer: &Answer) -> Value {
        serde_json::from_slice(&write_answer(answer, "0-1").unwrap()).unwrap()
    }

    #[test]
    fn a_message_from_parts() {
        let calls = r#"[{"id":"c1","type":"function","function":{"name":"f","arguments":"{\"x\": 7.50}"}},
            {"type":"function","function":{"name":"g","arguments":""}}]"#;
        let answer = Answer {
            id: "id1".into(),
            model: "m".into(),
            text: "hi".into(),
            reasoning: "hm".into(),
            tool_calls: Some(RawValue::from_string(calls.into()).unwrap()),
            usage: Some(Usage {
                input: 10,
                cached_input: 4,
                cache_write: 1,
                output: 3,
                ..Usage::default()
            }),
            ..Answer::default()
        };
        let message = written(&answer);
        assert_eq!(message["id"], "id1");
        assert_eq!(
            message["content"],
            json!([{"type": "thinking", "thinking": "hm", "signature": ""},
                {"type": "text", "text": "hi"},
                {"type": "tool_use", "id": "c1", "name": "f", "input": {"x": 7.5}},
                {"type": "tool_use", "id": "toolu_01_1", "name": "g", "input": {}}])
        );
        assert_eq!(
            (&message["stop_reason"], &message["stop_sequence"]),
            (&json!("tool_use"), &Value::Null)
        );
        assert_eq!(
            message["usage"],
            json!({"input_tokens": 5, "cache_creation_input_tokens": 1,
                "cache_read_input_tokens": 4, "output_tokens": 3})
        );
        let text = write_answer(&answer, "0-1").unwrap();
        assert!(std::str::from_utf8(&text).unwrap().contains("7.50"), "spelling is kept");
    }

    #[test]
    fn an_empty_answer_and_its_ends() {
        let stop = |finish: Finish, met: Option<&str>| {
            let stop_sequence = met.map(str::to_string);
            written(&Answer { finish, stop_sequence, ..Answer::default() })["stop_reason"].clone()
        };
        assert_eq!(stop(Finish::Stop, None), "end_turn");
        assert_eq!(stop(Finish::Stop, Some("x")), "stop_sequence");
        assert_eq!(stop(Finish::Length, None), "max_tokens");
        assert_eq!(stop(Finish::ContentFilter, None), "refusal");
        assert_eq!(stop(Finish::Other("eos".into()), None), "end_turn");
        assert_eq!(written(&Answer::default())["id"], "msg_0-1");
    }

    #[test]
    fn arguments_that_are_no_object_are_an_error() {
        let calls = r#"[{"id":"c","function":{"name":"f","arguments":"[1"}}]"#;
        let tool_calls = Some(RawValue::from_string(calls.into()).unwrap());
        let error = write_answer(&Answer { tool_calls, ..Answer::default() }, "c").unwrap_err();
        assert_eq!(error.code(), "tool_arguments_invalid");
    }
}
