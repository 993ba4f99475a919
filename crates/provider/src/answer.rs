//! What a vendor answered, in neutral words, beside its exact bytes where those may be passed on.

use std::pin::Pin;

use futures_util::Stream;
use gatemark_core::Result;
use gatemark_core::model::Usage;
use serde_json::value::RawValue;

use crate::dialect::{Dialect, Raw};

/// Why the model stopped.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Finish {
    /// It had said everything, or met a stop sequence.
    #[default]
    Stop,
    /// It met the bound on tokens.
    Length,
    /// It wants tools called.
    ToolCalls,
    /// The vendor's filter intervened.
    ContentFilter,
    /// A reason that we have no word for, in the vendor's words.
    Other(String),
}

impl Finish {
    /// The word of chat completions (`finish_reason`).
    pub fn word(&self) -> &str {
        match self {
            Self::Stop => "stop",
            Self::Length => "length",
            Self::ToolCalls => "tool_calls",
            Self::ContentFilter => "content_filter",
            Self::Other(word) => word,
        }
    }

    /// Reads a `finish_reason` of chat completions.
    pub fn from_word(word: &str) -> Self {
        match word {
            "stop" => Self::Stop,
            "length" => Self::Length,
            "tool_calls" => Self::ToolCalls,
            "content_filter" => Self::ContentFilter,
            other => Self::Other(other.to_string()),
        }
    }
}

/// A whole answer.
#[derive(Debug, Clone, Default)]
pub struct Answer {
    /// The body exactly as the vendor sent it, if a door may pass it on to callers who speak its dialect.
    pub raw: Option<Raw>,
    /// The vendor's id of the answer; may be empty.
    pub id: String,
    /// The model that the vendor says has answered; may be empty.
    pub model: String,
    /// The text of the first choice.
    pub text: String,
    /// Whether that text is the model's refusal to answer, where the vendor tells the two apart.
    pub refusal: bool,
    /// What the model thought before it answered, as far as the vendor shows it.
    pub reasoning: String,
    /// The `tool_calls` array of the first choice.
    pub tool_calls: Option<Box<RawValue>>,
    /// Why the first choice ended.
    pub finish: Finish,
    /// The stop sequence that ended it, if the vendor says which.
    pub stop_sequence: Option<String>,
    /// Tokens, if the vendor said.
    pub usage: Option<Usage>,
    /// Mean natural logarithm of the probabilities of the answer's tokens, if the vendor gave them.
    pub logprob: Option<f64>,
}

impl Answer {
    /// The same answer as the pieces of a stream: thoughts, text and tool calls, the end, and the usage if
    /// known.
    pub fn into_chunks(self) -> Vec<Chunk> {
        let mut chunks = Vec::with_capacity(4);
        if !self.reasoning.is_empty() {
            chunks.push(Chunk { reasoning: self.reasoning, ..Chunk::default() });
        }
        if !self.text.is_empty() || self.tool_calls.is_some() {
            let (tool_calls, refusal) = (self.tool_calls, self.refusal);
            chunks.push(Chunk { text: self.text, refusal, tool_calls, ..Chunk::default() });
        }
        let (finish, stop_sequence) = (Some(self.finish), self.stop_sequence);
        chunks.push(Chunk { finish, stop_sequence, ..Chunk::default() });
        chunks.extend(self.usage.map(Chunk::of_usage));
        chunks
    }
}

/// A piece of a streamed answer.
#[derive(Debug, Clone, Default)]
pub struct Chunk {
    /// The data of the event exactly as the vendor sent it, if a door may pass it on to callers who speak its
    /// dialect. A vendor's event makes one piece, even if it means nothing in neutral words.
    pub raw: Option<Raw>,
    /// Text that the first choice gained.
    pub text: String,
    /// Whether that text belongs to a refusal.
    pub refusal: bool,
    /// Thoughts that were shown.
    pub reasoning: String,
    /// Its `tool_calls` delta.
    pub tool_calls: Option<Box<RawValue>>,
    /// Set on the piece that ends the first choice.
    pub finish: Option<Finish>,
    /// The stop sequence that ended it, if the vendor says which.
    pub stop_sequence: Option<String>,
    /// Tokens of the whole answer.
    pub usage: Option<Usage>,
    /// Whether it carries usage and no choices, so that it can be left out for clients who did not ask.
    pub usage_only: bool,
}

