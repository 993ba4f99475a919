//! The framing of server-sent events that we write, one buffer and so one write for all that is given.

use std::sync::Arc;

use bytes::{BufMut, Bytes, BytesMut};
use serde_json::value::RawValue;

use crate::object::{self, Members};

/// Fields of a request, as its caller wrote them.
pub type Asked = Arc<[(String, Box<RawValue>)]>;

/// What the events of a stream say beside what the model said.
#[derive(Debug, Clone, Default)]
pub struct Opening {
    /// The call's id in the call log.
    pub call: String,
    /// The model's id in the vendor's words.
    pub model: String,
    /// In seconds since 1970.
    pub created: i64,
    /// Whether the caller asked for a usage event; only chat completions leave it to the caller.
    pub usage_wanted: bool,
    /// What the caller asked, for dialects whose answers repeat it.
    pub asked: Asked,
}

/// Events of the default type. The payloads are JSON, in which line breaks stand between tokens only; a vendor's own
/// words may hold some, and would be cut in two by them.
pub(crate) fn data(payloads: &[&[u8]]) -> Bytes {
    let length = payloads.iter().map(|payload| payload.len() + 8).sum();
    let mut frame = BytesMut::with_capacity(length);
    for payload in payloads {
        frame.put_slice(b"data: ");
        put_line(&mut frame, payload);
        frame.put_slice(b"\n\n");
    }
    frame.freeze()
}

/// Adds an event with a name, which holds no line break.
pub(crate) fn put(frame: &mut BytesMut, name: &str, payload: &[u8]) {
    frame.reserve(name.len() + payload.len() + 16);
    frame.put_slice(b"event: ");
    frame.put_slice(name.as_bytes());
    frame.put_slice(b"\ndata: ");
    put_line(frame, payload);
    frame.put_slice(b"\n\n");
}

/// Adds JSON in one line.
fn put_line(frame: &mut BytesMut, payload: &[u8]) {
    if payload.contains(&b'\n') || payload.contains(&b'\r') {
        frame.extend(payload.iter().map(|c| if matches!(c, b'\n' | b'\r') { b' ' } else { *c }));
    } else {
        frame.put_slice(payload);
    }
}

/// The `type` of an event's data, which is its name. Vendors write it first.
pub(crate) fn event_name(data: &Bytes) -> String {
    let text = std::str::from_utf8(data).unwrap_or_default();
    let first = text.strip_prefix("{\"type\":");
    let first = first.and_then(|rest| rest.trim_start_matches(' ').strip_prefix('"'));
    if let Some((name, _)) = first.and_then(|rest| rest.split_once('"'))
        && is_word(name)
    {
        return name.to_string();
    }
    let members: Option<Members<'_>> = serde_json::from_str(text).ok();
    let name = members.and_then(|mut members| members.take("type").and_then(object::text));
    name.filter(|name| is_word(name)).map_or_else(|| "message".into(), Into::into)
}

fn is_word(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|c| c.is_ascii_lowercase() || matches!(c, b'_' | b'.'))
}
