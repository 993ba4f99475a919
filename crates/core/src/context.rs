//! What may be left out when a request has to become shorter, and in which order.
//!
//! A version says this of its texts, because only its author knows what a text can lose: nothing is left
//! out of a message or variable that says nothing. Worked examples and earlier turns of a conversation may
//! always go, as wholes. A call that does not fit even so is refused.

use serde::{Deserialize, Serialize};

use crate::id::ModelName;

/// What stays of a part that is too long.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Truncate {
    /// The beginning. Of a list, its first items.
    Head,
    /// The end. Of a list, its last items.
    Tail,
    /// Both ends, with a mark between them. Of a list, its first and last items.
    Middle,
    /// Whole sentences from the beginning. Not for lists.
    Sentence,
}

impl Truncate {
    /// The word that users write.
    pub fn word(self) -> &'static str {
        match self {
            Self::Head => "head",
            Self::Tail => "tail",
            Self::Middle => "middle",
            Self::Sentence => "sentence",
        }
    }
}

/// The order in which the items of a list are shown to the model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Order {
    /// The list is given with its most important item first; they are shown at both ends, the least
    /// important in the middle, where models overlook most (Liu et al. 2023, "Lost in the Middle").
    Edges,
}

/// Least and most important.
pub const PRIORITIES: (u8, u8) = (0, 100);

/// Of variables and messages that say none.
pub const PRIORITY_OF_TEXTS: u8 = 50;

/// Of what the caller adds to the conversation.
pub const PRIORITY_OF_TURNS: u8 = 40;

/// Of worked examples.
pub const PRIORITY_OF_EXAMPLES: u8 = 30;

/// Of lists that say none: most of them hold documents that somebody retrieved.
pub const PRIORITY_OF_LISTS: u8 = 20;

/// By what examples are chosen.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum By {
    /// Nearness of an example's variables to those of the call.
    #[default]
    Similarity,
    /// The same by the vectors of an embedding model.
    Embedding,
}

/// By what a call's examples were chosen where its version wants them chosen by an embedding model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Selection {
    /// By the model's vectors.
    Embedding,
    /// By their words, because no vectors were to be had.
    Words,
}

impl Selection {
    /// The stored word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Embedding => "embedding",
            Self::Words => "words",
        }
    }
}

/// How a call's examples are chosen out of those of its version.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Choose {
    /// By what.
    pub by: By,
    /// The embedding model, if by one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<ModelName>,
    /// Most of them, at least 1.
    pub k: u32,
    /// 0: the nearest ones; 1: as unlike one another as can be. Maximal marginal relevance with
    /// λ = 1 − `diversity` (Carbonell and Goldstein 1998).
    #[serde(default, skip_serializing_if = "is_zero")]
    pub diversity: f64,
    /// Most tokens (o200k) of all of them together.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_tokens: Option<u32>,
}

#[allow(clippy::trivially_copy_pass_by_ref)]
fn is_zero(number: &f64) -> bool {
    *number == 0.0
}
