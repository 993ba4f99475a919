//! From a request in this format to one in the words of chat completions.
//!
//! Nothing that shapes the answer is dropped: it is translated or refused by its place. Pure hints are left
//! out, since they change cost or speed and not what is asked: `cache_control` anywhere, a tool's
//! `eager_input_streaming`, `metadata` beyond the user, `service_tier: auto`, and thinking that
//! this gateway itself had put into words of this format (it bears no signature), because vendors of chat
//! completions do not take thoughts back. A vendor that knows this format gets its own blocks as they are:
//! see [`Towards::knows`].

use gatemark_core::{Error, Result};

use super::{fields, turn};
use crate::dialect::Dialect;
use crate::object;
use crate::request::{ChatRequest, Messages};
use crate::towards::{Towards, malformed};

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
        stable: 0,
        form: None,
    })
}
