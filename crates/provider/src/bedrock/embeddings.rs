//! Embedding models, which Bedrock serves in their makers' own forms.
//!
//! | model | request | answer |
//! |---|---|---|
//! | Amazon Titan | `{"inputText"}`, one text | `{"embedding", "inputTextTokenCount"}` |
//! | Cohere Embed | `{"texts", "input_type"}` | `{"embeddings": […]}`, or `{"embeddings": {"float": […]}}` |

use bytes::Bytes;
use gatemark_core::model::Usage;
use gatemark_core::{Error, Result};
use serde::Deserialize;
use serde_json::json;

use crate::embedding::Embedded;
use crate::unreadable::Unreadable;

/// Most texts that Cohere's models take at once.
const MOST_TEXTS: usize = 96;

/// The form of one maker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Titan,
    Cohere,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Titan {
    embedding: Vec<f32>,
    #[serde(default)]
    input_text_token_count: Option<u64>,
}

#[derive(Deserialize)]
struct Cohere {
    embeddings: Vectors,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Vectors {
    Plain(Vec<Vec<f32>>),
    Typed { float: Vec<Vec<f32>> },
}

impl Form {
    /// The form of `model`.
    ///
    /// # Errors
    /// `Invalid` if it is no known embedding model.
    pub(super) fn of(model: &str) -> Result<Self> {
        if model.contains("amazon.titan-embed-text") {
            Ok(Self::Titan)
        } else if model.contains("cohere.embed") {
            Ok(Self::Cohere)
        } else {
            let message = format!(
                "{model:?} is not known to make embeddings: use one whose id holds \
                 amazon.titan-embed-text or cohere.embed"
            );
            Err(Error::invalid(message).at("model").coded("no_embeddings"))
        }
    }

    pub(super) fn most_texts(self) -> usize {
        match self {
            Self::Titan => 1,
            Self::Cohere => MOST_TEXTS,
        }
    }

    pub(super) fn write(self, texts: &[String]) -> Result<Bytes> {
        let body = match self {
            Self::Titan => json!({"inputText": texts.first()}),
            Self::Cohere => json!({"texts": texts, "input_type": "search_document"}),
        };
        let body = serde_json::to_vec(&body);
        body.map(Bytes::from)
            .map_err(|cause| Error::internal("a request cannot be written as JSON").because(cause))
    }

    pub(super) fn read(self, body: &[u8], texts: usize) -> Result<Embedded, Unreadable> {
        let odd = |cause: serde_json::Error| Unreadable::Odd(cause.to_string());
        let (vectors, tokens) = match self {
            Self::Titan => {
                let one: Titan = serde_json::from_slice(body).map_err(odd)?;
                (vec![one.embedding], one.input_text_token_count)
            }
            Self::Cohere => match serde_json::from_slice::<Cohere>(body).map_err(odd)?.embeddings {
                Vectors::Plain(vectors) | Vectors::Typed { float: vectors } => (vectors, None),
            },
        };
        let usage = tokens.map(|input| Usage { input, ..Usage::default() });
        let embedded = Embedded::checked(vectors, texts).map_err(Unreadable::Odd)?;
        Ok(Embedded { usage, ..embedded })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms() {
        let titan = Form::of("amazon.titan-embed-text-v2:0").unwrap();
        let read = titan.read(br#"{"embedding":[1,2],"inputTextTokenCount":3}"#, 1).unwrap();
        assert_eq!((read.vectors, read.usage.unwrap().input), (vec![vec![1.0, 2.0]], 3));
        let cohere = Form::of("eu.cohere.embed-v4:0").unwrap();
        for body in
            [r#"{"embeddings":[[1],[2]]}"#, r#"{"embeddings":{"float":[[1],[2]]},"id":"x"}"#]
        {
            assert_eq!(cohere.read(body.as_bytes(), 2).unwrap().vectors, [[1.0], [2.0]]);
        }
        assert!(cohere.read(br#"{"embeddings":[[1]]}"#, 2).is_err());
        assert_eq!(Form::of("anthropic.claude-x").unwrap_err().code(), "no_embeddings");
    }
}
