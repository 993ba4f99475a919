//! From a request in this format to one in the words of chat completions.
//!
//! Nothing that shapes the answer is dropped: it is translated or refused by its place. Left out are what
//! changes cost or storage and not what is asked (`metadata`, `prompt_cache_key`, `stream_options`), what asks
//! for what happens anyway (`store: false`, `truncation: disabled`), and reasoning items that hold nothing but
//! a summary, because vendors of chat completions do not take thoughts back.

use gatemark_core::{Error, Result};

use super::fields;
use super::item;
use crate::dialect::Dialect;
use crate::request::{ChatRequest, Messages};
use crate::towards::Towards;

/// Translates.
///
/// # Errors
/// `Invalid`, naming the place, for what cannot be expressed.
pub(crate) fn to_chat(request: &ChatRequest, towards: &Towards<'_>) -> Result<ChatRequest> {
    let Messages::Raw(input) = &request.messages else {
        return Err(Error::internal("rendered messages are in the words of chat completions"));
    };
    let messages = item::messages(request.field("instructions"), input, towards)?;
    Ok(ChatRequest {
        dialect: Dialect::Chat,
        model: request.model.clone(),
        messages: Messages::Raw(messages),
        stream: request.stream,
        usage_wanted: request.usage_wanted,
        fields: fields::fields(request, towards)?,
        headers: request.headers.clone(),
        stable: 0,
        form: None,
    })
}
