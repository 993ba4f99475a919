//! What a rollout is going to do: its steps, who takes part, and what it is judged by.
//!
//! Apart from [`crate::rollout`], which knows calls: projects say how their environments roll out, and what a
//! project says must not need what calls are.

mod plan;
mod rail;
mod steps;

pub use plan::{Plan, Step, Strategy};
pub use rail::{Metric, RailPlan};
pub use steps::{duration, points, read as read_steps, seconds, spell};