impl Chunk {
    /// Whether it carries anything of the answer itself: text, a tool call, reasoning, or its end. Before
    /// the first such piece nothing has been said, and another vendor may be asked instead.
    pub fn is_output(&self) -> bool {
        let said = !self.text.is_empty() || !self.reasoning.is_empty();
        said || self.tool_calls.is_some()
            || self.finish.is_some()
            || self.raw.as_ref().is_some_and(tells_more)
    }

    /// A piece that tells the usage and nothing else.
    pub fn of_usage(usage: Usage) -> Self {
        Self { usage: Some(usage), usage_only: true, ..Self::default() }
    }

    /// Whether nothing of the answer is in it: a vendor's frame around what it says.
    pub fn is_silent(&self) -> bool {
        self.text.is_empty()
            && self.reasoning.is_empty()
            && self.tool_calls.is_none()
            && self.finish.is_none()
            && self.usage.is_none()
    }
}

/// Whether an event carries output that has no neutral word here: reasoning, a refusal, sound. Only the first
/// events of a stream are looked at, so a search is cheap enough. The events of responses have a neutral word for
/// all of these, and name their settings by the same.
fn tells_more(raw: &Raw) -> bool {
    const FIELDS: [&[u8]; 4] =
        [b"\"reasoning_content\":", b"\"reasoning\":", b"\"refusal\":", b"\"audio\":"];
    let Raw { dialect, bytes: raw } = raw;
    if *dialect == Dialect::Responses {
        return false;
    }
    FIELDS.iter().any(|field| {
        let mut places = raw.windows(field.len()).enumerate();
        places.any(|(at, window)| {
            window == *field && {
                let value = raw.get(at + field.len()..).unwrap_or_default().trim_ascii_start();
                !value.starts_with(b"null") && !value.starts_with(b"\"\"")
            }
        })
    })
}

/// The pieces of an answer. Ends after a complete answer; an incomplete one ends with an error. Dropping
/// it closes the connection.
pub type ChunkStream = Pin<Box<dyn Stream<Item = Result<Chunk>> + Send>>;

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    #[test]
    fn output_is_whatever_a_caller_would_see() {
        let raw = |text: &'static str| Chunk {
            raw: Some(Raw { dialect: Dialect::Chat, bytes: Bytes::from_static(text.as_bytes()) }),
            ..Chunk::default()
        };
        for silent in [
            raw(r#"{"choices":[{"delta":{"role":"assistant","content":"","refusal":null}}]}"#),
            raw(r#"{"choices":[{"delta":{"reasoning_content": ""}}]}"#),
            Chunk {
                raw: Some(Raw {
                    dialect: Dialect::Responses,
                    bytes: Bytes::from_static(br#"{"response":{"reasoning":{"effort":null}}}"#),
                }),
                ..Chunk::default()
            },
            Chunk::default(),
            Chunk::of_usage(Usage::default()),
        ] {
            assert!(!silent.is_output(), "{silent:?}");
        }
        for output in [
            raw(r#"{"choices":[{"delta":{"reasoning_content":"hm"}}]}"#),
            raw(r#"{"choices":[{"delta":{"refusal": "no"}}]}"#),
            Chunk { text: "x".into(), ..Chunk::default() },
            Chunk { finish: Some(Finish::Stop), ..Chunk::default() },
        ] {
            assert!(output.is_output(), "{output:?}");
        }
    }
}
