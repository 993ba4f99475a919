//! Values put back into what the caller gets.
//!
//! The vendor's own bytes have placeholders, so they are not passed on: the door writes the answer anew.

use std::collections::BTreeMap;

use gatemark_provider::answer::{Answer, Chunk};
use gatemark_text::redact::{Redactor, Restorer, Writing};
use serde_json::value::RawValue;
use serde_json::{Value, json};

/// A whole answer.
pub(crate) fn whole(redactor: &Redactor, answer: &mut Answer) {
    let all = |writing, text: &str| {
        let mut restorer = redactor.restorer(writing);
        restorer.push(text) + &restorer.finish()
    };
    answer.raw = None;
    answer.text = all(Writing::AsTheText, &answer.text);
    answer.reasoning = all(Writing::Plain, &answer.reasoning);
    if let Some(calls) = &mut answer.tool_calls {
        edit(calls, |_, arguments| all(Writing::Json, arguments));
    }
}

/// A stream: text, thoughts and the arguments of each tool's call are restored by themselves.
pub(crate) struct Restored {
    redactor: std::sync::Arc<Redactor>,
    text: Restorer,
    reasoning: Restorer,
    calls: BTreeMap<u64, Restorer>,
}

impl Restored {
    pub(crate) fn new(redactor: std::sync::Arc<Redactor>) -> Self {
        let text = redactor.restorer(Writing::AsTheText);
        let reasoning = redactor.restorer(Writing::Plain);
        Self { redactor, text, reasoning, calls: BTreeMap::new() }
    }

    /// The next piece, as the caller gets it. What is held back comes with a later one, and with the one that ends
    /// the answer at the latest.
    pub(crate) fn piece(&mut self, chunk: &mut Chunk) {
        chunk.raw = None;
        chunk.text = self.text.push(&chunk.text);
        chunk.reasoning = self.reasoning.push(&chunk.reasoning);
        if let Some(calls) = &mut chunk.tool_calls {
            let Self { redactor, calls: open, .. } = self;
            edit(calls, |index, arguments| {
                open.entry(index)
                    .or_insert_with(|| redactor.restorer(Writing::Json))
                    .push(arguments)
            });
        }
        if chunk.finish.is_some() {
            chunk.text.push_str(&self.text.finish());
            chunk.reasoning.push_str(&self.reasoning.finish());
            self.end_calls(chunk);
        }
    }

    /// What was held back of arguments. A call of a tool that ends so is cut off anyway.
    fn end_calls(&mut self, chunk: &mut Chunk) {
        let rest = self.calls.iter_mut().map(|(index, restorer)| (*index, restorer.finish()));
        let rest: Vec<Value> = rest
            .filter(|(_, held)| !held.is_empty())
            .map(|(index, held)| json!({"index": index, "function": {"arguments": held}}))
            .collect();
        if !rest.is_empty() && chunk.tool_calls.is_none() {
            chunk.tool_calls = RawValue::from_string(Value::from(rest).to_string()).ok();
        }
    }
}

/// Changes the arguments of each call in a list of them. A list in another form stays as it is.
fn edit(calls: &mut Box<RawValue>, mut change: impl FnMut(u64, &str) -> String) {
    let Ok(mut list) = serde_json::from_str::<Vec<Value>>(calls.get()) else { return };
    for (place, call) in list.iter_mut().enumerate() {
        let own = call.get("index").and_then(Value::as_u64);
        let index = own.unwrap_or_else(|| u64::try_from(place).unwrap_or_default());
        let arguments = call.pointer_mut("/function/arguments");
        if let Some(Value::String(arguments)) = arguments {
            *arguments = change(index, arguments);
        }
    }
    if let Ok(changed) = serde_json::value::to_raw_value(&list) {
        *calls = changed;
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use gatemark_provider::answer::Finish;
    use gatemark_text::redact::Wanted;

    use super::*;

    fn redactor() -> Arc<Redactor> {
        let mut redactor = Redactor::reversible(Wanted::all());
        assert_eq!(redactor.redact("a@b.example, 8.8.8.8"), "<EMAIL_1>, <IP_1>");
        Arc::new(redactor)
    }

    fn raw(value: &Value) -> Option<Box<RawValue>> {
        RawValue::from_string(value.to_string()).ok()
    }

    #[test]
    fn answers_and_calls_of_tools_have_the_values_again() {
        let call = |arguments: &str| json!([{"id": "x", "function": {"name": "f", "arguments": arguments}}]);
        let mut answer = Answer {
            text: "To <EMAIL_1>".into(),
            tool_calls: raw(&call("{\"to\":\"<EMAIL_1>\"}")),
            ..Answer::default()
        };
        whole(&redactor(), &mut answer);
        assert_eq!(answer.text, "To a@b.example");
        let calls: Value = serde_json::from_str(answer.tool_calls.unwrap().get()).unwrap();
        assert_eq!(calls, call("{\"to\":\"a@b.example\"}"));
    }

    #[test]
    fn a_placeholder_in_pieces_is_put_together() {
        let mut restored = Restored::new(redactor());
        let mut text = String::new();
        for piece in ["To <EM", "AIL", "_1> and <I"] {
            let mut chunk = Chunk { text: piece.into(), ..Chunk::default() };
            restored.piece(&mut chunk);
            text.push_str(&chunk.text);
        }
        assert_eq!(text, "To a@b.example and ");
        let mut last = Chunk { finish: Some(Finish::Stop), ..Chunk::default() };
        restored.piece(&mut last);
        assert_eq!(last.text, "<I", "what became nothing is not lost");
    }

    #[test]
    fn arguments_in_pieces_are_put_together_call_by_call() {
        let mut restored = Restored::new(redactor());
        let mut seen: BTreeMap<u64, String> = BTreeMap::new();
        let pieces = [(0, "{\"a\":\"<EMA"), (1, "{\"b\":\"<IP_"), (0, "IL_1>\"}"), (1, "1>\"}")];
        for (index, piece) in pieces {
            let calls = raw(&json!([{"index": index, "function": {"arguments": piece}}]));
            let mut chunk = Chunk { tool_calls: calls, ..Chunk::default() };
            restored.piece(&mut chunk);
            let calls: Value = serde_json::from_str(chunk.tool_calls.unwrap().get()).unwrap();
            let arguments = calls[0]["function"]["arguments"].as_str().unwrap().to_string();
            seen.entry(index).or_default().push_str(&arguments);
        }
        assert_eq!(seen[&0], "{\"a\":\"a@b.example\"}");
        assert_eq!(seen[&1], "{\"b\":\"8.8.8.8\"}");
    }
}
