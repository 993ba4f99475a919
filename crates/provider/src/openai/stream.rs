//! The events of a streamed answer.

use std::collections::VecDeque;

use super::quirks;
use crate::answer::Chunk;
use crate::chat;
use crate::chunks::{Progress, Reader};
use crate::sse::Event;
use crate::unreadable::Unreadable;

/// Complete means: a finish reason has come, and then `[DONE]` or the end of the body, since some servers forget
/// the marker. All vendors document the reason, in a chunk before the marker; proxies write the marker after
/// whatever has come, so by itself it is the end of a stream that was cut short.
#[derive(Default)]
pub(crate) struct Reading {
    finished: bool,
}

impl Reader for Reading {
    fn read(&mut self, event: &Event, out: &mut VecDeque<Chunk>) -> Result<Progress, Unreadable> {
        let data = event.data.trim_ascii();
        if data == chat::DONE.as_bytes() {
            return Ok(if self.finished { Progress::Complete } else { Progress::Cut });
        }
        if !data.is_empty() {
            let mut chunk = chat::read::chunk(event.data.clone())?;
            quirks::complete(&mut chunk)?;
            self.finished |= chunk.finish.is_some();
            out.push_back(chunk);
        }
        Ok(Progress::Running)
    }

    fn may_end(&self) -> bool {
        self.finished
    }
}
