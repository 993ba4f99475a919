//! Conversations that are kept: shown, erased, fetched for the gateway, and put together.

use std::sync::atomic::Ordering;

use gatemark_core::conversation::{ConversationId, Key, Thread};
use gatemark_core::error::{Error, Kind, Result};
use gatemark_core::id::{EnvironmentName, PromptName};
use gatemark_gateway::clock;
use gatemark_store::conversation::{ConversationFilter, ConversationInfo, Tail};
use tokio::task::JoinSet;

use crate::Control;

/// Conversations that are brought in before a server answers its first call, and behind that.
const FIRST: u32 = 100;
const THEN: u32 = 2_000;

/// Most changes that are read at once.
const CHANGES: u32 = 10_000;

/// Most conversations that are put together at the same time.
const AT_ONCE: usize = 8;

/// Which conversation is meant: its id, and more where several callers, prompts or environments have one of
/// that id.
#[derive(Debug, Clone)]
pub struct Meant {
    /// Its id.
    pub id: ConversationId,
    /// Whose.
    pub caller: Option<String>,
    /// With which prompt.
    pub prompt: Option<PromptName>,
    /// Where.
    pub environment: Option<EnvironmentName>,
}

impl Control {
    /// Conversations, the one with the newest turn first.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn conversations(
        &self,
        filter: &ConversationFilter,
    ) -> Result<Vec<ConversationInfo>> {
        self.ship_if_possible().await;
        self.store().conversations(filter, clock::now_us()).await
    }

    /// The one conversation that is meant.
    ///
    /// # Errors
    /// `NotFound` if there is none, `Conflict` with their places if there are several.
    pub async fn conversation(&self, meant: &Meant) -> Result<ConversationInfo> {
        let filter = ConversationFilter {
            id: Some(meant.id.clone()),
            caller: meant.caller.clone(),
            prompt: meant.prompt.clone(),
            environment: meant.environment.clone(),
            limit: 20,
        };
        let mut found = self.conversations(&filter).await?;
        let one = found.pop().ok_or_else(|| {
            let message = format!(
                "there is no conversation `{}`: see `gatemark conversation list`",
                meant.id
            );
            Error::not_found(message).coded("conversation_not_found")
        })?;
        if found.is_empty() {
            return Ok(one);
        }
        found.push(one);
        let place = |info: &ConversationInfo| {
            let Key { caller, prompt, environment, .. } = &info.key;
            format!("prompt {prompt}, environment {environment}, caller {caller}")
        };
        let places: Vec<String> = found.iter().map(place).collect();
        let message = format!(
            "there are {} conversations `{}`: say which by prompt, environment or caller ({})",
            found.len(),
            meant.id,
            places.join("; ")
        );
        Err(Error::new(Kind::Conflict, message).coded("conversation_ambiguous"))
    }

    /// Erases a conversation everywhere: its turns, its summaries and the recorded texts of its calls. Other
    /// servers on the same data forget it within a second.
    ///
    /// # Errors
    /// As [`Control::conversation`].
    pub async fn erase_conversation(&self, meant: &Meant, actor: &str) -> Result<ConversationInfo> {
        let info = self.conversation(meant).await?;
        self.store().erase_conversation(&info.uid, actor, clock::now_us()).await?;
        self.gateway().forget_conversation(&info.key.digest(), &info.uid);
        Ok(info)
    }

    /// Tells the gateway which conversations there are, before a server answers its first call. Turns that a
    /// process which died had not shipped are shipped first.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn begin_conversations(&self) -> Result<()> {
        self.ship_if_possible().await;
        let seq = self.store().conversations_seq().await?;
        let keys = self.store().conversation_keys(clock::now_us()).await?;
        self.gateway().begin_conversations(keys);
        self.conversations_seen.store(seq, Ordering::Relaxed);
        self.bring_in(FIRST).await
    }

    async fn bring_in(&self, most: u32) -> Result<()> {
        for tail in self.store().newest_conversations(most, clock::now_us()).await? {
            self.hand_over(tail)?;
        }
        Ok(())
    }

    fn hand_over(&self, tail: Tail) -> Result<()> {
        let Tail { info, summary, mut turns } = tail;
        let key = info.key;
        // A turn whose record was lost, because the log was full, was in memory only.
        let pairs = turns.iter().zip(turns.iter().skip(1));
        let gap = pairs.rev().position(|(one, next)| next.number != one.number + 1);
        if let Some(behind) = gap {
            tracing::warn!(
                conversation = info.uid,
                "turns of a conversation were lost: it goes on behind them"
            );
            turns.drain(..turns.len() - behind - 1);
        }
        let thread = Thread::resume(info.uid, summary, turns, info.expires_at);
        let thread = thread.map_err(|cause| {
            let message = format!("the stored conversation `{}` has gaps", key.id);
            Error::internal(message).because(cause)
        })?;
        self.gateway().conversation_fetched(key, Some(thread));
        Ok(())
    }

    /// Fetches what calls asked for, and learns what other processes changed.
    pub(crate) async fn follow_conversations(&self) -> Result<()> {
        let wanted = self.gateway().wanted_conversations();
        if !wanted.is_empty() {
            self.ship().await?;
        }
        let mut fetched = Ok(());
        for key in wanted {
            match self.store().conversation_tail(&key.digest(), clock::now_us()).await? {
                // One that cannot be read must not keep others waiting.
                Some(tail) => fetched = self.hand_over(tail).and(fetched),
                None => self.gateway().conversation_fetched(key, None),
            }
        }
        let seen = self.conversations_seen.load(Ordering::Relaxed);
        for change in self.store().changed_conversations(seen, CHANGES).await? {
            if change.erased {
                self.gateway().forget_conversation(&change.digest, &change.uid);
            } else {
                self.gateway().conversation_changed(change.digest, &change.uid, change.turns);
            }
            self.conversations_seen.fetch_max(change.seq, Ordering::Relaxed);
        }
        if !self.conversations_warm.swap(true, Ordering::Relaxed) {
            self.bring_in(THEN).await?;
        }
        fetched
    }

    /// Forgets conversations whose time is over.
    pub(crate) async fn expire_conversations(&self) -> Result<()> {
        self.gateway().expire_conversations();
        while self.store().expire_conversations(clock::now_us()).await? > 0 {}
        Ok(())
    }

    /// Puts older turns together where that is due.
    ///
    /// # Errors
    /// As long as some conversation waits for a summary that could not be had.
    pub(crate) async fn summarise(&self) -> Result<()> {
        let mut running = JoinSet::new();
        for due in self.gateway().due_conversations(AT_ONCE) {
            let gateway = self.gateway().clone();
            running.spawn(async move { gateway.summarise(due).await });
        }
        while let Some(done) = running.join_next().await {
            if let Ok(Err(error)) = done {
                tracing::warn!(%error, "older turns stay as they are");
            }
        }
        match self.gateway().waiting_for_summaries() {
            None => Ok(()),
            Some((count, why)) => {
                let message = format!(
                    "{count} conversations wait for a summary that could not be had and are tried again: {why}"
                );
                Err(Error::new(Kind::Unavailable, message))
            }
        }
    }
}
