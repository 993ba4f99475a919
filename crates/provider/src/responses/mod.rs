//! Our door in the format of OpenAI's responses.
//!
//! `write`, `stream` and `response` write what applications get when another dialect answered; `to_chat` and
//! what it uses (`item`, `part`, `tools`, `fields`) turn what they ask into the words of chat completions when
//! another dialect will answer. Between this door and a vendor of the same dialect nothing here runs but the
//! framing of events. The vendor's side of the format is in `openai::responses`.
//!
//! The format's answers may be kept by the vendor and taken up again (`previous_response_id`, `conversation`,
//! `background`). This server keeps no conversation, so these work only where the vendor itself speaks the
//! format; elsewhere they are refused by name. Errors have the shape of chat completions.

mod fields;
mod item;
mod part;
mod response;
mod stream;
#[cfg(test)]
mod tests;
mod to_chat;
mod tools;
mod write;

pub use stream::Writer;
pub(crate) use to_chat::to_chat;
pub use write::write_answer;
