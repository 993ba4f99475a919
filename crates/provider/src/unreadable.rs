//! Why bytes that should be an answer are none.

use serde_json::value::RawValue;

/// The reason.
#[derive(Debug)]
pub(crate) enum Unreadable {
    /// They are something else; the text says what is wrong with them.
    Odd(String),
    /// They are an error that the vendor reports, as JSON.
    Says(Box<RawValue>),
}
