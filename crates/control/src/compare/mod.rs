//! Versions and models against each other, by a judge of pairs.
//!
//! Every candidate answers every case once, and each two of them meet over each case: a round robin, both
//! orders, so that no place is an advantage. Rows come first and the figures are derived from them. An
//! answer that is none (an error, or a static fallback) meets nobody; it is counted, since leaving it out
//! in silence would make a candidate look better that answers the easy half only.

mod ahead;
mod figures;
mod run;

pub use figures::{Candidate, Comparison, PairRow, Standing};
pub use run::CompareRequest;
