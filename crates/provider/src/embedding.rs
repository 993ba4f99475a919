//! What embedding models answer.

use gatemark_core::model::Usage;
use gatemark_core::{Error, Result};

use crate::unreadable::Unreadable;

/// Most texts that a vendor is sent in one request.
pub const MOST_TEXTS: usize = 256;

/// One vector for each text that was asked for, in the same order.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Embedded {
    /// The vectors; all of one length, all numbers finite.
    pub vectors: Vec<Vec<f32>>,
    /// Tokens read, if the vendor says.
    pub usage: Option<Usage>,
}

/// A text's tokens as an encoder's last layer sees them, the first and the last marking its ends.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct TokenVectors {
    /// A vector for each token.
    pub vectors: Vec<Vec<f32>>,
    /// Whether the token stands for something in the text; the marks of its ends do not.
    pub counts: Vec<bool>,
}

impl Embedded {
    /// The vectors for `texts` texts, provided they can be compared with one another.
    ///
    /// # Errors
    /// What is wrong with them: their number, their lengths, or a number that is none.
    pub fn checked(vectors: Vec<Vec<f32>>, texts: usize) -> std::result::Result<Self, String> {
        if vectors.len() != texts {
            return Err(format!("{} vectors for {texts} texts", vectors.len()));
        }
        let length = vectors.first().map_or(0, Vec::len);
        if texts > 0 && length == 0 {
            return Err("an empty vector".into());
        }
        if let Some(other) = vectors.iter().find(|vector| vector.len() != length) {
            return Err(format!("vectors of {length} and of {} numbers", other.len()));
        }
        if vectors.iter().flatten().any(|number| !number.is_finite()) {
            return Err("a vector that is not all numbers".into());
        }
        Ok(Self { vectors, usage: None })
    }

    /// Appends the vectors of a further batch.
    ///
    /// # Errors
    /// Odd, if they cannot be compared with those before.
    pub(crate) fn append(&mut self, batch: Self) -> std::result::Result<(), Unreadable> {
        let length = |vectors: &[Vec<f32>]| vectors.first().map(Vec::len);
        if length(&self.vectors).is_some_and(|before| Some(before) != length(&batch.vectors)) {
            return Err(Unreadable::Odd("vectors of another length than before".into()));
        }
        self.vectors.extend(batch.vectors);
        if let Some(usage) = batch.usage {
            self.usage.get_or_insert_default().input += usage.input;
        }
        Ok(())
    }
}

/// What a vendor says that does not offer `what`.
///
/// # Errors
/// Always `Invalid`.
pub(crate) fn refused<T>(what: &str) -> Result<T> {
    let message =
        format!("its provider offers no {what}: use a model of a provider with `protocol: local`");
    Err(Error::invalid(message).coded("no_embeddings"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vectors_that_cannot_be_compared_are_refused() {
        let refused = |vectors: &[&[f32]], texts| {
            Embedded::checked(vectors.iter().map(|vector| vector.to_vec()).collect(), texts)
        };
        assert!(refused(&[&[1.0], &[2.0]], 2).is_ok());
        assert!(refused(&[], 0).is_ok());
        assert_eq!(refused(&[&[1.0]], 2).unwrap_err(), "1 vectors for 2 texts");
        assert_eq!(refused(&[&[]], 1).unwrap_err(), "an empty vector");
        assert!(refused(&[&[1.0], &[1.0, 2.0]], 2).unwrap_err().contains("of 1 and of 2"));
        assert!(refused(&[&[f32::NAN]], 1).unwrap_err().contains("not all numbers"));
    }
}
