//! What a good answer is.
//!
//! What passes bytes or promises to is held to the vendor's bytes. Peers write answers anew, with fields of their
//! own, so of them only the text is asked for, and the end of a stream.

use bytes::Bytes;
use serde_json::Value;

use crate::Result;

/// What each answer is compared with.
#[derive(Debug, Clone)]
pub(crate) enum Expected {
    /// The vendor's bytes.
    Bytes(Bytes),
    /// A completion, or a stream of one, that says this.
    Text(String),
}

/// Reads one answer.
pub(crate) enum Reader<'a> {
    /// What is still to come.
    Bytes(&'a [u8]),
    /// What is wanted, and what came.
    Text(&'a str, Vec<u8>),
}

impl Expected {
    /// For the next answer.
    pub(crate) fn reader(&self) -> Reader<'_> {
        match self {
            Self::Bytes(bytes) => Reader::Bytes(bytes),
            Self::Text(text) => Reader::Text(text, Vec::new()),
        }
    }
}

impl Reader<'_> {
    /// Takes the next piece of the body.
    pub(crate) fn read(&mut self, data: &[u8]) -> Result<()> {
        match self {
            Self::Bytes(rest) => {
                *rest =
                    rest.strip_prefix(data).ok_or("an answer differs from what the vendor sent")?;
            }
            Self::Text(_, read) => read.extend_from_slice(data),
        }
        Ok(())
    }

    /// Nothing more will come.
    pub(crate) fn end(self) -> Result<()> {
        match self {
            Self::Bytes([]) => Ok(()),
            Self::Bytes(_) => Err("an answer is shorter than what the vendor sent".into()),
            Self::Text(wanted, read) => {
                let text = said(&read)?;
                let differs = || format!("an answer says {text:?}");
                if text == wanted { Ok(()) } else { Err(differs().into()) }
            }
        }
    }
}

/// The text of a completion, whole or streamed.
fn said(body: &[u8]) -> Result<String> {
    let body = std::str::from_utf8(body)?;
    if !body.trim_start().starts_with("data:") {
        let answer: Value = serde_json::from_str(body)?;
        return Ok(text(&answer, "message"));
    }
    let payloads = body.lines().filter_map(|line| line.strip_prefix("data:")).map(str::trim);
    let mut whole = String::new();
    let mut ended = false;
    for payload in payloads {
        ended = payload == "[DONE]";
        if !ended {
            whole.push_str(&text(&serde_json::from_str(payload)?, "delta"));
        }
    }
    if ended { Ok(whole) } else { Err("a stream without its end".into()) }
}

fn text(answer: &Value, part: &str) -> String {
    let content = answer.pointer(&format!("/choices/0/{part}/content"));
    content.and_then(Value::as_str).unwrap_or_default().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::payload;

    #[test]
    fn whole_answers_and_streams_say_their_text() {
        for stream in [false, true] {
            let body = payload::expected(stream);
            let wanted = Expected::Text(payload::text(stream));
            let mut reader = wanted.reader();
            reader.read(&body).unwrap();
            reader.end().unwrap();
            let mut cut = wanted.reader();
            cut.read(&body[..body.len() - 10]).unwrap();
            assert!(cut.end().is_err());
            let exact = Expected::Bytes(body.clone());
            assert!(exact.reader().read(b"?").is_err());
            assert!(exact.reader().end().is_err());
        }
    }
}
