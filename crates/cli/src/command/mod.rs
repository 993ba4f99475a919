//! One file per command: its arguments, the call to the control plane, and how its result is printed.
//!
//! Commands decide nothing; what they print with `--json` is what the HTTP API answers.

pub(crate) mod advise;
pub(crate) mod alert;
pub(crate) mod alerts;
pub(crate) mod approve;
pub(crate) mod audit;
pub(crate) mod budget;
pub(crate) mod cache;
pub(crate) mod calls;
pub(crate) mod cascade;
pub(crate) mod compare;
pub(crate) mod compat;
pub(crate) mod compress;
pub(crate) mod conversation;
pub(crate) mod deploy;
pub(crate) mod diff;
pub(crate) mod evaluation;
pub(crate) mod experiment;
pub(crate) mod feedback;
pub(crate) mod gate;
pub(crate) mod import;
pub(crate) mod init;
pub(crate) mod judge;
pub(crate) mod key;
pub(crate) mod list;
pub(crate) mod log;
pub(crate) mod monitor;
pub(crate) mod openapi;
pub(crate) mod prices;
pub(crate) mod push;
pub(crate) mod report;
pub(crate) mod resume;
pub(crate) mod retire;
pub(crate) mod review;
pub(crate) mod rollback;
pub(crate) mod rollout;
pub(crate) mod sandbox;
pub(crate) mod score;
pub(crate) mod serve;
pub(crate) mod show;
pub(crate) mod stats;
pub(crate) mod stop;
pub(crate) mod suite;
pub(crate) mod test;
pub(crate) mod tokens;
