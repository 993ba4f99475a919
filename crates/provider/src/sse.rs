//! An incremental decoder of server-sent events.
//!
//! Follows the WHATWG event-stream grammar: lines end with LF, CR or CRLF; a blank line dispatches; an
//! event that the end of the stream cuts off is discarded; `id` and `retry` mean nothing here. Two bounds
//! are ours: neither one line nor one event may exceed a limit, because a vendor must not be able to
//! fill our memory. The result does not depend on how the network chopped the bytes.
//!
//! Bytes are copied once into the buffer; the data of a one-line event is a slice of it.

use bytes::{Buf, Bytes, BytesMut};
use gatemark_core::{Error, Kind, Result};

/// Longest line and longest data of one event, in bytes.
pub const MAX_EVENT: usize = 8 * 1024 * 1024;

const BOM: &[u8] = b"\xef\xbb\xbf";

/// One event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Its type; `None` for the default type.
    pub event: Option<String>,
    /// Its data lines, joined with LF. Not checked to be UTF-8.
    pub data: Bytes,
}

/// The decoder of one stream.
#[derive(Debug)]
pub struct Decoder {
    buffer: BytesMut,
    /// Bytes at the front of `buffer` known to hold no line end.
    searched: usize,
    limit: usize,
    at_start: bool,
    /// The last line ended with CR: an LF that follows belongs to it.
    after_cr: bool,
    failed: bool,
    name: Option<String>,
    data: Data,
}

/// The data lines so far. One line is the rule and stays a slice of the buffer.
#[derive(Debug, Default)]
enum Data {
    #[default]
    None,
    One(Bytes),
    Many(Vec<u8>),
}

impl Data {
    fn len(&self) -> usize {
        match self {
            Self::None => 0,
            Self::One(line) => line.len() + 1,
            Self::Many(lines) => lines.len() + 1,
        }
    }

    fn add(&mut self, line: Bytes) {
        *self = match std::mem::take(self) {
            Self::None => Self::One(line),
            Self::One(first) => {
                let mut lines = Vec::with_capacity(first.len() + line.len() + 1);
                lines.extend_from_slice(&first);
                lines.push(b'\n');
                lines.extend_from_slice(&line);
                Self::Many(lines)
            }
            Self::Many(mut lines) => {
                lines.push(b'\n');
                lines.extend_from_slice(&line);
                Self::Many(lines)
            }
        };
    }

    fn take(&mut self) -> Option<Bytes> {
        match std::mem::take(self) {
            Self::None => None,
            Self::One(line) => Some(line),
            Self::Many(lines) => Some(lines.into()),
        }
    }
}

impl Default for Decoder {
    fn default() -> Self {
        Self::new()
    }
}

impl Decoder {
    /// A decoder at the start of a stream, with [`MAX_EVENT`] as its bound.
    pub fn new() -> Self {
        Self::with_limit(MAX_EVENT)
    }

    /// As [`Decoder::new`] with a bound of `limit` bytes.
    pub fn with_limit(limit: usize) -> Self {
        Self {
            buffer: BytesMut::new(),
            searched: 0,
            limit,
            at_start: true,
            after_cr: false,
            failed: false,
            name: None,
            data: Data::None,
        }
    }

    /// Takes in `piece` and gives the events that it completes. Events not taken from the iterator come
    /// out of the next one.
    pub fn push(&mut self, piece: &[u8]) -> Events<'_> {
        if !self.failed {
            self.buffer.extend_from_slice(piece);
        }
        Events { decoder: self }
    }

    /// The next complete event, if there is one.
    ///
    /// # Errors
    /// `VendorFailed` once a line or an event exceeds the bound; nothing comes after that.
    pub fn next_event(&mut self) -> Result<Option<Event>> {
        if self.failed || !self.past_start() {
            return Ok(None);
        }
        while let Some(line) = self.next_line()? {
            if line.is_empty() {
                let name = self.name.take();
                if let Some(data) = self.data.take() {
                    return Ok(Some(Event { event: name, data }));
                }
            } else {
                self.field(line)?;
            }
        }
        Ok(None)
    }

    /// Skips a byte order mark; false while it cannot be told whether there is one.
    fn past_start(&mut self) -> bool {
        if self.at_start {
            if self.buffer.starts_with(BOM) {
                self.buffer.advance(BOM.len());
            } else if BOM.starts_with(&self.buffer) {
                return false;
            }
            self.at_start = false;
        }
        true
    }

    /// The next line that has ended, without its end.
    fn next_line(&mut self) -> Result<Option<Bytes>> {
        if self.after_cr && !self.buffer.is_empty() {
            self.after_cr = false;
            if self.buffer.starts_with(b"\n") {
                self.buffer.advance(1);
            }
        }
        let fresh = self.buffer.get(self.searched..).unwrap_or_default();
        let Some(found) = fresh.iter().position(|&c| c == b'\n' || c == b'\r') else {
            self.searched = self.buffer.len();
            return if self.searched > self.limit { Err(self.too_large()) } else { Ok(None) };
        };
        let length = self.searched + found;
        if length > self.limit {
            return Err(self.too_large());
        }
        self.searched = 0;
        let line = self.buffer.split_to(length).freeze();
        self.after_cr = self.buffer.starts_with(b"\r");
        self.buffer.advance(1);
        Ok(Some(line))
    }

    fn field(&mut self, line: Bytes) -> Result<()> {
        let colon = line.iter().position(|&c| c == b':').unwrap_or(line.len());
        let name = line.get(..colon).unwrap_or_default();
        let mut value = line.slice((colon + 1).min(line.len())..);
        if value.starts_with(b" ") {
            value.advance(1);
        }
        match name {
            b"data" => {
                if self.data.len() + value.len() > self.limit {
                    return Err(self.too_large());
                }
                self.data.add(value);
            }
            b"event" => {
                self.name = Some(String::from_utf8_lossy(&value).into_owned());
            }
            _ => {} // comments (empty name), `id`, `retry`, unknown
        }
        Ok(())
    }

    fn too_large(&mut self) -> Error {
        self.failed = true;
        self.buffer = BytesMut::new();
        self.data = Data::None;
        let message = format!("an event of the vendor's stream exceeds {} bytes", self.limit);
        Error::new(Kind::VendorFailed, message)
    }
}

