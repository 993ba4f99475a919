//! A caller's conversation in turns, each of which can be left out as a whole.
//!
//! A turn begins with a message of the user's and goes on to the next one, so a tool's result stays with
//! the call that it answers: vendors refuse the one without the other.

use gatemark_core::error::{Error, Result};
use serde_json::value::RawValue;

use crate::message::{self, Part, Said, Speaker};
use crate::request::Messages;

/// One turn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exchange {
    /// Its messages as the caller wrote them, joined by commas.
    raw: String,
    /// What a model reads of them as text, tools' names and arguments included.
    pub texts: Vec<String>,
    /// How many messages.
    pub messages: usize,
    /// How many images, files and the like.
    pub media: usize,
}

/// The caller's messages in turns, the oldest first. The first may begin with another's message.
///
/// # Errors
/// `Invalid`, naming the message, if one is not of the known shape.
pub fn exchanges(caller: &RawValue) -> Result<Vec<Exchange>> {
    let said = message::read(&Messages::Raw(caller.to_owned()))?;
    let raw: Vec<&RawValue> = serde_json::from_str(caller.get())
        .map_err(|_| Error::invalid("`messages` must be an array").at("messages"))?;
    let mut found: Vec<Exchange> = vec![];
    for (raw, said) in raw.into_iter().zip(said) {
        match found.last_mut().filter(|_| said.speaker != Speaker::User) {
            Some(last) => {
                last.raw.push(',');
                last.raw.push_str(raw.get());
                last.add(said);
            }
            None => {
                let raw = raw.get().to_string();
                let mut one = Exchange { raw, texts: vec![], messages: 0, media: 0 };
                one.add(said);
                found.push(one);
            }
        }
    }
    Ok(found)
}

impl Exchange {
    fn add(&mut self, said: Said) {
        self.messages += 1;
        for part in said.parts {
            match part {
                Part::Text(text) => self.texts.push(text),
                Part::Other(map) => match map.get("text").and_then(serde_json::Value::as_str) {
                    Some(text) => self.texts.push(text.to_string()),
                    None => self.media += 1,
                },
            }
        }
        for call in said.tool_calls {
            self.texts.extend([call.name, call.arguments]);
        }
        self.texts.extend(said.rest.values().map(ToString::to_string));
    }
}

/// The messages of `exchanges` as one array, as they were written.
///
/// # Errors
/// None that a caller can cause.
pub fn joined(exchanges: &[Exchange]) -> Result<Box<RawValue>> {
    let parts: Vec<&str> = exchanges.iter().map(|exchange| exchange.raw.as_str()).collect();
    RawValue::from_string(format!("[{}]", parts.join(",")))
        .map_err(|cause| Error::internal("messages could not be joined").because(cause))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Vec<Exchange> {
        exchanges(&RawValue::from_string(text.into()).unwrap()).unwrap()
    }

    #[test]
    fn a_tools_result_stays_with_its_call() {
        let found = of(r#"[{"role":"assistant","content":"Hello"},{"role":"user","content":"a"},
            {"role":"assistant","content":null,"tool_calls":[{"id":"c","type":"function","function":{"name":"f","arguments":"{}"}}]},
            {"role":"tool","tool_call_id":"c","content":"1"},
            {"role":"user","content":[{"type":"image_url","image_url":{"url":"data:x"}},{"type":"text","text":"b"}]}]"#);
        let sizes: Vec<_> = found.iter().map(|one| (one.messages, one.media)).collect();
        assert_eq!(sizes, [(1, 0), (3, 0), (1, 1)]);
        assert_eq!(found[1].texts, ["a", "f", "{}", "1"]);
        assert_eq!(found[2].texts, ["b"]);
        assert!(
            joined(&found[2..]).unwrap().get().starts_with(r#"[{"role":"user","content":[{"ty"#)
        );
        assert_eq!(joined(&[]).unwrap().get(), "[]");
    }
}
