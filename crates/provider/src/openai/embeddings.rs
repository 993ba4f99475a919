//! The embeddings endpoint: `{"model", "input": […]}` in, `{"data": [{"index", "embedding"}]}` out.
//!
//! The form of the numbers is not asked for, because not every compatible server knows the field for it;
//! both forms are read: an array of numbers, and base64 of little-endian `f32`.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use gatemark_core::model::Usage;
use gatemark_core::{Error, Result};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::embedding::Embedded;
use crate::unreadable::Unreadable;

#[derive(Serialize)]
struct Request<'a> {
    model: &'a str,
    input: &'a [String],
}

#[derive(Deserialize)]
struct Answer<'a> {
    #[serde(default)]
    data: Vec<Item<'a>>,
    usage: Option<Tokens>,
    #[serde(borrow)]
    error: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Item<'a> {
    /// Absent from some compatible servers, which then answer in order.
    index: Option<usize>,
    #[serde(borrow)]
    embedding: &'a RawValue,
}

#[derive(Deserialize)]
struct Tokens {
    #[serde(default)]
    prompt_tokens: u64,
}

pub(crate) fn write(model: &str, input: &[String]) -> Result<Bytes> {
    let body = serde_json::to_vec(&Request { model, input });
    body.map(Bytes::from)
        .map_err(|cause| Error::internal("a request cannot be written as JSON").because(cause))
}

/// The vectors for `texts` texts, in the order of the texts.
pub(crate) fn read(body: &[u8], texts: usize) -> Result<Embedded, Unreadable> {
    let odd = |why: String| Unreadable::Odd(why);
    let answer: Answer<'_> =
        serde_json::from_slice(body).map_err(|cause| odd(cause.to_string()))?;
    if let Some(error) = answer.error.filter(|error| error.get() != "null") {
        return Err(Unreadable::Says(error.to_owned()));
    }
    if answer.data.len() != texts {
        return Err(odd(format!("{} vectors for {texts} texts", answer.data.len())));
    }
    let mut vectors: Vec<Option<Vec<f32>>> = vec![None; texts];
    for (rank, item) in answer.data.iter().enumerate() {
        let index = item.index.unwrap_or(rank);
        let place = vectors.get_mut(index).filter(|place| place.is_none());
        let place = place.ok_or_else(|| odd(format!("the index {index} twice or out of range")))?;
        *place = Some(vector(item.embedding).map_err(odd)?);
    }
    let vectors = vectors.into_iter().flatten().collect();
    let embedded = Embedded::checked(vectors, texts).map_err(odd)?;
    let usage = answer.usage.map(|usage| Usage { input: usage.prompt_tokens, ..Usage::default() });
    Ok(Embedded { usage, ..embedded })
}

/// The usage that an answer with `texts` vectors tells, which are not looked at: the caller gets them as they
/// came.
pub(super) fn usage(body: &[u8], texts: usize) -> Result<Option<Usage>, Unreadable> {
    let odd = |why: String| Unreadable::Odd(why);
    let answer: Answer<'_> =
        serde_json::from_slice(body).map_err(|cause| odd(cause.to_string()))?;
    if let Some(error) = answer.error.filter(|error| error.get() != "null") {
        return Err(Unreadable::Says(error.to_owned()));
    }
    if answer.data.len() != texts {
        return Err(odd(format!("{} vectors for {texts} texts", answer.data.len())));
    }
    Ok(answer.usage.map(|usage| Usage { input: usage.prompt_tokens, ..Usage::default() }))
}

fn vector(raw: &RawValue) -> Result<Vec<f32>, String> {
    if !raw.get().starts_with('"') {
        return serde_json::from_str(raw.get()).map_err(|cause| cause.to_string());
    }
    let text: String = serde_json::from_str(raw.get()).map_err(|cause| cause.to_string())?;
    let bytes = BASE64_STANDARD.decode(text).map_err(|cause| format!("base64: {cause}"))?;
    match bytes.as_chunks() {
        (numbers, []) => Ok(numbers.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect()),
        _ => Err("base64 that is not of whole numbers".into()),
    }
}
