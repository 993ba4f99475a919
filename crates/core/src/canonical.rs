//! The one byte form that identities are taken from.
//!
//! A version is identified by the SHA-256 of its canonical form, so that formatting, comments and the
//! split into files do not matter, and everything that reaches a model does. The form is compact JSON of
//! the typed content under a format number: fields in the order of the type, maps of variables sorted by
//! name, and JSON values that the author wrote (schemas, fallbacks) in the author's key order, because the
//! order of a schema's properties is the order in which a model writes them.
//!
//! The stored document *is* these bytes: loading verifies them against the digest.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::id::Digest;

/// The only format so far. A later one keeps decoding this one (fixtures in `tests/fixtures`).
pub const FORMAT: u32 = 1;

#[derive(Serialize)]
struct Sealed<'a, T> {
    format: u32,
    content: &'a T,
}

#[derive(Deserialize)]
struct Opened<T> {
    format: u32,
    content: T,
}

/// A value together with its canonical bytes and their digest.
#[derive(Debug, Clone)]
pub struct Canonical {
    /// The bytes that were hashed.
    pub text: String,
    /// SHA-256 of `text`.
    pub digest: Digest,
}

/// Writes the canonical form of `value`.
pub fn seal<T: Serialize>(value: &T) -> Result<Canonical> {
    let text = serde_json::to_string(&Sealed { format: FORMAT, content: value })
        .map_err(|cause| Error::internal("a value has no canonical form").because(cause))?;
    let digest = Digest::of(text.as_bytes());
    Ok(Canonical { text, digest })
}

/// Reads a canonical form back. Fails if the bytes do not match `digest` (the store is damaged) or if the
/// format is newer than this program.
pub fn open<T: DeserializeOwned>(text: &str, digest: &Digest) -> Result<T> {
    if Digest::of(text.as_bytes()) != *digest {
        return Err(Error::internal(format!(
            "stored content does not match its digest {}: the database is damaged",
            digest.short()
        )));
    }
    let opened: Opened<T> = serde_json::from_str(text)
        .map_err(|cause| Error::internal("stored content cannot be read").because(cause))?;
    if opened.format > FORMAT {
        return Err(Error::internal(format!(
            "stored content has format {}, this program knows up to {FORMAT}: use a newer gatemark",
            opened.format
        )));
    }
    Ok(opened.content)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn opens_what_it_sealed_and_nothing_else() {
        let sealed = seal(&vec![1, 2]).unwrap();
        assert_eq!(sealed.text, r#"{"format":1,"content":[1,2]}"#);
        assert_eq!(open::<Vec<i32>>(&sealed.text, &sealed.digest).unwrap(), [1, 2]);
        assert!(open::<Vec<i32>>(&sealed.text.replace('2', "3"), &sealed.digest).is_err());
    }

    #[test]
    fn a_newer_format_is_refused() {
        let text = r#"{"format":2,"content":[]}"#;
        let error = open::<Vec<i32>>(text, &Digest::of(text.as_bytes())).unwrap_err();
        assert!(error.to_string().contains("newer"), "{error}");
    }
}
