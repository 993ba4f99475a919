//! Figures about conversations.

use std::sync::atomic::{AtomicU64, Ordering};

use super::Conversations;

/// What this process holds, and what happened since it began.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ConversationStats {
    /// Conversations in memory.
    pub held: u64,
    /// Bytes that they take.
    pub bytes: u64,
    /// Kept in the store and not in memory.
    pub elsewhere: u64,
    /// Turns kept.
    pub turns: u64,
    /// Summaries kept.
    pub summaries: u64,
    /// Summaries that could not be had.
    pub failures: u64,
    /// Conversations that wait for a summary that could not be had.
    pub waiting: u64,
    /// Calls refused because another one spoke.
    pub busy: u64,
    /// Calls told to come again because the conversation had to be fetched.
    pub awaited: u64,
}

#[derive(Default)]
pub(super) struct Counts {
    turns: AtomicU64,
    summaries: AtomicU64,
    failures: AtomicU64,
    busy: AtomicU64,
    awaited: AtomicU64,
}

impl Counts {
    pub(super) fn turn(&self) {
        self.turns.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn summary(&self) {
        self.summaries.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn failure(&self) {
        self.failures.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn busy(&self) {
        self.busy.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn awaited(&self) {
        self.awaited.fetch_add(1, Ordering::Relaxed);
    }
}

impl Conversations {
    pub(crate) fn stats(&self) -> ConversationStats {
        let wide = |number| u64::try_from(number).unwrap_or(u64::MAX);
        let [held, bytes, elsewhere, waiting] = {
            let inner = self.lock();
            [inner.held.len(), inner.bytes, inner.elsewhere.len(), inner.failing.len()].map(wide)
        };
        let counted = |count: &AtomicU64| count.load(Ordering::Relaxed);
        let counts = &self.counts;
        ConversationStats {
            held,
            bytes,
            elsewhere,
            waiting,
            turns: counted(&counts.turns),
            summaries: counted(&counts.summaries),
            failures: counted(&counts.failures),
            busy: counted(&counts.busy),
            awaited: counted(&counts.awaited),
        }
    }
}
