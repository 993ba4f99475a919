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

/// Whom a call is for, as the dialect's clients say it: `safety_identifier` or `user`, and `metadata.user_id` at
/// the door of messages. Texts that are empty or longer than 256 bytes are nobody.
pub fn user(dialect: Dialect, fields: &[(String, Box<RawValue>)]) -> Option<String> {
    let field =
        |wanted: &str| fields.iter().find(|(name, _)| name == wanted).map(|(_, raw)| raw.get());
    let found: Option<String> = match dialect {
        Dialect::Messages => {
            let metadata: serde_json::Value = serde_json::from_str(field("metadata")?).ok()?;
            metadata["user_id"].as_str().map(String::from)
        }
        _ => ["safety_identifier", "user"]
            .into_iter()
            .find_map(|name| serde_json::from_str(field(name)?).ok()),
    };
    found.filter(|user| (1..=256).contains(&user.len()))
}

/// What of a request is repeated in its answer: nothing but at the door of responses.
pub fn repeated(dialect: Dialect, fields: &[(String, Box<RawValue>)]) -> Asked {
    if dialect == Dialect::Responses { fields.into() } else { Asked::default() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn refusal() -> Answer {
        Answer { text: "I cannot.".into(), refusal: true, ..Answer::default() }
    }

    fn opening() -> Opening {
        Opening { call: "c".into(), model: "m".into(), ..Opening::default() }
    }

    /// The data of every event of a refusal that comes in two pieces.
    fn events(dialect: Dialect) -> Vec<Value> {
        let mut writer = Writer::new(dialect, opening());
        let piece = |text: &str| Chunk { text: text.into(), refusal: true, ..Chunk::default() };
        let mut bytes = vec![];
        for chunk in [piece("I "), piece("cannot.")] {
            bytes.extend(writer.chunk(&chunk).unwrap().unwrap_or_default());
        }
        bytes.extend(writer.end().unwrap());
        let text = String::from_utf8(bytes).unwrap();
        let data = text.lines().filter_map(|line| line.strip_prefix("data: "));
        data.filter_map(|data| serde_json::from_str(data).ok()).collect()
    }

    #[test]
    fn a_refusal_is_one_at_every_door() {
        let whole = |dialect| -> Value {
            serde_json::from_slice(&write_answer(dialect, &refusal(), &opening()).unwrap()).unwrap()
        };
        let said = &whole(Dialect::Chat)["choices"][0]["message"];
        assert_eq!((&said["refusal"], &said["content"]), (&json!("I cannot."), &Value::Null));
        let message = whole(Dialect::Messages);
        assert_eq!(message["stop_reason"], "refusal");
        assert_eq!(message["content"], json!([{"type": "text", "text": "I cannot."}]));
        let part = json!({"type": "refusal", "refusal": "I cannot."});
        let response = whole(Dialect::Responses);
        assert_eq!(
            (&response["status"], &response["output"][0]["content"]),
            (&json!("completed"), &json!([part]))
        );
        let chat = events(Dialect::Chat);
        assert_eq!(chat[0]["choices"][0]["delta"], json!({"role": "assistant", "refusal": "I "}));
        assert_eq!(chat[1]["choices"][0]["delta"], json!({"refusal": "cannot."}));
        let messages = events(Dialect::Messages);
        let ended = messages.iter().find(|event| event["type"] == "message_delta").unwrap();
        assert_eq!(ended["delta"]["stop_reason"], "refusal");
        let responses = events(Dialect::Responses);
        let names: Vec<&str> = responses.iter().filter_map(|e| e["type"].as_str()).collect();
        assert_eq!(
            names[2..],
            [
                "response.output_item.added",
                "response.content_part.added",
                "response.refusal.delta",
                "response.refusal.delta",
                "response.refusal.done",
                "response.content_part.done",
                "response.output_item.done",
                "response.completed"
            ]
        );
        assert_eq!(responses[6]["refusal"], "I cannot.");
        assert_eq!(responses[9]["response"]["output"][0]["content"], json!([part]));
    }
}
