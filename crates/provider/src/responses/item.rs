//! The conversation: `instructions` and the items of `input`, as messages of chat completions.
//!
//! Here a model's text, its calls of tools and their results are items of their own; there the calls belong
//! to the message that they were made in. So what the model said and called, up to the next result or message
//! of somebody else, becomes one message.

use std::borrow::Cow;

use gatemark_core::Result;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::part::{self, Part};
use crate::object::{self, Members};
use crate::towards::{Towards, malformed, raw};

/// A message in the making.
struct Message {
    role: &'static str,
    parts: Vec<Value>,
    calls: Vec<Value>,
    /// For a tool's result: which call it answers.
    answers: Option<String>,
}

impl Message {
    fn new(role: &'static str, parts: Vec<Value>) -> Self {
        Self { role, parts, calls: Vec::new(), answers: None }
    }

    fn written(self) -> Value {
        let text = |part: &Value| match part.get("type").and_then(Value::as_str) {
            Some("text") => part.get("text").and_then(Value::as_str).map(str::to_string),
            _ => None,
        };
        // Many servers take only one text from the model or a tool; its pieces mean the same in one.
        let joined = self.role != "user" || self.parts.len() < 2;
        let texts: Option<Vec<String>> = self.parts.iter().map(text).collect();
        let content = match texts.filter(|_| joined) {
            Some(texts) if texts.is_empty() && !self.calls.is_empty() => Value::Null,
            Some(texts) => texts.concat().into(),
            None => self.parts.into(),
        };
        let mut message = json!({"role": self.role, "content": content});
        if let Some(object) = message.as_object_mut() {
            if !self.calls.is_empty() {
                object.insert("tool_calls".into(), self.calls.into());
            }
            if let Some(id) = self.answers {
                object.insert("tool_call_id".into(), id.into());
            }
        }
        message
    }
}

/// Translates.
pub(super) fn messages(
    instructions: Option<&RawValue>,
    input: &RawValue,
    towards: &Towards<'_>,
) -> Result<Box<RawValue>> {
    let mut out = Vec::new();
    if let Some(text) = instructions {
        let text = object::text(text).ok_or_else(|| malformed("instructions", "a text"))?;
        out.push(Message::new("system", vec![said(&text)]));
    }
    if let Some(text) = object::text(input) {
        out.push(Message::new("user", vec![said(&text)]));
    } else {
        let items = object::elements(input);
        let items = items.ok_or_else(|| malformed("input", "a text or an array of items"))?;
        for (rank, value) in items.into_iter().enumerate() {
            item(&format!("input[{rank}]"), value, towards, &mut out)?;
        }
    }
    raw(&out.into_iter().map(Message::written).collect::<Vec<_>>())
}

fn said(text: &str) -> Value {
    json!({"type": "text", "text": text})
}

/// An item that is being read.
struct Item<'a, 'b> {
    param: &'b str,
    members: Members<'a>,
    towards: &'b Towards<'b>,
}

impl<'a> Item<'a, '_> {
    fn take(&mut self, name: &str, wanted: &str) -> Result<&'a RawValue> {
        self.members.take(name).ok_or_else(|| malformed(&format!("{}.{name}", self.param), wanted))
    }

    fn text(&mut self, name: &str) -> Result<Cow<'a, str>> {
        let raw = self.take(name, "a text")?;
        object::text(raw).ok_or_else(|| malformed(&format!("{}.{name}", self.param), "a text"))
    }

    fn parts(&mut self, name: &str) -> Result<Vec<Part<'a>>> {
        let raw = self.take(name, "a text or an array of parts")?;
        part::parts(&format!("{}.{name}", self.param), raw, self.towards)
    }

    /// Text parts only: `who` can send nothing else there.
    fn texts(&mut self, name: &str, who: &str) -> Result<Vec<Value>> {
        let texts = self.parts(name)?.into_iter().enumerate().map(|(rank, part)| match part {
            Part::Text(text) => Ok(said(&text)),
            Part::Media(_) => {
                let place = format!("{}.{name}[{rank}]", self.param);
                Err(self.towards.refuse(&place, &format!("{who} that is not text")))
            }
        });
        texts.collect()
    }

    /// Nothing of it may be left unread.
    fn done(&self) -> Result<()> {
        match self.members.left() {
            None => Ok(()),
            Some(key) => {
                let place = format!("{}.{key}", self.param);
                Err(self.towards.refuse(&place, "this property of an item"))
            }
        }
    }
}

fn item(
    param: &str,
    value: &RawValue,
    towards: &Towards<'_>,
    out: &mut Vec<Message>,
) -> Result<()> {
    let members = Members::of(value).ok_or_else(|| malformed(param, "an object"))?;
    let mut item = Item { param, members, towards };
    let kind = item.members.take("type").and_then(object::text);
    // What the vendor's own books say about an item.
    for name in ["id", "status", "phase"] {
        item.members.take(name);
    }
    match kind.as_deref().unwrap_or("message") {
        "message" => message(item, out),
        "function_call" => call(item, out),
        "function_call_output" => {
            let id = item.text("call_id")?.into_owned();
            let parts = item.texts("output", "a tool's result")?;
            item.done()?;
            let answers = Some(id);
            out.push(Message { answers, ..Message::new("tool", parts) });
            Ok(())
        }
        "reasoning" if item.members.take("encrypted_content").is_none() => Ok(()),
        "reasoning" => Err(towards.refuse(param, "an encrypted thought")),
        other => Err(towards.refuse(param, &format!("a {other:?} item"))),
    }
}

fn message(mut item: Item<'_, '_>, out: &mut Vec<Message>) -> Result<()> {
    let role = item.text("role")?;
    match role.as_ref() {
        "user" => {
            let parts = item.parts("content")?.into_iter().map(|part| match part {
                Part::Text(text) => said(&text),
                Part::Media(part) => part,
            });
            out.push(Message::new("user", parts.collect()));
        }
        "system" | "developer" => {
            let parts = item.texts("content", "an instruction")?;
            out.push(Message::new("system", parts));
        }
        "assistant" => {
            let parts = item.texts("content", "an assistant's message")?;
            match out.last_mut() {
                Some(last) if last.role == "assistant" && !last.calls.is_empty() => {
                    last.parts.extend(parts);
                }
                _ => out.push(Message::new("assistant", parts)),
            }
        }
        _ => {
            let wanted = "user, assistant, system or developer";
            return Err(malformed(&format!("{}.role", item.param), wanted));
        }
    }
    item.done()
}

fn call(mut item: Item<'_, '_>, out: &mut Vec<Message>) -> Result<()> {
    let (id, name) = (item.text("call_id")?, item.text("name")?);
    let arguments = item.text("arguments")?;
    item.done()?;
    let call = json!({"id": id, "type": "function",
        "function": {"name": name, "arguments": arguments}});
    if out.last().is_none_or(|last| last.role != "assistant") {
        out.push(Message::new("assistant", Vec::new()));
    }
    if let Some(last) = out.last_mut() {
        last.calls.push(call);
    }
    Ok(())
}
