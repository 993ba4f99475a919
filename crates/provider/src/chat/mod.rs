//! The wire shape of chat completions: spoken by vendors, and by our own door.
//!
//! Both sides live together because they are one format. `door` reads what applications send, `write`
//! and `fault` write what they get; `read` and `body` are the vendor's side of the same shapes. Nothing
//! here builds a tree of JSON values for a request or an answer: known keys are picked out, the rest
//! stays bytes.

pub(crate) mod body;
mod door;
mod fault;
pub(crate) mod read;
mod write;

pub use door::{DoorRequest, PromptReference, read_prompt, read_request};
pub use fault::write_error;
pub use write::{write_answer, write_chunk, write_whole_as_chunks};

/// The data of the event that ends a stream.
pub const DONE: &str = "[DONE]";
