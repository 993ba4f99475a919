//! A whole answer out of the pieces of a stream, and back: what was kept in one form is given again in the
//! other.

use gatemark_core::{Error, Result};
use serde_json::value::RawValue;
use serde_json::{Value, json};

use crate::answer::{Answer, Chunk};
use crate::calls::{self, Piece};

/// The answer that `chunks` make up. Its id is empty, and so is the vendor's name for the model.
///
/// # Errors
/// `VendorFailed` if calls of tools cannot be read.
pub fn whole(chunks: &[Chunk]) -> Result<Answer> {
    let mut answer = Answer::default();
    let mut called: Vec<Piece> = Vec::new();
    for chunk in chunks {
        answer.text.push_str(&chunk.text);
        answer.refusal |= chunk.refusal;
        answer.reasoning.push_str(&chunk.reasoning);
        if let Some(raw) = &chunk.tool_calls {
            for piece in calls::read(raw)? {
                join(&mut called, piece);
            }
        }
        if let Some(finish) = &chunk.finish {
            answer.finish = finish.clone();
        }
        answer.stop_sequence = chunk.stop_sequence.clone().or(answer.stop_sequence);
        answer.usage = chunk.usage.or(answer.usage);
    }
    if !called.is_empty() {
        answer.tool_calls = Some(written(&called, false)?);
    }
    Ok(answer)
}

/// The pieces of a stream that says the same as `answer`. Each call of a tool tells its index, as clients of
/// streams need it.
pub fn pieces(answer: Answer) -> Vec<Chunk> {
    let mut chunks = answer.into_chunks();
    for chunk in &mut chunks {
        let indexed = chunk.tool_calls.as_deref().map(|raw| written(&calls::read(raw)?, true));
        if let Some(Ok(indexed)) = indexed {
            chunk.tool_calls = Some(indexed);
        }
    }
    chunks
}

/// Adds a piece to the call that it belongs to: the one of its index, or else the last unless it names another.
fn join(called: &mut Vec<Piece>, piece: Piece) {
    let known = match piece.index {
        Some(_) => called.iter_mut().find(|call| call.index == piece.index),
        None => called
            .last_mut()
            .filter(|last| piece.name.is_none() && (piece.id.is_none() || piece.id == last.id)),
    };
    match known {
        None => called.push(piece),
        Some(call) => {
            call.id = call.id.take().or(piece.id);
            call.name = call.name.take().or(piece.name);
            call.arguments.push_str(&piece.arguments);
        }
    }
}

fn written(called: &[Piece], indexed: bool) -> Result<Box<RawValue>> {
    let array: Vec<Value> = called
        .iter()
        .enumerate()
        .map(|(rank, call)| {
            let mut value = json!({"id": call.id, "type": "function",
                "function": {"name": call.name, "arguments": call.arguments}});
            if let Some(object) = value.as_object_mut().filter(|_| indexed) {
                object.insert("index".into(), rank.into());
            }
            value
        })
        .collect();
    serde_json::value::to_raw_value(&array)
        .map_err(|cause| Error::internal("calls of tools cannot be written").because(cause))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::answer::Finish;
    use gatemark_core::model::Usage;

    fn raw(text: &str) -> Option<Box<RawValue>> {
        Some(RawValue::from_string(text.into()).unwrap())
    }

    #[test]
    fn pieces_make_an_answer() {
        let text = |text: &str| Chunk { text: text.into(), ..Chunk::default() };
        let calls = |calls: &str| Chunk { tool_calls: raw(calls), ..Chunk::default() };
        let usage = Usage { input: 3, output: 2, ..Usage::default() };
        let chunks = [
            Chunk { reasoning: "hm".into(), ..Chunk::default() },
            text("a"),
            text("b"),
            calls(r#"[{"index":0,"id":"x","function":{"name":"f","arguments":"{\"a\""}}]"#),
            calls(r#"[{"index":1,"id":"y","function":{"name":"g","arguments":""}}]"#),
            calls(r#"[{"index":0,"function":{"arguments":":1}"}}]"#),
            Chunk { finish: Some(Finish::ToolCalls), ..Chunk::default() },
            Chunk::of_usage(usage),
        ];
        let answer = whole(&chunks).unwrap();
        assert_eq!((answer.text.as_str(), answer.reasoning.as_str()), ("ab", "hm"));
        assert_eq!((answer.finish, answer.usage), (Finish::ToolCalls, Some(usage)));
        let calls: Value = serde_json::from_str(answer.tool_calls.unwrap().get()).unwrap();
        let call = |id: &str, name: &str, arguments: &str| {
            json!({"id": id, "type": "function",
                "function": {"name": name, "arguments": arguments}})
        };
        assert_eq!(calls, json!([call("x", "f", "{\"a\":1}"), call("y", "g", "")]));
    }

    #[test]
    fn servers_without_indexes() {
        let chunk = |calls: &str| Chunk { tool_calls: raw(calls), ..Chunk::default() };
        let chunks = [
            chunk(r#"[{"id":"x","function":{"name":"f","arguments":"{"}}]"#),
            chunk(r#"[{"function":{"arguments":"}"}}]"#),
            chunk(r#"[{"id":"y","function":{"name":"f","arguments":"{}"}}]"#),
        ];
        let answer = whole(&chunks).unwrap();
        let calls: Value = serde_json::from_str(answer.tool_calls.unwrap().get()).unwrap();
        assert_eq!(
            (&calls[0]["function"]["arguments"], &calls[1]["id"]),
            (&json!("{}"), &json!("y"))
        );
        assert_eq!(calls.as_array().unwrap().len(), 2);
    }

    /// What is taken apart and put together again is the same.
    #[test]
    fn there_and_back() {
        let answer = Answer {
            text: "t".into(),
            tool_calls: raw(
                r#"[{"id":"x","type":"function","function":{"name":"f","arguments":"{}"}}]"#,
            ),
            finish: Finish::ToolCalls,
            ..Answer::default()
        };
        let chunks = pieces(answer.clone());
        let call = chunks.iter().find_map(|chunk| chunk.tool_calls.as_deref()).unwrap();
        assert!(call.get().contains("\"index\":0"), "streams number calls: {}", call.get());
        let back = whole(&chunks).unwrap();
        assert_eq!(back.tool_calls.unwrap().get(), answer.tool_calls.unwrap().get());
    }
}
