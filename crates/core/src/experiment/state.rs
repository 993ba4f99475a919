//! What is kept of an experiment, and where it can be.

use serde::{Deserialize, Serialize};

use super::plan::{Aim, ArmPlan, Plan};
use crate::error::{Error, Kind, Result};
use crate::guardrail::{Evidence, Goal, Guardrail};
use crate::id::{EnvironmentName, PromptName};
use crate::ramp::RailPlan;
use crate::rollout::{Baseline, Rail, Side};
use crate::stats::sequential::Total;
use crate::stats::sequential::ratio::Phase;

/// Where an experiment is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Written down.
    Draft,
    /// Its arms serve.
    Running,
    /// Over: an arm won, or none was left.
    Concluded,
    /// Over: its time ended without a verdict, and a person decides.
    Inconclusive,
    /// Over: somebody stopped it, or moved the pointer.
    Stopped,
}

impl State {
    /// The stored word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Running => "running",
            Self::Concluded => "concluded",
            Self::Inconclusive => "inconclusive",
            Self::Stopped => "stopped",
        }
    }

    /// Whether nothing happens to it any more.
    pub fn is_over(self) -> bool {
        matches!(self, Self::Concluded | Self::Inconclusive | Self::Stopped)
    }
}

/// What was seen of an arm, control or not.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Tally {
    /// Its calls.
    pub calls: u64,
    /// Its units.
    pub units: u64,
    /// The metric's outcomes, one of each unit, mapped to 0..=1 with more better; of metrics with bounds.
    pub total: Total,
}

/// An arm beside control, at work.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Arm {
    /// What was planned.
    pub plan: ArmPlan,
    /// Its version.
    pub side: Side,
    /// The metric and the guardrails, in the plan's order, with what they have seen.
    pub rails: Vec<Rail>,
    /// What was seen of it.
    pub seen: Tally,
    /// Why it was stopped, if it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stopped: Option<String>,
}

impl Arm {
    /// Whether it serves.
    pub fn is_running(&self) -> bool {
        self.stopped.is_none()
    }
}

/// An experiment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Experiment {
    /// Its id; also what units are hashed with.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Grows with every change that is stored.
    pub revision: i64,
    /// The prompt.
    pub prompt: PromptName,
    /// Where.
    pub environment: EnvironmentName,
    /// What it compares.
    pub plan: Plan,
    /// Where it is.
    pub state: State,
    /// What serves, once it has begun.
    pub control: Option<Side>,
    /// The deployment by which that serves; with another one it is over.
    pub deployment: i64,
    /// The arms, once it has begun.
    pub arms: Vec<Arm>,
    /// What was seen of control.
    pub seen: Tally,
    /// How many units came to which arm, control first, while the same arms were running.
    pub phases: Vec<Phase>,
    /// When it was written down, in microseconds since 1970.
    pub created_at: i64,
    /// When it began, in microseconds since 1970.
    pub started_at: i64,
    /// When its state last changed, in microseconds since 1970.
    pub changed_at: i64,
    /// The time at which it was last looked at, in microseconds since 1970.
    #[serde(default)]
    pub looked_at: Option<i64>,
    /// Whether evidence came since.
    #[serde(default)]
    pub unjudged: bool,
    /// Whether it was told that units do not come to the arms as planned.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub mismatch: bool,
    /// Who wrote it down.
    pub actor: String,
    /// The last observation that was read.
    pub cursor: i64,
    /// The arm that won.
    pub winner: Option<String>,
    /// Why it is where it is.
    pub reason: Option<String>,
}

impl Experiment {
    /// One that is written down.
    #[must_use]
    pub fn draft(
        (id, name): (String, String),
        (prompt, environment): (PromptName, EnvironmentName),
        plan: Plan,
        (actor, now): (&str, i64),
    ) -> Self {
        Self {
            id,
            name,
            revision: 1,
            prompt,
            environment,
            plan,
            state: State::Draft,
            control: None,
            deployment: 0,
            arms: vec![],
            seen: Tally::default(),
            phases: vec![],
            created_at: now,
            started_at: 0,
            changed_at: now,
            looked_at: None,
            unjudged: false,
            mismatch: false,
            actor: actor.to_string(),
            cursor: 0,
            winner: None,
            reason: None,
        }
    }

    /// Begins, with the sides of the plan's arms in their order.
    ///
    /// # Errors
    /// `Conflict` if control's calls have none of the metric that decides.
    pub fn begin(
        &mut self,
        (control, deployment): (Side, i64),
        sides: Vec<Side>,
        baseline: &Baseline,
        now: i64,
    ) -> Result<()> {
        if Rail::new(&self.plan.metric, baseline).is_none() {
            let message = format!(
                "`{}` cannot decide: the calls of what serves cost nothing that is known",
                self.plan.metric.name()
            );
            return Err(Error::new(Kind::Conflict, message).coded("experiment_metric"));
        }
        let running = self.plan.arms.len().max(1);
        let plans = self.plan.arms.iter().cloned();
        self.arms = plans
            .zip(sides)
            .map(|(plan, side)| Arm {
                plan,
                side,
                rails: rails(&self.plan, running, baseline),
                seen: Tally::default(),
                stopped: None,
            })
            .collect();
        self.control = Some(control);
        self.deployment = deployment;
        self.started_at = now;
        self.phases = vec![];
        self.moved(State::Running, now);
        Ok(())
    }

    pub(super) fn moved(&mut self, state: State, now: i64) {
        self.state = state;
        self.changed_at = now;
        self.looked_at = None;
    }

    /// What its units are hashed with.
    pub fn salt(&self) -> String {
        format!("{}/1", self.id)
    }
}

/// The tests of one of `arms` arms: with several, each has its part of the level.
#[allow(clippy::cast_precision_loss)]
fn rails(plan: &Plan, arms: usize, baseline: &Baseline) -> Vec<Rail> {
    let part = |alpha: f64| alpha / arms as f64;
    let mut found = vec![];
    for (place, rail_plan) in plan.rails().enumerate() {
        let wanted = RailPlan { least: plan.least_units, ..rail_plan.clone() };
        let Some(rail) = Rail::new(&wanted, baseline) else { continue };
        let alpha_pass = part(plan.alpha);
        let goal = match (place, plan.aim) {
            (0, Aim::Better) => Goal::Superior,
            _ => rail.guardrail.goal,
        };
        let guardrail = Guardrail { goal, alpha_pass, ..rail.guardrail };
        let evidence = Evidence::new(&guardrail, Some(rail.evidence.expected()));
        found.push(Rail { guardrail, evidence, ..rail });
    }
    found
}
