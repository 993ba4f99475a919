//! The words that rouge-score sees: runs of ASCII letters and digits after lower-casing.
//!
//! Everything else separates, so texts in other scripts have no words at all, and score 0.

use super::porter;

/// Buffers.
#[derive(Debug, Default)]
pub(super) struct Words {
    /// The text in lower case, one byte for each character.
    lower: Vec<u8>,
    stem: Vec<u8>,
}

impl Words {
    /// Bytes that are held.
    pub(super) fn capacity(&self) -> usize {
        self.lower.capacity()
    }

    /// Calls `word` for each word of `text`; words of more than three letters are stemmed if `stem` says so.
    pub(super) fn each(&mut self, text: &str, stem: bool, mut word: impl FnMut(&[u8])) {
        self.lower.clear();
        self.lower.extend_from_slice(text.as_bytes());
        if !text.is_ascii() {
            lower(text, &mut self.lower);
        }
        self.lower.make_ascii_lowercase();
        let is_part = |byte: &u8| PARTS[usize::from(*byte)];
        let mut rest = &self.lower[..];
        while let Some(start) = rest.iter().position(is_part) {
            let (_, begun) = rest.split_at(start);
            let length = begun.iter().position(|byte| !is_part(byte)).unwrap_or(begun.len());
            let (found, after) = begun.split_at(length);
            rest = after;
            if stem && length > 3 {
                self.stem.clear();
                self.stem.extend_from_slice(found);
                porter::stem(&mut self.stem);
                if !self.stem.is_empty() {
                    word(&self.stem);
                }
            } else {
                word(found);
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

/// By byte, whether it is a letter or a digit.
const PARTS: [bool; 256] = {
    let mut parts = [false; 256];
    let mut byte = 0_u8;
    while byte < 128 {
        parts[byte as usize] = byte.is_ascii_alphanumeric();
        byte += 1;
    }
    parts
};
