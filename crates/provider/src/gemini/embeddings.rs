//! The method `batchEmbedContents`: `{"requests": [{"model", "content"}]}` in, `{"embeddings": [{"values"}]}` out,
//! in order. It tells no tokens.

use bytes::Bytes;
use gatemark_core::{Error, Result};
use serde::Deserialize;
use serde_json::json;
use serde_json::value::RawValue;

use crate::embedding::Embedded;
use crate::unreadable::Unreadable;

/// Most texts in one request.
pub(super) const MOST_TEXTS: usize = 100;

#[derive(Deserialize)]
struct Answer<'a> {
    #[serde(default)]
    embeddings: Vec<Item>,
    #[serde(borrow)]
    error: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Item {
    values: Vec<f32>,
}

pub(super) fn write(model: &str, texts: &[String]) -> Result<Bytes> {
    let model = format!("models/{}", model.strip_prefix("models/").unwrap_or(model));
    let requests = texts
        .iter()
        .map(|text| json!({"model": model, "content": {"parts": [{"text": text}]}}))
        .collect::<Vec<_>>();
    let body = serde_json::to_vec(&json!({"requests": requests}));
    body.map(Bytes::from)
        .map_err(|cause| Error::internal("a request cannot be written as JSON").because(cause))
}

pub(super) fn read(body: &[u8], texts: usize) -> Result<Embedded, Unreadable> {
    let odd = |why: String| Unreadable::Odd(why);
    let answer: Answer<'_> =
        serde_json::from_slice(body).map_err(|cause| odd(cause.to_string()))?;
    if let Some(error) = answer.error.filter(|error| error.get() != "null") {
        return Err(Unreadable::Says(error.to_owned()));
    }
    let vectors = answer.embeddings.into_iter().map(|item| item.values).collect();
    Embedded::checked(vectors, texts).map_err(odd)
}
