//! What the data plane is told of an experiment.

use super::state::{Experiment, State};
use crate::assign::{Arm, Mode, Split};
use crate::rollout::Side;

impl Experiment {
    /// How calls are divided now; `None` if they are not.
    pub fn split(&self) -> Option<Split> {
        let control = self.control.as_ref().filter(|_| self.state == State::Running)?;
        let mut from = 0_u16;
        let arms = self.arms.iter().map(|arm| {
            let to = arm.plan.share.saturating_add(from);
            // Whoever had a stopped arm is served by control, under a name of its own, and counts nowhere.
            let (name, number, model) = match arm.is_running() {
                true => (arm.plan.name.clone(), arm.side.number, arm.side.model.clone()),
                false => {
                    (format!("{}-stopped", arm.plan.name), control.number, control.model.clone())
                }
            };
            let interval = Arm { name, number, model, from, to };
            from = to;
            interval
        });
        Some(Split {
            id: self.id.clone(),
            epoch: 1,
            salt: self.salt(),
            unit: self.plan.unit,
            audience: self.plan.audience.clone(),
            mode: Mode::Serve,
            arms: arms.collect(),
        })
    }

    /// What its arms are served by, control's among them.
    pub fn sides(&self) -> Vec<Side> {
        let arms = self.arms.iter().filter(|arm| arm.is_running()).map(|arm| &arm.side);
        arms.chain(&self.control).cloned().collect()
    }
}
