//! What may be expected of every answer that was read, whoever sent it.

use std::borrow::Cow;

use bytes::Bytes;
use gatemark_core::Kind;
use serde_json::value::RawValue;

use crate::answer::{Answer, Chunk};
use crate::dialect::{Dialect, Raw};
use crate::door::{self, Opening, Writer};
use crate::object::{self, Members};
use crate::{gather, sse, turns};

const DOORS: [Dialect; 3] = [Dialect::Chat, Dialect::Messages, Dialect::Responses];

fn opening() -> Opening {
    Opening { call: "c1".into(), model: "m".into(), usage_wanted: true, ..Opening::default() }
}

/// Answers are no longer than what they were read from, and every door can write them or says that it cannot.
pub(super) fn answer(answer: Answer, read_from: usize) {
    let told = answer.text.len() + answer.reasoning.len();
    assert!(told <= read_from, "{told} bytes out of {read_from}");
    raw_is_json(answer.raw.as_ref());
    for dialect in DOORS {
        match door::write_answer(dialect, &answer, &opening()) {
            Ok(body) => drop(json(&body).get()),
            Err(error) => assert_eq!(error.kind(), Kind::VendorFailed, "{error}"),
        }
    }
    let _ = turns::answered(&answer);
    let chunks = gather::pieces(answer.clone());
    if let Ok(back) = gather::whole(&chunks) {
        assert_eq!((back.text, back.finish), (answer.text.clone(), answer.finish.clone()));
    }
    stream(&answer.into_chunks(), read_from, true);
}

/// The same of an answer in pieces; `ended` if it was complete.
pub(super) fn stream(chunks: &[Chunk], read_from: usize, ended: bool) {
    let told: usize = chunks.iter().map(|chunk| chunk.text.len() + chunk.reasoning.len()).sum();
    assert!(told <= read_from, "{told} bytes out of {read_from}");
    let _ = gather::whole(chunks);
    for chunk in chunks {
        let _ = (chunk.is_output(), chunk.is_silent());
        raw_is_json(chunk.raw.as_ref());
        let breaks = chunk
            .raw
            .as_ref()
            .is_some_and(|raw| raw.bytes.iter().any(|c| matches!(c, b'\n' | b'\r')));
        assert!(!breaks, "an event that would be cut in two: {:?}", chunk.raw);
    }
    for dialect in DOORS {
        written(dialect, opening(), chunks, ended);
    }
}

/// An answer to a caller who asked with `fields`, which some doors repeat.
pub(super) fn repeated(dialect: Dialect, fields: &[(String, Box<RawValue>)]) {
    let opening = || Opening { asked: door::repeated(dialect, fields), ..opening() };
    let answer = Answer { text: "x".into(), ..Answer::default() };
    let body = door::write_answer(dialect, &answer, &opening()).unwrap();
    assert!(json(&body).get().starts_with('{'));
    written(dialect, opening(), &answer.into_chunks(), true);
}

/// What a door writes of it is a stream of events, each of one JSON object.
fn written(dialect: Dialect, opening: Opening, chunks: &[Chunk], ended: bool) {
    let mut writer = Writer::new(dialect, opening);
    let mut out = vec![];
    for chunk in chunks {
        match writer.chunk(chunk) {
            Ok(bytes) => out.extend(bytes.unwrap_or_default()),
            Err(error) => {
                assert_eq!(error.kind(), Kind::VendorFailed, "{error}");
                out.extend(writer.error(&error));
                return events(&out);
            }
        }
    }
    match ended.then(|| writer.end()) {
        Some(Ok(bytes)) => out.extend(bytes),
        Some(Err(error)) => assert_eq!(error.kind(), Kind::VendorFailed, "{error}"),
        None => out.extend(writer.error(&gatemark_core::Error::new(Kind::VendorFailed, "broke"))),
    }
    events(&out);
}

fn events(stream: &[u8]) {
    let mut decoder = sse::Decoder::new();
    let mut count = 0;
    for event in decoder.push(stream) {
        let event = event.unwrap();
        if event.data != "[DONE]" {
            // What a vendor calls an event need not be a word that can stand in a name.
            let known = event
                .event
                .as_deref()
                .is_none_or(|name| name == "message" || name == kind(json(&event.data)));
            json(&event.data);
            assert!(known, "{event:?}");
        }
        count += 1;
    }
    let frames = stream.windows(2).filter(|pair| pair == b"\n\n").count();
    assert_eq!(count, frames, "an event that no reader sees");
}

fn raw_is_json(raw: Option<&Raw>) {
    if let Some(raw) = raw {
        json(&raw.bytes);
    }
}

/// JSON by its grammar: numbers of any size, texts with any escapes.
fn json(bytes: &Bytes) -> &RawValue {
    serde_json::from_slice(bytes)
        .unwrap_or_else(|cause| panic!("{cause}: {}", bytes.escape_ascii()))
}

fn kind(data: &RawValue) -> String {
    let mut members = Members::of(data).unwrap();
    members.take("type").and_then(object::text).map(Cow::into_owned).unwrap_or_default()
}
