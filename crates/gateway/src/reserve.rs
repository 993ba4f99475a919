//! Step 5, reserve: no call is sent that may cost more than its version allows.
//!
//! The estimate is the dearest that the call can be: every input token at full price, every output token
//! that the version permits. It errs on the high side, so a cap is a promise.

use gatemark_core::error::{Error, Result};
use gatemark_core::model::{Price, Usage};

use crate::prepare::Prepared;
use crate::resolve::Resolved;

pub(crate) fn reserve(resolved: &Resolved, prepared: &Prepared) -> Result<()> {
    let Some(named) = &resolved.named else { return Ok(()) };
    let Some(cap) = named.release.version.content.limits.cost_per_call else { return Ok(()) };
    let Some(price) = resolved.price else {
        let message = format!(
            "the prompt caps its cost per call, but `{}` has no price: add one to gatemark.yaml",
            resolved.model
        );
        return Err(Error::internal(message).coded("price_unknown"));
    };
    // Whichever way the input is billed, it is not dearer than this.
    let dearest = price.input.max(price.cache_write.unwrap_or_default());
    let worst =
        Price { input: dearest, cached_input: None, cache_write: None, ..price }.of(&Usage {
            input: prepared.input_tokens.unwrap_or_default(),
            output: prepared.max_output.unwrap_or_default(),
            ..Usage::default()
        });
    if worst <= cap {
        return Ok(());
    }
    let message = format!("this call may cost up to {worst}, over the prompt's cap of {cap}");
    Err(Error::invalid(message).coded("cost_cap_exceeded"))
}
