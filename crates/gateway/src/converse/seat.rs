//! The right to speak next in a conversation, held by one call until it ends.

use std::collections::BTreeMap;
use std::sync::Arc;

use gatemark_core::conversation::{Key, Said, Talk, Turn};
use gatemark_core::id::Digest;

use super::held::Held;
use super::{Conversations, MOST_OF_ONE};

/// A call's right to speak. Dropped without a turn, it leaves the conversation as it was.
pub(crate) struct Seat {
    conversations: Arc<Conversations>,
    digest: Digest,
    key: Arc<Key>,
    uid: String,
    place: u64,
    number: u64,
    ttl_us: i64,
}

impl Seat {
    pub(super) fn new(
        conversations: Arc<Conversations>,
        held: &Held,
        place: u64,
        ttl_us: i64,
    ) -> Self {
        Self {
            conversations,
            digest: held.key.digest(),
            key: held.key.clone(),
            uid: held.thread.uid().to_string(),
            place,
            number: held.thread.answered() + 1,
            ttl_us,
        }
    }

    /// The number of the turn that the call will be.
    pub(crate) fn number(&self) -> u64 {
        self.number
    }

    /// The turn, to be written down.
    pub(crate) fn turn(&self, call: &str, at: i64, (messages, opens): (String, bool)) -> Talk {
        let number = self.number;
        let turn = Turn { number, call: call.to_string(), at, messages, opens };
        let expires_at = at.saturating_add(self.ttl_us);
        let (uid, key) = (self.uid.clone(), (*self.key).clone());
        Talk { uid, key, expires_at, said: Said::Turn(turn) }
    }

    /// The turn has been written down: the next call follows on it.
    pub(crate) fn keep(self, talk: &Talk, tags: &BTreeMap<String, String>) {
        let Said::Turn(turn) = &talk.said else { return };
        let mut inner = self.conversations.lock();
        // It may have been erased meanwhile.
        let Some(held) = inner.held.get_mut(&self.digest).filter(|held| self.is_in(held)) else {
            return;
        };
        if held.thread.add(Arc::new(turn.clone()), talk.expires_at).is_err() {
            tracing::error!(call = turn.call, "a turn does not follow on its conversation");
            return;
        }
        held.thread.trim(MOST_OF_ONE);
        held.tags.clone_from(tags);
        inner.touched.insert(self.digest);
        inner.used(&self.digest);
        inner.make_room(self.conversations.most_bytes);
        self.conversations.counts.turn();
    }

    fn is_in(&self, held: &Held) -> bool {
        held.speaker == Some(self.place) && held.thread.uid() == self.uid
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut inner = self.conversations.lock();
        let Some(held) = inner.held.get_mut(&self.digest).filter(|held| self.is_in(held)) else {
            return;
        };
        held.speaker = None;
        if held.thread.answered() == 0 {
            inner.drop_held(&self.digest);
        }
        inner.make_room(self.conversations.most_bytes);
    }
}
