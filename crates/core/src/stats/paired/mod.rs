//! Two sides judged on the same cases: what counts is where they differ.

mod difference;
mod mcnemar;
mod ttest;

pub use difference::tango;
pub use mcnemar::{Discordant, McNemar};
pub use ttest::PairedT;
