//! Conversations as the control plane sees them: brought in, let go, and put together.

use std::sync::Arc;

use gatemark_core::access::{Caller, Role};
use gatemark_core::call::CallPurpose;
use gatemark_core::conversation::{Key, Thread};
use gatemark_core::error::{Error, Result};
use gatemark_core::id::Digest;
use gatemark_provider::turns;
use serde_json::Map;

use crate::clock::now_us;
use crate::converse::{ConversationStats, Conversations, Due};
use crate::incoming::{Incoming, PromptRef, Selector, Talking, Target};
use crate::{Body, Gateway};

/// The variable of a summariser that holds what is to be put together.
pub const SAID: &str = "conversation";

/// The variable of a summariser that holds the summary before, if it has one.
pub const BEFORE: &str = "summary";

impl Gateway {
    /// Begins with the keys of all conversations that the store keeps. Before that no conversation is begun.
    pub fn begin_conversations(&self, keys: Vec<Digest>) {
        self.conversations().begin(keys);
    }

    /// Conversations that calls asked for and that are to be fetched.
    pub fn wanted_conversations(&self) -> Vec<Key> {
        self.conversations().wanted()
    }

    /// Brings in a conversation as the store has it; `None` if it has none.
    pub fn conversation_fetched(&self, key: Key, thread: Option<Thread>) {
        self.conversations().fetched(key, thread);
    }

    /// The store has `turns` turns of it.
    pub fn conversation_changed(&self, digest: Digest, uid: &str, turns: u64) {
        self.conversations().changed(digest, uid, turns);
    }

    /// It was erased.
    pub fn forget_conversation(&self, digest: &Digest, uid: &str) {
        self.conversations().forget(digest, uid);
    }

    /// Lets go conversations that are over.
    pub fn expire_conversations(&self) {
        self.conversations().expire(now_us());
    }

    /// What this process holds, and what happened since it began.
    pub fn conversation_stats(&self) -> ConversationStats {
        self.conversations().stats()
    }

    /// How many conversations wait for a summary that could not be had, and why one of them does.
    pub fn waiting_for_summaries(&self) -> Option<(usize, String)> {
        self.conversations().waiting()
    }

    /// Conversations whose older turns are to be put together by what serves now, at most `most`. Each is to
    /// be handed to [`Gateway::summarise`].
    pub fn due_conversations(&self, most: usize) -> Vec<Due> {
        let snapshot = self.snapshot();
        let policy = |key: &Key| {
            let pointer = snapshot.pointers(&key.prompt)?.get(&key.environment)?;
            pointer.current.version.content.conversation.clone()
        };
        self.conversations().due(policy, now_us(), most)
    }

    /// Asks the summariser to put older turns together. That is a call like any other, of the caller whose
    /// conversation it is: recorded, priced, and under the same limits and budgets.
    ///
    /// # Errors
    /// Why there is no summary. The conversation is then as it was, and due again later.
    pub async fn summarise(&self, due: Due) -> Result<()> {
        let id = due.key.id.clone();
        let about = |error: &Error| {
            let message = format!("no summary of conversation `{id}`: {}", error.message());
            Error::new(error.kind(), message)
        };
        let incoming = match self.asks_for(&due) {
            Ok(incoming) => incoming,
            Err(error) => {
                self.conversations().failed(&due, now_us(), error.message());
                return Err(about(&error).because(error));
            }
        };
        let reply = match self.call(incoming).await {
            Ok(reply) => reply,
            Err(failure) => {
                // Else its record has told.
                if failure.call.is_none() {
                    self.conversations().failed(&due, now_us(), failure.error.message());
                }
                return Err(about(&failure.error).because(failure.error));
            }
        };
        let is_ok = reply.facts.outcome == Some(gatemark_core::call::Outcome::Ok);
        let says = matches!(&reply.body, Body::Whole(answer) if !answer.text.trim().is_empty());
        if is_ok && says {
            return Ok(());
        }
        let why = reply.facts.outcome.map(gatemark_core::call::Outcome::word).unwrap_or_default();
        let message =
            format!("no summary of conversation `{id}`: the summariser's answer was `{why}`");
        Err(Error::new(gatemark_core::error::Kind::VendorFailed, message))
    }

    pub(crate) fn conversations(&self) -> &Arc<Conversations> {
        &self.shared.surroundings.conversations
    }

    fn asks_for(&self, due: &Due) -> Result<Incoming> {
        let snapshot = self.snapshot();
        let key = &due.key;
        let pointer = snapshot
            .pointers(&due.prompt)
            .and_then(|pointers| pointers.get(&key.environment))
            .ok_or_else(|| {
                let message = format!(
                    "the summariser `{}` is not deployed to {}",
                    due.prompt, key.environment
                );
                Error::not_found(message).coded("summariser_not_deployed")
            })?;
        let declared = &pointer.current.version.content.variables;
        let said = turns::together(due.turns.iter().map(|turn| turn.messages.as_str()))?;
        let mut said = turns::transcript(&said)?;
        let mut variables = Map::new();
        if let Some(earlier) = &due.earlier {
            if declared.contains_key(BEFORE) {
                variables.insert(BEFORE.into(), earlier.text.as_str().into());
            } else {
                said = format!("(summary of what was said before)\n{}\n\n{said}", earlier.text);
            }
        } else if declared.get(BEFORE).is_some_and(gatemark_core::variable::Variable::is_required) {
            variables.insert(BEFORE.into(), "".into());
        }
        variables.insert(SAID.into(), said.into());
        let caller = Caller { name: key.caller.clone(), roles: vec![Role::Call] };
        let selector = Selector::Environment(key.environment.clone());
        let prompt = PromptRef { name: due.prompt.clone(), selector };
        let target = Target::Named { prompt, variables };
        let mut incoming = Incoming::new(caller, CallPurpose::Serve, target);
        incoming.tags = due.tags.clone();
        incoming.talking = Some(Talking::Summary(Box::new(due.clone())));
        Ok(incoming)
    }
}
