//! Black box: the real binary, as people and scripts run it. One test binary, one module per topic.

// Helpers beside the test functions may fail loudly too; clippy.toml allows it inside them only.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod access;
mod advising;
mod bound;
mod caching;
mod calibrating;
mod cascading;
mod clients;
mod codechecks;
mod comparing;
mod compressing;
mod conversing;
mod costs;
mod demo;
mod deploying;
mod door;
mod doors;
mod durability;
mod faults;
mod http;
mod importing;
mod init;
mod json;
mod judging;
mod keys;
mod lanes;
mod laws;
mod meaning;
mod nearness;
mod problems;
mod proving;
mod reloading;
mod reports;
mod responding;
mod responses;
mod rollouts;
mod runs;
mod sandbox;
mod scores;
mod scripted;
mod selecting;
mod serving;
mod spending;
mod statistics;
mod structured;
mod suites;
mod support;
mod testing;
mod tokens;
mod twovendors;
mod upstream;
mod vendors;
mod versions;
mod windowing;
