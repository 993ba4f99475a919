//! The two framings of streams: any cutting gives the same events, and both keep their bounds.

use gatemark_core::Result;

use super::drive::Dice;
use super::{fixtures, target};
use crate::amazon;
use crate::sse::{self, Event};

const WORDS: &[&str] = &[
    "data: ",
    "data:",
    "data",
    "event: error",
    "event:",
    "id: 1",
    "retry: 5",
    ": note",
    "[DONE]",
    "\n\n",
    "\r\r",
    "\r\n\r\n",
    "\u{feff}",
];

/// A decoder of either framing.
pub(super) trait Cutter {
    fn take(&mut self, piece: &[u8]);
    fn next(&mut self) -> Result<Option<Event>>;
}

impl Cutter for sse::Decoder {
    fn take(&mut self, piece: &[u8]) {
        let _ = self.push(piece);
    }
    fn next(&mut self) -> Result<Option<Event>> {
        self.next_event()
    }
}

impl Cutter for amazon::Decoder {
    fn take(&mut self, piece: &[u8]) {
        self.push(piece);
    }
    fn next(&mut self) -> Result<Option<Event>> {
        self.next_event()
    }
}

/// The events, and the error that ended them. After an error nothing may follow.
pub(super) fn cut(mut cutter: impl Cutter, pieces: &[&[u8]]) -> (Vec<Event>, Option<String>) {
    let (mut events, mut failed) = (vec![], None);
    for piece in pieces {
        cutter.take(piece);
        loop {
            match cutter.next() {
                Ok(None) => break,
                found if failed.is_some() => panic!("after an error: {found:?}"),
                Ok(Some(event)) => events.push(event),
                Err(error) => failed = Some(error.message().to_string()),
            }
        }
    }
    (events, failed)
}

#[test]
fn server_sent_events() {
    let mut seeds = fixtures("openai", ".sse");
    seeds.extend(fixtures("anthropic", ".sse"));
    seeds.push(
        b"\xef\xbb\xbfid: 1\revent: x\r\ndata: a\ndata:b\n\n: note\n\nretry: 3\ndata\n\n".to_vec(),
    );
    target("sse", seeds, WORDS).run(|bytes| {
        let mut dice = Dice::of(bytes);
        let limit = [16, 100, 400, sse::MAX_EVENT][dice.below(4)];
        let decoder = || sse::Decoder::with_limit(limit);
        let (events, failed) = cut(decoder(), &[bytes]);
        let pieces = dice.pieces(bytes);
        assert_eq!(
            cut(decoder(), &pieces),
            (events.clone(), failed.clone()),
            "the cutting matters"
        );
        let data: usize = events.iter().map(|event| event.data.len()).sum();
        assert!(data <= bytes.len(), "{data} bytes out of {}", bytes.len());
        assert!(events.iter().all(|event| event.data.len() <= limit), "an event over its bound");
        format!("{} {}", events.len().min(9), failed.is_some())
    });
}

/// The frames' checksums put right, so that what is behind them is reached.
fn mended(bytes: &[u8]) -> Vec<u8> {
    let mut out = vec![];
    let mut rest = bytes;
    while rest.len() >= 16 {
        let claimed = u32::from_be_bytes(rest[..4].try_into().unwrap());
        let length = usize::try_from(claimed).unwrap();
        let mut frame = rest[..8].to_vec();
        frame.extend(crc32fast::hash(&frame).to_be_bytes());
        if length < 16 || length > rest.len() {
            out.extend(frame);
            rest = &rest[12..];
            continue;
        }
        frame.extend(&rest[12..length - 4]);
        frame.extend(crc32fast::hash(&frame).to_be_bytes());
        out.extend(frame);
        rest = &rest[length..];
    }
    out.extend(rest);
    out
}

#[test]
fn amazons_frames() {
    let frames = |lines: &[u8]| super::streams::frames(lines);
    let seeds: Vec<Vec<u8>> =
        super::streams::BEDROCK.iter().map(|text| frames(text.as_bytes())).collect();
    let words = [
        "\u{7}\0\u{5}event",
        ":event-type",
        ":message-type",
        "exception",
        "error",
        "\0\0\0\u{10}",
        "\0\0\0\0",
    ];
    target("amazon", seeds, &words).run(|bytes| {
        let mut dice = Dice::of(bytes);
        let bytes = if dice.below(4) > 0 { mended(bytes) } else { bytes.to_vec() };
        let (events, failed) = cut(amazon::Decoder::default(), &[&bytes]);
        let pieces = dice.pieces(&bytes);
        let again = cut(amazon::Decoder::default(), &pieces);
        assert_eq!(again, (events.clone(), failed.clone()), "the cutting matters");
        // The words of an exception are written as JSON, where a byte becomes six at most.
        let data: usize = events.iter().map(|event| event.data.len()).sum();
        assert!(data <= 6 * bytes.len() + 64 * events.len(), "{data} bytes out of {}", bytes.len());
        let mut names: Vec<_> = events.iter().map(|event| event.event.clone()).collect();
        names.dedup();
        format!(
            "{} {} {}",
            events.len().min(9),
            names.len(),
            super::class(&failed.unwrap_or_default())
        )
    });
}
