//! Models that judge answers.
//!
//! A judge is a versioned prompt like any other, with a suite of its own, and is called through the
//! pipeline that serves, so its verdicts can be traced to the exact text and model that gave them. What
//! makes a prompt a judge is a contract ([`Contract`]) that is checked before a run begins; that, and how a
//! reply is read, is in `text::judge`, since the gateway asks judges too.
//!
//! Everything here fails closed: a reply that is no verdict is an error, and split votes are inconclusive;
//! neither is ever a pass.
//!
//! Modules, each using only those before it: `kin` ← `bench` ← `ask` ← `votes`, `pair` ← `ahead`.

mod ahead;
mod ask;
mod bench;
mod kin;
mod pair;
mod votes;

pub use ask::Turn;
pub use bench::{Judge, Judges};
pub use gatemark_text::judge::{Contract, Form, Opinion, Scale, Subject, Winner};
pub use kin::are_kin;
pub use pair::{Meeting, Pair, PairJudgement};
pub use votes::{Judgement, Rule};
