//! Older turns that are to be put together, and what came of it.

use std::collections::BTreeMap;
use std::sync::Arc;

use gatemark_core::conversation::{Conversation, Key, Said, Summary, Talk, Thread, Turn};
use gatemark_core::id::{Digest, PromptName};
use gatemark_text::tokens;

use super::Conversations;

/// Wait after the first failure, in microseconds; doubled with every further one.
const FIRST_PAUSE_US: i64 = 10_000_000;

/// Most doublings: about three hours.
const MOST_DOUBLINGS: u32 = 10;

/// Turns that are to be put together.
#[derive(Debug, Clone)]
pub struct Due {
    pub(crate) digest: Digest,
    /// Whose conversation it is.
    pub key: Arc<Key>,
    pub(crate) uid: String,
    /// The number that the summary will have.
    pub number: u64,
    pub(crate) earlier: Option<Arc<Summary>>,
    pub(crate) turns: Vec<Arc<Turn>>,
    /// The prompt that puts them together.
    pub prompt: PromptName,
    pub(crate) tags: BTreeMap<String, String>,
    expires_at: i64,
}

impl Due {
    /// The summary, to be written down.
    pub(crate) fn summary(&self, text: &str, (call, at): (&str, i64), version: u32) -> Talk {
        let number = |turn: Option<&Arc<Turn>>| turn.map_or(0, |turn| turn.number);
        let summary = Summary {
            number: self.number,
            from: number(self.turns.first()),
            through: number(self.turns.last()),
            text: text.to_string(),
            prompt: self.prompt.clone(),
            version,
            call: call.to_string(),
            at,
        };
        Talk {
            uid: self.uid.clone(),
            key: (*self.key).clone(),
            expires_at: self.expires_at,
            said: Said::Summary(summary),
        }
    }
}

/// A conversation as it is at one moment: whose, what was said, and the tags of its last turn.
type Looked = (Arc<Key>, Thread, BTreeMap<String, String>);

impl Conversations {
    /// What is due at `now`, at most `most`, by the policies that `of` knows. Who gets one says what came of
    /// it by [`Conversations::summarised`] or [`Conversations::failed`].
    pub(crate) fn due(
        &self,
        of: impl Fn(&Key) -> Option<Conversation>,
        now: i64,
        most: usize,
    ) -> Vec<Due> {
        let mut found = vec![];
        for digest in self.touched(now) {
            if found.len() >= most {
                // Looked at the next time.
                self.lock().touched.insert(digest);
                continue;
            }
            // Counted without the lock.
            let Some((key, thread, tags)) = self.look(&digest) else { continue };
            let Some(policy) = of(&key) else { continue };
            let Some(summarise) = &policy.summarise else { continue };
            let bytes = thread.bytes() as u64;
            let counted = || match summarise.at_tokens {
                // A token has at least one byte.
                Some(most) if most <= bytes => {
                    thread.uncovered().map(|turn| tokens::count(&turn.messages) as u64).sum()
                }
                _ => 0,
            };
            let Some(turns) = thread.due(&policy, counted) else { continue };
            found.push(Due {
                digest,
                key,
                uid: thread.uid().to_string(),
                number: thread.summary().map_or(1, |summary| summary.number + 1),
                earlier: thread.summary().cloned(),
                turns,
                prompt: summarise.prompt.clone(),
                tags,
                expires_at: thread.expires_at(),
            });
            if let Some(held) = self.lock().held.get_mut(&digest) {
                held.summarising = true;
            }
        }
        found
    }

    fn look(&self, digest: &Digest) -> Option<Looked> {
        let inner = self.lock();
        let held = inner.held.get(digest).filter(|held| !held.summarising)?;
        Some((held.key.clone(), held.thread.clone(), held.tags.clone()))
    }

    /// Those that gained turns since they were last looked at and need not wait after a failure.
    fn touched(&self, now: i64) -> Vec<Digest> {
        let mut inner = self.lock();
        let touched = std::mem::take(&mut inner.touched);
        let held = &inner.held;
        let waits = |digest: &Digest| {
            held.get(digest).is_some_and(|held| held.summarising || held.retry_at > now)
        };
        let (later, ready): (Vec<Digest>, Vec<Digest>) = touched.into_iter().partition(waits);
        inner.touched.extend(later);
        ready
    }

    /// A summary has been written down and takes the place of the turns that it covers.
    pub(crate) fn summarised(&self, due: &Due, talk: &Talk) {
        let Said::Summary(summary) = &talk.said else { return };
        let mut inner = self.lock();
        let Some(held) =
            inner.held.get_mut(&due.digest).filter(|held| held.thread.uid() == due.uid)
        else {
            return;
        };
        held.summarising = false;
        (held.failures, held.retry_at) = (0, i64::MIN);
        inner.failing.remove(&due.digest);
        let Some(held) = inner.held.get_mut(&due.digest) else { return };
        if held.thread.summarise(summary.clone()).is_err() {
            tracing::error!(
                conversation = due.uid,
                "a summary does not follow on its conversation"
            );
            return;
        }
        inner.used(&due.digest);
        self.counts.summary();
    }

    /// There is no summary: the conversation stays as it is, and it is tried again later.
    pub(crate) fn failed(&self, due: &Due, now: i64, why: &str) {
        let mut inner = self.lock();
        self.counts.failure();
        let Some(held) = inner.held.get_mut(&due.digest) else { return };
        held.summarising = false;
        let pause = FIRST_PAUSE_US << held.failures.min(MOST_DOUBLINGS);
        held.failures = held.failures.saturating_add(1);
        held.retry_at = now.saturating_add(pause);
        inner.touched.insert(due.digest);
        inner.failing.insert(due.digest, why.to_string());
    }

    /// How many wait for a summary that could not be had, and why one of them does.
    pub(crate) fn waiting(&self) -> Option<(usize, String)> {
        let inner = self.lock();
        let (_, why) = inner.failing.last_key_value()?;
        Some((inner.failing.len(), why.clone()))
    }
}