/// The events that are complete; see [`Decoder::push`].
#[derive(Debug)]
pub struct Events<'a> {
    decoder: &'a mut Decoder,
}

impl Iterator for Events<'_> {
    type Item = Result<Event>;
    fn next(&mut self) -> Option<Self::Item> {
        self.decoder.next_event().transpose()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Events as (type, data), with `!` for the error.
    fn decode(pieces: &[&[u8]], limit: usize) -> Vec<(Option<String>, String)> {
        let mut decoder = Decoder::with_limit(limit);
        let mut found = Vec::new();
        for piece in pieces {
            for event in decoder.push(piece) {
                found.push(match event {
                    Ok(e) => (e.event, String::from_utf8_lossy(&e.data).into_owned()),
                    Err(_) => (None, "!".into()),
                });
            }
        }
        found
    }

    fn check(stream: &str, wanted: &[(Option<&str>, &str)]) {
        let wanted: Vec<_> =
            wanted.iter().map(|(n, d)| (n.map(str::to_string), d.to_string())).collect();
        assert_eq!(decode(&[stream.as_bytes()], MAX_EVENT), wanted, "{stream:?}");
        let bytes: Vec<_> = stream.as_bytes().chunks(1).collect();
        assert_eq!(decode(&bytes, MAX_EVENT), wanted, "{stream:?} byte by byte");
    }

    #[test]
    fn the_grammar() {
        check("data: a\n\n", &[(None, "a")]);
        check("data:a\r\rdata:  b\r\n\r\n", &[(None, "a"), (None, " b")]);
        check("\u{feff}data: a\n\n", &[(None, "a")]);
        check(": ping\n\nevent: x\ndata: a\ndata:\ndata: b\n\n", &[(Some("x"), "a\n\nb")]);
        check("data\n\n", &[(None, "")]);
        check("event: lonely\n\ndata: a\n\n", &[(None, "a")]);
        check("id: 1\nretry: 5\nother: x\ndata: a\n\ndata: cut off\n", &[(None, "a")]);
        check("", &[]);
    }

    #[test]
    fn an_event_is_bounded() {
        let bang = |n: usize| vec![(None, "x".repeat(n)), (None, "!".to_string())];
        let long = format!("data:{}\n\ndata:{}\n\ndata:x\n\n", "x".repeat(20), "y".repeat(40));
        assert_eq!(decode(&[long.as_bytes()], 30), bang(20));
        let lines = format!("data:{}\n\n{}\n", "x".repeat(9), "data:yyyyyyyyy\n".repeat(4));
        assert_eq!(decode(&[lines.as_bytes()], 30), bang(9));
    }

    fn streams() -> impl Strategy<Value = Vec<u8>> {
        let token = prop_oneof![
            Just("data: ".as_bytes().to_vec()),
            Just(b"data:".to_vec()),
            Just(b"event: error".to_vec()),
            Just(b"\n".to_vec()),
            Just(b"\r".to_vec()),
            Just(b"\r\n".to_vec()),
            Just(b"\n\n".to_vec()),
            Just(b": note".to_vec()),
            Just(BOM.to_vec()),
            Just("{\"text\":\"Grüße\"}".as_bytes().to_vec()),
            proptest::collection::vec(any::<u8>(), 0..12),
        ];
        proptest::collection::vec(token, 0..40).prop_map(|tokens| tokens.concat())
    }

    proptest! {
        #[test]
        fn chopping_changes_nothing(
            stream in streams(),
            sizes in proptest::collection::vec(1usize..9, 1..20),
            limit in 8usize..200,
        ) {
            let mut pieces = Vec::new();
            let mut rest = stream.as_slice();
            for size in sizes.iter().cycle() {
                if rest.is_empty() { break; }
                let (piece, later) = rest.split_at((*size).min(rest.len()));
                pieces.push(piece);
                rest = later;
            }
            prop_assert_eq!(decode(&pieces, limit), decode(&[&stream], limit));
        }
    }
}
