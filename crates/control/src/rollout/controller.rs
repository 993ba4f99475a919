//! The task that lets rollouts decide.
//!
//! It keeps nothing in memory. Each run reads what is stored and what is new, and writes the outcome under the
//! revision that it read; so it may run twice at once, be late, or be killed between any two of its lines.

use gatemark_core::error::{Kind, Result};
use gatemark_core::gate::Purpose;
use gatemark_core::id::PromptName;
use gatemark_core::rollout::{Change, Effect, Rollout};
use gatemark_gateway::Selector;
use gatemark_store::Noted;

use crate::gate::Asked;
use crate::{Control, select};

/// Who acts, in the audit log.
const CONTROLLER: &str = "rollout";
/// Observations taken at once.
const BATCH: u32 = 5_000;
/// Most batches of one rollout in one run, so that none starves the others.
const MOST_BATCHES: usize = 20;

impl Control {
    /// Lets every rollout with something to decide decide it at `now`, in microseconds since 1970. Returns how
    /// many changed.
    ///
    /// # Errors
    /// Those of the store. What one rollout cannot do keeps no other from deciding.
    pub async fn tick_rollouts(&self, now: i64) -> Result<usize> {
        let mut changed = 0;
        let mut failed = None;
        for rollout in self.store.due_rollouts(now).await? {
            let (prompt, environment) = (rollout.prompt.clone(), rollout.environment.clone());
            match self.drive(rollout, now).await {
                Ok(moved) => changed += usize::from(moved),
                Err(error) => {
                    tracing::error!(%prompt, %environment, %error, "a rollout could not decide");
                    failed = Some(error);
                }
            }
        }
        if changed > 0 {
            self.refresh_after_change().await;
        }
        failed.map_or(Ok(changed), Err)
    }

    /// Whether it changed in a way that others see.
    async fn drive(&self, mut rollout: Rollout, now: i64) -> Result<bool> {
        if let Some(change) = self.overtaken(&mut rollout, now).await? {
            return self.keep(&mut rollout, &change, now).await;
        }
        for _ in 0..MOST_BATCHES {
            let observations = self.store.observations(&rollout.id, rollout.cursor, BATCH).await?;
            let more = observations.len() >= usize::try_from(BATCH).unwrap_or(usize::MAX);
            let counted = rollout.absorb(&observations);
            let change = if more { None } else { rollout.tick(now) };
            if observations.is_empty() && change.is_none() {
                break;
            }
            let noted = change.as_ref().map(|change| noted(change, now));
            if !self.store.save_rollout(&mut rollout, &counted, noted).await? {
                return Ok(false);
            }
            if let Some(change) = change {
                told(&rollout, &change);
                if rollout.effect().is_some() {
                    self.carry_out(&mut rollout, now).await?;
                }
                return Ok(true);
            }
            if !more {
                break;
            }
        }
        if rollout.effect().is_some() {
            return self.carry_out(&mut rollout, now).await;
        }
        Ok(false)
    }

    /// What becomes of a rollout whose pointer something else has moved.
    async fn overtaken(&self, rollout: &mut Rollout, now: i64) -> Result<Option<Change>> {
        let newest = self.store.deployments(&rollout.prompt, Some(&rollout.environment), 1).await?;
        let serving = newest.first();
        if serving.is_some_and(|serving| serving.id == rollout.deployment) {
            return Ok(None);
        }
        Ok(rollout.superseded(serving.map(|serving| serving.number), now))
    }

    async fn keep(&self, rollout: &mut Rollout, change: &Change, now: i64) -> Result<bool> {
        let kept = self.store.save_rollout(rollout, &[], Some(noted(change, now))).await?;
        if kept {
            told(rollout, change);
        }
        Ok(kept)
    }

    /// Asks the gate for what the rollout's state wants done, and does it. Whether anything changed.
    pub(super) async fn carry_out(&self, rollout: &mut Rollout, now: i64) -> Result<bool> {
        let (number, purpose) = match rollout.effect() {
            Some(Effect::Promote) => (rollout.candidate.number, rollout.purpose),
            Some(Effect::Revert) => (rollout.control.number, Purpose::Rollback),
            None => return Ok(false),
        };
        let version = self.version_numbered(&rollout.prompt, number).await?;
        let permit = match self.ask(&version, &rollout.environment, purpose).await? {
            Asked::Permitted(permit, _) => *permit,
            Asked::Refused(checklist) => {
                let unmet: Vec<String> = checklist
                    .unmet()
                    .map(|finding| format!("rule {} wants {}", finding.rule, finding.wanted))
                    .collect();
                let change = rollout.refused(&unmet.join("; "), now);
                return self.keep(rollout, &change, now).await;
            }
        };
        let back = rollout.effect() == Some(Effect::Revert);
        let actor = if back { CONTROLLER.to_string() } else { rollout.actor.clone() };
        let then = |rollout: &mut Rollout, id: i64| {
            if back { rollout.reverted(now) } else { rollout.promoted(id, now) }
        };
        let moved = self
            .store
            .apply_rollout(permit, rollout, (&actor, now), |rollout, deployment| {
                then(rollout, deployment.id)
            })
            .await;
        match moved {
            Ok(deployment) => Ok(deployment.is_some()),
            // Another controller, or a person, moved the pointer: the next run sees by whom.
            Err(error) if error.kind() == Kind::Conflict => {
                tracing::warn!(prompt = %rollout.prompt, %error, "a rollout was overtaken");
                Ok(false)
            }
            Err(error) => Err(error),
        }
    }

    async fn version_numbered(
        &self,
        prompt: &PromptName,
        number: u32,
    ) -> Result<gatemark_core::prompt::Version> {
        select::version(&self.store, prompt, &Selector::Number(number)).await
    }
}

fn noted(change: &Change, at: i64) -> Noted<'_> {
    Noted { change, actor: CONTROLLER, at }
}

/// What operators read in the log; the audit log has it too.
fn told(rollout: &Rollout, change: &Change) {
    let (prompt, environment) = (&rollout.prompt, &rollout.environment);
    let (action, detail) = (change.action, change.detail.as_str());
    if matches!(action, "abort" | "revert" | "refused") {
        tracing::error!(%prompt, %environment, action, detail, "a rollout was taken back");
    } else {
        tracing::info!(%prompt, %environment, action, detail, "a rollout has changed");
    }
}
