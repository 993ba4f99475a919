//! What a release needs beside itself before it is asked: vectors of worked examples, for versions that choose
//! them by an embedding model, and the judge of its cascade.

use gatemark_core::Result;
use gatemark_gateway::Release;

use crate::Control;
use crate::lanes::Lanes;

/// Requests to one provider at once.
const AT_ONCE: usize = 4;

impl Control {
    /// Gives a release that is going to be tested everything that it has when it serves.
    ///
    /// # Errors
    /// As [`Control::embed`], and why there is no judge.
    pub(crate) async fn furnish(&self, release: &Release) -> Result<()> {
        self.find_judge(release).await?;
        self.embed_examples(release).await
    }

    /// Makes the vectors of a release's examples, if it needs them. They are kept in the store by model and
    /// text, so they are paid for once.
    ///
    /// # Errors
    /// As [`Control::embed`].
    pub(crate) async fn embed_examples(&self, release: &Release) -> Result<()> {
        let Some((model, texts)) = release.wants_vectors() else { return Ok(()) };
        let lanes = Lanes::of(self.project(), AT_ONCE);
        let vectors = self.embed(model, &texts, &lanes).await?;
        release.set_vectors(vectors);
        Ok(())
    }

    /// The same for all that serves. Until it is done examples are chosen by their words.
    ///
    /// # Errors
    /// The last one; others are tried all the same.
    pub(crate) async fn embed_served_examples(&self) -> Result<()> {
        let snapshot = self.gateway().snapshot();
        let mut failed = Ok(());
        for prompt in snapshot.prompts() {
            let pointers = snapshot.pointers(prompt).into_iter().flat_map(|found| found.values());
            for release in pointers.flat_map(|pointer| &pointer.admitted) {
                if let Err(error) = self.embed_examples(release).await {
                    failed = Err(error);
                }
            }
        }
        failed
    }
}
