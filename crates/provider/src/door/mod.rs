//! What all doors for applications share: reading a request, writing answers, streams and errors in the
//! dialect that the caller speaks.
//!
//! A door is a dialect. What differs between them is behind these functions, so that the steps of a call know
//! no format.

mod read;

use bytes::Bytes;
use gatemark_core::model::Usage;
use gatemark_core::{Error, Result};
use serde_json::value::RawValue;

pub use crate::frame::{Asked, Opening};
pub use read::{DoorRequest, PromptReference, read_prompt, read_request};

use crate::answer::{Answer, Chunk};
use crate::dialect::Dialect;
use crate::{chat, embeddings, messages, responses};

/// Writes a streamed answer event by event. Each `Bytes` holds complete events and is meant for one write.
///
/// A stream either ends with [`Writer::end`] or breaks with [`Writer::error`]; only the former makes it look
/// whole.
#[derive(Debug)]
pub enum Writer {
    /// Chat completions.
    Chat(chat::Writer),
    /// Messages.
    Messages(Box<messages::Writer>),
    /// Responses.
    Responses(Box<responses::Writer>),
}

impl Writer {
    /// A writer that has written nothing.
    pub fn new(dialect: Dialect, opening: Opening) -> Self {
        match dialect {
            Dialect::Chat | Dialect::Embeddings => Self::Chat(chat::Writer::new(opening)),
            Dialect::Messages => Self::Messages(Box::new(messages::Writer::new(opening))),
            Dialect::Responses => Self::Responses(Box::new(responses::Writer::new(opening))),
        }
    }

    /// The events for `chunk`; `None` if it has nothing to say to this caller.
    ///
    /// # Errors
    /// `VendorFailed` for pieces that the dialect cannot express.
    pub fn chunk(&mut self, chunk: &Chunk) -> Result<Option<Bytes>> {
        match self {
            Self::Chat(writer) => Ok(writer.chunk(chunk)),
            Self::Messages(writer) => writer.chunk(chunk),
            Self::Responses(writer) => writer.chunk(chunk),
        }
    }

    /// What the whole answer took, where no piece of it says so; told at the end.
    pub fn usage(&mut self, usage: Usage) {
        match self {
            Self::Chat(writer) => writer.usage(usage),
            Self::Messages(writer) => writer.usage(usage),
            Self::Responses(writer) => writer.usage(usage),
        }
    }

    /// The events that end a stream that broke.
    pub fn error(&mut self, error: &Error) -> Bytes {
        match self {
            Self::Chat(writer) => writer.error(error),
            Self::Messages(writer) => writer.error(error),
            Self::Responses(writer) => writer.error(error),
        }
    }

    /// The events that end a whole stream.
    ///
    /// # Errors
    /// As [`Writer::chunk`].
    pub fn end(&mut self) -> Result<Bytes> {
        match self {
            Self::Chat(writer) => Ok(writer.end()),
            Self::Messages(writer) => writer.end(),
            Self::Responses(writer) => writer.end(),
        }
    }
}

/// A whole answer: the vendor's bytes if it spoke the caller's dialect, else written from the parts.
///
/// # Errors
/// `VendorFailed` for an answer that the dialect cannot express.
pub fn write_answer(dialect: Dialect, answer: &Answer, opening: &Opening) -> Result<Bytes> {
    match dialect {
        Dialect::Chat => Ok(chat::write_answer(answer, opening.created)),
        Dialect::Messages => messages::write_answer(answer, &opening.call),
        Dialect::Responses => responses::write_answer(answer, opening),
        Dialect::Embeddings => embeddings::write_answer(answer),
    }
}

/// An error in the shape that the dialect's clients understand; `call` is the call's id, if it got one.
pub fn write_error(dialect: Dialect, error: &Error, call: Option<&str>) -> Bytes {
    match dialect {
        Dialect::Chat | Dialect::Responses | Dialect::Embeddings => chat::write_error(error),
        Dialect::Messages => messages::write_error(error, call),
    }
}

/// What of a request is repeated in its answer: nothing but at the door of responses.
pub fn repeated(dialect: Dialect, fields: &[(String, Box<RawValue>)]) -> Asked {
    if dialect == Dialect::Responses { fields.into() } else { Asked::default() }
}
