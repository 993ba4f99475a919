//! The task that lets experiments decide: as for rollouts, it keeps nothing in memory.

use gatemark_core::error::Result;
use gatemark_core::experiment::Experiment;
use gatemark_store::brink;

use crate::Control;

/// Who acts, in the audit log.
const CONTROLLER: &str = "experiment";
/// Observations taken at once.
const BATCH: u32 = 5_000;
/// Most batches of one experiment in one run, so that none starves the others.
const MOST_BATCHES: usize = 20;

impl Control {
    /// Lets every experiment with something to decide decide it at `now`, in microseconds since 1970. Returns how
    /// many changed.
    ///
    /// # Errors
    /// Those of the store. What one cannot do keeps no other from deciding.
    pub async fn tick_experiments(&self, now: i64) -> Result<usize> {
        let (mut changed, mut failed) = (0, None);
        for (experiment, serving) in self.store.due_experiments(now).await? {
            let name = experiment.name.clone();
            match self.drive_experiment(experiment, serving, now).await {
                Ok(moved) => changed += usize::from(moved),
                Err(error) => {
                    tracing::error!(name, %error, "an experiment could not decide");
                    failed = Some(error);
                }
            }
        }
        if changed > 0 {
            self.refresh_after_change().await;
        }
        failed.map_or(Ok(changed), Err)
    }

    async fn drive_experiment(
        &self,
        mut experiment: Experiment,
        serving: Option<(i64, u32)>,
        now: i64,
    ) -> Result<bool> {
        if serving.is_none_or(|(id, _)| id != experiment.deployment) {
            let Some(change) = experiment.superseded(serving.map(|(_, number)| number), now) else {
                return Ok(false);
            };
            let told = Some((&change, CONTROLLER, now));
            let saved = self.store.save_experiment(&mut experiment, &[], told).await?;
            return self.told(&experiment, saved).await;
        }
        for _ in 0..MOST_BATCHES {
            let (id, cursor) = (experiment.id.clone(), experiment.cursor);
            let observations = self.store.observations(&id, cursor, BATCH).await?;
            brink::at("read");
            let more = observations.len() >= usize::try_from(BATCH).unwrap_or(usize::MAX);
            let counted = experiment.absorb(&observations);
            let change = if more { None } else { experiment.tick(now) };
            let told = change.as_ref().map(|change| (change, CONTROLLER, now));
            let saved = self.store.save_experiment(&mut experiment, &counted, told).await?;
            if change.is_some() || !saved {
                return self.told(&experiment, saved && change.is_some()).await;
            }
            if !more {
                break;
            }
        }
        Ok(false)
    }

    async fn told(&self, experiment: &Experiment, changed: bool) -> Result<bool> {
        if changed {
            let (name, state) = (experiment.name.as_str(), experiment.state.word());
            let reason = experiment.reason.as_deref().unwrap_or_default();
            tracing::info!(name, state, reason, "an experiment has changed");
            if experiment.state.is_over() {
                self.keep_report(experiment).await;
            }
        }
        Ok(changed)
    }
}
