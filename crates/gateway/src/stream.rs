//! Relaying a vendor's stream event by event.
//!
//! The frames are the business of the door's [`Writer`]. The record is written before the terminator leaves.
//! A stream that breaks is not made to look whole: the caller gets an error event, and the record says that
//! the call failed. A caller who goes away drops the stream, which drops the vendor's connection and writes
//! the record.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::{Stream, StreamExt, stream};
use gatemark_core::error::{Error, Kind, Result};
use gatemark_core::model::Usage;
use gatemark_provider::answer::{Answer, Chunk, ChunkStream, Finish};
use gatemark_provider::door::{Asked, Opening, Writer};
use gatemark_provider::gather;
use gatemark_provider::request::Messages;
use gatemark_text::conform::Watch;
use tokio::time::{Instant, timeout_at};

use crate::cache::Keeper;
use crate::check::{MAX_ANSWER, off_format, verdict};
use crate::dispatch::Started;
use crate::facts::Facts;
use crate::health::Ticket;
use crate::opening;
use crate::record::{OFF_FORMAT, Pending};
use crate::redact::Restored;
use crate::release::Release;

/// Complete frames of server-sent events, the terminator included.
pub type SseStream = Pin<Box<dyn Stream<Item = Bytes> + Send>>;

/// A stream whose first chunk has arrived.
pub(crate) struct Source {
    head: std::vec::IntoIter<Chunk>,
    rest: ChunkStream,
    deadline: Instant,
    between: Option<Duration>,
    ticket: Ticket,
    release: Option<Arc<Release>>,
    /// What was asked, to be counted if the vendor does not say.
    input: Messages,
    /// Takes in what is sent, if a cache is about the call.
    keeper: Option<Box<Keeper>>,
}

impl Source {
    pub(crate) fn new(
        started: Started,
        release: Option<Arc<Release>>,
        input: Messages,
        keeper: Option<Box<Keeper>>,
    ) -> Self {
        let Started { head, rest, deadline, between, ticket } = started;
        let head = head.into_iter();
        Self { head, rest, deadline, between, ticket, release, input, keeper }
    }
}

struct Relay {
    source: Source,
    record: Option<Pending>,
    text: String,
    /// Bytes of text, thoughts and calls of tools so far.
    size: usize,
    finish: Finish,
    usage: Option<Usage>,
    writer: Writer,
    /// Until it is known that the text need not fit.
    watch: Option<Watch>,
    /// Puts back what the vendor did not see.
    restored: Option<Restored>,
}

/// What the door says beside the answer.
pub(crate) fn opening(facts: &Facts, usage_wanted: bool, asked: Asked) -> Opening {
    Opening {
        call: facts.call.clone(),
        model: facts.model.vendor_id().to_string(),
        created: facts.at / 1_000_000,
        usage_wanted,
        asked,
    }
}

/// Frames of `source`, recorded by `record` and, if `watched`, held against the schema as they pass.
pub(crate) fn relay(source: Source, watched: bool, record: Pending, writer: Writer) -> SseStream {
    let watch = source.release.as_ref().and_then(|release| release.contract.watch());
    let relay = Relay {
        watch: watch.filter(|_| watched),
        source,
        restored: record.mask().map(Restored::new),
        record: Some(record),
        text: String::new(),
        size: 0,
        finish: Finish::Stop,
        usage: None,
        writer,
    };
    Box::pin(stream::unfold(relay, |mut relay| async move {
        let frame = relay.next_frame().await?;
        Some((frame, relay))
    }))
}

impl Relay {
    /// The next frame; `None` after the terminator.
    async fn next_frame(&mut self) -> Option<Bytes> {
        self.record.as_ref()?;
        loop {
            let frame = match self.next_chunk().await {
                Some(chunk) => chunk.and_then(|chunk| self.write(chunk)),
                None => self.finish().map(Some),
            };
            match frame {
                Ok(None) => {}
                Ok(frame) => return frame,
                Err(error) => {
                    self.end(Some(&error));
                    return Some(self.writer.error(&error));
                }
            }
        }
    }

    /// The terminator. A vendor that did not say how many tokens it took is spoken for.
    fn finish(&mut self) -> Result<Bytes> {
        if let (None, Some(record)) = (self.usage, &self.record) {
            let usage = record.estimate(&self.source.input, &self.text);
            self.writer.usage(usage);
            self.usage = Some(usage);
        }
        let last = self.writer.end()?;
        self.end(None);
        Ok(last)
    }

