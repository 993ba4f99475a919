//! Who gets which arm: a pure function of a salt and a unit.
//!
//! A unit (a user, a conversation, a call) falls into one of 10,000 buckets by a hash. An arm owns an interval
//! of buckets that begins at a fixed anchor, so raising its share only adds buckets at the upper end, and
//! nobody who has the arm loses it; lowering it takes the last ones back first. Whoever is in no arm's interval
//! is served by what serves anyway, the `stable` arm.
//!
//! Shares are whole basis points. With fractions, `hash % 100 < share * 100` gives 8 buckets to a share of 0.07.

mod audience;

use serde::{Deserialize, Serialize};
use sha2::Digest as _;

pub use audience::Audience;

use crate::id::{Digest, ModelName};

/// Buckets there are; also the share of everybody, in basis points.
pub const WHOLE: u16 = 10_000;

/// The arm of whoever is in no interval.
pub const STABLE: &str = "stable";

/// The bucket of `unit`, 0 to 9,999: the first 8 bytes of SHA-256 over `salt|unit`, big-endian, modulo 10,000.
///
/// The largest bucket differs from the smallest by less than one in 10^15.
pub fn bucket(salt: &str, unit: &str) -> u16 {
    let mut hash = sha2::Sha256::new();
    hash.update(salt.as_bytes());
    hash.update(b"|");
    hash.update(unit.as_bytes());
    let first: [u8; 8] = hash.finalize().first_chunk().copied().unwrap_or_default();
    u16::try_from(u64::from_be_bytes(first) % u64::from(WHOLE)).unwrap_or_default()
}

/// What is kept of a unit in records: 32 hexadecimal digits of SHA-256 over salt and unit. The same unit has
/// another pseudonym in every rollout.
pub fn pseudonym(salt: &str, unit: &str) -> String {
    Digest::of(format!("unit|{salt}|{unit}").as_bytes()).to_string().chars().take(32).collect()
}

/// What is assigned to arms.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// A person: all their calls have one arm. A call that names nobody is a unit of its own.
    #[default]
    User,
    /// A conversation. A call outside of any is its user's.
    Conversation,
    /// Each call.
    Call,
}

impl Unit {
    /// The word in files and on the command line.
    pub fn word(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Conversation => "conversation",
            Self::Call => "call",
        }
    }

    /// The unit that `word` names.
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::User, Self::Conversation, Self::Call].into_iter().find(|unit| unit.word() == word)
    }
}

/// What an arm's interval means for those in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// They are served by the arm.
    Serve,
    /// They are served as everybody, and their calls are sent to the arm too, whose answers nobody sees.
    Shadow,
    /// Everybody is served alike; calls are marked so that what comes in is watched.
    Watch,
}

/// One arm that is not `stable`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Arm {
    /// Its name in records and headers.
    pub name: String,
    /// The version's number.
    pub number: u32,
    /// The model, if another than the version's first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<ModelName>,
    /// Its first bucket.
    pub from: u16,
    /// The bucket behind its last.
    pub to: u16,
}

impl Arm {
    /// Its share, in basis points.
    pub fn share(&self) -> u16 {
        self.to.saturating_sub(self.from)
    }
}

/// How the calls of one prompt in one environment are divided.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Split {
    /// The rollout or experiment that it belongs to.
    pub id: String,
    /// Grows whenever evidence has to start anew.
    pub epoch: u32,
    /// What units are hashed with: another one in every epoch.
    pub salt: String,
    /// What is assigned.
    pub unit: Unit,
    /// Who takes part; others are not assigned and not counted.
    pub audience: Audience,
    /// What being in an arm means.
    pub mode: Mode,
    /// The arms beside `stable`; their intervals do not overlap.
    pub arms: Vec<Arm>,
}

impl Split {
    /// The arm of `unit`; `None` is `stable`.
    pub fn arm(&self, unit: &str) -> Option<&Arm> {
        let bucket = bucket(&self.salt, unit);
        self.arms.iter().find(|arm| (arm.from..arm.to).contains(&bucket))
    }

    /// The share of all arms beside `stable`, in basis points.
    pub fn share(&self) -> u16 {
        self.arms.iter().fold(0, |sum: u16, arm| sum.saturating_add(arm.share())).min(WHOLE)
    }
}

/// What a call's record says of the split that it took part in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark {
    /// The split's id.
    pub id: String,
    /// Its epoch.
    pub epoch: u32,
    /// The share of the arms beside `stable` when the call was assigned, in basis points.
    pub share: u16,
}

#[cfg(test)]
mod tests;
