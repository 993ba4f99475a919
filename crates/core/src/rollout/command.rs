//! What people, and the pointer's own moves, do to a rollout. Each may be asked twice: the second time changes
//! nothing.

use super::decide::Change;
use super::rail::Rail;
use super::standing::micros;
use super::state::{Rollout, State};
use crate::error::{Error, Kind, Result};
use crate::gate::Purpose;
use crate::ramp::{Plan, duration};

/// What somebody wants of a rollout.
#[derive(Debug, Clone, PartialEq)]
pub enum Command {
    /// Hold the step.
    Pause {
        /// Why.
        reason: Option<String>,
    },
    /// Go on. After a long pause evidence starts anew.
    Resume,
    /// Skip what is left of the steps. The gate is asked all the same.
    Promote,
    /// Give the candidate up.
    Abort {
        /// Why.
        reason: Option<String>,
    },
    /// Start anew with other steps: other people, fresh evidence.
    Restart(Box<Plan>),
}

impl Rollout {
    /// Does what `command` says; `None` if that is so already.
    ///
    /// # Errors
    /// `Conflict` if it makes no sense in its state, `Invalid` for a plan that cannot be followed.
    pub fn command(&mut self, command: Command, now: i64) -> Result<Option<Change>> {
        match (command, self.state) {
            (Command::Pause { reason }, State::Running) => {
                let why = reason.unwrap_or_else(|| "somebody asked for it".to_string());
                self.reason = Some(why.clone());
                self.moved(State::Paused, now);
                Ok(Some(Change::new("pause", format!("{}: {why}", self.environment))))
            }
            (Command::Resume, State::Paused) => Ok(Some(self.resume(now))),
            (Command::Promote, State::Running | State::Paused) => {
                self.reason = Some("promoted by a person before its steps were over".to_string());
                self.moved(State::Promoting, now);
                let detail = format!(
                    "{}: version {}, asked for by a person",
                    self.environment, self.candidate.number
                );
                Ok(Some(Change::new("promote", detail)))
            }
            (Command::Abort { reason }, state) if !state.is_over() => {
                if state == State::Reverting {
                    return Ok(None);
                }
                let why = reason.unwrap_or_else(|| "somebody asked for it".to_string());
                Ok(Some(self.revert(&why, now)))
            }
            (Command::Restart(plan), State::Running) if *plan == self.plan && self.is_fresh() => {
                Ok(None)
            }
            (Command::Restart(plan), State::Running | State::Paused) => {
                let problems = plan.problems();
                if !problems.is_empty() {
                    return Err(Error::invalid(format!("the plan {}", problems.join("; it "))));
                }
                self.plan = *plan;
                Ok(Some(self.anew("with other steps", now)))
            }
            (Command::Pause { .. }, State::Paused)
            | (Command::Resume, State::Running)
            | (Command::Promote, State::Promoting | State::Watching | State::Completed)
            | (Command::Abort { .. }, State::Aborted) => Ok(None),
            (command, state) => Err(self.impossible(&command, state)),
        }
    }

    fn impossible(&self, command: &Command, state: State) -> Error {
        let verb = match command {
            Command::Pause { .. } => "paused",
            Command::Resume => "resumed",
            Command::Promote => "promoted",
            Command::Abort { .. } => "aborted",
            Command::Restart(_) => "started anew",
        };
        let hint = match (command, state) {
            (Command::Abort { .. }, State::Completed) => ": use `gatemark rollback`",
            _ => "",
        };
        let message = format!(
            "the rollout of {} in {} is {} and cannot be {verb}{hint}",
            self.prompt,
            self.environment,
            state.word()
        );
        Error::new(Kind::Conflict, message).coded("rollout_state")
    }

    fn resume(&mut self, now: i64) -> Change {
        if self.plan.stale_s > 0 && now - self.changed_at >= micros(self.plan.stale_s) {
            let pause = format!("after a pause of {} or more", duration(self.plan.stale_s));
            return self.anew(&pause, now);
        }
        // The pause was no part of the step, and nobody had to give data in it.
        self.step_since = self.step_since.saturating_add((now - self.changed_at).max(0));
        if self.gives_up_at().is_some_and(|at| now >= at) {
            // Whoever has it go on after the longest time gives it that time again.
            self.extended_at = Some(now);
        }
        self.reason = None;
        self.moved(State::Running, now);
        Change::new("resume", self.told_step())
    }

    /// Another epoch: other units in the arms, no evidence, the first step.
    fn anew(&mut self, why: &str, now: i64) -> Change {
        self.forget();
        self.rails =
            self.plan.rails.iter().filter_map(|rail| Rail::new(rail, &self.baseline)).collect();
        self.started_at = now;
        self.extended_at = None;
        self.reason = None;
        self.enter(0, now);
        self.moved(State::Running, now);
        Change::new("restart", format!("{why}; {}", self.told_step()))
    }

    /// Whether it has just begun, with nothing to be begun anew.
    fn is_fresh(&self) -> bool {
        self.step == 0 && self.step_units == 0 && self.phases.is_empty()
    }

    fn forget(&mut self) {
        self.epoch += 1;
        self.phases.clear();
        self.step_units = 0;
    }

    /// The pointer has moved to the candidate, by `deployment`.
    pub fn promoted(&mut self, deployment: i64, now: i64) -> Change {
        self.deployment = deployment;
        let number = self.candidate.number;
        if self.plan.watch_s == 0 || self.purpose == Purpose::Rollback {
            let why = format!("version {number} serves everybody");
            return self.end(State::Completed, "complete", why, now);
        }
        let rails = self.rails.iter().filter_map(|rail| rail.watching(&self.baseline));
        self.rails = rails.collect();
        self.forget();
        self.step_since = now;
        self.reason = None;
        self.moved(State::Watching, now);
        let watch = duration(self.plan.watch_s);
        let environment = &self.environment;
        let detail =
            format!("{environment}: version {number} serves everybody and is watched for {watch}");
        Change::new("watch", detail)
    }

    /// The pointer is back at control.
    pub fn reverted(&mut self, now: i64) -> Change {
        let why = self.reason.take().unwrap_or_default();
        let number = self.control.number;
        let detail = format!("back at version {number}: {why}");
        self.end(State::Aborted, "abort", detail, now)
    }

    /// The gate refused what the rollout asked for; a person has to see to it.
    pub fn refused(&mut self, why: &str, now: i64) -> Change {
        let back = self.state == State::Reverting;
        let meant = self.reason.take().filter(|_| back).map(|reason| format!(" ({reason})"));
        let why = format!("the gate refused: {why}{}", meant.unwrap_or_default());
        // A way back that is refused once is refused every second: it is left to whoever reads this.
        let state = if back { State::Completed } else { State::Paused };
        self.reason = Some(why.clone());
        self.moved(state, now);
        // What is known to be bad goes on serving, which is worse than a candidate that does not get in.
        let action = if back { "stuck" } else { "refused" };
        Change::new(action, format!("{}: {why}", self.environment))
    }

    /// Something else moved the pointer: what this rollout compares is not what serves any more.
    pub fn superseded(&mut self, serving: Option<u32>, now: i64) -> Option<Change> {
        if self.state.is_over() {
            return None;
        }
        let by = serving.map_or("nothing".to_string(), |number| format!("version {number}"));
        let why = format!("{by} was put in its place while it was {}", self.state.word());
        let state = if self.state == State::Watching { State::Completed } else { State::Aborted };
        Some(self.end(state, "supersede", why, now))
    }
}
