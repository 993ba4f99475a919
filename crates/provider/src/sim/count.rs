//! Token counts of texts that come again with every call: a prompt's instructions and examples.

use std::collections::HashMap;
use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};
use std::sync::{Mutex, PoisonError};

use gatemark_text::tokens;

/// Entries kept, 16 bytes each; when they are full, all are forgotten.
const MOST: usize = 32_768;

/// Remembers counts by a 64-bit hash of the text.
#[derive(Default)]
pub(super) struct Counts {
    known: Mutex<HashMap<u64, usize>>,
}

impl Counts {
    /// The tokens of all `texts` together.
    pub(super) fn all<'a>(&self, texts: impl Iterator<Item = &'a str>) -> usize {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= MOST {
            known.clear();
        }
        texts.map(|text| *known.entry(hash(text)).or_insert_with(|| tokens::count(text))).sum()
    }
}

fn hash(text: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn remembered_counts_are_those_of_the_tokenizer() {
        let counts = Counts::default();
        let texts = ["Sort this message.", "refund please", "Sort this message."];
        let expected: usize = texts.iter().map(|text| tokens::count(text)).sum();
        assert_eq!(counts.all(texts.into_iter()), expected);
        assert_eq!(counts.all(texts.into_iter()), expected);
    }
}
