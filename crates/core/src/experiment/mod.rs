//! An experiment: several arms side by side, at fixed shares, until one of them is shown to be good enough.
//!
//! A rollout brings one version in and grows its share; an experiment decides between several first. It is the
//! same kind of machine as [`crate::rollout`]: plain data, fed with what calls showed and with the time, stored by
//! whoever holds it under the revision that it began with. It uses the same guardrails, whose verdicts hold
//! however often one looks, once for each arm against control.
//!
//! Shares do not change while it runs. An arm that is stopped keeps its people apart: they are served by control
//! from then on and counted nowhere, for they are no fresh control. Nothing is deployed by an experiment. When it
//! is over everybody is served by control, and what it found is for a person, or for a rollout, to act on.
//!
//! `plan` ← `state` ← `absorb`, `split`, `standing` ← `decide`.

mod absorb;
mod decide;
mod plan;
mod split;
mod standing;
mod state;

pub use decide::Change;
pub use plan::{Aim, ArmPlan, Plan};
pub use standing::{ArmStanding, Standing};
pub use state::{Arm, Experiment, State, Tally};

#[cfg(test)]
mod tests;
