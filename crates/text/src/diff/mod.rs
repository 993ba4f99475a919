//! What changed between two versions' contents, for people.
//!
//! Messages are compared word by word, everything else field by field, so that a reviewer sees the one
//! word that moved and the one bound that was raised. Fields are named as authors write them.
//!
//! Huge texts are compared by lines or as wholes instead of words; the choice is made by counting, not by
//! a deadline, so that the same two versions always show the same difference.

mod content;
mod json;
mod words;

pub use content::contents;
pub use words::pieces;

use serde::Serialize;

/// A stretch of text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Piece {
    /// In both.
    Same(String),
    /// Only in the old text.
    Removed(String),
    /// Only in the new text.
    Added(String),
}

/// One field that differs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Change {
    /// A text, with its pieces in order: those that are same or removed make up the old text, those that
    /// are same or added the new one.
    Text {
        /// E.g. `messages[0].system`.
        field: String,
        /// The whole text in order.
        pieces: Vec<Piece>,
    },
    /// A value, shown as text or compact JSON.
    Value {
        /// E.g. `models[0].temperature`.
        field: String,
        /// `None` if it was added.
        old: Option<String>,
        /// `None` if it was removed.
        new: Option<String>,
    },
}
