//! What all doors for applications share: reading a request, writing answers, streams and errors in the
//! dialect that the caller speaks.
//!
//! A door is a dialect. What differs between them is behind these functions, so that the steps of a call know
//! no format.

mod read;

use bytes::Bytes;
use gatemark_core::{Error, Result};

pub use crate::frame::Opening;
pub use read::{DoorRequest, PromptReference, read_prompt, read_request};

use crate::answer::{Answer, Chunk};
use crate::dialect::Dialect;
use crate::{chat, messages};

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
}

impl Writer {
    /// A writer that has written nothing.
    pub fn new(dialect: Dialect, opening: Opening) -> Self {
        match dialect {
            Dialect::Chat | Dialect::Responses => Self::Chat(chat::Writer::new(opening)),
            Dialect::Messages => Self::Messages(Box::new(messages::Writer::new(opening))),
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
        }
    }

    /// The events that end a stream that broke.
    pub fn error(&mut self, error: &Error) -> Bytes {
        match self {
            Self::Chat(writer) => writer.error(error),
            Self::Messages(writer) => writer.error(error),
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
        }
    }
}

/// A whole answer: the vendor's bytes if it spoke the caller's dialect, else written from the parts.
///
/// # Errors
/// `VendorFailed` for an answer that the dialect cannot express.
pub fn write_answer(dialect: Dialect, answer: &Answer, call: &str, created: i64) -> Result<Bytes> {
    match dialect {
        Dialect::Chat | Dialect::Responses => Ok(chat::write_answer(answer, created)),
        Dialect::Messages => messages::write_answer(answer, call),
    }
}

/// An error in the shape that the dialect's clients understand; `call` is the call's id, if it got one.
pub fn write_error(dialect: Dialect, error: &Error, call: Option<&str>) -> Bytes {
    match dialect {
        Dialect::Chat | Dialect::Responses => chat::write_error(error),
        Dialect::Messages => messages::write_error(error, call),
    }
}
