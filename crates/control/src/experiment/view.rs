//! An experiment, as commands and the HTTP API show it.

use gatemark_core::experiment::{ArmStanding, Experiment, Standing};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

/// An experiment and where it stands.
#[derive(Debug, Serialize, ToSchema)]
pub struct ExperimentView {
    /// Its name.
    pub name: String,
    /// Its id, as in records of calls.
    pub id: String,
    /// Grows with every change.
    pub revision: i64,
    /// `service/name`.
    pub prompt: String,
    /// Where.
    pub environment: String,
    /// `draft`, `running`, `concluded`, `inconclusive` or `stopped`.
    pub state: String,
    /// The metric that decides.
    pub metric: String,
    /// `not-worse`, `better` or `best`.
    pub aim: String,
    /// Control's version, once it has begun.
    pub control: Option<u32>,
    /// Control's share, in basis points.
    pub control_share: u16,
    /// Control's calls.
    pub control_calls: u64,
    /// Control's units.
    pub control_units: u64,
    /// The arms beside control.
    pub arms: Vec<ArmView>,
    /// Who wrote it down.
    pub actor: String,
    /// When it was written down, in microseconds since 1970.
    pub created_at: i64,
    /// When it began, in microseconds since 1970; 0 before it has.
    pub started_at: i64,
    /// When its state last changed, in microseconds since 1970.
    pub changed_at: i64,
    /// What a verdict waits for; empty if nothing.
    pub waits_for: Vec<String>,
    /// Whether units come to the arms as planned.
    pub ratio_holds: bool,
    /// The arm that won.
    pub winner: Option<String>,
    /// Why it is where it is.
    pub reason: Option<String>,
}

/// An arm.
#[derive(Debug, Serialize, ToSchema)]
pub struct ArmView {
    /// Its name.
    pub name: String,
    /// Its version's number, once the experiment has begun.
    pub version: Option<u32>,
    /// The model, if another of the version's than its first.
    pub model: Option<String>,
    /// Its share, in basis points.
    pub share: u16,
    /// Its calls.
    pub calls: u64,
    /// Its units.
    pub units: u64,
    /// Why it was stopped, if it was.
    pub stopped: Option<String>,
    /// How probable it is that it is worse by the metric that decides, by a flat prior; nothing is decided by it.
    pub probability_of_harm: Option<f64>,
    /// The e-value of harm over metric and guardrails, as a natural logarithm.
    pub log_e_harm: f64,
    /// The metric that decides, then the guardrails, each with its verdict.
    #[schema(value_type = Vec<Object>)]
    pub verdicts: Vec<Value>,
}

impl ExperimentView {
    /// The experiment as it stands at `now`, in microseconds since 1970.
    pub fn at(experiment: &Experiment, now: i64) -> Self {
        let Standing { arms, control_calls, control_units, ratio_holds, waits_for } =
            experiment.standing(now);
        let plans = experiment.plan.arms.iter().enumerate();
        let arms = plans.map(|(place, plan)| {
            let standing = arms.get(place);
            let verdict = |arm: &ArmStanding| {
                arm.rails.iter().filter_map(|told| serde_json::to_value(told).ok()).collect()
            };
            ArmView {
                name: plan.name.clone(),
                version: standing.map(|arm| arm.number),
                model: plan.model.as_ref().map(ToString::to_string),
                share: plan.share,
                calls: standing.map_or(0, |arm| arm.calls),
                units: standing.map_or(0, |arm| arm.units),
                stopped: standing.and_then(|arm| arm.stopped.clone()),
                probability_of_harm: standing.and_then(|arm| arm.probability_of_harm),
                log_e_harm: standing.map_or(0.0, |arm| arm.together.log_e_harm),
                verdicts: standing.map(verdict).unwrap_or_default(),
            }
        });
        Self {
            name: experiment.name.clone(),
            id: experiment.id.clone(),
            revision: experiment.revision,
            prompt: experiment.prompt.to_string(),
            environment: experiment.environment.to_string(),
            state: experiment.state.word().to_string(),
            metric: experiment.plan.metric.name().to_string(),
            aim: experiment.plan.aim.word().to_string(),
            control: experiment.control.as_ref().map(|side| side.number),
            control_share: experiment.plan.control_share(),
            control_calls,
            control_units,
            arms: arms.collect(),
            actor: experiment.actor.clone(),
            created_at: experiment.created_at,
            started_at: experiment.started_at,
            changed_at: experiment.changed_at,
            waits_for,
            ratio_holds,
            winner: experiment.winner.clone(),
            reason: experiment.reason.clone(),
        }
    }
}
