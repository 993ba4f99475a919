//! The events of a streamed answer.
//!
//! Only `response.completed` and `response.incomplete` make an answer complete; `response.failed` and `error`
//! are its failure. Events of types that mean nothing here (those of hosted tools, annotations) are passed
//! over. Each event makes one piece that carries it raw, so that callers of the same dialect get exactly what
//! the vendor sent, in its order.

use std::collections::VecDeque;

use bytes::Bytes;
use serde::Deserialize;
use serde_json::json;
use serde_json::value::{RawValue, to_raw_value};

use super::answer::{Body, Item, call, complaint};
use crate::answer::Chunk;
use crate::chunks::{Progress, Reader};
use crate::dialect::{Dialect, Raw};
use crate::sse::Event;
use crate::unreadable::Unreadable;

#[derive(Deserialize)]
struct Wire<'a> {
    #[serde(default)]
    r#type: String,
    #[serde(default)]
    output_index: u64,
    #[serde(default)]
    summary_index: u64,
    #[serde(default)]
    delta: Option<String>,
    #[serde(default)]
    arguments: Option<String>,
    #[serde(borrow, default)]
    item: Option<Item<'a>>,
    #[serde(borrow, default)]
    response: Option<Body<'a>>,
}

/// A call that is being written.
struct Call {
    /// The item's place in the output.
    place: u64,
    /// Whether any argument has come.
    argued: bool,
}

/// The state of one stream.
#[derive(Default)]
pub(crate) struct Reading {
    calls: Vec<Call>,
}

impl Reader for Reading {
    fn read(&mut self, event: &Event, out: &mut VecDeque<Chunk>) -> Result<Progress, Unreadable> {
        let odd = |why: String| Unreadable::Odd(why);
        let text = std::str::from_utf8(&event.data).map_err(|_| odd("it is not UTF-8".into()))?;
        if text.trim() == "[DONE]" {
            return Ok(Progress::Running);
        }
        let raw: &RawValue = serde_json::from_str(text).map_err(|cause| odd(cause.to_string()))?;
        let mut wire: Wire<'_> = serde_json::from_str(text).or_else(|cause| bare(text, cause))?;
        let mut chunk = Chunk::default();
        let mut progress = Progress::Running;
        match wire.r#type.as_str() {
            "error" => return Err(complaint(raw)),
            "response.failed" => {
                let failure = wire.response.and_then(|response| response.failure());
                return Err(failure.unwrap_or_else(|| odd("it failed without a reason".into())));
            }
            "response.output_text.delta" => chunk.text = wire.delta.unwrap_or_default(),
            "response.refusal.delta" => {
                chunk.refusal = true;
                chunk.text = wire.delta.unwrap_or_default();
            }
            "response.reasoning_summary_text.delta" | "response.reasoning_text.delta" => {
                chunk.reasoning = wire.delta.unwrap_or_default();
            }
            "response.reasoning_summary_part.added" if wire.summary_index > 0 => {
                chunk.reasoning = "\n\n".into();
            }
            "response.output_item.added" => self.open(&wire, &mut chunk)?,
            "response.function_call_arguments.delta" => {
                let delta = wire.delta.take().unwrap_or_default();
                self.extend(wire.output_index, &delta, &mut chunk)?;
            }
            "response.function_call_arguments.done" | "response.output_item.done" => {
                self.close(&wire, &mut chunk)?;
            }
            "response.completed" | "response.incomplete" => {
                let mut response =
                    wire.response.ok_or_else(|| odd("an end without a response".into()))?;
                chunk.finish = Some(response.finish(!self.calls.is_empty()));
                chunk.usage = response.usage();
                progress = Progress::Complete;
            }
            _ => {}
        }
        chunk.raw = Some(Raw { dialect: Dialect::Responses, bytes: one_line(&event.data) });
        out.push_back(chunk);
        Ok(progress)
    }

    fn may_end(&self) -> bool {
        false
    }
}

/// An event in which a field that we know has another form: of a type that is not ours to read, unless it is.
fn bare<'a>(text: &str, cause: serde_json::Error) -> Result<Wire<'a>, Unreadable> {
    #[derive(Deserialize)]
    struct Bare {
        r#type: String,
    }
    const READ: [&str; 5] = [
        "response.output_text.delta",
        "response.output_item.added",
        "response.function_call_arguments.delta",
        "response.completed",
        "response.incomplete",
    ];
    match serde_json::from_str::<Bare>(text) {
        Ok(Bare { r#type }) if !READ.contains(&r#type.as_str()) => Ok(Wire {
            r#type,
            output_index: 0,
            summary_index: 0,
            delta: None,
            arguments: None,
            item: None,
            response: None,
        }),
        _ => Err(Unreadable::Odd(cause.to_string())),
    }
}

impl Reading {
    fn open(&mut self, wire: &Wire<'_>, out: &mut Chunk) -> Result<(), Unreadable> {
        let Some(item) = wire.item.as_ref().filter(|item| item.r#type == "function_call") else {
            return Ok(());
        };
        let arguments = item.arguments.as_deref().unwrap_or_default();
        let id = item.call_id.as_deref().unwrap_or_default();
        let mut begun = call(id, item.name.as_deref().unwrap_or_default(), arguments);
        if let Some(begun) = begun.as_object_mut() {
            begun.insert("index".into(), self.calls.len().into());
        }
        let argued = !arguments.is_empty();
        self.calls.push(Call { place: wire.output_index, argued });
        out.tool_calls = Some(raw(&json!([begun]))?);
        Ok(())
    }

    fn extend(&mut self, place: u64, more: &str, out: &mut Chunk) -> Result<(), Unreadable> {
        let found = self.calls.iter_mut().enumerate().find(|(_, call)| call.place == place);
        if let Some((rank, call)) = found.filter(|_| !more.is_empty()) {
            call.argued = true;
            out.tool_calls = Some(raw(&json!([{"index": rank, "function": {"arguments": more}}]))?);
        }
        Ok(())
    }

    /// Servers that send no deltas tell the arguments at the end.
    fn close(&mut self, wire: &Wire<'_>, out: &mut Chunk) -> Result<(), Unreadable> {
        let of_item = wire.item.as_ref().and_then(|item| item.arguments.clone());
        let known = self.calls.iter().any(|call| call.place == wire.output_index && !call.argued);
        match wire.arguments.clone().or(of_item).filter(|_| known) {
            Some(arguments) => self.extend(wire.output_index, &arguments, out),
            None => Ok(()),
        }
    }
}

fn raw(value: &serde_json::Value) -> Result<Box<RawValue>, Unreadable> {
    to_raw_value(value).map_err(|cause| Unreadable::Odd(cause.to_string()))
}

/// Data without line breaks, which can only stand between tokens, where a space means the same.
fn one_line(data: &Bytes) -> Bytes {
    if data.contains(&b'\n') {
        data.iter().map(|&c| if c == b'\n' { b' ' } else { c }).collect()
    } else {
        data.clone()
    }
}
