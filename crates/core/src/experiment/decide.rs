//! What time, evidence and people do to an experiment.

use super::plan::Aim;
use super::standing::{ArmStanding, Standing, micros};
use super::state::{Arm, Experiment, State};
use crate::analysis::Rule;
use crate::error::{Error, Kind, Result};
use crate::guardrail::Decision;
use crate::ramp::duration;

/// A change that is worth an entry in the audit log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// What, as the last word of `experiment.stop_arm`, `experiment.conclude`, …
    pub action: &'static str,
    /// The rest, in words.
    pub detail: String,
}

impl Experiment {
    /// When time alone may change it, in microseconds since 1970.
    pub fn due(&self) -> i64 {
        if self.state != State::Running {
            return i64::MAX;
        }
        if self.unjudged {
            return self.changed_at;
        }
        let after = |seconds: u64| self.started_at.saturating_add(micros(seconds));
        let ahead = |at: &i64| self.looked_at.is_none_or(|looked| *at > looked);
        let moments = [after(self.plan.least_s), after(self.plan.longest_s)];
        moments.into_iter().filter(ahead).min().unwrap_or(i64::MAX)
    }

    /// Lets the time be `now`: it may take one step, which is told.
    pub fn tick(&mut self, now: i64) -> Option<Change> {
        if self.state != State::Running {
            return None;
        }
        self.unjudged = false;
        self.looked_at = self.looked_at.max(Some(now));
        let standing = self.standing(now);
        self.stop_harmful(&standing, now)
            .or_else(|| self.mismatched(&standing))
            .or_else(|| self.stop_beaten(&standing, now))
            .or_else(|| self.conclude(&standing, now))
            .or_else(|| self.run_out(&standing, now))
    }

    /// An arm that does harm needs no least number of calls to be stopped.
    fn stop_harmful(&mut self, standing: &Standing, now: i64) -> Option<Change> {
        let harmful =
            |arm: &ArmStanding| arm.stopped.is_none() && arm.together.decision == Decision::Revert;
        let place = standing.arms.iter().position(harmful)?;
        let found = standing.arms.get(place)?;
        let worst = found.together.worst.and_then(|worst| found.rails.get(worst))?;
        let verdict = &worst.verdict;
        let why = format!(
            "`{}` is worse than control's: {:.4} over {} units against {:.4} over {}",
            worst.name,
            verdict.candidate.unwrap_or_default(),
            verdict.candidate_units,
            verdict.control.unwrap_or_default(),
            verdict.control_units
        );
        Some(self.stop_arm(place, why, now))
    }

    /// That verdicts are blocked is told once: somebody has to find out which units get lost or moved.
    fn mismatched(&mut self, standing: &Standing) -> Option<Change> {
        if standing.ratio_holds || self.mismatch {
            return None;
        }
        self.mismatch = true;
        let (environment, name) = (&self.environment, &self.name);
        let detail = format!(
            "{environment}: {name}: units do not come to the arms as planned, which blocks every verdict"
        );
        Some(Change { action: "mismatch", detail })
    }

    /// Of several arms those that cannot be the best any more.
    fn stop_beaten(&mut self, standing: &Standing, now: i64) -> Option<Change> {
        let bandit = self.bandit().filter(|_| standing.ratio_holds)?;
        let beaten = |(place, arm): &(usize, &Arm)| {
            arm.is_running() && bandit.eliminated.get(place + 1) == Some(&true)
        };
        let place = self.arms.iter().enumerate().find(beaten).map(|(place, _)| place)?;
        let why = format!("another arm is better by `{}`", self.plan.metric.name());
        Some(self.stop_arm(place, why, now))
    }