    fn write(&mut self, chunk: Chunk) -> Result<Option<Bytes>> {
        let mut chunk = self.within_bound(chunk)?;
        self.take_in(&chunk);
        // Neither is the answer that the schema is about.
        if chunk.tool_calls.is_some() || chunk.refusal {
            self.watch = None;
        }
        if let Some(watch) = &mut self.watch {
            watch.push(&chunk.text).map_err(|why| off_format(&why))?;
        }
        if let Some(restored) = &mut self.restored {
            restored.piece(&mut chunk);
        }
        self.writer.chunk(&chunk)
    }

    fn within_bound(&mut self, chunk: Chunk) -> Result<Chunk> {
        let size = opening::weight(&chunk);
        self.size += size;
        if self.size <= MAX_ANSWER {
            return Ok(chunk);
        }
        let bound = MAX_ANSWER >> 20;
        let message = format!("the answer is over {bound} MiB (a piece of {size} bytes)");
        Err(Error::new(Kind::VendorFailed, message))
    }

    async fn next_chunk(&mut self) -> Option<Result<Chunk>> {
        if let Some(chunk) = self.source.head.next() {
            return Some(Ok(chunk));
        }
        let asked = Instant::now();
        let silent = self.source.between.map(|between| asked + between);
        let until = silent.map_or(self.source.deadline, |silent| silent.min(self.source.deadline));
        // A piece that is there already would be given however late it is.
        if asked >= self.source.deadline {
            return Some(Err(self.late(self.source.deadline)));
        }
        let next = timeout_at(until, self.source.rest.next()).await;
        if let Some(record) = &mut self.record {
            record.note_waited(asked.elapsed());
        }
        next.unwrap_or_else(|_| Some(Err(self.late(until))))
    }

    fn late(&self, until: Instant) -> Error {
        let message = match self.source.between {
            Some(between) if until < self.source.deadline => {
                format!("the vendor fell silent for {} ms within its answer", between.as_millis())
            }
            _ => "the answer was not complete before the deadline".to_string(),
        };
        Error::new(Kind::Timeout, message)
    }

    fn take_in(&mut self, chunk: &Chunk) {
        if let Some(record) = &mut self.record
            && !(chunk.text.is_empty() && chunk.reasoning.is_empty() && chunk.tool_calls.is_none())
        {
            record.note_first_token();
        }
        if let (Some(record), Some(calls)) = (&mut self.record, chunk.tool_calls.as_deref()) {
            record.note_tool_calls(calls);
        }
        if let Some(record) = &mut self.record {
            record.note_piece(chunk);
        }
        if let Some(keeper) = &mut self.source.keeper {
            keeper.piece(chunk);
        }
        self.text.push_str(&chunk.text);
        if let Some(finish) = &chunk.finish {
            self.finish = finish.clone();
        }
        if let Some(usage) = chunk.usage {
            self.usage = Some(usage);
        }
    }

    fn end(&mut self, error: Option<&Error>) {
        let Some(mut record) = self.record.take() else { return };
        record.note_answer(&self.source.input, &self.text, self.usage);
        match error {
            Some(error) => {
                let off_format = error.code() == OFF_FORMAT;
                if matches!(error.kind(), Kind::VendorFailed | Kind::Timeout) && !off_format {
                    self.source.ticket.broke();
                }
                record.fail(error);
            }
            None => {
                let release = self.source.release.as_deref();
                let verdict = verdict(release, &self.text, &self.finish);
                record.note_outcome(verdict.outcome);
                record.note_streamed(&self.text);
                if let Some(why) = &verdict.review {
                    record.note_review(why);
                }
                if let Some(keeper) = self.source.keeper.take() {
                    keeper.streamed(&self.finish, &self.text, record.record());
                }
            }
        }
        record.finish();
    }
}

impl Drop for Relay {
    /// The caller went away: what was generated so far was used, and is settled.
    fn drop(&mut self) {
        if let Some(mut record) = self.record.take() {
            record.note_answer(&self.source.input, &self.text, self.usage);
            record.cancelled();
            record.finish();
        }
    }
}

/// An answer that is already there, as a stream; `usage` is what it took if it does not say so itself.
pub(crate) fn of_whole(answer: Answer, usage: Usage, writer: Writer) -> SseStream {
    of_chunks(&gather::pieces(answer), usage, writer)
}

/// The pieces of an answer that is complete, as a stream.
pub(crate) fn of_chunks(chunks: &[Chunk], usage: Usage, mut writer: Writer) -> SseStream {
    if chunks.iter().all(|chunk| chunk.usage.is_none()) {
        writer.usage(usage);
    }
    let written = chunks.iter().map(|chunk| writer.chunk(chunk)).collect::<Result<Vec<_>>>();
    let frames = written.and_then(|frames| Ok((frames, writer.end()?)));
    let frames = match frames {
        Ok((frames, end)) => frames.into_iter().flatten().chain([end]).collect(),
        Err(error) => vec![writer.error(&error)],
    };
    Box::pin(stream::iter(frames))
}
