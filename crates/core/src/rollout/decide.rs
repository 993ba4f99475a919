//! What time and evidence do to a rollout.

use super::standing::{Standing, micros};
use super::state::{Rollout, State};
use crate::assign::Mode;
use crate::gate::Purpose;
use crate::guardrail::Decision;
use crate::ramp::{Strategy, duration, spell};

/// What has to be done in the world, by whoever holds the rollout.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// Ask the gate for a permit and move the pointer to the candidate.
    Promote,
    /// Ask the gate for a permit and move the pointer back to control.
    Revert,
}

/// A change that is worth an entry in the audit log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// What, as the last word of `rollout.advance`, `rollout.abort`, …
    pub action: &'static str,
    /// The rest, in words.
    pub detail: String,
    /// The version that is over by it: to be retired with it, unless it is still in use somewhere.
    pub retires: Option<u32>,
}

impl Change {
    pub(super) fn new(action: &'static str, detail: String) -> Self {
        Self { action, detail, retires: None }
    }
}

impl Rollout {
    /// What is to be done in the world while it is in this state; the same until it is done.
    pub fn effect(&self) -> Option<Effect> {
        match self.state {
            State::Promoting => Some(Effect::Promote),
            State::Reverting => Some(Effect::Revert),
            _ => None,
        }
    }

    /// When time alone may change it, in microseconds since 1970: not before, though perhaps not then either.
    /// A moment at which it was looked at in vain is passed over, so that a rollout that waits for evidence is
    /// read when evidence comes and not each second.
    pub fn due(&self) -> i64 {
        if matches!(self.state, State::Promoting | State::Reverting) || self.is_unjudged() {
            return self.changed_at;
        }
        let ahead = |at: &i64| self.looked_at.is_none_or(|looked| *at > looked);
        self.moments().into_iter().filter(ahead).min().unwrap_or(i64::MAX)
    }

    fn is_unjudged(&self) -> bool {
        self.unjudged && matches!(self.state, State::Running | State::Paused | State::Watching)
    }

    /// The moments at which time changes what follows from the evidence.
    fn moments(&self) -> Vec<i64> {
        let after = |since: i64, seconds: u64| since.saturating_add(micros(seconds));
        match self.state {
            State::Running => {
                let hold = self.current().map_or(0, |step| step.hold_s);
                let longest = self.gives_up_at();
                let silences = self.rails.iter().map(|rail| {
                    let since = rail.heard.unwrap_or(self.step_since).max(self.step_since);
                    after(since, self.plan.silence_s)
                });
                silences.chain(longest).chain([after(self.step_since, hold)]).collect()
            }
            State::Watching => vec![after(self.step_since, self.plan.watch_s)],
            _ => vec![],
        }
    }

    /// Lets the time be `now`: it may take one step, which is told.
    pub fn tick(&mut self, now: i64) -> Option<Change> {
        if !matches!(self.state, State::Running | State::Paused | State::Watching) {
            return None;
        }
        self.unjudged = false;
        self.looked_at = self.looked_at.max(Some(now));
        self.decide(now)
    }

    fn decide(&mut self, now: i64) -> Option<Change> {
        let standing = self.standing(now);
        if standing.together.decision == Decision::Revert {
            return Some(self.revert(&harm(&standing), now));
        }
        if self.state == State::Watching {
            let over = now - self.step_since >= micros(self.plan.watch_s);
            return over.then(|| self.complete(now));
        }
        if self.state == State::Paused {
            return None;
        }
        if let Some(name) = self.silent(now) {
            let limit = duration(self.plan.silence_s);
            let why = format!("`{name}` had no data of the candidate for {limit}");
            return Some(self.revert(&why, now));
        }
        if !standing.ratio_holds {
            let why = "units do not come to the arms as planned: something loses or moves them";
            return Some(self.hold(why.to_string(), now));
        }
        if !standing.waits_for.is_empty() {
            return self.too_long(&standing, now);
        }
        Some(self.advance(now))
    }

    /// A guardrail that has waited too long for data.
    fn silent(&self, now: i64) -> Option<&str> {
        let limit = micros(self.plan.silence_s);
        let since = |heard: Option<i64>| heard.unwrap_or(self.step_since).max(self.step_since);
        let found = self.rails.iter().find(|rail| now - since(rail.heard) >= limit);
        found.map(|rail| rail.plan.name())
    }

    /// When it has waited for a promotion for too long, in microseconds since 1970.
    pub(super) fn gives_up_at(&self) -> Option<i64> {
        let since = self.extended_at.unwrap_or(self.started_at);
        (self.plan.longest_s > 0).then(|| since.saturating_add(micros(self.plan.longest_s)))
    }

