//! What a vendor is asked, in neutral words.
//!
//! The vocabulary is that of chat completions, unless [`ChatRequest::dialect`] says otherwise: a plain call
//! stays in its caller's own words until it is known whether the vendor speaks them too. Values stay as the
//! caller wrote them ([`RawValue`]), so that unknown fields, number formatting and key order reach a vendor
//! that speaks the dialect unchanged.

use std::sync::Arc;

use gatemark_core::prompt::Role;
use serde_json::value::RawValue;

use crate::dialect::Dialect;
use crate::form::Form;

/// One message that we rendered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Turn {
    /// Who speaks.
    pub role: Role,
    /// The final text, no template.
    pub text: String,
}

/// The conversation.
#[derive(Debug, Clone)]
pub enum Messages {
    /// The caller's own array, untouched; in the dialect of responses it may be a text.
    Raw(Box<RawValue>),
    /// Rendered by us.
    Turns(Vec<Turn>),
}

impl Default for Messages {
    fn default() -> Self {
        Self::Turns(Vec::new())
    }
}

/// One request to one vendor.
#[derive(Debug, Clone, Default)]
pub struct ChatRequest {
    /// Whose words `messages` and `fields` are. A vendor sees only dialects that it says it speaks: see
    /// [`crate::Vendor::speaks`].
    pub dialect: Dialect,
    /// The vendor's own model id, without the provider's name.
    pub model: String,
    /// The conversation.
    pub messages: Messages,
    /// Whether the answer is wanted in pieces. Decided by which method of [`crate::Vendor`] is called;
    /// kept here for the record.
    pub stream: bool,
    /// Whether the client itself asked for the usage chunk of a stream.
    pub usage_wanted: bool,
    /// Every other field in the caller's order: `temperature`, `tools`, `response_format`, …
    pub fields: Vec<(String, Box<RawValue>)>,
    /// The form that a version demands of the answer, for a vendor to be told in its own way; a caller's own
    /// wish is among the fields.
    pub form: Option<Arc<Form>>,
    /// Headers of the caller's that belong to its dialect, such as `anthropic-beta`; a vendor that speaks
    /// another leaves them out.
    pub headers: Vec<(&'static str, String)>,
    /// How many messages at the beginning are the same in every call, and long enough for a vendor's prompt
    /// cache to be worth it; 0 if that is unknown. Vendors that want the place marked mark it.
    pub stable: usize,
}

impl ChatRequest {
    /// The field `name`, unless absent or `null`.
    pub fn field(&self, name: &str) -> Option<&RawValue> {
        let found = self.fields.iter().find(|(key, _)| key == name);
        found.map(|(_, value)| &**value).filter(|value| value.get() != "null")
    }
}
