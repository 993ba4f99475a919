//! How many tokens a call would read, without making it.
//!
//! A vendor that counts for callers of its own dialect is asked; everywhere else it is our own count (o200k),
//! and said to be an estimate. Nothing is recorded: no model is asked.

use gatemark_core::error::{Error, Kind, Result};
use gatemark_provider::request::{ChatRequest, Messages};
use gatemark_text::tokens;
use serde_json::value::RawValue;

use crate::incoming::{Incoming, Target};
use crate::resolve::{Resolved, resolve};
use crate::snapshot::Snapshot;
use crate::{Gateway, Size};

/// A count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counted {
    /// Tokens that the model would read.
    pub tokens: u64,
    /// Whether it is our own count and not the vendor's.
    pub estimated: bool,
}

impl Gateway {
    /// Counts what the model would read.
    ///
    /// # Errors
    /// As for the call itself: an unknown model or prompt, variables that do not fit, what the vendor says.
    pub async fn count(&self, incoming: Incoming) -> Result<Counted> {
        let snapshot = self.snapshot();
        let Incoming { target, dialect, messages, fields, headers, .. } = incoming;
        let is_plain = matches!(target, Target::Plain(_));
        let resolved = resolve(&snapshot, self.health(), target)?;
        if is_plain && messages.is_none() {
            let name = dialect.conversation();
            return Err(Error::invalid(format!("`{name}` is missing")).at(name));
        }
        let own = own_count(&resolved, messages.as_deref(), &fields)?;
        if let Some(messages) = messages.filter(|_| is_plain) {
            let request = ChatRequest {
                dialect,
                model: resolved.model.vendor_id().to_string(),
                messages: Messages::Raw(messages),
                fields,
                headers,
                ..ChatRequest::default()
            };
            if let Some(tokens) = by_vendor(&snapshot, &resolved, &request).await? {
                return Ok(Counted { tokens, estimated: false });
            }
        }
        Ok(Counted { tokens: own, estimated: true })
    }
}

fn own_count(
    resolved: &Resolved,
    messages: Option<&RawValue>,
    fields: &[(String, Box<RawValue>)],
) -> Result<u64> {
    let texts = messages.into_iter().chain(fields.iter().map(|(_, value)| &**value));
    let added: u64 = texts.map(|raw| tokens::count(raw.get()) as u64).sum();
    let Some(named) = &resolved.named else { return Ok(added) };
    let Size { input_tokens, .. } = named.release.size(&resolved.model, &named.variables)?;
    Ok(input_tokens + added)
}

async fn by_vendor(
    snapshot: &Snapshot,
    resolved: &Resolved,
    request: &ChatRequest,
) -> Result<Option<u64>> {
    let project = snapshot.project();
    let (Some(vendor), Some(provider)) =
        (snapshot.vendor(&resolved.model), project.providers.get(resolved.model.provider()))
    else {
        return Err(Error::internal(format!("no connection for {}", resolved.model)));
    };
    tokio::time::timeout(provider.timeout, vendor.count(request)).await.unwrap_or_else(|_| {
        let message = format!("no count within {} ms", provider.timeout.as_millis());
        Err(Error::new(Kind::Timeout, message))
    })
}
