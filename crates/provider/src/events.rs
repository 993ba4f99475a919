//! The events of an answer's body, in either of the two framings that vendors use.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use gatemark_core::Error;
use http_body::Body;
use hyper::body::Incoming;
use tokio::time::Sleep;

use crate::http::Failure;
use crate::sse::Event;
use crate::{amazon, sse};

/// How long the end of a body may lag behind the end of the answer. Within it the connection returns to
/// the pool, which saves the next call a handshake; beyond it the connection is closed.
const LINGER: Duration = Duration::from_millis(20);

/// Bytes after the end of an answer beyond which its body is not worth reading to the end.
const MAX_AFTER_END: usize = 4096;

/// Why there are no more events.
pub(crate) enum Trouble {
    /// The connection.
    Transport(Failure),
    /// The stream itself.
    Stream(Error),
}

/// How events are cut out of bytes.
enum Decoder {
    Lines(sse::Decoder),
    Frames(amazon::Decoder),
}

impl Decoder {
    fn push(&mut self, piece: &[u8]) {
        match self {
            Self::Lines(decoder) => {
                decoder.push(piece);
            }
            Self::Frames(decoder) => decoder.push(piece),
        }
    }

    fn next_event(&mut self) -> gatemark_core::Result<Option<Event>> {
        match self {
            Self::Lines(decoder) => decoder.next_event(),
            Self::Frames(decoder) => decoder.next_event(),
        }
    }
}

/// Reads events from a body.
pub(crate) struct BodyEvents {
    body: Incoming,
    decoder: Decoder,
    linger: Option<Pin<Box<Sleep>>>,
    after_end: usize,
}

impl BodyEvents {
    /// Server-sent events.
    pub(crate) fn new(body: Incoming) -> Self {
        Self::decoded(body, Decoder::Lines(sse::Decoder::new()))
    }

    /// Amazon's binary frames.
    pub(crate) fn framed(body: Incoming) -> Self {
        Self::decoded(body, Decoder::Frames(amazon::Decoder::default()))
    }

    fn decoded(body: Incoming, decoder: Decoder) -> Self {
        Self { body, decoder, linger: None, after_end: 0 }
    }

    /// The next event; `None` at the end of the body.
    pub(crate) fn poll_event(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Option<Event>, Trouble>> {
        loop {
            match self.decoder.next_event() {
                Ok(None) => {}
                Ok(event) => return Poll::Ready(Ok(event)),
                Err(error) => return Poll::Ready(Err(Trouble::Stream(error))),
            }
            match ready!(Pin::new(&mut self.body).poll_frame(cx)) {
                None => return Poll::Ready(Ok(None)),
                Some(Ok(frame)) => {
                    if let Some(piece) = frame.data_ref() {
                        self.decoder.push(piece);
                    }
                }
                Some(Err(cause)) => {
                    let failure = Failure::Broken(cause.into());
                    return Poll::Ready(Err(Trouble::Transport(failure)));
                }
            }
        }
    }

    /// Waits a moment for the end of the body once the answer is complete. Whatever happens is fine.
    pub(crate) fn poll_end(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        while let Poll::Ready(frame) = Pin::new(&mut self.body).poll_frame(cx) {
            let excess = frame.and_then(Result::ok).is_none_or(|frame| {
                self.after_end += frame.data_ref().map_or(1, Bytes::len);
                self.after_end > MAX_AFTER_END
            });
            if excess {
                return Poll::Ready(());
            }
        }
        let timer = self.linger.get_or_insert_with(|| Box::pin(tokio::time::sleep(LINGER)));
        timer.as_mut().poll(cx)
    }
}
