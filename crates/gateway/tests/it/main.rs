//! The pipeline with a scripted vendor: what is served, and what is recorded.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod answers;
mod bench;
mod caching;
mod guarding;
mod judging;
mod money;
mod recalling;
mod resilient;
mod streams;
mod structured;
