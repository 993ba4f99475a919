//! An incremental decoder of Amazon's event streams (`application/vnd.amazon.eventstream`).
//!
//! A message is two lengths (the whole, the headers), a CRC-32 of these eight bytes, headers, a payload, and
//! a CRC-32 of everything before it, all big-endian. Headers and checksums are read by Amazon's own crate; the
//! cutting is ours because its decoder neither bounds a message nor looks at the lengths before their checksum.
//!
//! A message becomes an [`Event`]: its name is the header `:event-type`, its data the payload. An exception
//! becomes an event named [`EXCEPTION`] whose data is the JSON `{"type", "message"}`, so that the one reader of
//! a protocol sees both.

use aws_smithy_eventstream::frame::read_message_from;
use aws_smithy_types::event_stream::Message;
use bytes::{Buf, BytesMut};
use gatemark_core::{Error, Kind, Result};
use serde_json::{Value, json};

use crate::sse::{Event, MAX_EVENT};

/// The name of events that report a failure.
pub(crate) const EXCEPTION: &str = ":exception";

/// Lengths and their checksum.
const PRELUDE: usize = 12;
/// A message without headers and payload: the prelude and the last checksum.
const LEAST: usize = PRELUDE + 4;

/// The decoder of one stream.
#[derive(Debug, Default)]
pub(crate) struct Decoder {
    buffer: BytesMut,
    failed: bool,
}

impl Decoder {
    /// Takes in `piece`.
    pub(crate) fn push(&mut self, piece: &[u8]) {
        if !self.failed {
            self.buffer.extend_from_slice(piece);
        }
    }

    /// The next complete event, if there is one.
    ///
    /// # Errors
    /// `VendorFailed` if the bytes are no such stream or a message is too long; nothing comes after that.
    pub(crate) fn next_event(&mut self) -> Result<Option<Event>> {
        if self.failed {
            return Ok(None);
        }
        let event = self.decode();
        self.failed = event.is_err();
        event
    }

    fn decode(&mut self) -> Result<Option<Event>> {
        let Some(prelude) = self.buffer.first_chunk::<PRELUDE>() else { return Ok(None) };
        let (lengths, sum) = prelude.split_at(8);
        if crc32(lengths) != sum {
            return Err(broken("the checksum of a message's lengths is wrong"));
        }
        let length = lengths.first_chunk().map_or(0, |length| u32::from_be_bytes(*length));
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        if length < LEAST {
            return Err(broken("a message is shorter than its frame"));
        }
        if length > MAX_EVENT {
            return Err(broken(&format!("a message is longer than {MAX_EVENT} bytes")));
        }
        if self.buffer.len() < length {
            return Ok(None);
        }
        let mut message = self.buffer.split_to(length).freeze();
        let read = read_message_from(&mut message).map_err(|cause| broken(&cause.to_string()))?;
        if message.has_remaining() {
            return Err(broken("the lengths of a message contradict each other"));
        }
        Ok(Some(event(&read)))
    }
}

fn crc32(bytes: &[u8]) -> [u8; 4] {
    crc32fast::hash(bytes).to_be_bytes()
}

fn broken(why: &str) -> Error {
    Error::new(Kind::VendorFailed, format!("not an event stream of Amazon's: {why}"))
}

fn event(message: &Message) -> Event {
    let header = |name: &str| {
        let found = message.headers().iter().find(|header| header.name().as_str() == name);
        found.and_then(|header| header.value().as_string().ok()).map(|text| text.as_str())
    };
    let failure = match header(":message-type") {
        Some("exception") => Some((header(":exception-type"), said(message.payload()))),
        Some("error") => {
            Some((header(":error-code"), header(":error-message").unwrap_or_default().to_string()))
        }
        _ => None,
    };
    match failure {
        Some((kind, message)) => {
            let data = json!({"type": kind.unwrap_or("unknown"), "message": message});
            Event { event: Some(EXCEPTION.into()), data: data.to_string().into() }
        }
        None => Event {
            event: header(":event-type").map(str::to_string),
            data: message.payload().clone(),
        },
    }
}

/// The words of an exception.
fn said(payload: &[u8]) -> String {
    let value: Value = serde_json::from_slice(payload).unwrap_or_default();
    let words = value.get("message").or_else(|| value.get("Message")).and_then(Value::as_str);
    words.map_or_else(|| String::from_utf8_lossy(payload).into_owned(), str::to_string)
}