    fn too_long(&mut self, standing: &Standing, now: i64) -> Option<Change> {
        if self.gives_up_at().is_none_or(|at| now < at) {
            return None;
        }
        let limit = duration(self.plan.longest_s);
        let waits = standing.waits_for.join("; ");
        let why = format!("inconclusive after {limit}, a person decides; it waits for {waits}");
        Some(self.hold(why, now))
    }

    /// Leaves it to a person.
    fn hold(&mut self, why: String, now: i64) -> Change {
        let detail = format!("{}: {why}", self.environment);
        self.reason = Some(why);
        self.moved(State::Paused, now);
        Change::new("pause", detail)
    }

    fn advance(&mut self, now: i64) -> Change {
        if !self.is_last_step() {
            self.enter(self.step + 1, now);
            self.reason = None;
            return Change::new("advance", self.told_step());
        }
        if self.plan.strategy == Strategy::Shadow {
            let why = "the shadow has been looked at; it serves nobody".to_string();
            return self.end(State::Completed, "complete", why, now);
        }
        self.reason = None;
        self.moved(State::Promoting, now);
        let number = self.candidate.number;
        Change::new("promote", format!("{}: version {number} has come through", self.environment))
    }

    /// Gives up on the candidate: at once if it has not been promoted, through the gate if it has.
    pub(super) fn revert(&mut self, why: &str, now: i64) -> Change {
        self.reason = Some(why.to_string());
        let served = self.told_share();
        let number = self.candidate.number;
        if self.state.is_climbing() {
            self.moved(State::Aborted, now);
            let detail = format!("{}: version {number} at {served}: {why}", self.environment);
            return Change::new("abort", detail);
        }
        self.moved(State::Reverting, now);
        Change::new("revert", format!("{}: version {number} at {served}: {why}", self.environment))
    }

    pub(super) fn end(
        &mut self,
        state: State,
        action: &'static str,
        why: String,
        now: i64,
    ) -> Change {
        self.moved(state, now);
        self.reason = Some(why.clone());
        Change::new(action, format!("{}: {why}", self.environment))
    }

    pub(super) fn enter(&mut self, step: usize, now: i64) {
        self.step = step;
        self.step_since = now;
        self.step_units = 0;
        self.changed_at = now;
        self.looked_at = None;
    }

    pub(super) fn moved(&mut self, state: State, now: i64) {
        self.state = state;
        self.changed_at = now;
        self.looked_at = None;
    }

    /// The watch is over. A way back retires nothing: what it leaves behind is looked into first.
    fn complete(&mut self, now: i64) -> Change {
        let (new, old) = (self.candidate.number, self.control.number);
        let deaf = self.rails.iter().find(|rail| rail.heard.is_none());
        let may = self.plan.retire && self.purpose == Purpose::Deploy && deaf.is_none();
        let retires = may.then_some(old);
        let rest = match (retires, deaf) {
            (Some(_), _) => "is retired unless it is in use elsewhere".to_string(),
            (None, None) => "may be retired".to_string(),
            // Missing data is not good data: whoever may be needed again stays at hand.
            (None, Some(rail)) => {
                format!("is kept, for `{}` had no data in that time", rail.plan.name())
            }
        };
        let why = format!("version {new} serves everybody and was watched; version {old} {rest}");
        Change { retires, ..self.end(State::Completed, "complete", why, now) }
    }

    fn told_share(&self) -> String {
        match self.current() {
            Some(step) if self.state.is_climbing() && step.mode == Mode::Shadow => {
                format!("{} as a shadow", spell(step.share))
            }
            _ => spell(self.share()),
        }
    }

    /// The step in words.
    pub(super) fn told_step(&self) -> String {
        let (step, of) = (self.step + 1, self.plan.steps.len());
        let hold = self.current().map_or(0, |step| step.hold_s);
        let (number, environment) = (self.candidate.number, &self.environment);
        format!(
            "{environment}: version {number} at {}, step {step} of {of}, for {} at least",
            self.told_share(),
            duration(hold)
        )
    }
}

/// The guardrail that speaks most against the candidate, with its figures.
fn harm(standing: &Standing) -> String {
    let worst = standing.together.worst.and_then(|place| standing.guardrails.get(place));
    let Some(worst) = worst else { return "its guardrails".to_string() };
    let figure = |mean: Option<f64>| {
        mean.map_or("unknown".to_string(), |mean| {
            if mean.abs() >= 1000.0 { format!("{mean:.0}") } else { format!("{mean:.3}") }
        })
    };
    let verdict = &worst.verdict;
    format!(
        "`{}` is worse: {} over {} units against {} over {} (e-value of all guardrails {:.0})",
        worst.name,
        figure(verdict.candidate),
        verdict.candidate_units,
        figure(verdict.control),
        verdict.control_units,
        standing.together.log_e_harm.min(30.0).exp()
    )
}
