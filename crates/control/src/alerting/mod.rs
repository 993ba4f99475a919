//! Alerts: looked for, told, acted on.
//!
//! Three things happen apart, each of them so that it may be late, run twice or be killed. `look` asks every source
//! what it sees, lets [`gatemark_core::alert`] decide, and stores state and messages in one transaction. `announce`
//! reads the audit log from where it last was and makes messages of what announces itself, such as rollbacks, so that
//! these are told whoever did them and wherever. `deliver` takes messages that are due to their channels, and does
//! what alerts do by themselves; it alone waits for others.
//!
//! `watched`, `view` ← `sources`, `change`, `act` ← `look`, `announce`, `deliver` ← `people`.

mod act;
mod announce;
mod change;
mod deliver;
mod look;
mod people;
mod sources;
mod view;
mod watched;

pub use deliver::Couriers;
pub use people::{Silencing, Tried};
pub use view::{AlertView, DeliveryView, MatcherView, SilenceView};
pub use watched::{AlertCounts, Watched};

#[cfg(test)]
mod tests;
