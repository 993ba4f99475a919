//! Doors for applications, in the formats of the vendors whose clients they use.

pub(crate) mod chat;
pub(crate) mod embeddings;
pub(crate) mod messages;
pub(crate) mod models;
mod reply;
pub(crate) mod responses;
mod target;
