//! Judges against people: how far a judge may stand in for them.
//!
//! Modules, each using only those before it: `labels` ← `run`.

mod labels;
mod run;

pub use labels::Format;
pub use run::{CalibrateRequest, CalibrationRun, JudgeInfo};
