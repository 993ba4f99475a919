//! One conversation in memory.

use std::collections::BTreeMap;
use std::sync::Arc;

use gatemark_core::conversation::{Key, Thread};

/// A conversation that this process holds.
pub(super) struct Held {
    pub(super) key: Arc<Key>,
    pub(super) thread: Thread,
    /// The call that speaks in it, by the number of its seat.
    pub(super) speaker: Option<u64>,
    /// Whether its older turns are being put together.
    pub(super) summarising: bool,
    /// How often that failed since it last succeeded.
    pub(super) failures: u32,
    /// When it may be tried again, in microseconds since 1970.
    pub(super) retry_at: i64,
    /// Those of its last turn, so that a summary is paid by who paid that.
    pub(super) tags: BTreeMap<String, String>,
    pub(super) used: u64,
    pub(super) bytes: usize,
}

impl Held {
    pub(super) fn begin(key: Key, uid: String) -> Self {
        Self::of(key, Thread::begin(uid))
    }

    pub(super) fn of(key: Key, thread: Thread) -> Self {
        Self {
            key: Arc::new(key),
            thread,
            speaker: None,
            summarising: false,
            failures: 0,
            retry_at: i64::MIN,
            tags: BTreeMap::new(),
            used: 0,
            bytes: 0,
        }
    }

    /// Whether nobody needs it in memory now.
    pub(super) fn may_go(&self) -> bool {
        self.speaker.is_none() && !self.summarising
    }
}
