//! Writes a whole answer for applications.

use bytes::Bytes;
use gatemark_core::{Error, Result};

use super::response::{
    Response, State, function_call, made_id, message, refusal_part, text_part, thoughts,
};
use crate::answer::Answer;
use crate::calls;
use crate::dialect::{Dialect, Raw};
use crate::frame::Opening;

/// A whole answer: the vendor's bytes if it spoke this format, else a response from the parts.
///
/// # Errors
/// `VendorFailed` if its calls of tools cannot be read.
pub fn write_answer(answer: &Answer, opening: &Opening) -> Result<Bytes> {
    if let Some(raw) = Raw::in_dialect(answer.raw.as_ref(), Dialect::Responses) {
        return Ok(raw.clone());
    }
    let call = opening.call.as_str();
    let state = State::of(&answer.finish);
    let said = answer.tool_calls.as_deref().map(calls::read).transpose()?.unwrap_or_default();
    let mut output = Vec::with_capacity(2 + said.len());
    if !answer.reasoning.is_empty() {
        output.push(thoughts(&made_id("rs", call, Some(0)), &answer.reasoning));
    }
    if !answer.text.is_empty() || said.is_empty() {
        let id = made_id("msg", call, Some(output.len()));
        let part = if answer.refusal { refusal_part } else { text_part };
        output.push(message(&id, &part(&answer.text), state.word()));
    }
    for (rank, piece) in said.iter().enumerate() {
        let id = made_id("fc", call, Some(output.len()));
        let made = || made_id("call", call, Some(rank));
        let call_id = piece.id.clone().unwrap_or_else(made);
        let name = piece.name.as_deref().unwrap_or_default();
        output.push(function_call(&id, &call_id, name, &piece.arguments, state.word()));
    }
    let id = made_id("resp", call, None);
    let model = if answer.model.is_empty() { &opening.model } else { &answer.model };
    let usage = answer.usage;
    let response = Response { id: &id, opening, model, state, output: &output, usage };
    serde_json::to_vec(&response)
        .map(Bytes::from)
        .map_err(|cause| Error::internal("cannot write the answer").because(cause))
}
