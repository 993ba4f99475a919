//! A caller's conversation in turns, each of which can be left out as a whole.
//!
//! A turn begins with a message of the user's and goes on to the next one, so a tool's result stays with
//! the call that it answers: vendors refuse the one without the other.

use gatemark_core::error::{Error, Result};
use serde_json::value::RawValue;
use serde_json::{Value, json};

use crate::answer::Answer;
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
pub fn joined<'e>(exchanges: impl IntoIterator<Item = &'e Exchange>) -> Result<Box<RawValue>> {
    let parts: Vec<&str> = exchanges.into_iter().map(|one| one.raw.as_str()).collect();
    RawValue::from_string(format!("[{}]", parts.join(",")))
        .map_err(|cause| Error::internal("messages could not be joined").because(cause))
}

/// A message of the user's, as one array.
pub fn asked(text: &str) -> String {
    json!([{"role": "user", "content": text}]).to_string()
}

/// The model's answer as one array; `None` if it says nothing. Thoughts are left out: vendors take back only
/// their own.
pub fn answered(answer: &Answer) -> Option<String> {
    let mut message = json!({"role": "assistant", "content": answer.text});
    if let Some(calls) = &answer.tool_calls {
        let calls: Value = serde_json::from_str(calls.get()).ok()?;
        let object = message.as_object_mut()?;
        object.insert("tool_calls".into(), calls);
        if answer.text.is_empty() {
            object.insert("content".into(), Value::Null);
        }
    } else if answer.text.is_empty() {
        return None;
    }
    Some(Value::Array(vec![message]).to_string())
}

/// Arrays of messages as one.
///
/// # Errors
/// `Internal` if one is not an array.
pub fn together<'a>(arrays: impl IntoIterator<Item = &'a str>) -> Result<Box<RawValue>> {
    let mut inner: Vec<&str> = vec![];
    for array in arrays {
        let list = array.trim().strip_prefix('[').and_then(|list| list.strip_suffix(']'));
        let list = list.ok_or_else(|| Error::internal("messages are not a list"))?.trim();
        inner.extend((!list.is_empty()).then_some(list));
    }
    RawValue::from_string(format!("[{}]", inner.join(",")))
        .map_err(|cause| Error::internal("messages could not be joined").because(cause))
}

/// Whether the first message is the user's.
pub fn opens(messages: &RawValue) -> bool {
    let said = message::read(&Messages::Raw(messages.to_owned())).unwrap_or_default();
    said.first().is_some_and(|said| said.speaker == Speaker::User)
}

/// What is said in the messages, for a model or a person to read: who speaks and what, one message after the
/// other.
///
/// # Errors
/// `Invalid` if a message is not of the known shape.
pub fn transcript(messages: &RawValue) -> Result<String> {
    let mut text = String::new();
    for said in message::read(&Messages::Raw(messages.to_owned()))? {
        let who = match said.speaker {
            Speaker::System => "system",
            Speaker::User => "user",
            Speaker::Assistant => "assistant",
            Speaker::Tool => "tool",
        };
        text.push_str(who);
        text.push(':');
        for part in said.parts {
            let piece = match part {
                Part::Text(text) => text,
                Part::Other(map) => match map.get("text").and_then(Value::as_str) {
                    Some(text) => text.to_string(),
                    None => {
                        let kind = map.get("type").and_then(Value::as_str).unwrap_or("part");
                        format!("[{kind}]")
                    }
                },
            };
            text.push(' ');
            text.push_str(&piece);
        }
        for call in said.tool_calls {
            text.push_str(&format!(" [calls {}({})]", call.name, call.arguments));
        }
        text.push('\n');
    }
    Ok(text)
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
    #[test]
    fn turns_are_written_joined_and_read() {
        let calls = r#"[{"id":"c","type":"function","function":{"name":"f","arguments":"{}"}}]"#;
        let calls = RawValue::from_string(calls.into()).unwrap();
        let called = answered(&Answer { tool_calls: Some(calls), ..Answer::default() }).unwrap();
        let said = answered(&Answer { text: "b \"q\"".into(), ..Answer::default() }).unwrap();
        assert!(answered(&Answer::default()).is_none());
        let asked = asked("a");
        let tool = r#" [{"role":"tool","tool_call_id":"c","content":"1"}] "#;
        let all = together([asked.as_str(), "[ ]", &called, tool, &said]).unwrap();
        assert!(opens(&all) && !opens(&RawValue::from_string(tool.into()).unwrap()));
        let found = exchanges(&all).unwrap();
        assert_eq!((found.len(), found[0].messages), (1, 4));
        let wanted = "user: a\nassistant: [calls f({})]\ntool: 1\nassistant: b \"q\"\n";
        assert_eq!(transcript(&all).unwrap(), wanted);
        assert!(together(["{}"]).is_err());
    }
}
