//! Where an experiment stands, for people and for its own decisions.

use serde::{Deserialize, Serialize};

use super::plan::Aim;
use super::state::{Arm, Experiment, State};
use crate::analysis::Rule;
use crate::guardrail::{Decision, Together, Verdict, together};
use crate::ramp::duration;
use crate::rollout::Told;
use crate::stats::sequential::best_arm;
use crate::stats::sequential::{Total, ratio};

/// Level of the sample-ratio check.
const RATIO_ALPHA: f64 = 0.001;

/// An arm's figures.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ArmStanding {
    /// The arm.
    pub name: String,
    /// Its version's number.
    pub number: u32,
    /// Its share, in basis points.
    pub share: u16,
    /// Its calls.
    pub calls: u64,
    /// Its units.
    pub units: u64,
    /// Why it was stopped.
    pub stopped: Option<String>,
    /// The metric that decides, then the guardrails.
    pub rails: Vec<Told>,
    /// What they say of harm together.
    pub together: Together,
    /// How probable it is that the arm is worse by the metric that decides, by a flat prior; for showing.
    pub probability_of_harm: Option<f64>,
}

impl ArmStanding {
    /// Whether the metric and every guardrail have shown what they have to.
    pub fn passes(&self) -> bool {
        !self.rails.is_empty()
            && self.rails.iter().all(|told| told.verdict.decision == Decision::Pass)
    }
}

/// What is known at one moment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Standing {
    /// The arms beside control.
    pub arms: Vec<ArmStanding>,
    /// Control's calls.
    pub control_calls: u64,
    /// Control's units.
    pub control_units: u64,
    /// Whether units come to the arms as planned.
    pub ratio_holds: bool,
    /// What a winner waits for, in words; empty if nothing.
    pub waits_for: Vec<String>,
}

impl Experiment {
    /// Where it stands at `now`.
    pub fn standing(&self, now: i64) -> Standing {
        let ratio_holds = ratio::log_e(&self.phases) < -RATIO_ALPHA.ln();
        let arms = self.arms.iter().map(|arm| self.arm_standing(arm)).collect();
        let (control_calls, control_units) = (self.seen.calls, self.seen.units);
        let waits_for = vec![];
        let mut standing = Standing { arms, control_calls, control_units, ratio_holds, waits_for };
        standing.waits_for = self.waits(&standing, now);
        standing
    }

    fn arm_standing(&self, arm: &Arm) -> ArmStanding {
        let told = |rail: &crate::rollout::Rail| {
            let mut verdict = rail.verdict();
            if verdict.decision == Decision::Hold && rail.is_content(&verdict) {
                verdict.decision = Decision::Pass;
            }
            Told { name: rail.plan.name().to_string(), verdict }
        };
        let rails: Vec<Told> = arm.rails.iter().map(told).collect();
        let verdicts: Vec<Verdict> = rails.iter().map(|told| told.verdict).collect();
        ArmStanding {
            name: arm.plan.name.clone(),
            number: arm.side.number,
            share: arm.plan.share,
            calls: arm.seen.calls,
            units: arm.seen.units,
            stopped: arm.stopped.clone(),
            probability_of_harm: rails.first().map(|told| told.verdict.probability_of_harm),
            together: together(&verdicts, self.alpha_of_an_arm()),
            rails,
        }
    }

    #[allow(clippy::cast_precision_loss)]
    fn alpha_of_an_arm(&self) -> f64 {
        self.plan.alpha / self.arms.len().max(1) as f64
    }

    /// Where the arms stand as bandits, control first; `None` unless the best is looked for.
    pub(super) fn bandit(&self) -> Option<best_arm::Standing> {
        let totals: Vec<Total> = std::iter::once(self.seen.total)
            .chain(self.arms.iter().map(|arm| arm.seen.total))
            .collect();
        let wanted = self.plan.aim == Aim::Best;
        // An arm that was stopped for harm cannot be chosen, so nobody is stopped for being worse than it.
        let runs =
            |place: usize| place == 0 || self.arms.get(place - 1).is_some_and(Arm::is_running);
        let (alpha, margin) = (self.plan.alpha, self.plan.metric.margin);
        wanted.then(|| best_arm::among(&totals, runs, (alpha, margin)))
    }

    fn waits(&self, standing: &Standing, now: i64) -> Vec<String> {
        let mut waits = vec![];
        if self.state != State::Running {
            return waits;
        }
        let whole = match self.plan.rule {
            Rule::Fixed => self.plan.longest_s,
            Rule::Anytime => self.plan.least_s,
        };
        let left = micros(whole) - (now - self.started_at);
        if left > 0 {
            let minutes = u64::try_from(left.div_euclid(60_000_000)).unwrap_or_default() + 1;
            waits.push(format!("time: {} more", duration(minutes * 60)));
        }
        let control = ("control", self.seen.calls, self.seen.units);
        let running = self.arms.iter().filter(|arm| arm.is_running());
        let arms = running.map(|arm| (arm.plan.name.as_str(), arm.seen.calls, arm.seen.units));
        for (name, calls, units) in std::iter::once(control).chain(arms) {
            let (least_calls, least_units) = (self.plan.least_calls, self.plan.least_units);
            if calls < least_calls {
                waits.push(format!("{name}: {calls} of at least {least_calls} calls"));
            }
            if units < least_units {
                waits.push(format!("{name}: {units} of at least {least_units} units"));
            }
        }
        if !standing.ratio_holds {
            waits.push("the arms' sizes: units do not come to them as planned".to_string());
        }
        waits
    }
}

pub(super) fn micros(seconds: u64) -> i64 {
    i64::try_from(seconds.saturating_mul(1_000_000)).unwrap_or(i64::MAX)
}
