//! The words that rouge-score sees: runs of ASCII letters and digits after lower-casing.
//!
//! Everything else separates, so texts in other scripts have no words at all, and score 0.

use std::ops::Range;

use super::porter;
use super::runs::Runs;

/// Buffers.
#[derive(Debug, Default)]
pub(super) struct Words {
    /// The text in lower case, one byte for each character.
    lower: Vec<u8>,
    stem: Vec<u8>,
    pub(super) runs: Runs,
}

impl Words {
    /// Bytes that are held.
    pub(super) fn capacity(&self) -> usize {
        self.lower.capacity().max(self.runs.capacity())
    }

    /// Calls `word` for each word of `text` with bytes and the word's place in them; words of more than three letters are stemmed if `stem` says so.
    pub(super) fn each(
        &mut self,
        text: &str,
        stem: bool,
        mut word: impl FnMut(&[u8], Range<usize>),
    ) {
        self.lower.clear();
        self.lower.extend_from_slice(text.as_bytes());
        if !text.is_ascii() {
            lower(text, &mut self.lower);
        }
        self.lower.make_ascii_lowercase();
        self.runs.read(&self.lower, |byte| byte.is_ascii_lowercase() | byte.is_ascii_digit());
        let mut at = 0;
        while let Some(start) = self.runs.start(at) {
            at = self.runs.end(start).unwrap_or(self.lower.len());
            if stem && at - start > 3 {
                self.stem.clear();
                self.stem.extend_from_slice(&self.lower[start..at]);
                porter::stem(&mut self.stem);
                if !self.stem.is_empty() {
                    word(&self.stem, 0..self.stem.len());
                }
            } else {
                word(&self.lower, start..at);
            }
        }
    }
}

/// Replaces `bytes` by the text's ASCII characters, with a space for each other.
fn lower(text: &str, bytes: &mut Vec<u8>) {
    bytes.clear();
    for c in text.chars() {
        match c {
            // The two characters elsewhere whose lower case is, or begins with, an ASCII letter.
            '\u{212a}' => bytes.push(b'k'),
            '\u{130}' => bytes.extend_from_slice(b"i "),
            c => bytes.push(u8::try_from(c).ok().filter(u8::is_ascii).unwrap_or(b' ')),
        }
    }
}
