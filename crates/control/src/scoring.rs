//! Judgements on recorded calls.

use gatemark_core::error::{Error, Kind, Result};
use gatemark_core::score::Score;
use gatemark_store::Scored;

use crate::Control;

impl Control {
    /// Keeps a judgement on a call, which may still be in the call log. With `caller`, only on that caller's own
    /// calls: those of others are not there.
    ///
    /// # Errors
    /// `NotFound` if there is no such call, `Invalid` if the judgement cannot be kept.
    pub async fn score(&self, score: Score, caller: Option<&str>) -> Result<Scored> {
        let scores = [score];
        let kept = match self.store.score(&scores, caller).await {
            Err(error) if error.kind() == Kind::NotFound => {
                self.ship_if_possible().await;
                self.store.score(&scores, caller).await?
            }
            other => other?,
        };
        kept.first().copied().ok_or_else(|| Error::internal("a score was not kept"))
    }

    /// The judgements on a call, oldest first.
    pub async fn scores(&self, call: &str) -> Result<Vec<Score>> {
        self.store.scores(call).await
    }
}
