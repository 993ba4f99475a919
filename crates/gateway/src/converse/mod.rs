//! Conversations that this process holds: who speaks in which, what was said, and what is to be put together.
//!
//! They live in memory, like all that a call reads. What is answered is written into the record of its call
//! (see `record::turn`) before the answer is complete, so a conversation survives the process as surely as the
//! record does. A conversation that memory had to let go, or that this process never saw, is fetched by a
//! task: a call does not wait for the store, and is told to come again in a second. A conversation is begun
//! only where it is known that there is none.
//!
//! One call at a time speaks in a conversation. A second one at the same time is refused, not queued: its
//! sender wrote it without knowing the answer that it would follow.

mod due;
mod fetch;
mod held;
mod past;
mod seat;
mod stats;

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use gatemark_core::conversation::{Conversation, Key, Thread};
use gatemark_core::error::{Error, Kind, Result};
use gatemark_core::id::Digest;

pub use due::Due;
use held::Held;
pub(crate) use past::Past;
pub(crate) use seat::Seat;
pub use stats::ConversationStats;
use stats::Counts;

/// Most bytes of conversations in memory.
const MOST_BYTES: usize = 256 << 20;

/// Most bytes of one conversation that are sent again: about a million tokens of English. Older turns are in
/// the store only.
const MOST_OF_ONE: usize = 4 << 20;

/// Bytes of a conversation beside its texts, about.
const FRAME: usize = 1024;

/// Most conversations that are waited for, and remembered as absent.
const MOST_WANTED: usize = 10_000;

/// After which a caller is to come again while a conversation is fetched.
const COME_AGAIN: Duration = Duration::from_secs(1);

/// Every conversation that this process knows of. Always used through an `Arc`.
pub(crate) struct Conversations {
    inner: Mutex<Inner>,
    counts: Counts,
    most_bytes: usize,
}

#[derive(Default)]
struct Inner {
    held: HashMap<Digest, Held>,
    /// By when they were used, so that what was used longest ago goes first.
    order: BTreeMap<u64, Digest>,
    /// Kept in the store, but not held here.
    elsewhere: HashSet<Digest>,
    /// Whether `elsewhere` has all that the store keeps.
    complete: bool,
    /// Asked for, and to be fetched.
    wanted: HashMap<Digest, Key>,
    /// Looked for and not found.
    absent: HashSet<Digest>,
    /// Those whose summary could not be had, and why.
    failing: BTreeMap<Digest, String>,
    /// Whose turns have not been looked at by those who put them together.
    touched: BTreeSet<Digest>,
    bytes: usize,
    tick: u64,
}

impl Conversations {
    pub(crate) fn new() -> Self {
        Self::bounded(MOST_BYTES)
    }

    pub(crate) fn bounded(most_bytes: usize) -> Self {
        Self { inner: Mutex::default(), counts: Counts::default(), most_bytes }
    }

    /// Takes the right to speak next in the conversation of `key`.
    ///
    /// # Errors
    /// `Conflict` while another call speaks in it; `Unavailable` while it is fetched.
    pub(crate) fn take(
        self: &Arc<Self>,
        key: Key,
        policy: &Conversation,
        now: i64,
    ) -> Result<(Seat, Past)> {
        let digest = key.digest();
        let mut inner = self.lock();
        inner.tick += 1;
        let tick = inner.tick;
        if !inner.held.contains_key(&digest) {
            if !inner.is_new(&digest) {
                if inner.wanted.len() < MOST_WANTED {
                    inner.wanted.insert(digest, key);
                }
                self.counts.awaited();
                return Err(loading());
            }
            inner.absent.remove(&digest);
            inner.hold(digest, Held::begin(key, uid()));
        }
        let held = inner.held.get_mut(&digest);
        let held = held.ok_or_else(|| Error::internal("a conversation is not held"))?;
        if held.speaker.is_some() {
            self.counts.busy();
            return Err(busy(&held.key));
        }
        if held.thread.is_expired(now) {
            held.thread = Thread::begin(uid());
        }
        held.speaker = Some(tick);
        let past = Past::of(held.thread.sent(policy));
        let seat = Seat::new(self.clone(), held, tick, policy.ttl_us());
        inner.used(&digest);
        Ok((seat, past))
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    /// Whether there is certainly no conversation under this key.
    fn is_new(&self, digest: &Digest) -> bool {
        !self.elsewhere.contains(digest) && (self.complete || self.absent.contains(digest))
    }

    fn hold(&mut self, digest: Digest, held: Held) {
        self.elsewhere.remove(&digest);
        self.wanted.remove(&digest);
        self.drop_held(&digest);
        self.bytes += held.bytes;
        self.order.insert(held.used, digest);
        self.held.insert(digest, held);
        self.used(&digest);
    }

    /// Lets a conversation go, whatever is known of it elsewhere.
    fn drop_held(&mut self, digest: &Digest) -> Option<Held> {
        let held = self.held.remove(digest)?;
        self.order.remove(&held.used);
        self.touched.remove(digest);
        self.failing.remove(digest);
        self.bytes -= held.bytes;
        Some(held)
    }

    /// It is used now, and may have another size.
    fn used(&mut self, digest: &Digest) {
        self.tick += 1;
        let Some(held) = self.held.get_mut(digest) else { return };
        self.order.remove(&held.used);
        held.used = self.tick;
        self.order.insert(held.used, *digest);
        let before = std::mem::replace(&mut held.bytes, held.thread.bytes() + FRAME);
        self.bytes = self.bytes + held.bytes - before;
    }

    /// Lets go what was used longest ago and nobody speaks in, until the bound is kept.
    fn make_room(&mut self, most: usize) {
        if self.bytes <= most {
            return;
        }
        let oldest: Vec<Digest> = self.order.values().copied().collect();
        for digest in oldest {
            if self.bytes <= most {
                return;
            }
            if self.held.get(&digest).is_some_and(Held::may_go) {
                self.drop_held(&digest);
                self.elsewhere.insert(digest);
            }
        }
    }
}

/// A beginning of a conversation: UUID version 7, so that they sort by time.
fn uid() -> String {
    uuid::Uuid::now_v7().to_string()
}

fn busy(key: &Key) -> Error {
    let message = format!(
        "another call speaks in the conversation `{}` just now: send the next turn when its answer is there",
        key.id
    );
    Error::new(Kind::Conflict, message).at("conversation").coded("conversation_busy")
}

fn loading() -> Error {
    let message = "the conversation is not in this server's memory and is being fetched: send the same call again";
    Error::new(Kind::Unavailable, message).coded("conversation_loading").retry_after(COME_AGAIN)
}

#[cfg(test)]
mod tests;
