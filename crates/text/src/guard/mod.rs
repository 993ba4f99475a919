//! Guards over untrusted text: each layer gives findings, and decides nothing.

pub mod fuzzy;
pub mod rules;
