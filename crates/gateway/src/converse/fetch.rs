//! What the store keeps and this process does not hold: told of, asked for, and brought in.

use gatemark_core::conversation::{Key, Thread};
use gatemark_core::id::Digest;

use super::held::Held;
use super::{Conversations, MOST_OF_ONE, MOST_WANTED};

/// Most conversations that are known to be in the store only (about 60 MiB). Beyond that those not held here
/// are looked for when they are asked for.
const MOST_ELSEWHERE: usize = 1_000_000;

impl Conversations {
    /// Begins with the keys of all that the store keeps.
    pub(crate) fn begin(&self, keys: Vec<Digest>) {
        let mut inner = self.lock();
        inner.complete = keys.len() <= MOST_ELSEWHERE;
        inner.elsewhere = keys.into_iter().take(MOST_ELSEWHERE).collect();
    }

    /// What is to be fetched.
    pub(crate) fn wanted(&self) -> Vec<Key> {
        self.lock().wanted.values().cloned().collect()
    }

    /// A conversation as the store has it; `None` if it has none.
    pub(crate) fn fetched(&self, key: Key, thread: Option<Thread>) {
        let digest = key.digest();
        let mut inner = self.lock();
        inner.wanted.remove(&digest);
        if inner.held.contains_key(&digest) {
            return;
        }
        match thread {
            Some(mut thread) => {
                thread.trim(MOST_OF_ONE);
                inner.hold(digest, Held::of(key, thread));
                // Whoever held it before may not have put it together.
                inner.touched.insert(digest);
                inner.make_room(self.most_bytes);
            }
            None => {
                inner.elsewhere.remove(&digest);
                if inner.absent.len() >= MOST_WANTED {
                    inner.absent.clear();
                }
                inner.absent.insert(digest);
            }
        }
    }

    /// Another process, or the record of a call of ours, has changed what the store keeps.
    pub(crate) fn changed(&self, digest: Digest, uid: &str, turns: u64) {
        let mut inner = self.lock();
        let Some(held) = inner.held.get(&digest) else {
            inner.absent.remove(&digest);
            inner.note_elsewhere(digest);
            return;
        };
        let is_known = held.thread.uid() == uid && held.thread.answered() >= turns;
        // One that somebody speaks in is looked at again with the next change.
        if !is_known && held.may_go() && held.thread.uid() <= uid {
            inner.drop_held(&digest);
            inner.note_elsewhere(digest);
        }
    }

    /// The conversation was erased.
    pub(crate) fn forget(&self, digest: &Digest, uid: &str) {
        let mut inner = self.lock();
        match inner.held.get(digest) {
            Some(held) if held.thread.uid() != uid => {}
            Some(_) => drop(inner.drop_held(digest)),
            None => {
                inner.elsewhere.remove(digest);
            }
        }
    }

    /// Lets go what is over at `now`.
    pub(crate) fn expire(&self, now: i64) {
        let mut inner = self.lock();
        let over: Vec<Digest> = inner
            .held
            .iter()
            .filter(|(_, held)| held.may_go() && held.thread.is_expired(now))
            .map(|(digest, _)| *digest)
            .collect();
        for digest in over {
            inner.drop_held(&digest);
        }
    }
}

impl super::Inner {
    fn note_elsewhere(&mut self, digest: Digest) {
        if self.elsewhere.len() < MOST_ELSEWHERE {
            self.elsewhere.insert(digest);
        } else {
            self.complete = false;
        }
    }
}
