//! How a rollout takes what calls showed.
//!
//! A unit counts once of each kind of observation, at the chance by which it was assigned at that moment. In a
//! later step its bucket is no surprise any more: if it had the candidate it still has, which proves nothing,
//! and if it had control at a share p, the chance that it has the candidate at a share s is (s − p)/(1 − p).
//! By that it counts again, so that a ramp over the same people goes on learning.

use std::collections::HashMap;

use super::observation::{Counted, Earlier, Observation, Seen};
use super::state::{Phase, Rollout, State};
use crate::assign::WHOLE;
use crate::guardrail::{Arm, Share};

/// By what chance an observation counts.
struct Chance {
    share: Share,
    before: u16,
}

impl Rollout {
    /// Takes observations in the order of their numbers, and tells which units count from now on. What was
    /// read before, or belongs to another epoch, is passed over.
    pub fn absorb(&mut self, observations: &[Observation]) -> Vec<Counted> {
        let mut counted = vec![];
        let mut earlier: HashMap<(&str, &str), Earlier> = HashMap::new();
        for one in observations {
            if one.seq <= self.cursor {
                continue;
            }
            self.cursor = one.seq;
            if one.epoch != self.epoch || self.state.is_over() {
                continue;
            }
            self.unjudged = true;
            let name = one.seen.name();
            let key = one.unit.as_deref().map(|unit| (unit, name));
            let before = key.and_then(|key| earlier.get(&key).copied()).or(one.earlier);
            if one.candidate {
                self.hear(&one.seen, one.at);
            }
            let Some(chance) = chance(one, before) else { continue };
            self.weigh(one, &chance);
            if let Some((unit, name)) = key {
                let now = Earlier { share: one.share, candidate: one.candidate };
                earlier.insert((unit, name), now);
                counted.push(Counted {
                    unit: unit.to_string(),
                    name: name.to_string(),
                    share: one.share,
                    candidate: one.candidate,
                });
            }
        }
        counted
    }

    /// Notes that the candidate gave something to be judged by, counted or not.
    fn hear(&mut self, seen: &Seen, at: i64) {
        for rail in &mut self.rails {
            if rail.value(seen).is_some() {
                rail.heard = rail.heard.max(Some(at));
            }
        }
    }

    fn weigh(&mut self, one: &Observation, chance: &Chance) {
        let arm = if one.candidate { Arm::Candidate } else { Arm::Control };
        for rail in &mut self.rails {
            if let Some(value) = rail.value(&one.seen) {
                rail.evidence.observe(&rail.guardrail, arm, value, chance.share);
            }
        }
        if !matches!(one.seen, Seen::Call { .. }) {
            return;
        }
        let current = match self.state {
            State::Watching | State::Reverting => WHOLE,
            _ => self.current().map_or(0, |step| step.share),
        };
        self.step_units += u64::from(one.candidate && one.share == current);
        if one.share < WHOLE {
            self.count(one, chance.before);
        }
    }

    fn count(&mut self, one: &Observation, before: u16) {
        let same = |phase: &&mut Phase| phase.share == one.share && phase.before == before;
        if self.phases.iter_mut().find(same).is_none() {
            self.phases.push(Phase { share: one.share, before, control: 0, candidate: 0 });
        }
        if let Some(phase) = self.phases.iter_mut().find(same) {
            let arm = if one.candidate { &mut phase.candidate } else { &mut phase.control };
            *arm += 1;
        }
    }
}

/// `None` if the unit counts already and its arm was certain.
fn chance(one: &Observation, earlier: Option<Earlier>) -> Option<Chance> {
    if one.share >= WHOLE {
        // Everybody is the candidate's: only fixed limits are tested, which need no chance.
        let share = Share::new(0.5)?;
        return earlier.is_none().then_some(Chance { share, before: 0 });
    }
    let before = match earlier {
        None => 0,
        Some(earlier) if earlier.candidate || earlier.share >= one.share => return None,
        Some(earlier) => earlier.share,
    };
    let part = f64::from(one.share - before) / f64::from(WHOLE - before);
    Some(Chance { share: Share::new(part)?, before })
}
