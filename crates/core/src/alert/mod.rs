//! Alerts: what becomes of what watchers see, and what people are told of it.
//!
//! This is the whole state machine without a clock, a database or a network. For each key there is at most one
//! [`Alert`], plain data; [`Alert::step`] takes one look at the series, the time, the rule's [`Policy`] and whether
//! people want quiet, and gives the next state with at most one [`Notice`]. Whoever calls it stores both in one
//! transaction, so that nothing is told that is not so, and nothing is so that is not going to be told.
//!
//! Three rules stand above the others. No data is not good data: it resolves nothing. What is silenced goes on
//! changing its state and is not told; what is owed then is told when the silence ends, if it is still so. And whoever
//! was told that something began is told once that it ended.
//!
//! Several processes may look at the same key and see different things (one's breaker is open, the other's is not).
//! So *not mentioned* is no observation: a series is over when nobody has seen it bad for the policy's time.
//!
//! `matcher` ← `silence`, `policy` ← `notice` ← `state` ← `step`; `channel` ← `config`.

mod channel;
mod config;
mod matcher;
mod notice;
mod policy;
mod silence;
mod state;
mod step;

pub use channel::{Address, Channel, Mail, Tls, Way};
pub use config::{Alerting, GroupBy, Route};
pub use matcher::Matcher;
pub use notice::{Kind as NoticeKind, Message, Notice};
pub use policy::{Act, Policy};
pub use silence::Silence;
pub use state::{Ack, Alert, Status};
pub use step::{GRACE, Look, Stepped};

#[cfg(test)]
mod tests;
