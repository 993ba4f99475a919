//! What makes two requests the same.
//!
//! The key holds everything that shapes an answer, and for whom it is: the caller (unless the cache is
//! shared), prompt, environment, version, model, who answers under the model's name, the conversation, every
//! field and the dialect's headers. Every part has its length before it, so that no two requests run into
//! one another. White space between the parts of JSON and the order of top-level fields make no difference;
//! the order inside a field does, because models read it.

use gatemark_core::error::{Error, Result};
use gatemark_core::id::Digest;
use gatemark_provider::request::{ChatRequest, Messages};
use gatemark_provider::{Dialect, repeat};
use serde_json::value::RawValue;

/// Versioned: entries of another layout must not be met where shelves outlive the process.
const FORMAT: u8 = 1;

/// Whose request it is, and to what.
pub(crate) struct Owner<'a> {
    pub(crate) cache: &'a str,
    /// `None` if answers are shared by all callers.
    pub(crate) caller: Option<&'a str>,
    pub(crate) environment: &'a str,
    pub(crate) prompt: &'a str,
    pub(crate) version: Option<Digest>,
    pub(crate) model: &'a str,
    /// Who answers under the model's name.
    pub(crate) provider: &'a str,
}

/// The form in which an answer is wanted.
#[derive(Clone, Copy)]
pub(crate) struct Form {
    pub(crate) dialect: Dialect,
    pub(crate) stream: bool,
}

/// The key of a request.
///
/// # Errors
/// `Internal` if it is not JSON, which doors make sure of.
pub(crate) fn of(owner: &Owner<'_>, request: &ChatRequest, form: Form) -> Result<Digest> {
    let mut parts = Parts::begin(owner, "request");
    parts.add(request.dialect.name().as_bytes());
    match &request.messages {
        Messages::Raw(raw) => parts.json(raw)?,
        Messages::Turns(turns) => {
            parts.count(turns.len());
            for turn in turns {
                parts.add(turn.role.word().as_bytes());
                parts.add(turn.text.as_bytes());
            }
        }
    }
    parts.fields(&request.fields)?;
    parts.headers(&request.headers);
    // What the neutral form may not hold is given again only at the same door in the same form.
    if !repeat::is_plain(request) {
        parts.add(form.dialect.name().as_bytes());
        parts.add(&[u8::from(form.stream)]);
    }
    Ok(parts.digest())
}

/// The group of requests that may differ in `compared` texts only. `same` is what must be equal beside.
///
/// # Errors
/// As [`of`].
pub(crate) fn group(
    owner: &Owner<'_>,
    request: &ChatRequest,
    added: Option<&RawValue>,
    same: &str,
) -> Result<Digest> {
    let mut parts = Parts::begin(owner, "group");
    parts.add(same.as_bytes());
    match added {
        Some(raw) => parts.json(raw)?,
        None => parts.add(b""),
    }
    parts.fields(&request.fields)?;
    parts.headers(&request.headers);
    Ok(parts.digest())
}

struct Parts(Vec<u8>);

impl Parts {
    fn begin(owner: &Owner<'_>, kind: &str) -> Self {
        let mut parts = Self(vec![FORMAT]);
        parts.add(kind.as_bytes());
        parts.add(owner.cache.as_bytes());
        parts.0.push(u8::from(owner.caller.is_some()));
        parts.add(owner.caller.unwrap_or_default().as_bytes());
        for text in [owner.environment, owner.prompt, owner.model, owner.provider] {
            parts.add(text.as_bytes());
        }
        parts.add(owner.version.map(|hash| hash.to_string()).unwrap_or_default().as_bytes());
        parts
    }

    fn count(&mut self, number: usize) {
        self.0.extend_from_slice(&u64::try_from(number).unwrap_or(u64::MAX).to_le_bytes());
    }

    fn add(&mut self, part: &[u8]) {
        self.count(part.len());
        self.0.extend_from_slice(part);
    }

    fn json(&mut self, raw: &RawValue) -> Result<()> {
        let text = raw.get();
        let mut dense = Vec::with_capacity(text.len());
        let (mut quoted, mut escaped) = (false, false);
        for byte in text.bytes() {
            if quoted {
                quoted = escaped || byte != b'"';
                escaped = !escaped && byte == b'\\';
            } else if matches!(byte, b' ' | b'\t' | b'\n' | b'\r') {
                continue;
            } else {
                quoted = byte == b'"';
            }
            dense.push(byte);
        }
        if quoted {
            return Err(Error::internal("a request that is not JSON cannot be identified"));
        }
        self.add(&dense);
        Ok(())
    }

    fn fields(&mut self, fields: &[(String, Box<RawValue>)]) -> Result<()> {
        let mut sorted: Vec<_> =
            fields.iter().filter(|(name, _)| name != "stream_options").collect();
        sorted.sort_by(|a, b| a.0.cmp(&b.0));
        self.count(sorted.len());
        for (name, value) in sorted {
            self.add(name.as_bytes());
            self.json(value)?;
        }
        Ok(())
    }

    fn headers(&mut self, headers: &[(&'static str, String)]) {
        for (name, value) in headers {
            self.add(name.as_bytes());
            self.add(value.as_bytes());
        }
    }

    fn digest(self) -> Digest {
        Digest::of(&self.0)
    }
}

#[cfg(test)]
mod tests;