#[cfg(test)]
mod tests {
    use aws_smithy_eventstream::frame::write_message_to;
    use aws_smithy_types::event_stream::{Header, HeaderValue};
    use proptest::prelude::*;

    use super::*;

    fn written(headers: &[(&str, &str)], payload: &str) -> Vec<u8> {
        let text = |text: &str| HeaderValue::String(text.to_string().into());
        let headers = headers.iter().map(|(k, v)| Header::new(k.to_string(), text(v)));
        let message = Message::new_from_parts(headers.collect(), payload.as_bytes().to_vec());
        let mut bytes = Vec::new();
        write_message_to(&message, &mut bytes).unwrap();
        bytes
    }

    fn decoded(bytes: &[u8], size: usize) -> (Vec<Event>, Option<Error>) {
        let mut decoder = Decoder::default();
        let mut events = vec![];
        for piece in bytes.chunks(size) {
            decoder.push(piece);
            loop {
                match decoder.next_event() {
                    Ok(Some(event)) => events.push(event),
                    Ok(None) => break,
                    Err(error) => {
                        assert!(matches!(decoder.next_event(), Ok(None)), "nothing follows");
                        return (events, Some(error));
                    }
                }
            }
        }
        (events, None)
    }

    #[test]
    fn messages_however_they_are_chopped() {
        let mut bytes =
            written(&[(":message-type", "event"), (":event-type", "messageStart")], "{}");
        bytes.extend(written(&[(":event-type", "contentBlockDelta"), ("x", "y")], "{\"a\":1}"));
        bytes.extend(written(
            &[(":message-type", "exception"), (":exception-type", "throttlingException")],
            "{\"message\":\"slow down\"}",
        ));
        for size in [1, 7, 4096] {
            let (events, error) = decoded(&bytes, size);
            assert!(error.is_none());
            let names: Vec<_> = events.iter().filter_map(|event| event.event.as_deref()).collect();
            assert_eq!(names, ["messageStart", "contentBlockDelta", EXCEPTION]);
            assert_eq!(events[1].data, "{\"a\":1}");
            assert_eq!(events[2].data, r#"{"type":"throttlingException","message":"slow down"}"#);
        }
    }

    /// The frame that Amazon's protocol page shows: no headers, no payload.
    #[test]
    fn the_empty_message_of_the_specification() {
        let bytes = [0, 0, 0, 16, 0, 0, 0, 0, 0x05, 0xc2, 0x48, 0xeb, 0x7d, 0x98, 0xc8, 0xff];
        let (events, error) = decoded(&bytes, 16);
        assert!(error.is_none(), "{error:?}");
        assert_eq!((events.len(), events[0].data.len()), (1, 0));
    }

    #[test]
    fn a_flipped_bit_is_noticed_anywhere() {
        let whole = written(&[(":event-type", "metadata")], "{\"usage\":{}}");
        for at in 0..whole.len() {
            let mut bytes = whole.clone();
            bytes[at] ^= 4;
            let (events, error) = decoded(&bytes, 4096);
            assert!(events.is_empty() && error.is_some(), "byte {at}");
        }
    }

    #[test]
    fn a_length_over_the_bound_is_not_waited_for() {
        let mut bytes = vec![];
        bytes.extend(u32::MAX.to_be_bytes());
        bytes.extend(0_u32.to_be_bytes());
        bytes.extend(crc32(&bytes));
        let (_, error) = decoded(&bytes, 4096);
        assert!(error.unwrap().message().contains("longer than"));
    }

    /// A frame with right checksums round whatever headers and payload.
    fn framed(headers: &[u8], payload: &[u8], claimed: u32) -> Vec<u8> {
        let length = u32::try_from(LEAST + headers.len() + payload.len()).unwrap();
        let mut bytes = [length.to_be_bytes(), claimed.to_be_bytes()].concat();
        bytes.extend(crc32(&bytes));
        bytes.extend(headers);
        bytes.extend(payload);
        bytes.extend(crc32(&bytes));
        bytes
    }

    proptest! {
        #[test]
        fn any_bytes_are_answered(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            decoded(&bytes, 3);
        }

        #[test]
        fn any_frame_is_answered(
            headers in proptest::collection::vec(any::<u8>(), 0..60),
            payload in proptest::collection::vec(any::<u8>(), 0..60),
            claimed in prop_oneof![0..130_u32, any::<u32>()],
        ) {
            decoded(&framed(&headers, &payload, claimed), 4096);
        }
    }
}
