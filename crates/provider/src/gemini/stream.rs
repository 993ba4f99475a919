//! The events of a streamed answer, each in the shape of a whole one.
//!
//! There is no terminator: the body ends after an event with a reason for finishing. Some models repeat the
//! reason in every event and add to the counts up to the last, so both are kept back until the body ends. A body
//! that ends without a reason was cut.

use std::collections::VecDeque;

use gatemark_core::model::Usage;

use super::answer::{Told, told, with_calls};
use crate::answer::{Chunk, Finish};
use crate::called::Call;
use crate::chunks::{Progress, Reader};
use crate::sse::Event;
use crate::unreadable::Unreadable;

/// The state of one stream.
#[derive(Default)]
pub(crate) struct Reading {
    calls: u64,
    finish: Option<Finish>,
    usage: Option<Usage>,
}

impl Reader for Reading {
    fn read(&mut self, event: &Event, out: &mut VecDeque<Chunk>) -> Result<Progress, Unreadable> {
        if event.data.trim_ascii().is_empty() {
            return Ok(Progress::Running);
        }
        let Told { id, text, reasoning, calls, finish, usage, .. } = told(&event.data)?;
        if !reasoning.is_empty() {
            out.push_back(Chunk { reasoning, ..Chunk::default() });
        }
        if !text.is_empty() {
            out.push_back(Chunk { text, ..Chunk::default() });
        }
        for call in calls {
            let name = call.id(&id, self.calls);
            out.push_back(Call::begun(self.calls, &name, &call.name, &call.arguments).chunk()?);
            self.calls += 1;
        }
        self.finish = finish.or(self.finish.take());
        self.usage = usage.or(self.usage);
        Ok(Progress::Running)
    }

    fn may_end(&self) -> bool {
        self.finish.is_some()
    }

    fn end(&mut self, out: &mut VecDeque<Chunk>) {
        let finish = self.finish.take().map(|finish| with_calls(finish, self.calls > 0));
        out.push_back(Chunk { finish, ..Chunk::default() });
        out.extend(self.usage.take().map(Chunk::of_usage));
    }
}
