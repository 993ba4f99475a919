//! Everything model vendors see: wire formats, HTTP, event streams, the `sim` vendor, and embedding models
//! that are run in this process ([`local`]).
//!
//! The neutral vocabulary ([`ChatRequest`], [`Answer`], [`Chunk`]) is that of chat completions, because
//! most callers and vendors speak it already. Between two that speak one [`Dialect`], bytes pass through
//! unchanged, and only what the gateway must know (text, finish, usage) is read from them by the way. All
//! others are translated in full, or what cannot be expressed is refused by name; nothing is silently dropped.
//!
//! This crate knows no prompt, no policy and no store. It reads no clock; deadlines belong to the caller,
//! who drops the future or stream: that closes the connection.
//!
//! Modules form one line, each using only those above it:
//! `secret`, `clock`, `dialect`, `object`, `frame`, `address`, `google`, `segment`, `towards`, `unreadable` ←
//! `embedding`, `sse`, `amazon`, `http`, `form`, `request`, `answer`, `calls` ← `vendor`, `gather`, `repeat`,
//! `message`, `heard`, `events`, `chat`, `messages`, `responses`, `native`, `called`, `fields`, `image` ← `embeddings` ←
//! `door`, `translate`, `peer` ← `line`, `chunks` ← `openai`, `anthropic`, `gemini`, `bedrock`, `sim`, `local` ←
//! `azure` (on `openai`), `vertex` (on `gemini` and `anthropic`) ← `structured` ← `connect`.
//! `secret`, `http` ← `notify` stands beside them.

pub mod answer;
pub mod chat;
pub mod clock;
pub mod dialect;
pub mod door;
pub mod embedding;
pub mod embeddings;
pub mod form;
pub mod gather;
pub mod heard;
pub mod http;
pub mod local;
pub mod message;
pub mod messages;
pub mod notify;
pub mod repeat;
pub mod request;
pub mod responses;
pub mod sim;
pub mod splice;
pub mod sse;
pub mod translate;
pub mod turns;
pub mod vendor;
pub mod wishes;

mod address;
mod amazon;
mod anthropic;
mod azure;
mod bedrock;
mod called;
mod calls;
mod chunks;
mod connect;
mod events;
mod fields;
mod frame;
mod gemini;
mod google;
mod image;
mod line;
mod native;
mod object;
mod openai;
mod peer;
mod secret;
mod segment;
mod structured;
mod towards;
mod unreadable;
mod vertex;

#[cfg(test)]
#[path = "../tests/fuzz/mod.rs"]
mod fuzz;

pub use answer::{Answer, Chunk, ChunkStream, Finish};
pub use clock::Clock;
pub use connect::connect;
pub use dialect::{Dialect, Raw};
pub use embedding::{Embedded, TokenVectors};
pub use form::Form;
pub use request::{ChatRequest, Messages, Turn};
pub use secret::Secret;
pub use vendor::Vendor;
