//! The method `predict` of embedding models: `{"instances": [{"content"}]}` in,
//! `{"predictions": [{"embeddings": {"values", "statistics": {"token_count"}}}]}` out, in order.

use bytes::Bytes;
use gatemark_core::model::Usage;
use gatemark_core::{Error, Result};
use serde::Deserialize;
use serde_json::json;

use crate::embedding::Embedded;
use crate::unreadable::Unreadable;

/// Texts in one request; Gemini's embedding models take one at a time.
pub(super) fn most_texts(model: &str) -> usize {
    if model.starts_with("gemini-") { 1 } else { 100 }
}

#[derive(Deserialize)]
struct Answer {
    predictions: Vec<Prediction>,
}

#[derive(Deserialize)]
struct Prediction {
    embeddings: Embeddings,
}

#[derive(Deserialize)]
struct Embeddings {
    values: Vec<f32>,
    #[serde(default)]
    statistics: Statistics,
}

#[derive(Default, Deserialize)]
struct Statistics {
    /// The service writes it as a number with a decimal point.
    #[serde(default)]
    token_count: Option<f64>,
}

pub(super) fn write(texts: &[String]) -> Result<Bytes> {
    let instances: Vec<_> = texts.iter().map(|text| json!({"content": text})).collect();
    let body = serde_json::to_vec(&json!({"instances": instances}));
    body.map(Bytes::from)
        .map_err(|cause| Error::internal("a request cannot be written as JSON").because(cause))
}

pub(super) fn read(body: &[u8], texts: usize) -> Result<Embedded, Unreadable> {
    let odd = |why: String| Unreadable::Odd(why);
    let answer: Answer = serde_json::from_slice(body).map_err(|cause| odd(cause.to_string()))?;
    let tokens = answer.predictions.iter().map(|one| one.embeddings.statistics.token_count);
    let input = tokens.map(|count| count.and_then(whole)).sum::<Option<u64>>();
    let usage = input.map(|input| Usage { input, ..Usage::default() });
    let vectors = answer.predictions.into_iter().map(|one| one.embeddings.values).collect();
    let embedded = Embedded::checked(vectors, texts).map_err(odd)?;
    Ok(Embedded { usage, ..embedded })
}

/// A count that came as a floating-point number.
fn whole(count: f64) -> Option<u64> {
    format!("{count:.0}").parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vectors_and_tokens() {
        let one =
            r#"{"embeddings":{"values":[1,2],"statistics":{"token_count":6.0,"truncated":false}}}"#;
        let body = format!(r#"{{"predictions":[{one},{one}],"metadata":{{}}}}"#);
        let read = read(body.as_bytes(), 2).unwrap();
        assert_eq!((read.vectors.len(), read.usage.unwrap().input), (2, 12));
        let bare = br#"{"predictions":[{"embeddings":{"values":[1]}}]}"#;
        assert_eq!(super::read(bare, 1).unwrap().usage, None);
        assert!(super::read(b"{}", 0).is_err());
    }
}
