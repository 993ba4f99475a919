//! Pure functions over text: rendering, counting tokens, schemas, the output contract, checks, diffs.
//!
//! Nothing here does IO, reads a clock or draws a random number (`tests/laws.rs` looks). So the same
//! answer to the same question comes out in production, in a test run and on an author's machine, and
//! everything can be tested with values alone. Bounds are counted in bytes and steps, never in time,
//! for the same reason.
//!
//! Modules form one line, each using only those before it:
//! `normal` ← `guard`; `tokens`, `template`, `schema`, `prefix`, `condition`, `score`, `safety` ← `conform`, `check`, `window`,
//! `compress`, `redact`; `safety` ← `output`; `spotlight`, `safety` ← `redteam`; `diff`, `judge`, `select` and
//! `spotlight` stand alone.

pub mod check;
pub mod compress;
pub mod condition;
pub mod conform;
pub mod diff;
pub mod guard;
pub mod judge;
pub mod normal;
pub mod output;
pub mod prefix;
pub mod redact;
pub mod redteam;
pub mod safety;
pub mod schema;
pub mod score;
pub mod select;
pub mod spotlight;
pub mod template;
pub mod tokens;
pub mod window;
