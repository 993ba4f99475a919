//! Message templates: Jinja by `minijinja`, made safe to take from strangers.
//!
//! A template is one text over declared variables. It cannot reach files, the environment or other
//! templates, an undefined name is an error rather than an empty place in a prompt, and nothing is
//! escaped for HTML, since the reader is a model. Lists and objects render as compact JSON, `null` as
//! `null`, and a text's last line break is kept: what is written is what is sent.
//!
//! The engine bounds steps and recursion. It does not bound memory, and its parser and destructors
//! recurse as deep as an expression is long, so an author could end the process with one line. Three
//! rooms close that: `bounds` refuses, before parsing, sources that nest too deep; `operators` sends `+`,
//! `*` and `~` through filters; and those and all other filters (`filters`) pay for every byte they make
//! from one `allowance` per rendering. What remains is time: comparisons of long texts in long loops are
//! bounded only by the steps.
//!
//! The parser's tree comes from the engine's `unstable_machinery`; only `bounds`, `walk` and `operators`
//! touch it, and a test renders random expressions with and without the detour.

mod allowance;
mod bounds;
mod compiled;
mod filters;
mod operators;
mod output;
mod problem;
mod source;
mod walk;

pub use compiled::{BOUND_CODE, Templates};
pub use problem::{TemplateProblem, literal_texts, problems, used_variables};
pub use source::MAX_SOURCE_BYTES;

pub use output::MAX_OUTPUT_BYTES;

#[cfg(test)]
mod hostile;
#[cfg(test)]
mod tests;
