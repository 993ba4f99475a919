//! The mark behind the part of a prompt that is the same in every call, so that the vendor keeps its work.
//!
//! The API reads tools, then the system text, then the turns, and may go on from any place that is marked
//! with `cache_control`, of which it takes four. One mark of ours covers everything before it. A request
//! whose author has set marks is left alone: they know better where their conversation stays the same.

use serde_json::{Map, Value, json};

use super::conversation::Conversation;
use crate::message::{Said, Speaker};

const MARK: &str = "cache_control";

/// Where the unchanging part ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    /// With this block of the system text, counted from 0.
    System(usize),
    /// With this block of all turns' blocks, counted from 0.
    Turns(usize),
}

impl End {
    /// The end of the first `stable` messages; each of them is one block. System messages that come later are
    /// moved before the turns, and so end the unchanging part.
    pub(crate) fn of(said: &[Said], stable: usize) -> Option<Self> {
        let (before, after) = said.split_at_checked(stable)?;
        let is_system = |said: &&Said| said.speaker == Speaker::System;
        let system = before.iter().filter(is_system).count();
        let turns = before.len() - system;
        if turns > 0 && !after.iter().any(|said| is_system(&said)) {
            return Some(Self::Turns(turns - 1));
        }
        system.checked_sub(1).map(Self::System)
    }

    /// Sets the mark, unless `rest` of the request or the conversation has some already.
    pub(crate) fn mark(self, conversation: &mut Conversation, rest: &Map<String, Value>) {
        let marked = rest.values().any(is_marked)
            || conversation.system.as_ref().is_some_and(is_marked)
            || conversation.messages.iter().any(is_marked);
        if marked {
            return;
        }
        let block = match self {
            Self::System(index) => {
                if let Some(Value::String(text)) = &conversation.system {
                    conversation.system = Some(json!([{"type": "text", "text": text}]));
                }
                let blocks = conversation.system.as_mut().and_then(Value::as_array_mut);
                blocks.and_then(|blocks| blocks.get_mut(index))
            }
            Self::Turns(index) => {
                let turns = conversation.messages.iter_mut();
                let blocks = turns.filter_map(|turn| turn.get_mut("content")?.as_array_mut());
                blocks.flatten().nth(index)
            }
        };
        // The API takes no mark on an empty text.
        let full = |block: &&mut Map<String, Value>| block.get("text").is_some_and(|t| t != "");
        if let Some(block) = block.and_then(Value::as_object_mut).filter(full) {
            block.insert(MARK.into(), json!({"type": "ephemeral"}));
        }
    }
}

fn is_marked(value: &Value) -> bool {
    match value {
        Value::Object(map) => map.contains_key(MARK) || map.values().any(is_marked),
        Value::Array(items) => items.iter().any(is_marked),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use crate::anthropic::request::write;
    use crate::request::{ChatRequest, Messages};
    use serde_json::value::RawValue;
    use serde_json::{Value, json};

    fn body(messages: Value, stable: usize, fields: &[(&str, Value)]) -> Value {
        let raw = |value: &Value| RawValue::from_string(value.to_string()).unwrap();
        let request = ChatRequest {
            model: "claude-x".into(),
            messages: Messages::Raw(raw(&messages)),
            fields: fields.iter().map(|(name, value)| (name.to_string(), raw(value))).collect(),
            stable,
            ..ChatRequest::default()
        };
        serde_json::from_slice(&write(&request, false).unwrap()).unwrap()
    }

    fn said(role: &str, text: &str) -> Value {
        json!({"role": role, "content": text})
    }

    fn marks(value: &Value) -> usize {
        value.to_string().matches("cache_control").count()
    }

    #[test]
    fn the_last_block_that_never_changes_is_marked() {
        let messages = json!([
            said("system", "rules"),
            said("user", "e1"),
            said("assistant", "a1"),
            said("user", "now")
        ]);
        let mark = json!({"type": "ephemeral"});
        let system = body(messages.clone(), 1, &[]);
        assert_eq!(
            system["system"][0],
            json!({"type": "text", "text": "rules", "cache_control": mark})
        );
        assert_eq!(marks(&system), 1);
        let examples = body(messages.clone(), 3, &[]);
        assert_eq!(examples["messages"][1]["content"][0]["cache_control"], mark);
        assert_eq!((marks(&examples), &examples["system"]), (1, &json!("rules")));
        assert_eq!(marks(&body(messages, 0, &[])), 0);
    }

    #[test]
    fn neighbours_that_become_one_turn_keep_their_blocks() {
        let messages = json!([said("user", "always"), said("user", "now")]);
        let body = body(messages, 1, &[]);
        assert!(body["messages"][0]["content"][0]["cache_control"].is_object());
        assert_eq!(marks(&body), 1);
    }

    #[test]
    fn a_later_system_message_ends_the_part() {
        let messages = json!([
            said("system", "s1"),
            said("user", "u"),
            said("system", "s2 now"),
            said("user", "x")
        ]);
        let body = body(messages, 2, &[]);
        assert!(body["system"][0]["cache_control"].is_object(), "{body}");
        assert_eq!(marks(&body), 1);
    }

    #[test]
    fn an_authors_own_marks_stand_alone() {
        let own = json!({"type": "text", "text": "x", "cache_control": {"type": "ephemeral"}});
        let messages = json!([said("system", "rules"), {"role": "user", "content": [own]}]);
        assert_eq!(marks(&body(messages, 1, &[])), 1);
        let messages = json!([said("system", "rules"), said("user", "x")]);
        let tool = json!([{"type": "function", "cache_control": {"type": "ephemeral"},
            "function": {"name": "f", "parameters": {"type": "object"}}}]);
        let with_tool = body(messages, 1, &[("tools", tool)]);
        assert!(with_tool["system"].is_string() || marks(&with_tool) == 1, "{with_tool}");
    }

    #[test]
    fn nonsense_marks_nothing() {
        assert_eq!(marks(&body(json!([said("user", "x")]), 9, &[])), 0);
        assert_eq!(marks(&body(json!([said("system", ""), said("user", "x")]), 1, &[])), 0);
    }
}
