//! What the data plane is told of a rollout.

use super::state::{Rollout, State};
use crate::assign::{Arm, Audience, Mode, STABLE, Split, Unit, WHOLE};

/// The candidate's arm.
pub(super) const CANDIDATE: &str = "candidate";

impl Rollout {
    /// How calls are divided now; `None` if they are not.
    pub fn split(&self) -> Option<Split> {
        let (mode, share, audience) = match self.state {
            State::Running | State::Paused | State::Promoting => {
                let step = self.current()?;
                (step.mode, step.share, step.audience.clone())
            }
            State::Watching | State::Reverting if !self.rails.is_empty() => {
                (Mode::Watch, WHOLE, Audience::default())
            }
            _ => return None,
        };
        let name = if mode == Mode::Watch { STABLE } else { CANDIDATE };
        let arm = Arm {
            name: name.to_string(),
            number: self.candidate.number,
            model: None,
            from: 0,
            to: share,
        };
        let unit = if mode == Mode::Shadow { Unit::Call } else { self.plan.unit };
        Some(Split {
            id: self.id.clone(),
            epoch: self.epoch,
            salt: self.salt(),
            unit,
            audience,
            mode,
            arms: vec![arm],
        })
    }
}
