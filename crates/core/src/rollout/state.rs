//! What is kept of a rollout, and where it can be.

use serde::{Deserialize, Serialize};

use super::baseline::Baseline;
use super::rail::Rail;
use crate::assign::{Mode, WHOLE};
use crate::gate::{AdmittedModel, Purpose};
use crate::id::{Digest, EnvironmentName, ModelName, PromptName};
use crate::ramp::{Plan, Step, Strategy};
use crate::upstream::Upstreams;

/// Where a rollout is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// A step is going on.
    Running,
    /// It holds its step until somebody resumes it. Guardrails go on looking, and may still abort it.
    Paused,
    /// Its steps are over: the gate is asked to move the pointer.
    Promoting,
    /// The candidate serves everybody and is watched.
    Watching,
    /// What was watched turned out bad: the gate is asked to move the pointer back.
    Reverting,
    /// Over: the candidate serves, or a shadow has been looked at long enough.
    Completed,
    /// Over: what served before serves.
    Aborted,
}

impl State {
    /// The stored word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Paused => "paused",
            Self::Promoting => "promoting",
            Self::Watching => "watching",
            Self::Reverting => "reverting",
            Self::Completed => "completed",
            Self::Aborted => "aborted",
        }
    }

    /// Whether nothing happens to it any more.
    pub fn is_over(self) -> bool {
        matches!(self, Self::Completed | Self::Aborted)
    }

    /// Whether the candidate has not been promoted yet and may be.
    pub fn is_climbing(self) -> bool {
        matches!(self, Self::Running | Self::Paused | Self::Promoting)
    }
}

/// One of the two versions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Side {
    /// The version's number.
    pub number: u32,
    /// Its hash.
    pub version: Digest,
    /// The model, if another of the version's than its first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<ModelName>,
    /// The report on which the gate admitted it, if the policy asked for one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evidence: Option<String>,
    /// Who answered in that report.
    #[serde(default, skip_serializing_if = "Upstreams::is_empty")]
    pub upstreams: Upstreams,
    /// Its other models that may answer.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fallbacks: Vec<AdmittedModel>,
}

/// Units by arm while the planned shares were the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Phase {
    /// The candidate's share.
    pub share: u16,
    /// The share at which these units were counted before as control's, 0 for those never counted.
    pub before: u16,
    /// Control's units.
    pub control: u64,
    /// The candidate's units.
    pub candidate: u64,
}

/// A rollout.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Rollout {
    /// Its id.
    pub id: String,
    /// Grows with every change that is stored.
    pub revision: i64,
    /// The prompt.
    pub prompt: PromptName,
    /// Where.
    pub environment: EnvironmentName,
    /// Whether the pointer goes on, or back.
    pub purpose: Purpose,
    /// What may take over.
    pub candidate: Side,
    /// What serves.
    pub control: Side,
    /// The deployment by which the pointer is where this rollout left it; with another one it is superseded.
    pub deployment: i64,
    /// What it is going to do.
    pub plan: Plan,
    /// What control was like before.
    pub baseline: Baseline,
    /// Where it is.
    pub state: State,
    /// The step, from 0.
    pub step: usize,
    /// Since when, in microseconds since 1970.
    pub step_since: i64,
    /// The candidate's units counted in this step.
    pub step_units: u64,
    /// When it began, in microseconds since 1970.
    pub started_at: i64,
    /// Since when it is waited for a promotion, in microseconds since 1970, if not from its beginning: somebody had it
    /// go on after the plan's longest time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub extended_at: Option<i64>,
    /// When it last changed its state or step, in microseconds since 1970.
    pub changed_at: i64,
    /// The time at which it was last looked at in this state and step, in microseconds since 1970: what time
    /// alone could change by then has been decided.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub looked_at: Option<i64>,
    /// Whether evidence came since it was last looked at.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unjudged: bool,
    /// Who began it.
    pub actor: String,
    /// Grows when evidence starts anew.
    pub epoch: u32,
    /// The last observation that was read.
    pub cursor: i64,
    /// The guardrails and what they have seen.
    pub rails: Vec<Rail>,
    /// How many units came to which arm.
    pub phases: Vec<Phase>,
    /// Why it is where it is.
    pub reason: Option<String>,
}

/// With what a rollout begins.
#[derive(Debug, Clone)]
pub struct Beginning {
    /// Its id; also what units are hashed with.
    pub id: String,
    /// The prompt.
    pub prompt: PromptName,
    /// Where.
    pub environment: EnvironmentName,
    /// Whether the pointer goes on, or back.
    pub purpose: Purpose,
    /// What may take over.
    pub candidate: Side,
    /// What serves.
    pub control: Side,
    /// The deployment by which control serves.
    pub deployment: i64,
    /// What it is going to do.
    pub plan: Plan,
    /// What control was like before.
    pub baseline: Baseline,
    /// Who begins it.
    pub actor: String,
}

impl Rollout {
    /// A rollout in its first step.
    #[must_use]
    pub fn begin(from: Beginning, now: i64) -> Self {
        let rails =
            from.plan.rails.iter().filter_map(|rail| Rail::new(rail, &from.baseline)).collect();
        Self {
            id: from.id,
            revision: 1,
            prompt: from.prompt,
            environment: from.environment,
            purpose: from.purpose,
            candidate: from.candidate,
            control: from.control,
            deployment: from.deployment,
            plan: from.plan,
            baseline: from.baseline,
            state: State::Running,
            step: 0,
            step_since: now,
            step_units: 0,
            started_at: now,
            extended_at: None,
            changed_at: now,
            looked_at: None,
            unjudged: false,
            actor: from.actor,
            epoch: 1,
            cursor: 0,
            rails,
            phases: vec![],
            reason: None,
        }
    }

    /// What its units are hashed with now.
    pub fn salt(&self) -> String {
        format!("{}/{}", self.id, self.epoch)
    }

    /// The step that it is in.
    pub fn current(&self) -> Option<&Step> {
        self.plan.steps.get(self.step)
    }

    /// How many of whom the candidate serves now, in basis points; copies serve nobody.
    pub fn share(&self) -> u16 {
        match self.state {
            State::Watching | State::Reverting => WHOLE,
            State::Completed if self.plan.strategy != Strategy::Shadow => WHOLE,
            state if state.is_climbing() => {
                self.current().filter(|step| step.mode == Mode::Serve).map_or(0, |step| step.share)
            }
            _ => 0,
        }
    }
}
