//! What was said by somebody else than the application in a conversation as its caller wrote it: by a person, and by
//! tools and documents on the way.
//!
//! It reads the shapes of all doors at once (chat completions, messages, responses) and refuses nothing: what a
//! shape may hold is decided where it is translated. What the application and the model say is left out.

use gatemark_core::guard::Profile;
use serde_json::Value;
use serde_json::value::RawValue;

/// A text of one message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heard {
    /// The message's place among the caller's, from 0.
    pub message: usize,
    /// A person's words, or those of a tool or document.
    pub profile: Profile,
    /// The words; several parts on lines of their own.
    pub text: String,
}

/// What persons, tools and documents say in `messages`, in order.
pub fn heard(messages: &RawValue) -> Vec<Heard> {
    let mut found = Found { heard: vec![] };
    match serde_json::from_str(messages.get()) {
        Ok(Value::Array(items)) => {
            for (place, item) in items.iter().enumerate() {
                found.message(place, item);
            }
        }
        // A whole input may be one text.
        Ok(Value::String(text)) => found.add(0, Profile::User, &text),
        _ => {}
    }
    found.heard
}

struct Found {
    heard: Vec<Heard>,
}

impl Found {
    fn add(&mut self, message: usize, profile: Profile, text: &str) {
        if text.trim().is_empty() {
            return;
        }
        let last = self.heard.last_mut();
        match last.filter(|last| (last.message, last.profile) == (message, profile)) {
            Some(last) => {
                last.text.push('\n');
                last.text.push_str(text);
            }
            None => self.heard.push(Heard { message, profile, text: text.to_string() }),
        }
    }

    fn message(&mut self, place: usize, item: &Value) {
        if let Some(text) = item.as_str() {
            return self.add(place, Profile::User, text);
        }
        let word = |name: &str| item.get(name).and_then(Value::as_str);
        match (word("role"), word("type")) {
            (Some("user"), _) => self.content(place, item.get("content")),
            (Some("tool" | "function"), _) => self.all(place, item.get("content")),
            (None, Some(kind)) if kind.ends_with("_output") => self.all(place, item.get("output")),
            _ => {}
        }
    }

    /// A person's message: their words, and what it carries of others.
    fn content(&mut self, place: usize, content: Option<&Value>) {
        match content {
            Some(Value::String(text)) => self.add(place, Profile::User, text),
            Some(Value::Array(parts)) => {
                for part in parts {
                    let kind = part.get("type").and_then(Value::as_str).unwrap_or_default();
                    match kind {
                        kind if kind.ends_with("tool_result") => {
                            self.all(place, part.get("content"));
                        }
                        "document" | "search_result" => self.carried(place, part),
                        _ => {
                            if let Some(text) = part.get("text").and_then(Value::as_str) {
                                self.add(place, Profile::User, text);
                            }
                        }
                    }
                }
            }
            _ => {}
        }
    }

    /// A document within a message; one that is not text is not read here.
    fn carried(&mut self, place: usize, part: &Value) {
        for name in ["title", "context"] {
            if let Some(text) = part.get(name).and_then(Value::as_str) {
                self.add(place, Profile::Document, text);
            }
        }
        let source = part.get("source");
        let kind = source.and_then(|source| source.get("type")).and_then(Value::as_str);
        match kind {
            Some("text") => self.all(place, source.and_then(|source| source.get("data"))),
            Some("content") => self.all(place, source.and_then(|source| source.get("content"))),
            _ => {}
        }
        self.all(place, part.get("content"));
    }

    /// Every text of a tool's result: a text, or parts with texts.
    fn all(&mut self, place: usize, content: Option<&Value>) {
        match content {
            Some(Value::String(text)) => self.add(place, Profile::Document, text),
            Some(Value::Array(parts)) => parts.iter().for_each(|part| match part {
                Value::String(text) => self.add(place, Profile::Document, text),
                part if part.get("type").and_then(Value::as_str) == Some("search_result") => {
                    self.carried(place, part);
                }
                part => {
                    if let Some(text) = part.get("text").and_then(Value::as_str) {
                        self.add(place, Profile::Document, text);
                    }
                }
            }),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn of(messages: Value) -> Vec<(usize, &'static str, String)> {
        let raw = RawValue::from_string(messages.to_string()).unwrap();
        let word = |profile| if profile == Profile::User { "user" } else { "document" };
        heard(&raw).into_iter().map(|one| (one.message, word(one.profile), one.text)).collect()
    }

    #[test]
    fn in_chat_completions() {
        let found = of(json!([
            {"role": "system", "content": "application"},
            {"role": "user", "content": [{"type": "text", "text": "one"}, {"type": "image_url"}, {"type": "text", "text": "two"}]},
            {"role": "assistant", "content": "model"},
            {"role": "tool", "tool_call_id": "1", "content": "page"},
        ]));
        assert_eq!(found, [(1, "user", "one\ntwo".into()), (3, "document", "page".into())]);
    }

    #[test]
    fn in_messages_a_persons_turn_carries_what_tools_say() {
        let found = of(json!([{"role": "user", "content": [
            {"type": "tool_result", "tool_use_id": "1", "content": [{"type": "text", "text": "page"}]},
            {"type": "document", "title": "Notes", "source": {"type": "text", "media_type": "text/plain", "data": "note"}},
            {"type": "document", "source": {"type": "base64", "data": "JVBERi0="}},
            {"type": "text", "text": "sum it up"},
        ]}]));
        assert_eq!(
            found,
            [(0, "document", "page\nNotes\nnote".into()), (0, "user", "sum it up".into())]
        );
    }

    #[test]
    fn in_responses() {
        assert_eq!(of(json!("hello")), [(0, "user", "hello".into())]);
        let found = of(json!([
            {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "hi"}]},
            {"type": "function_call", "name": "look", "arguments": "{}"},
            {"type": "function_call_output", "call_id": "1", "output": "page"},
            {"role": "developer", "content": "application"},
        ]));
        assert_eq!(found, [(0, "user", "hi".into()), (2, "document", "page".into())]);
    }

    #[test]
    fn whatever_else_it_is_nothing_is_heard() {
        for odd in
            [json!(null), json!({"role": "user"}), json!([1, [2], {"role": 3}, {"role": "user"}])]
        {
            assert_eq!(of(odd), []);
        }
    }
}
