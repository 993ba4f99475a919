//! The stream of an answer.
//!
//! Complete means: `[DONE]`, or the end of the body after a finish reason (some servers forget the
//! marker). Anything else that ends is an error, so that a cut connection never looks like an answer.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use futures_util::Stream;
use gatemark_core::Result;

use crate::answer::Chunk;
use crate::chat;
use crate::events::BodyEvents;
use crate::peer::Peer;

enum State {
    Running,
    /// `[DONE]` has come; the end of the body has not.
    Done,
    Over,
}

pub(crate) struct Chunks {
    events: BodyEvents,
    peer: Arc<Peer>,
    finished: bool,
    state: State,
}

impl Chunks {
    pub(crate) fn new(events: BodyEvents, peer: Arc<Peer>) -> Self {
        Self { events, peer, finished: false, state: State::Running }
    }

    /// The next chunk of a running stream; `None` when it is complete.
    fn poll_chunk(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<Chunk>>> {
        loop {
            let event = match ready!(self.events.poll_event(cx)) {
                Ok(Some(event)) => event,
                Ok(None) if self.finished => return Poll::Ready(Ok(None)),
                Ok(None) => return Poll::Ready(Err(self.peer.ended_early())),
                Err(trouble) => return Poll::Ready(Err(self.peer.interrupted(trouble))),
            };
            let data = event.data.trim_ascii();
            if data == chat::DONE.as_bytes() {
                return Poll::Ready(Ok(None));
            }
            if data.is_empty() {
                continue;
            }
            let read = chat::read::chunk(event.data.clone());
            return Poll::Ready(match read {
                Ok(chunk) => {
                    self.finished |= chunk.finish.is_some();
                    Ok(Some(chunk))
                }
                Err(why) => Err(self.peer.unreadable(&event.data, why)),
            });
        }
    }
}

impl Stream for Chunks {
    type Item = Result<Chunk>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if matches!(self.state, State::Running) {
            match ready!(self.poll_chunk(cx)) {
                Ok(Some(chunk)) => return Poll::Ready(Some(Ok(chunk))),
                Ok(None) => self.state = State::Done,
                Err(error) => {
                    self.state = State::Over;
                    return Poll::Ready(Some(Err(error)));
                }
            }
        }
        if matches!(self.state, State::Done) {
            ready!(self.events.poll_end(cx));
            self.state = State::Over;
        }
        Poll::Ready(None)
    }
}
