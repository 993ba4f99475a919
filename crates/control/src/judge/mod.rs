//! Models that judge answers.
//!
//! A judge is a versioned prompt like any other, with a suite of its own, and is called through the
//! pipeline that serves, so its verdicts can be traced to the exact text and model that gave them. What
//! makes a prompt a judge is a contract ([`Contract`]) that is checked before a run begins.
//!
//! Everything here fails closed. A judge's reply that is missing, of another form, out of its scale or at
//! odds with itself is an error, and split votes are inconclusive; neither is ever a pass. The judged
//! text is data: it reaches the judge in an untrusted variable, and the judge's reply is read whole, so a
//! verdict that an answer carries in itself is never mistaken for the judge's.
//!
//! Modules, each using only those before it: `contract`, `kin` ← `opinion` ← `bench` ← `ask` ← `votes`,
//! `pair` ← `ahead`.

mod ahead;
mod ask;
mod bench;
mod contract;
mod kin;
mod opinion;
mod pair;
mod votes;

pub use ask::Turn;
pub use bench::{Judge, Judges};
pub use contract::{Contract, Form, Scale};
pub use kin::are_kin;
pub use opinion::{Opinion, Winner};
pub use pair::{Meeting, Pair, PairJudgement};
pub use votes::{Judgement, Rule, Subject};
