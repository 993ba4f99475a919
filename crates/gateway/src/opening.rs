//! The beginning of a stream, looked at before any of it leaves.
//!
//! Most answers off format show it in their first character: a code fence, a courtesy. As long as nothing has
//! left such an answer can still be repaired or replaced, so the pieces up to the first text are kept back.
//! A version may ask for more: that all is kept back until it is judged.

use futures_util::StreamExt;
use gatemark_core::error::{Error, Kind, Result};
use gatemark_provider::answer::{Answer, Chunk};
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

/// Looks at the pieces up to the first text. Thoughts and calls of tools are not kept back.
pub(crate) async fn look(
    mut started: Box<Started>,
    mut watch: Watch,
    record: &mut Pending,
) -> Result<Seen> {
    let mut next = 0;
    loop {
        while let Some(chunk) = started.head.get(next) {
            next += 1;
            if let Err(why) = watch.push(&chunk.text) {
                return Ok(Seen::Unfit(Box::new(joined(&started.head)), why));
            }
            let goes = watch.has_begun()
                || chunk.finish.is_some()
                || chunk.tool_calls.is_some()
                || !chunk.reasoning.is_empty();
            if goes || next >= MOST_PIECES {
                return Ok(Seen::Fit(started));
            }
        }
        match pull(&mut started, record).await? {
            Some(chunk) => started.head.push(chunk),
            None => return Ok(Seen::Fit(started)),
        }
    }
}

/// Waits for the whole answer, of at most `most` bytes.
pub(crate) async fn hold(
    mut started: Box<Started>,
    most: usize,
    record: &mut Pending,
) -> Result<(Box<Started>, Answer)> {
    let mut size: usize = started.head.iter().map(|chunk| chunk.text.len()).sum();
    while let Some(chunk) = pull(&mut started, record).await? {
        size += chunk.text.len();
        if size > most {
            let message = format!("the answer is over {} MiB", most >> 20);
            return Err(Error::new(Kind::VendorFailed, message));
        }
        started.head.push(chunk);
    }
    let answer = joined(&started.head);
    Ok((started, answer))
}

async fn pull(started: &mut Started, record: &mut Pending) -> Result<Option<Chunk>> {
    let asked = Instant::now();
    let silent = started.between.map(|between| asked + between);
    let until = silent.map_or(started.deadline, |silent| silent.min(started.deadline));
    let next = timeout_at(until, started.rest.next()).await;
    record.note_waited(asked.elapsed());
    match next {
        Ok(next) => next.transpose(),
        Err(_) => Err(Error::new(Kind::Timeout, "the answer was not complete before the deadline")),
    }
}

/// What the pieces say together.
fn joined(pieces: &[Chunk]) -> Answer {
    let mut answer = Answer::default();
    for piece in pieces {
        answer.text.push_str(&piece.text);
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
