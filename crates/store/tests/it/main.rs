//! The store from outside: what its users may rely on.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod alerting;
mod calls;
mod conversing;
mod crash;
mod deploying;
mod evaluating;
mod fixture;
mod log;
mod opening;
mod pushing;
mod reviewing;
mod rollouts;
mod rollups;
mod scores;
#[path = "../../src/scratch.rs"]
mod scratch;
