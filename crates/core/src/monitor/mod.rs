//! What a window of a prompt's calls says about what is watched of them.
//!
//! A watch holds one figure against a limit, or against what it was like for the version before. It never says more
//! than it knows: a limit is broken when the figure's interval lies beyond it wholly (99 % on that side), and too few
//! calls are a state of their own. [`crate::stats::drift::level`] says how rarely that cries wolf.

mod change;
mod draft;
mod judge;
mod model;
mod past;
mod reference;
mod series;
mod shift;

pub use change::changes;
pub use judge::judge;
pub use model::{deprecation, price};
pub use past::Past;
pub use reference::Reference;
pub use series::Series;

pub use crate::watch::{Metric, Monitors, Watch};

#[cfg(test)]
mod tests;
