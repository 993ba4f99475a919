//! Our door in the format of Anthropic's messages.
//!
//! `write`, `stream` and `fault` write what applications get when another dialect answered; `to_chat` and
//! what it uses (`turn`, `block`, `tools`, `fields`) turn what they ask into the words of chat completions
//! when another dialect will answer. Between this door and a vendor of the same dialect nothing here runs
//! but the framing of events. The vendor's side of the format is in `anthropic`.

mod block;
mod fault;
mod fields;
mod stream;
#[cfg(test)]
mod tests;
mod to_chat;
mod tools;
mod turn;
mod write;

pub use fault::write_error;
pub use stream::Writer;
pub(crate) use to_chat::to_chat;
pub use write::{write_answer, write_count};
