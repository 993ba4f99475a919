//! The beginning of a stream, looked at before any of it leaves.
//!
//! Most answers off format show it in their first character: a code fence, a courtesy. As long as nothing has
//! left such an answer can still be repaired or replaced, so the pieces up to the first text are kept back.
//! A version may ask for more: that all is kept back until it is judged.

use futures_util::StreamExt;
use gatemark_core::error::{Error, Kind, Result};
use gatemark_provider::answer::{Answer, Chunk};
use gatemark_provider::request::Messages;
use gatemark_text::conform::Watch;
use tokio::time::{Instant, timeout_at};

use crate::dispatch::Started;
use crate::record::Pending;

/// Most pieces without text that are kept back to look for some.
const MOST_PIECES: usize = 256;

/// Whether a stream may be passed on.
pub(crate) enum Seen {
    /// As far as can be told.
    Fit(Box<Started>),
    /// What came so far can become no right answer, and why.
    Unfit(Box<Answer>, String),
}

/// Pieces that are kept back. What was written is paid for like an answer, also when the stream breaks or the
/// caller leaves before any of it has left.
struct KeptBack<'a> {
    pieces: Vec<Chunk>,
    input: &'a Messages,
    record: &'a mut Pending,
    over: bool,
}

impl KeptBack<'_> {
    /// Ends the keeping back: what becomes of the pieces is somebody else's to note.
    fn release(&mut self) -> Vec<Chunk> {
        self.over = true;
        std::mem::take(&mut self.pieces)
    }

    /// The next piece; its vendor is told of a break.
    async fn pull(&mut self, started: &mut Started) -> Result<Option<Chunk>> {
        let asked = Instant::now();
        let silent = started.between.map(|between| asked + between);
        let until = silent.map_or(started.deadline, |silent| silent.min(started.deadline));
        let next = timeout_at(until, started.rest.next()).await;
        self.record.note_waited(asked.elapsed());
        let late = |_| Error::new(Kind::Timeout, "the answer was not complete before the deadline");
        let next = next.map_err(late).and_then(Option::transpose);
        next.inspect_err(|_| started.ticket.broke())
    }
}

impl Drop for KeptBack<'_> {
    fn drop(&mut self) {
        if self.over {
            return;
        }
        for piece in &self.pieces {
            if let Some(calls) = piece.tool_calls.as_deref() {
                self.record.note_tool_calls(calls);
            }
        }
        let answer = joined(&self.pieces);
        self.record.note_answer(self.input, &answer.text, answer.usage);
    }
}

/// Looks at the pieces up to the first text. Thoughts and calls of tools are not kept back.
pub(crate) async fn look(
    mut started: Box<Started>,
    mut watch: Watch,
    input: &Messages,
    record: &mut Pending,
) -> Result<Seen> {
    let pieces = std::mem::take(&mut started.head);
    let mut kept = KeptBack { pieces, input, record, over: false };
    let mut next = 0;
    loop {
        while let Some(chunk) = kept.pieces.get(next) {
            next += 1;
            if !chunk.refusal
                && let Err(why) = watch.push(&chunk.text)
            {
                return Ok(Seen::Unfit(Box::new(joined(&kept.release())), why));
            }
            let goes = watch.has_begun()
                || chunk.finish.is_some()
                || chunk.tool_calls.is_some()
                || chunk.refusal
                || !chunk.reasoning.is_empty();
            if goes || next >= MOST_PIECES {
                started.head = kept.release();
                return Ok(Seen::Fit(started));
            }
        }
        match kept.pull(&mut started).await? {
            Some(chunk) => kept.pieces.push(chunk),
            None => {
                started.head = kept.release();
                return Ok(Seen::Fit(started));
            }
        }
    }
}

/// Waits for the whole answer, of at most `most` bytes.
pub(crate) async fn hold(
    mut started: Box<Started>,
    most: usize,
    input: &Messages,
    record: &mut Pending,
) -> Result<(Box<Started>, Answer)> {
    let pieces = std::mem::take(&mut started.head);
    let mut kept = KeptBack { pieces, input, record, over: false };
    let mut size: usize = kept.pieces.iter().map(weight).sum();
    while let Some(chunk) = kept.pull(&mut started).await? {
        size += weight(&chunk);
        if size > most {
            started.ticket.broke();
            let message = format!("the answer is over {} MiB", most >> 20);
            return Err(Error::new(Kind::VendorFailed, message));
        }
        kept.pieces.push(chunk);
    }
    started.head = kept.release();
    let answer = joined(&started.head);
    Ok((started, answer))
}

/// Bytes that a kept piece takes.
pub(crate) fn weight(chunk: &Chunk) -> usize {
    let calls = chunk.tool_calls.as_ref().map_or(0, |calls| calls.get().len());
    chunk.text.len() + chunk.reasoning.len() + calls
}

/// What the pieces say together.
fn joined(pieces: &[Chunk]) -> Answer {
    let mut answer = Answer::default();
    for piece in pieces {
        answer.text.push_str(&piece.text);
        answer.refusal |= piece.refusal;
        answer.usage = piece.usage.or(answer.usage);
        if let Some(finish) = &piece.finish {
            answer.finish = finish.clone();
        }
        if answer.tool_calls.is_none() {
            answer.tool_calls.clone_from(&piece.tool_calls);
        }
    }
    answer
}
