//! From a body's events to the pieces of an answer, for any protocol.
//!
//! What an event means is the protocol's business ([`Reader`]). What holds for all is here: a stream
//! that ends without a sign of completeness is an error, so that a cut connection never looks like an
//! answer; after an error nothing follows; after the end the connection gets a chance of being reused.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use futures_util::Stream;
use gatemark_core::Result;

use crate::answer::{Chunk, ChunkStream};
use crate::events::BodyEvents;
use crate::peer::Peer;
use crate::sse::Event;
use crate::unreadable::Unreadable;

/// What one event did to the answer.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Progress {
    /// More is to come.
    Running,
    /// The answer is complete.
    Complete,
    /// The answer ends here without being complete.
    Cut,
}

/// A protocol's reading of events.
pub(crate) trait Reader: Send + Unpin + 'static {
    /// Takes in one event and adds the pieces that it makes.
    fn read(&mut self, event: &Event, out: &mut VecDeque<Chunk>) -> Result<Progress, Unreadable>;

    /// Whether the body may end here without having said so.
    fn may_end(&self) -> bool;

    /// Adds what was kept back for the end of a body that may end.
    fn end(&mut self, out: &mut VecDeque<Chunk>) {
        let _ = out;
    }
}

enum State {
    Running,
    /// The answer is complete; the end of the body has not come.
    Complete,
    Over,
}

/// The stream.
pub(crate) struct Chunks<R> {
    events: BodyEvents,
    peer: Arc<Peer>,
    reader: R,
    ready: VecDeque<Chunk>,
    state: State,
}

impl<R: Reader> Chunks<R> {
    pub(crate) fn boxed(events: BodyEvents, peer: Arc<Peer>, reader: R) -> ChunkStream {
        let ready = VecDeque::with_capacity(4);
        Box::pin(Self { events, peer, reader, ready, state: State::Running })
    }

    /// Reads one event of a running stream.
    fn poll_progress(&mut self, cx: &mut Context<'_>) -> Poll<Result<Progress>> {
        Poll::Ready(match ready!(self.events.poll_event(cx)) {
            Ok(Some(event)) => self
                .reader
                .read(&event, &mut self.ready)
                .map_err(|why| self.peer.unreadable(&event.data, why)),
            Ok(None) if self.reader.may_end() => {
                self.reader.end(&mut self.ready);
                Ok(Progress::Complete)
            }
            Ok(None) => Err(self.peer.ended_early()),
            Err(trouble) => Err(self.peer.interrupted(trouble)),
        })
    }
}

impl<R: Reader> Stream for Chunks<R> {
    type Item = Result<Chunk>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            if let Some(chunk) = self.ready.pop_front() {
                return Poll::Ready(Some(Ok(chunk)));
            }
            match self.state {
                State::Running => match ready!(self.poll_progress(cx)) {
                    Ok(Progress::Running) => {}
                    Ok(Progress::Complete) => self.state = State::Complete,
                    Ok(Progress::Cut) => {
                        self.state = State::Over;
                        return Poll::Ready(Some(Err(self.peer.ended_early())));
                    }
                    Err(error) => {
                        self.state = State::Over;
                        return Poll::Ready(Some(Err(error)));
                    }
                },
                State::Complete => {
                    ready!(self.events.poll_end(cx));
                    self.state = State::Over;
                }
                State::Over => return Poll::Ready(None),
            }
        }
    }
}
