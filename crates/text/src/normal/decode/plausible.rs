//! Whether decoded bytes are text.
//!
//! They are if they are UTF-8 (a character may be cut off at the end) or UTF-16 with ASCII letters, of at least four
//! characters, without control characters; seven of ten characters are letters or spaces, and half are letters. Of
//! fewer than sixteen characters nine of ten must be letters or spaces: short runs of anything decode by accident.

use super::super::trace::Traced;
use super::Output;

/// Below this, chance is at work.
const SHORT: usize = 16;

/// The bytes as text.
pub(super) fn text(output: Output) -> Option<Traced> {
    let Output { mut bytes, trace } = output;
    if is_wide(&bytes) {
        let mut narrow = Traced::default();
        for (index, pair) in bytes.chunks_exact(2).enumerate() {
            let c = char::from(*pair.first()?);
            narrow.push(c, trace.span(2 * index..2 * index + 2));
        }
        return is_text(&narrow.text).then_some(narrow);
    }
    if let Err(error) = std::str::from_utf8(&bytes) {
        // What cannot be a character that was cut off is no text.
        if error.error_len().is_some() {
            return None;
        }
        bytes.truncate(error.valid_up_to());
    }
    let text = String::from_utf8(bytes).ok()?;
    let whole = text.len();
    if !is_text(&text) {
        return None;
    }
    let mut says = Traced { text, trace: super::Trace::default() };
    for (bytes, from, to) in trace.units() {
        says.trace.push(bytes.end.min(whole).saturating_sub(bytes.start), from, to);
    }
    Some(says)
}

/// ASCII in UTF-16: every other byte is zero.
fn is_wide(bytes: &[u8]) -> bool {
    let pairs = bytes.chunks_exact(2);
    bytes.len() >= 8 && pairs.clone().all(|pair| matches!(pair, [low, 0] if low.is_ascii()))
}

fn is_text(text: &str) -> bool {
    let (mut all, mut letters, mut spaces) = (0_usize, 0_usize, 0_usize);
    for c in text.chars() {
        all += 1;
        letters += usize::from(c.is_alphabetic() || super::super::invisible::is_mark(c));
        spaces += usize::from(c.is_whitespace());
        if c.is_control() && !c.is_whitespace() {
            return false;
        }
    }
    let share = if all < SHORT { 90 } else { 70 };
    all >= 4 && (letters + spaces) * 100 >= all * share && letters * 2 >= all
}