    fn stop_arm(&mut self, place: usize, why: String, now: i64) -> Change {
        let environment = self.environment.clone();
        let mut name = String::new();
        if let Some(arm) = self.arms.get_mut(place) {
            name.clone_from(&arm.plan.name);
            arm.stopped = Some(why.clone());
        }
        self.changed_at = now;
        self.looked_at = None;
        let detail = format!("{environment}: {}: the arm {name}: {why}", self.name);
        if self.arms.iter().any(Arm::is_running) {
            return Change { action: "stop_arm", detail };
        }
        let reason = format!("no arm is left, control goes on; the last was {name}: {why}");
        self.end(State::Concluded, "conclude", reason, now)
    }

    /// The arm that has shown what it has to, if time, calls and the arms' sizes allow a verdict.
    fn conclude(&mut self, standing: &Standing, now: i64) -> Option<Change> {
        if !standing.waits_for.is_empty() || self.plan.rule == Rule::Fixed {
            return None;
        }
        let running = || standing.arms.iter().filter(|arm| arm.stopped.is_none());
        let winner = match self.plan.aim {
            Aim::Best => match self.bandit()?.decided? {
                0 => {
                    let reason = "control is the best arm".to_string();
                    return Some(self.end(State::Concluded, "conclude", reason, now));
                }
                place => running().find(|arm| {
                    self.arms.get(place - 1).is_some_and(|own| own.plan.name == arm.name)
                })?,
            },
            _ => {
                let mut passing: Vec<&ArmStanding> = running().filter(|arm| arm.passes()).collect();
                // The one with the least chance of being worse.
                let harm = |arm: &ArmStanding| arm.probability_of_harm.unwrap_or(1.0);
                passing.sort_by(|a, b| harm(a).total_cmp(&harm(b)));
                *passing.first()?
            }
        };
        let shown = match self.plan.aim {
            Aim::NotWorse => "is not worse than control",
            Aim::Better => "is better than control",
            Aim::Best => "is the best arm",
        };
        let (name, number) = (winner.name.clone(), winner.number);
        let reason = format!("{name} (version {number}) {shown} by `{}`", self.plan.metric.name());
        self.winner = Some(name);
        Some(self.end(State::Concluded, "conclude", reason, now))
    }

    fn run_out(&mut self, standing: &Standing, now: i64) -> Option<Change> {
        if now - self.started_at < micros(self.plan.longest_s) {
            return None;
        }
        let limit = duration(self.plan.longest_s);
        let waits = match standing.waits_for.as_slice() {
            [] => String::new(),
            waits => format!("; it waited for {}", waits.join("; ")),
        };
        let reason = match self.plan.rule {
            Rule::Fixed => {
                format!("its {limit} are over, and a person decides by the report{waits}")
            }
            Rule::Anytime => format!("inconclusive after {limit}, and a person decides{waits}"),
        };
        Some(self.end(State::Inconclusive, "expire", reason, now))
    }

    /// Ends it as somebody asks; `None` if it is over already.
    ///
    /// # Errors
    /// `Conflict` if it has not begun.
    pub fn stop(&mut self, reason: Option<String>, now: i64) -> Result<Option<Change>> {
        match self.state {
            State::Running => {
                let why = reason.unwrap_or_else(|| "somebody asked for it".to_string());
                Ok(Some(self.end(State::Stopped, "stop", why, now)))
            }
            State::Draft => {
                let message = format!("the experiment `{}` has not begun", self.name);
                Err(Error::new(Kind::Conflict, message).coded("experiment_state"))
            }
            _ => Ok(None),
        }
    }

    /// Something moved the pointer: what it compares with is not what serves any more.
    pub fn superseded(&mut self, serving: Option<u32>, now: i64) -> Option<Change> {
        if self.state != State::Running {
            return None;
        }
        let by = serving.map_or("nothing".to_string(), |number| format!("version {number}"));
        let why = format!("{by} was put in control's place");
        Some(self.end(State::Stopped, "supersede", why, now))
    }

    fn end(&mut self, state: State, action: &'static str, reason: String, now: i64) -> Change {
        self.moved(state, now);
        self.reason = Some(reason.clone());
        Change { action, detail: format!("{}: {}: {reason}", self.environment, self.name) }
    }
}
