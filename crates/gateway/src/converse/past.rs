//! What was said before, in the form in which it is sent.

use gatemark_core::conversation::{Sent, Summary};
use gatemark_core::error::Result;
use gatemark_provider::turns;
use serde_json::value::RawValue;

/// What a call sends before its own turn.
#[derive(Debug, Clone, Default)]
pub(crate) struct Past {
    sent: Sent,
}

impl Past {
    pub(super) fn of(sent: Sent) -> Self {
        Self { sent }
    }

    /// The number of the summary that is sent.
    pub(crate) fn summary(&self) -> Option<u64> {
        self.sent.summary.as_ref().map(|summary| summary.number)
    }

    /// Turns that are neither sent nor summarised.
    pub(crate) fn left_out(&self) -> u64 {
        self.sent.left_out
    }

    /// The summary and the turns as messages; `None` if there is nothing.
    ///
    /// # Errors
    /// None that a caller can cause.
    pub(crate) fn messages(&self) -> Result<Option<Box<RawValue>>> {
        if self.sent.summary.is_none() && self.sent.turns.is_empty() {
            return Ok(None);
        }
        let summary = self.sent.summary.as_ref().map(|summary| turns::asked(&marked(summary)));
        let said = self.sent.turns.iter().map(|turn| turn.messages.as_str());
        turns::together(summary.as_deref().into_iter().chain(said)).map(Some)
    }
}

/// A summary speaks as the user and not as the system: it was made of what users said, and must not get the
/// authority of the version's own words.
fn marked(summary: &Summary) -> String {
    format!(
        "<conversation_summary number=\"{}\" turns=\"1-{}\">\n{}\n</conversation_summary>",
        summary.number,
        summary.through,
        summary.text.trim()
    )
}
