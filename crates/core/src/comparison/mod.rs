//! Is a candidate worse than what serves: two reports compared case by case.
//!
//! Both sides answered the same cases, so what counts is the cases on which they differ; comparing two
//! accuracies would throw that away and need several times the cases. An estimate alone decides nothing:
//! "not worse" means that the data refute a loss of the margin or more, and where they refute neither that
//! nor the opposite the verdict is `Inconclusive`, which is not a pass.
//!
//! Rows are read one at a time into light [`Outcome`]s, so that reports of any length can be compared in
//! memory that grows with the number of cases and not with the length of answers.

mod compare;
mod difference;
mod figures;
mod outcome;
mod sentence;
#[cfg(test)]
mod tests;
mod verdict;

pub use compare::{Incomparable, comparable, compare};
pub use difference::{Difference, Method};
pub use figures::{Accuracy, CategoryChange, Comparison, MetricChange};
pub use outcome::{Outcome, Outcomes};
pub use verdict::{NonInferiority, Standing};
