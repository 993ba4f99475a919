//! What a window of a prompt's calls says about what is watched of them.
//!
//! A watch holds one figure against a limit, or against what it was like for the version before. It never says more
//! than it knows: a limit is broken when the figure's interval lies beyond it wholly (99 % on that side), and too few
//! calls are a state of their own. [`crate::stats::drift::level`] says how rarely that cries wolf.

mod judge;
mod reference;
mod series;

pub use judge::judge;
pub use reference::Reference;
pub use series::Series;

pub use crate::watch::{Metric, Monitors, Watch};

#[cfg(test)]
mod tests;
