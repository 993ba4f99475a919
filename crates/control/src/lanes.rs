//! How many calls go to each provider at once, whatever they are for.
//!
//! Whoever calls a vendor on a run's behalf (a case, a judge's vote, an embedding) takes a permit of that
//! provider's lane for the time of this one call. Nobody waits for a permit while holding another, so a
//! case and its judge may share a lane of one.

use std::collections::HashMap;

use gatemark_core::model::{Project, Provider};
use tokio::sync::{Semaphore, SemaphorePermit};

/// The lanes of one run.
#[derive(Debug)]
pub struct Lanes {
    lanes: HashMap<String, Semaphore>,
}

impl Lanes {
    /// Lanes of `concurrency` calls at once, at least 1, and of fewer for providers whose own bound is
    /// lower.
    pub fn of(project: &Project, concurrency: usize) -> Self {
        Self::with(project, |own| own.map_or(concurrency, |own| concurrency.min(own as usize)))
    }

    /// Lanes of `concurrency` at once, at least 1, whatever providers bound: for work that is more than a
    /// call.
    pub fn wide(project: &Project, concurrency: usize) -> Self {
        Self::with(project, |_| concurrency)
    }

    fn with(project: &Project, most: impl Fn(Option<u32>) -> usize) -> Self {
        let lane = |provider: &Provider| {
            Semaphore::new(most(provider.concurrency).clamp(1, Semaphore::MAX_PERMITS))
        };
        let lanes = project.providers.iter();
        Self { lanes: lanes.map(|(name, known)| (name.clone(), lane(known))).collect() }
    }

    /// Waits for a turn with `provider`, which lasts until the permit is dropped. A provider that the
    /// project does not have has no lane; a call to it is refused later, without asking anybody.
    pub async fn enter(&self, provider: &str) -> Option<SemaphorePermit<'_>> {
        self.lanes.get(provider)?.acquire().await.ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::FutureExt as _;

    #[tokio::test]
    async fn a_provider_bounds_itself_further_and_others_not_at_all() {
        let text = "name: x\nproviders:\n  narrow: {protocol: openai, concurrency: 1}\n  wide: {protocol: openai}\n";
        let mut files = crate::project::Files::new();
        files.insert("gatemark.yaml", text);
        let project = crate::project::load_config(&files).0.unwrap();
        let lanes = Lanes::of(&project, 2);
        let first = lanes.enter("narrow").await;
        assert!(first.is_some());
        assert!(lanes.enter("narrow").now_or_never().is_none(), "a second call waits");
        let both = (lanes.enter("wide").await, lanes.enter("wide").await);
        assert!(both.1.is_some() && lanes.enter("wide").now_or_never().is_none());
        drop(first);
        assert!(lanes.enter("narrow").now_or_never().flatten().is_some());
        assert!(lanes.enter("nobody").await.is_none());
    }
}
