//! Calls that a person looks at after they were answered: why, in which order, and what may be done with one.
//!
//! This is the whole queue without a clock, a database or a network. A call enters with the [`Cause`]s for which it
//! is looked at; what people do with it is a [`Desk`], plain data, and [`Desk::after`] says what an [`Act`] makes of
//! it at a time. Whoever stores the outcome does so under the revision that was read, so that of two people who reach
//! for the same call at the same time one has it and the other is told so.
//!
//! `label`, `cause` ← `decision` ← `desk` ← `item`; `settings`.

mod cause;
mod decision;
mod desk;
mod item;
mod label;
mod settings;

pub use cause::{Cause, MOST_REASONS, Priority, SAMPLED, add_reason, read_reasons};
pub use decision::{Decision, Finding, Resolution};
pub use desk::{Act, Claim, Desk, LONGEST_LEASE_US, MOST_LABELS, State, USUAL_LEASE_US};
pub use item::ReviewItem;
pub use label::Label;
pub use settings::Reviewing;
