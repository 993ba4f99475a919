//! What a vendor answered, in neutral words, beside its exact bytes where those may be passed on.

use std::pin::Pin;

use bytes::Bytes;
use futures_util::Stream;
use gatemark_core::Result;
use gatemark_core::model::Usage;
use serde_json::value::RawValue;

/// Why the model stopped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Finish {
    /// It had said everything, or met a stop sequence.
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
#[derive(Debug, Clone)]
pub struct Answer {
    /// The `chat.completion` JSON exactly as the vendor sent it, when the vendor speaks that. Valid UTF-8.
    pub raw: Option<Bytes>,
    /// The vendor's id of the answer; may be empty.
    pub id: String,
    /// The model that the vendor says has answered; may be empty.
    pub model: String,
    /// The text of the first choice.
    pub text: String,
    /// The `tool_calls` array of the first choice.
    pub tool_calls: Option<Box<RawValue>>,
    /// Why the first choice ended.
    pub finish: Finish,
    /// Tokens, if the vendor said.
    pub usage: Option<Usage>,
}

impl Answer {
    /// The same answer as the pieces of a stream: text and tool calls, the end, and the usage if known.
    pub fn into_chunks(self) -> Vec<Chunk> {
        let mut chunks = Vec::with_capacity(3);
        if !self.text.is_empty() || self.tool_calls.is_some() {
            let tool_calls = self.tool_calls;
            chunks.push(Chunk { text: self.text, tool_calls, ..Chunk::default() });
        }
        chunks.push(Chunk { finish: Some(self.finish), ..Chunk::default() });
        chunks.extend(self.usage.map(Chunk::of_usage));
        chunks
    }
}

/// A piece of a streamed answer.
#[derive(Debug, Clone, Default)]
pub struct Chunk {
    /// The data of the event, if it is a `chat.completion.chunk` already. Valid UTF-8 without line breaks.
    pub raw: Option<Bytes>,
    /// Text that the first choice gained.
    pub text: String,
    /// Its `tool_calls` delta.
    pub tool_calls: Option<Box<RawValue>>,
    /// Set on the piece that ends the first choice.
    pub finish: Option<Finish>,
    /// Tokens of the whole answer.
    pub usage: Option<Usage>,
    /// Whether it carries usage and no choices, so that it can be left out for clients who did not ask.
    pub usage_only: bool,
}

impl Chunk {
    /// A piece that tells the usage and nothing else.
    pub fn of_usage(usage: Usage) -> Self {
        Self { usage: Some(usage), usage_only: true, ..Self::default() }
    }
}

/// The pieces of an answer. Ends after a complete answer; an incomplete one ends with an error. Dropping
/// it closes the connection.
pub type ChunkStream = Pin<Box<dyn Stream<Item = Result<Chunk>> + Send>>;
