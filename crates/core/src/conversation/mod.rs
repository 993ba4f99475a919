//! Conversations that are kept: what a version says about them, whose they are, and what is known of one.
//!
//! A conversation belongs to the caller who began it, in one environment, with one prompt: the same id under
//! another key, prompt or environment is another conversation, so nobody meets another tenant's words by
//! guessing an id.

mod thread;

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::id::{Digest, EnvironmentName, PromptName};

pub use thread::{Refusal, Sent, Thread};

/// How long a conversation is kept after its last turn unless the version says otherwise: 30 days, in
/// milliseconds.
pub const DEFAULT_TTL_MS: u64 = 30 * 24 * 60 * 60 * 1000;

/// What a version says about conversations.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Conversation {
    /// How many of the newest turns are sent as they were said: of those that no summary covers, all are sent
    /// where there is a summariser, and this many where there is none. `None` for all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keep_turns: Option<u32>,
    /// How older turns are put together; `None` if they are not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub summarise: Option<Summarise>,
    /// How long it is kept after its last turn, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ttl_ms: Option<u64>,
}

impl Conversation {
    /// How long it is kept after its last turn, in microseconds.
    pub fn ttl_us(&self) -> i64 {
        let ttl = self.ttl_ms.unwrap_or(DEFAULT_TTL_MS).saturating_mul(1000);
        i64::try_from(ttl).unwrap_or(i64::MAX)
    }

    /// Turns that stay as they were said when older ones are put together; at least one.
    pub fn kept(&self) -> u64 {
        u64::from(self.keep_turns.unwrap_or(1).max(1))
    }
}

/// How older turns are put together. Either sign is enough.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Summarise {
    /// The prompt that does it. It has a variable `conversation`, and may have one `summary` for the summary
    /// before.
    pub prompt: PromptName,
    /// When this many turns have been said beyond those that stay.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub every_turns: Option<u32>,
    /// When the turns that no summary covers have this many tokens (o200k).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_tokens: Option<u64>,
}

/// Longest id of a conversation, in bytes.
const LONGEST_ID: usize = 128;

/// The name that a caller gives to a conversation: 1 to 128 of `A-Z a-z 0-9 . _ : @ -`, the first a letter or a
/// digit.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ConversationId(String);

/// A text that is no [`ConversationId`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "the id of a conversation has 1 to 128 characters of A-Z a-z 0-9 . _ : @ -, the first a letter or a digit"
)]
pub struct BadId;

impl ConversationId {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ConversationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for ConversationId {
    type Err = BadId;

    fn from_str(text: &str) -> Result<Self, BadId> {
        let known = |byte: u8| byte.is_ascii_alphanumeric() || b"._:@-".contains(&byte);
        let begins = text.bytes().next().is_some_and(|byte| byte.is_ascii_alphanumeric());
        if begins && text.len() <= LONGEST_ID && text.bytes().all(known) {
            Ok(Self(text.to_string()))
        } else {
            Err(BadId)
        }
    }
}

impl TryFrom<String> for ConversationId {
    type Error = BadId;

    fn try_from(text: String) -> Result<Self, BadId> {
        text.parse()
    }
}

impl From<ConversationId> for String {
    fn from(id: ConversationId) -> String {
        id.0
    }
}

/// Whose conversation it is, with which prompt, and what its caller calls it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Key {
    /// The caller who began it.
    pub caller: String,
    /// The prompt.
    pub prompt: PromptName,
    /// Where the prompt serves.
    pub environment: EnvironmentName,
    /// The caller's name for it.
    pub id: ConversationId,
}

impl Key {
    /// The same for equal keys only.
    pub fn digest(&self) -> Digest {
        let parts =
            [&self.caller, self.prompt.as_str(), self.environment.as_str(), self.id.as_str()];
        let mut bytes = Vec::new();
        for part in parts {
            bytes.extend_from_slice(&u64::try_from(part.len()).unwrap_or(u64::MAX).to_le_bytes());
            bytes.extend_from_slice(part.as_bytes());
        }
        Digest::of(&bytes)
    }
}

/// What was asked and answered in one call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Turn {
    /// From 1.
    pub number: u64,
    /// The call's id.
    pub call: String,
    /// When the call began, in microseconds since 1970.
    pub at: i64,
    /// Its messages in the words of chat completions: a JSON array.
    pub messages: String,
    /// Whether it begins with a message of the user's. One that begins with a tool's result cannot be sent
    /// without the turn before it.
    pub opens: bool,
}

/// What turns were put together into.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Summary {
    /// From 1.
    pub number: u64,
    /// The first turn that it was made from beside the summary before it.
    pub from: u64,
    /// The last turn that it covers; it covers all before it too.
    pub through: u64,
    /// Its text.
    pub text: String,
    /// The prompt that wrote it.
    pub prompt: PromptName,
    /// That prompt's version.
    pub version: u32,
    /// The call that wrote it.
    pub call: String,
    /// When it was written, in microseconds since 1970.
    pub at: i64,
}

/// What a call did to a conversation. It travels in the call's record to the store, which takes it out of the
/// record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Talk {
    /// Which beginning of the conversation: an id that is used again after an erasure is another one.
    pub uid: String,
    /// Whose.
    pub key: Key,
    /// When it is forgotten unless another turn comes, in microseconds since 1970.
    pub expires_at: i64,
    /// What was said.
    pub said: Said,
}

/// A turn, or what several were put together into.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Said {
    /// A call was answered.
    Turn(Turn),
    /// Older turns were put together.
    Summary(Summary),
}

/// A call's part in a conversation, as its record shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    /// The caller's name for the conversation.
    pub id: ConversationId,
    /// The number of the turn that the call became; `None` if it became none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub turn: Option<u64>,
    /// The number of the summary that was sent, or that the call wrote.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub summary: Option<u64>,
    /// Turns that were neither sent nor covered by the summary, beside those that the window had no room for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub left_out: Option<u64>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_bounded() {
        for good in ["a", "7", "user-1:chat.2@x_y", &"a".repeat(128)] {
            assert_eq!(good.parse::<ConversationId>().unwrap().as_str(), good);
        }
        for bad in ["", "-a", ".", "a b", "a/b", "ä", "a\n", &"a".repeat(129)] {
            assert_eq!(bad.parse::<ConversationId>(), Err(BadId), "{bad:?}");
        }
        assert!(serde_json::from_str::<ConversationId>("\"a/b\"").is_err());
    }

    #[test]
    fn keys_do_not_run_into_one_another() {
        let key = |caller: &str, id: &str| Key {
            caller: caller.into(),
            prompt: "s/p".parse().unwrap(),
            environment: "production".parse().unwrap(),
            id: id.parse().unwrap(),
        };
        assert_eq!(key("a", "b").digest(), key("a", "b").digest());
        assert_ne!(key("a", "b").digest(), key("b", "b").digest());
        assert_ne!(key("a", "b").digest(), key("a", "c").digest());
    }
}
