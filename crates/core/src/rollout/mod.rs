//! A rollout: how a candidate takes the place of what serves, step by step, and how it is taken back.
//!
//! This is the whole state machine without a clock, a database or a random number. A [`Rollout`] is plain data;
//! whoever holds it feeds it what calls showed ([`Rollout::absorb`]), the time ([`Rollout::tick`]) and what
//! people want ([`Rollout::command`]), and stores what comes out under the revision that it began with. Two
//! controllers may do so at once: whoever is later finds another revision, and nothing of theirs is kept. One
//! that is killed anywhere leaves the stored state, from which the next goes on: the place up to which
//! observations were read, the evidence that they gave and the state that followed from it are one document.
//!
//! It decides from guardrails whose verdicts hold however often one looks ([`crate::guardrail`]). Three rules
//! stand above them: a revert needs no least number of calls; a step needs all of time, calls and guardrails that
//! have data and show no sign of harm; and what has no data is never good: it holds, and in the end aborts.
//!
//! `observation`, `baseline` ← `rail` ← `state` ← `absorb`, `split`, `standing` ← `decide` ← `command`.

mod absorb;
mod baseline;
mod command;
mod decide;
mod observation;
mod rail;
mod split;
mod standing;
mod state;

pub use crate::ramp::{
    Metric, Plan, RailPlan, Step, Strategy, duration, points, read_steps, seconds, spell,
};
pub use baseline::Baseline;
pub use command::Command;
pub use decide::{Change, Effect};
pub use observation::{Counted, Earlier, Observation, Seen};
pub use rail::Rail;
pub use standing::{Standing, Told};
pub use state::{Beginning, Phase, Rollout, Side, State};

#[cfg(test)]
mod tests;
