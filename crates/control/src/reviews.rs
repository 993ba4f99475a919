//! The queue of answers that a person looks at.

use gatemark_core::error::{Error, Result};
use gatemark_core::review::{Finding, Resolution, ReviewItem};
use gatemark_gateway::clock;
use gatemark_store::queue::ReviewFilter;

use crate::Control;

/// Longest note, in bytes.
const MAX_NOTE: usize = 4096;

impl Control {
    /// The queue, oldest first, calls that are still in the call log included.
    pub async fn reviews(&self, filter: &ReviewFilter) -> Result<Vec<ReviewItem>> {
        self.ship_if_possible().await;
        self.store.reviews(filter).await
    }

    /// Writes down what a person found about a call's answer.
    ///
    /// # Errors
    /// `NotFound` if the call is not in the queue, `Invalid` if the note is too long.
    pub async fn resolve_review(
        &self,
        call: &str,
        finding: Finding,
        note: Option<String>,
        actor: &str,
    ) -> Result<()> {
        if note.as_ref().is_some_and(|note| note.len() > MAX_NOTE) {
            let message = format!("the note is longer than {MAX_NOTE} bytes");
            return Err(Error::invalid(message).at("note"));
        }
        self.ship_if_possible().await;
        let resolution = Resolution { finding, note, actor: actor.into(), at: clock::now_us() };
        self.store.resolve_review(call, &resolution).await
    }
}
