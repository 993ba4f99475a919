//! From a request in this format to one in the words of chat completions.
//!
//! Nothing that shapes the answer is dropped: it is translated or refused by its place. Pure hints are left
//! out, since they change cost or speed and not what is asked: `cache_control` anywhere, `metadata` beyond
//! the user, `service_tier: auto`, and thinking that
//! this gateway itself had put into words of this format (it bears no signature), because vendors of chat
//! completions do not take thoughts back. A vendor that knows this format gets its own blocks as they are:
//! see [`Towards::knows`].

use gatemark_core::{Error, Result};
use serde_json::value::RawValue;

use super::{fields, turn};
use crate::dialect::Dialect;
use crate::object;
use crate::request::{ChatRequest, Messages};

/// For whom a request is translated.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Towards<'a> {
    /// The provider, for messages.
    pub(crate) provider: &'a str,
    /// Whether the vendor knows blocks, tools and hints of this format that chat completions lack: then they
    /// are kept in their own words.
    pub(crate) knows: bool,
    /// The name of the bound on the answer's tokens.
    pub(crate) bound: &'static str,
}

impl Towards<'_> {
    /// The refusal of `what` at `param`.
    pub(super) fn refuse(&self, param: &str, what: &str) -> Error {
        let provider = self.provider;
        let message = format!(
            "`{param}`: {what} cannot be expressed to provider `{provider}`, which speaks chat completions"
        );
        Error::invalid(message).at(param).coded("not_translatable")
    }
}

/// The refusal of something that is not of this format at all.
pub(super) fn malformed(param: &str, wanted: &str) -> Error {
    Error::invalid(format!("`{param}` must be {wanted}")).at(param)
}

/// Translates.
///
/// # Errors
/// `Invalid`, naming the place, for what cannot be expressed.
pub(crate) fn to_chat(request: &ChatRequest, towards: &Towards<'_>) -> Result<ChatRequest> {
    let Messages::Raw(raw) = &request.messages else {
        return Err(Error::internal("rendered messages are in the words of chat completions"));
    };
    let mut asked = Vec::with_capacity(request.fields.len());
    let mut system = None;
    for (name, value) in &request.fields {
        if value.get() == "null" {
            continue;
        }
        if name == "system" {
            system = Some(&**value);
        } else {
            fields::field(name, value, towards, &mut asked)?;
        }
    }
    let said = object::elements(raw).ok_or_else(|| malformed("messages", "an array"))?;
    let messages = turn::messages(system, &said, towards)?;
    Ok(ChatRequest {
        dialect: Dialect::Chat,
        model: request.model.clone(),
        messages: Messages::Raw(messages),
        stream: request.stream,
        usage_wanted: request.usage_wanted,
        fields: asked,
        headers: request.headers.clone(),
        form: None,
    })
}

/// Any value as JSON text.
pub(super) fn raw(value: &(impl serde::Serialize + ?Sized)) -> Result<Box<RawValue>> {
    serde_json::value::to_raw_value(value)
        .map_err(|cause| Error::internal("a request cannot be translated").because(cause))
}
