//! Black box: the real binary, as people and scripts run it. One test binary, one module per topic.

mod deploying;
mod init;
mod json;
mod keys;
mod problems;
mod serving;
mod support;
mod testing;
mod versions;
