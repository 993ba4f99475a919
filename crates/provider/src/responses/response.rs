//! The object that stands for an answer: whole, and in the events that begin and end a stream.
//!
//! It repeats what the caller asked. Of a prompt by name it repeats only what the caller added: the rest is
//! the version's.

use gatemark_core::model::Usage;
use gatemark_core::{Error, Kind};
use serde::ser::{Error as _, SerializeMap};
use serde::{Serialize, Serializer};
use serde_json::value::RawValue;
use serde_json::{Value, json};

use crate::answer::Finish;
use crate::frame::Opening;

/// Fields that are repeated, and what stands for one that was not sent.
const REPEATED: [(&str, &str); 13] = [
    ("instructions", "null"),
    ("max_output_tokens", "null"),
    ("max_tool_calls", "null"),
    ("metadata", "{}"),
    ("parallel_tool_calls", "true"),
    ("reasoning", r#"{"effort":null,"summary":null}"#),
    ("temperature", "null"),
    ("text", r#"{"format":{"type":"text"}}"#),
    ("tool_choice", "\"auto\""),
    ("tools", "[]"),
    ("top_p", "null"),
    ("truncation", "\"disabled\""),
    ("user", "null"),
];

/// How far an answer has come.
#[derive(Debug, Clone, Copy)]
pub(super) enum State<'a> {
    Running,
    Completed,
    /// With the format's word for why.
    Incomplete(&'static str),
    Failed(&'a Error),
}

impl State<'_> {
    /// The state of an answer that ended so.
    pub(super) fn of(finish: &Finish) -> Self {
        match finish {
            Finish::Length => Self::Incomplete("max_output_tokens"),
            Finish::ContentFilter => Self::Incomplete("content_filter"),
            _ => Self::Completed,
        }
    }

    /// The format's word for it, also that of the last item.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Running => "in_progress",
            Self::Completed => "completed",
            Self::Incomplete(_) => "incomplete",
            Self::Failed(_) => "failed",
        }
    }
}

/// An answer as the format shows it.
pub(super) struct Response<'a> {
    pub(super) id: &'a str,
    pub(super) opening: &'a Opening,
    pub(super) model: &'a str,
    pub(super) state: State<'a>,
    pub(super) output: &'a [Value],
    pub(super) usage: Option<Usage>,
}

impl Serialize for Response<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("id", self.id)?;
        map.serialize_entry("object", "response")?;
        map.serialize_entry("created_at", &self.opening.created)?;
        map.serialize_entry("status", self.state.word())?;
        map.serialize_entry("background", &false)?;
        map.serialize_entry("error", &self.error())?;
        let incomplete = match self.state {
            State::Incomplete(reason) => Some(json!({"reason": reason})),
            _ => None,
        };
        map.serialize_entry("incomplete_details", &incomplete)?;
        map.serialize_entry("model", self.model)?;
        map.serialize_entry("output", self.output)?;
        map.serialize_entry("previous_response_id", &None::<()>)?;
        map.serialize_entry("store", &false)?;
        for (name, otherwise) in REPEATED {
            let sent = self.opening.asked.iter().find(|(key, _)| key == name);
            match sent.filter(|(_, value)| value.get() != "null") {
                Some((_, value)) => map.serialize_entry(name, value)?,
                None => {
                    let value: &RawValue =
                        serde_json::from_str(otherwise).map_err(S::Error::custom)?;
                    map.serialize_entry(name, value)?;
                }
            }
        }
        map.serialize_entry("usage", &self.usage.map(Counts::from))?;
        map.end()
    }
}

impl Response<'_> {
    fn error(&self) -> Option<Value> {
        let State::Failed(error) = self.state else { return None };
        let code = match error.kind() {
            Kind::Limited => "rate_limit_exceeded",
            Kind::Invalid | Kind::VendorRejected => "invalid_prompt",
            _ => "server_error",
        };
        Some(json!({"code": code, "message": error.message()}))
    }
}

/// Tokens as the format counts them.
#[derive(Serialize)]
struct Counts {
    input_tokens: u64,
    input_tokens_details: Read,
    output_tokens: u64,
    output_tokens_details: Written,
    total_tokens: u64,
}

#[derive(Serialize)]
struct Read {
    cached_tokens: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    cache_write_tokens: Option<u64>,
}

#[derive(Serialize)]
struct Written {
    reasoning_tokens: u64,
}

impl From<Usage> for Counts {
    fn from(usage: Usage) -> Self {
        Self {
            input_tokens: usage.input,
            input_tokens_details: Read {
                cached_tokens: usage.cached_input,
                cache_write_tokens: (usage.cache_write > 0).then_some(usage.cache_write),
            },
            output_tokens: usage.output,
            output_tokens_details: Written { reasoning_tokens: usage.reasoning },
            total_tokens: usage.input.saturating_add(usage.output),
        }
    }
}

/// The id of an answer, of an item of it or of a call of a tool, made from the call's.
pub(super) fn made_id(kind: &str, call: &str, rank: Option<usize>) -> String {
    let call = call.replace('-', "");
    match rank {
        None => format!("{kind}_{call}"),
        Some(rank) => format!("{kind}_{call}_{rank}"),
    }
}

/// Text that the model wrote, as a part.
pub(super) fn text_part(text: &str) -> Value {
    json!({"type": "output_text", "text": text, "annotations": [], "logprobs": []})
}

/// Text in which the model refuses, as a part.
pub(super) fn refusal_part(text: &str) -> Value {
    json!({"type": "refusal", "refusal": text})
}

/// What the model said: one part of text, or a refusal.
pub(super) fn message(id: &str, part: &Value, status: &str) -> Value {
    json!({"id": id, "type": "message", "status": status, "role": "assistant", "content": [part]})
}

/// What the model thought.
pub(super) fn thoughts(id: &str, text: &str) -> Value {
    json!({"id": id, "type": "reasoning", "summary": [{"type": "summary_text", "text": text}]})
}

/// A call of a tool. The format's clients read the arguments as JSON, so none are an empty object.
pub(super) fn function_call(
    id: &str,
    call: &str,
    name: &str,
    arguments: &str,
    status: &str,
) -> Value {
    let arguments = if arguments.is_empty() { "{}" } else { arguments };
    json!({"id": id, "type": "function_call", "status": status, "arguments": arguments,
        "call_id": call, "name": name})
}
