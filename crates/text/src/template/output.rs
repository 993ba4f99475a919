//! Values as text in a prompt, and the bound on the whole text.

use std::io;

use minijinja::value::ValueKind;
use minijinja::{Error, ErrorKind, Output, State, Value};

use super::allowance::{pay, written_size};

/// Longest rendered text, in bytes.
pub const MAX_OUTPUT_BYTES: usize = 4 * 1024 * 1024;

/// Writes one value: text as it is, lists and objects as compact JSON.
pub(super) fn format(
    out: &mut Output<'_>,
    state: &mut State<'_, '_>,
    value: &Value,
) -> Result<(), Error> {
    if let Some(text) = value.as_str() {
        pay(state, text.len())?;
        return out.write_str(text).map_err(Error::from);
    }
    pay(state, written_size(value))?;
    out.write_str(&text(value)?).map_err(Error::from)
}

/// A value as text. Its size must have been paid for.
pub(super) fn text(value: &Value) -> Result<String, Error> {
    match value.kind() {
        ValueKind::Undefined => Err(Error::from(ErrorKind::UndefinedError)),
        // The engine would print these two as Python does: `None`, `True`.
        ValueKind::None | ValueKind::Bool => json(value),
        ValueKind::Seq | ValueKind::Map | ValueKind::Iterable => json(value),
        _ => Ok(value.to_string()),
    }
}

/// A value as compact JSON. Its size must have been paid for.
pub(super) fn json(value: &Value) -> Result<String, Error> {
    serde_json::to_string(value).map_err(|cause| {
        Error::new(ErrorKind::BadSerialization, "the value has no JSON form").with_source(cause)
    })
}

/// Collects the text and stops the engine at the bound, while it writes.
#[derive(Default)]
pub(super) struct Bounded(Vec<u8>);

impl Bounded {
    /// The text. The engine writes whole characters, so this always succeeds.
    pub(super) fn into_text(self) -> Option<String> {
        String::from_utf8(self.0).ok()
    }
}

impl io::Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.0.len().saturating_add(bytes.len()) > MAX_OUTPUT_BYTES {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
