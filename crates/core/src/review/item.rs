//! A call in the queue.

use serde::{Deserialize, Serialize};

use super::cause::{Cause, Priority};
use super::desk::Desk;
use crate::id::PromptName;

/// A call in the queue: what it is, why it is there, and what people did with it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReviewItem {
    /// The call's id.
    pub call: String,
    /// When the call began, in microseconds since 1970.
    pub at: i64,
    /// The prompt.
    pub prompt: PromptName,
    /// The version's number.
    pub number: u32,
    /// The environment that the version was resolved in.
    pub environment: Option<String>,
    /// Why it is looked at; at least one reason.
    pub reasons: Vec<String>,
    /// The most pressing kind of them.
    pub cause: Cause,
    /// How soon it should be looked at.
    pub priority: Priority,
    /// What people did with it.
    #[serde(flatten)]
    pub desk: Desk,
}
