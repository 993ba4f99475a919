//! Statistics as pure functions. Each states its formula, its range and its source.

pub mod agreement;
pub mod classification;
pub mod proportion;
pub mod quantile;
pub mod repeats;
pub mod sign;
