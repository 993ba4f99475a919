//! What a vendor is not to see.

use std::sync::Arc;

use gatemark_core::error::{Error, Result};
use gatemark_text::redact::Redactor;
use serde_json::Value;
use serde_json::value::RawValue;

use super::Policy;
use crate::converse::Past;
use crate::incoming::Ask;
use crate::record::Pending;
use crate::resolve::{Named, Resolved};

/// Takes what the record's policy wants out of the caller's variables and messages. Gives what answers then, and
/// notes in the record what has to be put back into the answer; nothing if the vendor may see everything.
/// What was said in the conversation before has placeholders of its own, whose values are gone: their numbers are
/// not given again.
pub(crate) fn masked(
    resolved: &Resolved,
    ask: &mut Ask,
    past: Option<&Arc<Past>>,
    record: &mut Pending,
) -> Result<Option<Resolved>> {
    let Policy { wanted, before_vendor } = record.policy();
    if !before_vendor || wanted.is_nothing() {
        return Ok(None);
    }
    let mut redactor = Redactor::reversible(wanted);
    if let Some(said) = past.map(|past| past.messages()).transpose()?.flatten() {
        redactor.pass_over(said.get());
    }
    let mut resolved = resolved.clone();
    if let Some(Named { variables, .. }) = &mut resolved.named {
        variables.values_mut().for_each(|value| {
            redactor.redact_value(value);
        });
    }
    if let Some(messages) = &mut ask.messages {
        let mut value: Value = serde_json::from_str(messages.get()).map_err(unreadable)?;
        if redactor.redact_value(&mut value) {
            *messages = RawValue::from_string(value.to_string()).map_err(unreadable)?;
        }
    }
    if redactor.taken() == 0 {
        return Ok(None);
    }
    record.note_mask(Some(Arc::new(redactor)));
    Ok(Some(resolved))
}

fn unreadable(cause: serde_json::Error) -> Error {
    Error::internal("messages that were read before cannot be read").because(cause)
}
