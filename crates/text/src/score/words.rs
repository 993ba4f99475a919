//! The words that rouge-score sees: runs of ASCII letters and digits after lower-casing.
//!
//! Everything else separates, so texts in other scripts have no words at all, and score 0.

use super::porter;

/// Calls `word` for each word of `text`; words of more than three letters are stemmed if `stem` says so.
/// `buffer` is overwritten.
pub(super) fn each(text: &str, stem: bool, buffer: &mut Vec<u8>, mut word: impl FnMut(&[u8])) {
    buffer.clear();
    for c in text.chars() {
        match c {
            'a'..='z' | '0'..='9' | 'A'..='Z' => {
                buffer.extend(u8::try_from(c).ok().map(|byte| byte.to_ascii_lowercase()));
                continue;
            }
            // The two characters elsewhere whose lower case is, or begins with, an ASCII letter.
            '\u{212a}' => {
                buffer.push(b'k');
                continue;
            }
            '\u{130}' => buffer.push(b'i'),
            _ => {}
        }
        end(buffer, stem, &mut word);
    }
    end(buffer, stem, &mut word);
}

fn end(buffer: &mut Vec<u8>, stem: bool, word: &mut impl FnMut(&[u8])) {
    if stem && buffer.len() > 3 {
        porter::stem(buffer);
    }
    if !buffer.is_empty() {
        word(buffer);
        buffer.clear();
    }
}
