//! Everything model vendors see: wire formats, HTTP, event streams, the `sim` vendor, and embedding models
//! that are run in this process ([`local`]).
//!
//! The neutral vocabulary ([`ChatRequest`], [`Answer`], [`Chunk`]) is that of chat completions, because
//! callers and most vendors speak it already: between two that do, bytes pass through unchanged, and only
//! what the gateway must know (text, finish, usage) is read from them by the way. Other protocols are
//! translated in full or refuse by name what they cannot express; nothing is silently dropped.
//!
//! This crate knows no prompt, no policy and no store. It reads no clock; deadlines belong to the caller,
//! who drops the future or stream: that closes the connection.
//!
//! Modules form one line, each using only those above it:
//! `secret`, `request`, `answer`, `embedding`, `sse`, `http`, `unreadable` ← `vendor`, `message`, `events`,
//! `chat` ← `peer` ← `line`, `chunks` ← `openai`, `anthropic`, `sim`, `local` ← `connect`.

pub mod answer;
pub mod chat;
pub mod embedding;
pub mod http;
pub mod local;
pub mod message;
pub mod request;
pub mod sim;
pub mod splice;
pub mod sse;
pub mod vendor;

mod anthropic;
mod chunks;
mod connect;
mod events;
mod line;
mod openai;
mod peer;
mod secret;
mod unreadable;

pub use answer::{Answer, Chunk, ChunkStream, Finish};
pub use connect::connect;
pub use embedding::{Embedded, TokenVectors};
pub use request::{ChatRequest, Messages, Turn};
pub use secret::Secret;
pub use vendor::Vendor;
