//! The framing of server-sent events that we write, one buffer and so one write for all that is given.

use bytes::{BufMut, Bytes, BytesMut};

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
}

/// Events of the default type.
pub(crate) fn data(payloads: &[&[u8]]) -> Bytes {
    let length = payloads.iter().map(|payload| payload.len() + 8).sum();
    let mut frame = BytesMut::with_capacity(length);
    for payload in payloads {
        frame.put_slice(b"data: ");
        frame.put_slice(payload);
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
    frame.put_slice(payload);
    frame.put_slice(b"\n\n");
}
