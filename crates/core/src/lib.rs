//! The nouns of Gatemark and their laws.
//!
//! Nothing here does IO, reads a clock, draws a random number, speaks a vendor's JSON or knows HTTP:
//! time, seeds and tables are arguments. Whatever can be said without those is said here once, so that
//! the gateway, the gate, the CLI and the server cannot disagree about it.
//!
//! Modules form one line, each using only those above it:
//! `id`, `money`, `canonical` ← `price`, `scope`, `window` ← `budget`, `limit` ← `ledger`, `throttle`;
//! `stats` ← `guardrail`, `analysis`;
//! `id`, `canonical` ← `variable` ← `prompt` ← `bump`, `suite`, `upstream` ← `report` ← `comparison` ← `gate` ← `deploy`, `rollout`;
//! `signal`, `period` ← `watch` ← `model`; `call`, `watch` ← `rollup` ← `score`, `monitor`; `signal` ← `alert` ← `model`;
//! `id` ← `assign` ← `call`; `online` ← `review` ← `model`, `call`; `guardrail` ← `ramp` ← `model` ← `call` ← `rollout` ← `experiment`.

pub mod access;
pub mod advice;
pub mod alert;
pub mod analysis;
pub mod assign;
pub mod audit;
pub mod budget;
pub mod bump;
pub mod cache;
pub mod calibration;
pub mod call;
pub mod canonical;
pub mod cascade;
pub mod comparison;
pub mod context;
pub mod conversation;
pub mod deploy;
pub mod diagnostic;
pub mod error;
pub mod experiment;
pub mod gate;
pub mod guard;
pub mod guard_policy;
pub mod guarded;
pub mod guardrail;
pub mod id;
pub mod ledger;
pub mod limit;
pub mod model;
pub mod money;
pub mod monitor;
pub mod online;
pub mod period;
pub mod price;
pub mod prompt;
pub mod ramp;
pub mod redaction;
pub mod redteam;
pub mod report;
pub mod resilience;
pub mod review;
pub mod rollout;
pub mod rollup;
pub mod route;
pub mod scope;
pub mod score;
pub mod signal;
pub mod stage;
pub mod stats;
pub mod stop;
pub mod suite;
pub mod throttle;
pub mod upstream;
pub mod variable;
pub mod watch;
pub mod window;

pub use error::{Blame, Error, Kind, Result};
pub use id::{Digest, EnvironmentName, ModelName, PromptName};
pub use money::NanoUsd;
