//! A rollout, as commands and the HTTP API show it.

use gatemark_core::rollout::{Rollout, Standing};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

/// A rollout and where it stands.
#[derive(Debug, Serialize, ToSchema)]
pub struct RolloutView {
    /// Its id.
    pub id: String,
    /// Grows with every change.
    pub revision: i64,
    /// `service/name`.
    pub prompt: String,
    /// Where.
    pub environment: String,
    /// `deploy` or `rollback`.
    pub purpose: String,
    /// `shadow`, `canary` or `staged`.
    pub strategy: String,
    /// `running`, `paused`, `promoting`, `watching`, `reverting`, `completed` or `aborted`.
    pub state: String,
    /// The version that may take over.
    pub candidate: u32,
    /// The version that serves, or served before.
    pub control: u32,
    /// The candidate's share of what it serves, in basis points (10,000 is everybody).
    pub share: u16,
    /// The step, from 1.
    pub step: usize,
    /// How many steps there are.
    pub steps: usize,
    /// The steps in words.
    pub plan: String,
    /// Since when this step goes on, in microseconds since 1970.
    pub step_since: i64,
    /// Units of the candidate counted in this step.
    pub step_units: u64,
    /// When it began, in microseconds since 1970.
    pub started_at: i64,
    /// When its state or step last changed, in microseconds since 1970.
    pub changed_at: i64,
    /// Who began it.
    pub actor: String,
    /// Grows when evidence starts anew.
    pub epoch: u32,
    /// Why it is where it is.
    pub reason: Option<String>,
    /// What the next step waits for; empty if nothing.
    pub waits_for: Vec<String>,
    /// Whether units come to the arms as planned.
    pub ratio_holds: bool,
    /// The e-value of harm over all guardrails, as a natural logarithm.
    pub log_e_harm: f64,
    /// Every guardrail with its verdict.
    #[schema(value_type = Vec<Object>)]
    pub guardrails: Vec<Value>,
}

impl RolloutView {
    /// The rollout as it stands at `now`, in microseconds since 1970.
    pub fn at(rollout: &Rollout, now: i64) -> Self {
        let Standing { guardrails, together, ratio_holds, waits_for } = rollout.standing(now);
        let guardrails =
            guardrails.iter().filter_map(|told| serde_json::to_value(told).ok()).collect();
        Self {
            id: rollout.id.clone(),
            revision: rollout.revision,
            prompt: rollout.prompt.to_string(),
            environment: rollout.environment.to_string(),
            purpose: rollout.purpose.word().to_string(),
            strategy: rollout.plan.strategy.word().to_string(),
            state: rollout.state.word().to_string(),
            candidate: rollout.candidate.number,
            control: rollout.control.number,
            share: rollout.share(),
            step: rollout.step + 1,
            steps: rollout.plan.steps.len(),
            plan: rollout.plan.spelled(),
            step_since: rollout.step_since,
            step_units: rollout.step_units,
            started_at: rollout.started_at,
            changed_at: rollout.changed_at,
            actor: rollout.actor.clone(),
            epoch: rollout.epoch,
            reason: rollout.reason.clone(),
            waits_for,
            ratio_holds,
            log_e_harm: together.log_e_harm,
            guardrails,
        }
    }
}
