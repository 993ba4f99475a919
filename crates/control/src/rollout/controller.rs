//! The task that lets rollouts decide.
//!
//! It keeps nothing in memory. Each run reads what is stored and what is new, and writes the outcome under the
//! revision that it read; so it may run twice at once, be late, or be killed between any two of its lines.

use gatemark_core::error::{Error, Kind, Result};
use gatemark_core::gate::Purpose;
use gatemark_core::id::{EnvironmentName, PromptName};
use gatemark_core::rollout::{Change, Counted, Effect, Rollout};
use gatemark_gateway::Selector;
use gatemark_store::{Due, FEW, Noted, PAGE, brink};

use crate::gate::Asked;
use crate::{Control, select};

/// Who acts, in the audit log.
const CONTROLLER: &str = "rollout";
/// Observations taken at once.
const BATCH: u32 = 5_000;
/// Most batches of one rollout in one run, so that none starves the others.
const MOST_BATCHES: usize = 20;

/// What a run has come to so far.
#[derive(Default)]
struct Run {
    changed: usize,
    failed: Option<Error>,
}

impl Run {
    /// What one rollout cannot do keeps no other from deciding.
    fn take(&mut self, of: (&PromptName, &EnvironmentName), outcome: Result<bool>) {
        match outcome {
            Ok(moved) => self.changed += usize::from(moved),
            Err(error) => {
                let (prompt, environment) = of;
                tracing::error!(%prompt, %environment, %error, "a rollout could not decide");
                self.failed = Some(error);
            }
        }
    }
}

impl Control {
    /// Lets every rollout with something to decide decide it at `now`, in microseconds since 1970. Returns how
    /// many changed.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn tick_rollouts(&self, now: i64) -> Result<usize> {
        let mut run = Run::default();
        let mut last: Option<(PromptName, EnvironmentName)> = None;
        loop {
            let after = last.as_ref().map(|(prompt, environment)| (prompt, environment));
            let page = self.store.due_rollouts(now, after).await?;
            let is_last = page.len() < PAGE;
            last = page.last().map(|due| &due.rollout).map(place);
            self.page(page, now, &mut run).await?;
            if is_last {
                break;
            }
        }
        if run.changed > 0 {
            self.refresh_after_change().await;
        }
        run.failed.map_or(Ok(run.changed), Err)
    }

    /// Most have a few new calls, from which nothing follows yet: those are read and stored together.
    async fn page(&self, page: Vec<Due>, now: i64, run: &mut Run) -> Result<()> {
        let (together, alone): (Vec<Due>, Vec<Due>) = page.into_iter().partition(is_plain);
        let rollouts: Vec<&Rollout> = together.iter().map(|due| &due.rollout).collect();
        let mut new = self.store.new_observations(&rollouts).await?;
        brink::at("read");
        let mut learned = vec![];
        for Due { mut rollout, .. } in together {
            let counted = rollout.absorb(&new.remove(&rollout.id).unwrap_or_default());
            let Some(change) = rollout.tick(now) else {
                learned.push((rollout, counted));
                continue;
            };
            let (prompt, environment) = place(&rollout);
            let outcome = self.settle(&mut rollout, &counted, &change, now).await;
            run.take((&prompt, &environment), outcome);
        }
        if !learned.is_empty() {
            brink::at("learned");
            self.store.save_learned(learned).await?;
        }
        for due in alone {
            let (prompt, environment) = place(&due.rollout);
            let outcome = self.drive(due, now).await;
            run.take((&prompt, &environment), outcome);
        }
        Ok(())
    }

    /// Whether it changed in a way that others see.
    async fn drive(&self, due: Due, now: i64) -> Result<bool> {
        let Due { mut rollout, serving, .. } = due;
        if serving.is_none_or(|(id, _)| id != rollout.deployment) {
            // Its pointer was moved by something else.
            let Some(change) = rollout.superseded(serving.map(|(_, number)| number), now) else {
                return Ok(false);
            };
            return self.settle(&mut rollout, &[], &change, now).await;
        }
        for _ in 0..MOST_BATCHES {
            let observations = self.store.observations(&rollout.id, rollout.cursor, BATCH).await?;
            brink::at("read");
            let more = observations.len() >= usize::try_from(BATCH).unwrap_or(usize::MAX);
            let counted = rollout.absorb(&observations);
            let change = if more { None } else { rollout.tick(now) };
            if let Some(change) = change {
                return self.settle(&mut rollout, &counted, &change, now).await;
            }
            if observations.is_empty() {
                break;
            }
            if !self.store.save_rollout(&mut rollout, &counted, None).await? {
                return Ok(false);
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

    /// Stores a change, and does what it asks for. Whether anything changed.
    async fn settle(
        &self,
        rollout: &mut Rollout,
        counted: &[Counted],
        change: &Change,
        now: i64,
    ) -> Result<bool> {
        brink::at("decided");
        if !self.store.save_rollout(rollout, counted, Some(noted(change, now))).await? {
            return Ok(false);
        }
        told(rollout, change);
        if rollout.effect().is_some() {
            self.carry_out(rollout, now).await?;
        }
        Ok(true)
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
                return self.settle_refusal(rollout, &change, now).await;
            }
        };
        brink::at("asked");
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

    async fn settle_refusal(
        &self,
        rollout: &mut Rollout,
        change: &Change,
        now: i64,
    ) -> Result<bool> {
        brink::at("refused");
        let kept = self.store.save_rollout(rollout, &[], Some(noted(change, now))).await?;
        if kept {
            told(rollout, change);
        }
        Ok(kept)
    }

    pub(super) async fn version_numbered(
        &self,
        prompt: &PromptName,
        number: u32,
    ) -> Result<gatemark_core::prompt::Version> {
        select::version(&self.store, prompt, &Selector::Number(number)).await
    }
}

/// Whether a page's rollout has little to read, and nothing but evidence and time to decide by.
fn is_plain(due: &Due) -> bool {
    let stands = due.serving.is_some_and(|(id, _)| id == due.rollout.deployment);
    stands && due.pending < FEW && due.rollout.effect().is_none()
}

fn place(rollout: &Rollout) -> (PromptName, EnvironmentName) {
    (rollout.prompt.clone(), rollout.environment.clone())
}

fn noted(change: &Change, at: i64) -> Noted<'_> {
    Noted { change, actor: CONTROLLER, at }
}

/// What operators read in the log; the audit log has it too.
fn told(rollout: &Rollout, change: &Change) {
    let (prompt, environment) = (&rollout.prompt, &rollout.environment);
    let (action, detail) = (change.action, change.detail.as_str());
    if matches!(action, "abort" | "revert" | "refused" | "stuck") {
        tracing::error!(%prompt, %environment, action, detail, "a rollout was taken back");
    } else {
        tracing::info!(%prompt, %environment, action, detail, "a rollout has changed");
    }
}
