//! For whom a request is put into the words of chat completions, and how what cannot be is refused.

use gatemark_core::{Error, Result};
use serde_json::value::RawValue;

/// For whom a request is translated.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Towards<'a> {
    /// The provider, for messages.
    pub(crate) provider: &'a str,
    /// Whether the vendor knows blocks, tools and hints of the caller's format that chat completions lack: then
    /// they are kept in their own words.
    pub(crate) knows: bool,
    /// The name of the bound on the answer's tokens.
    pub(crate) bound: &'static str,
}

impl Towards<'_> {
    /// The refusal of `what` at `param`.
    pub(crate) fn refuse(&self, param: &str, what: &str) -> Error {
        let provider = self.provider;
        let message = format!(
            "`{param}`: {what} cannot be expressed to provider `{provider}`, which speaks chat completions"
        );
        Error::invalid(message).at(param).coded("not_translatable")
    }
}

/// The refusal of something that is not of the caller's format at all.
pub(crate) fn malformed(param: &str, wanted: &str) -> Error {
    Error::invalid(format!("`{param}` must be {wanted}")).at(param)
}

/// Any value as JSON text.
pub(crate) fn raw(value: &(impl serde::Serialize + ?Sized)) -> Result<Box<RawValue>> {
    serde_json::value::to_raw_value(value)
        .map_err(|cause| Error::internal("a request cannot be translated").because(cause))
}
