//! How a schema for the answer reaches a vendor.
//!
//! A version has one output schema, vendors have several ways to be told: a mode of their own that constrains
//! what the model can write, a tool that it must call, JSON of any shape, or words. [`table`] knows which is
//! right for whom, the project may say otherwise, and where a request or a schema rules a way out the next
//! weaker one is taken: for a version's schema a call must not fail for how it is told. What comes back looks
//! the same whichever way was taken. The gateway validates the answer in any case.
//!
//! A caller's own `response_format` is another matter: what was asked for is expressed in full or refused by
//! name, never weakened.

mod table;
mod tell;
mod vendor;

pub(crate) use vendor::Shaped;
