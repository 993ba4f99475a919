//! Choosing the worked examples of a call: near to it, unlike one another, within a bound of tokens.
//!
//! Nearness comes from outside as numbers: from an embedding model, or from [`Lexicon`], which needs none.
//! The choice itself ([`choose`]) is the same for both. It is deterministic: the same numbers give the same
//! examples, and ties go to the one that stands first in the file.

mod lexicon;
mod mmr;

pub use lexicon::Lexicon;
pub use mmr::{Wanted, choose, cosine};
