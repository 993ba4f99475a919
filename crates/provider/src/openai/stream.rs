//! The events of a streamed answer.

use std::collections::VecDeque;

use super::quirks;
use crate::answer::Chunk;
use crate::chat;
use crate::chunks::{Progress, Reader};
use crate::sse::Event;
use crate::unreadable::Unreadable;

/// Complete means: `[DONE]`, or the end of the body after a finish reason, since some servers forget the
/// marker.
#[derive(Default)]
pub(crate) struct Reading {
    finished: bool,
}

impl Reader for Reading {
    fn read(&mut self, event: &Event, out: &mut VecDeque<Chunk>) -> Result<Progress, Unreadable> {
        let data = event.data.trim_ascii();
        if data == chat::DONE.as_bytes() {
            return Ok(Progress::Complete);
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
