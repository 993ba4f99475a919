//! The wire shape of chat completions: spoken by vendors, and by our own door.
//!
//! Both sides live together because they are one format. `write`, `stream` and `fault` write what
//! applications get; `read` and `body` are the vendor's side of the same shapes. Nothing here builds a tree
//! of JSON values for a request or an answer: known keys are picked out, the rest stays bytes.

pub(crate) mod body;
mod fault;
pub(crate) mod read;
mod stream;
mod usage;
mod write;

pub use fault::write_error;
pub use stream::Writer;
pub use write::{write_answer, write_chunk};

/// The data of the event that ends a stream.
pub const DONE: &str = "[DONE]";
