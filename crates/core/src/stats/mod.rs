//! Statistics as pure functions. Each states its formula, its range and its source.
//!
//! Special functions (log-gamma, incomplete beta, error function) come from `statrs`; the tests and
//! intervals are ours, because their definitions are what a verdict means. `tests/statistics.rs` compares
//! them with scipy, statsmodels, scikit-learn and krippendorff.

pub mod agreement;
pub mod bootstrap;
pub mod classification;
pub mod cluster;
pub mod distribution;
pub mod drift;
pub mod multiple;
pub mod paired;
pub mod planning;
pub mod power;
pub mod proportion;
pub mod quantile;
pub mod random;
pub mod repeats;
pub mod sample;
pub mod sequential;
pub mod sketch;
pub mod two_sample;
