//! The form that an answer must have.

mod subset;

use gatemark_core::{Error, Result};
use serde_json::value::{RawValue, to_raw_value};
use serde_json::{Value, json};

pub(crate) use subset::anthropic as fits_anthropic;

/// An output schema in the words in which it is told.
#[derive(Debug)]
pub struct Form {
    pub(crate) schema: Value,
    /// As `response_format` of chat completions.
    pub(crate) field: Box<RawValue>,
    /// As an instruction.
    pub(crate) words: String,
    /// Whether the model may also answer with a text that no schema allows.
    pub(crate) has_marker: bool,
}

impl Form {
    /// The form of answers that satisfy `schema`, or are `marker`, if there is one. `None` for schemas of
    /// anything but objects: no vendor's mode takes those.
    ///
    /// # Errors
    /// `Internal` if the schema cannot be written.
    pub fn new(schema: &Value, marker: Option<&str>) -> Result<Option<Self>> {
        if schema.get("type").and_then(Value::as_str) != Some("object") {
            return Ok(None);
        }
        let strict = subset::openai(schema);
        let field = json!({"type": "json_schema",
            "json_schema": {"name": "answer", "schema": schema, "strict": strict}});
        let field = to_raw_value(&field)
            .map_err(|cause| Error::internal("a schema cannot be written").because(cause))?;
        let marker_words = marker.map(|marker| {
            format!(
                "\nIf you lack the information to answer, write exactly this text instead: {marker}"
            )
        });
        let words = format!(
            "Answer with exactly one JSON value that satisfies this JSON Schema, without any text around it \
             and without a code fence:\n{schema}{}",
            marker_words.unwrap_or_default()
        );
        Ok(Some(Self { schema: schema.clone(), field, words, has_marker: marker.is_some() }))
    }

    /// Whether it is the form of answers that satisfy `schema`.
    pub fn is_of(&self, schema: &Value) -> bool {
        self.schema == *schema
    }

    /// What tells this form from others.
    pub fn identity(&self) -> &str {
        &self.words
    }
}
