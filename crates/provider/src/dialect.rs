//! The formats in which applications speak to us and we to vendors.
//!
//! Where both ends of a call speak one dialect, what is said passes through as bytes. Where they do not, the
//! words of chat completions stand in the middle: every dialect is translated from and to them, never
//! straight into another, so that a new one costs two translations and not two per neighbour.

use bytes::Bytes;

/// A format of requests and answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Dialect {
    /// OpenAI's chat completions; also the neutral vocabulary.
    #[default]
    Chat,
    /// Anthropic's messages.
    Messages,
    /// OpenAI's responses.
    Responses,
    /// OpenAI's embeddings: texts in, vectors out. Not a conversation, but a call like any other.
    Embeddings,
}

impl Dialect {
    /// Its name in messages to people.
    pub fn name(self) -> &'static str {
        match self {
            Self::Chat => "chat completions",
            Self::Messages => "messages",
            Self::Responses => "responses",
            Self::Embeddings => "embeddings",
        }
    }

    /// What this dialect calls a field of chat completions, so that a caller reads of what it sent itself. A field
    /// that has no other name here keeps its own.
    pub fn spelled(self, field: &str) -> &str {
        match (self, field) {
            (Self::Messages, "response_format") => "output_config.format",
            (Self::Messages, "reasoning_effort") => "output_config.effort",
            (Self::Messages, "stop") => "stop_sequences",
            (Self::Messages, "user") => "metadata.user_id",
            (Self::Messages, "parallel_tool_calls") => "tool_choice.disable_parallel_tool_use",
            (Self::Messages, "max_completion_tokens") => "max_tokens",
            (Self::Responses, "response_format") => "text.format",
            (Self::Responses, "verbosity") => "text.verbosity",
            (Self::Responses, "reasoning_effort") => "reasoning.effort",
            (Self::Responses, "max_tokens" | "max_completion_tokens") => "max_output_tokens",
            _ => field,
        }
    }

    /// The top-level field that holds the conversation, or what else the model is to read.
    pub fn conversation(self) -> &'static str {
        match self {
            Self::Chat | Self::Messages => "messages",
            Self::Responses | Self::Embeddings => "input",
        }
    }
}

/// What a vendor said, as it said it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Raw {
    /// In which format.
    pub dialect: Dialect,
    /// A whole body, or the data of one event. Valid UTF-8; the data of an event is free of line breaks.
    pub bytes: Bytes,
}

impl Raw {
    /// The bytes, if they are in `dialect`.
    pub fn in_dialect(raw: Option<&Self>, dialect: Dialect) -> Option<&Bytes> {
        raw.filter(|raw| raw.dialect == dialect).map(|raw| &raw.bytes)
    }
}
