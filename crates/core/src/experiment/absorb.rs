//! How an experiment takes what calls showed.
//!
//! Every arm is compared with control by itself: a unit that is control's or the arm's came to the arm with the
//! chance of its share over the sum of both, whatever other arms there are.

use std::collections::HashSet;

use super::state::{Arm, Experiment, State, Tally};
use crate::assign::STABLE;
use crate::guardrail::{Arm as To, Better, Measure, Share};
use crate::rollout::{Counted, Observation, Rail, Seen};
use crate::stats::sequential::ratio::Phase;

/// Whose an observation is.
#[derive(Clone, Copy)]
enum Whose {
    Control,
    Arm(usize),
}

impl Experiment {
    /// Takes observations in the order of their numbers, and tells which units count from now on. What was read
    /// before is passed over.
    pub fn absorb(&mut self, observations: &[Observation]) -> Vec<Counted> {
        let mut counted = vec![];
        let mut now: HashSet<(&str, &str)> = HashSet::new();
        for one in observations {
            if one.seq <= self.cursor {
                continue;
            }
            self.cursor = one.seq;
            let Some(whose) = self.whose(one).filter(|_| self.state == State::Running) else {
                continue;
            };
            self.unjudged = true;
            let is_call = matches!(one.seen, Seen::Call { .. });
            if is_call {
                self.seen_of(whose, |seen| seen.calls += 1);
            }
            let name = one.seen.name();
            let known = one.unit.as_deref().is_some_and(|unit| !now.insert((unit, name)));
            if known || one.earlier.is_some() {
                continue;
            }
            if is_call {
                self.seen_of(whose, |seen| seen.units += 1);
                self.count(whose);
            }
            self.weigh(whose, one);
            if let Some(unit) = &one.unit {
                let (unit, name) = (unit.clone(), name.to_string());
                let (share, candidate) = (one.share, one.candidate);
                counted.push(Counted { unit, name, share, candidate });
            }
        }
        counted
    }

    /// `None` for people of an arm that was stopped.
    fn whose(&self, one: &Observation) -> Option<Whose> {
        let arm = one.arm.as_deref()?;
        if arm == STABLE {
            return Some(Whose::Control);
        }
        let place = self.arms.iter().position(|own| own.is_running() && own.plan.name == arm)?;
        Some(Whose::Arm(place))
    }

    fn seen_of(&mut self, whose: Whose, change: impl FnOnce(&mut Tally)) {
        match whose {
            Whose::Control => change(&mut self.seen),
            Whose::Arm(place) => {
                if let Some(arm) = self.arms.get_mut(place) {
                    change(&mut arm.seen);
                }
            }
        }
    }

    fn count(&mut self, whose: Whose) {
        let weight = |arm: &Arm| match arm.is_running() {
            true => f64::from(arm.plan.share),
            false => 0.0,
        };
        let control = f64::from(self.plan.control_share());
        let weights: Vec<f64> =
            std::iter::once(control).chain(self.arms.iter().map(weight)).collect();
        if self.phases.last().is_none_or(|phase| phase.weights != weights) {
            self.phases.push(Phase { counts: vec![0; weights.len()], weights });
        }
        let place = match whose {
            Whose::Control => 0,
            Whose::Arm(place) => place + 1,
        };
        if let Some(count) = self.phases.last_mut().and_then(|phase| phase.counts.get_mut(place)) {
            *count += 1;
        }
    }

    fn weigh(&mut self, whose: Whose, one: &Observation) {
        let control = self.plan.control_share();
        for (place, arm) in self.arms.iter_mut().enumerate() {
            let side = match whose {
                Whose::Control => To::Control,
                Whose::Arm(own) if own == place => To::Candidate,
                Whose::Arm(_) => continue,
            };
            if !arm.is_running() {
                continue;
            }
            let whole = f64::from(arm.plan.share) + f64::from(control);
            let Some(share) = Share::new(f64::from(arm.plan.share) / whole) else { continue };
            for rail in &mut arm.rails {
                let Some(value) = rail.value(&one.seen) else { continue };
                if side == To::Candidate {
                    rail.heard = rail.heard.max(Some(one.at));
                }
                rail.evidence.observe(&rail.guardrail, side, value, share);
            }
        }
        let metric = self.arms.first().and_then(|arm| arm.rails.first());
        if let Some(good) = metric.and_then(|rail| good(rail, &one.seen)) {
            self.seen_of(whose, |seen| seen.total.add(good));
        }
    }
}

/// A metric's outcome mapped to 0..=1 with more better; `None` for one without bounds.
fn good(rail: &Rail, seen: &Seen) -> Option<f64> {
    let outcome = rail.guardrail.outcome(rail.value(seen)?)?;
    let turned = |part: f64, better: Better| match better {
        Better::Higher => part,
        Better::Lower => 1.0 - part,
    };
    match rail.guardrail.measure {
        Measure::Share { better } => Some(turned(outcome, better)),
        Measure::Slow { .. } => Some(1.0 - outcome),
        Measure::Score { low, high, better } => {
            Some(turned((outcome - low) / (high - low), better))
        }
        Measure::Amount { .. } => None,
    }
}
