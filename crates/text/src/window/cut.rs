//! What is left of a text.
//!
//! A cut is found where the tokens of the whole text end, and moved inwards to the next boundary of a
//! grapheme cluster. A part of a text can have more tokens than it had within the whole, because the
//! words at the cut are split anew; so what is left is counted again, and less is taken until it fits.

use gatemark_core::context::Truncate;
use unicode_segmentation::{GraphemeCursor, UnicodeSegmentation as _};

use crate::tokens::Encoding;

/// Stands where the middle of a text was, so that the model does not read over the seam.
pub const GAP: &str = "\n[...]\n";

/// What is left of `text` in `limit` tokens: all of it if it fits.
pub fn cut(text: &str, limit: usize, how: Truncate, encoding: Encoding) -> String {
    // A token is at least one byte.
    if text.len() <= limit || encoding.count_up_to(text, limit).is_some() {
        return text.to_string();
    }
    match how {
        Truncate::Head => head(text, limit, encoding).to_string(),
        Truncate::Tail => tail(text, limit, encoding).to_string(),
        Truncate::Middle => ends(text, limit, encoding),
        Truncate::Sentence => sentences(text, limit, encoding).to_string(),
    }
}

/// Tries ever fewer tokens, until what `of` makes of them fits. The steps double, so there are few.
fn shrink<T>(
    limit: usize,
    mut want: usize,
    encoding: Encoding,
    mut of: impl FnMut(usize) -> T,
) -> Option<T>
where
    T: AsRef<str>,
{
    let mut step = 1;
    while want > 0 {
        let made = of(want);
        if encoding.count_up_to(made.as_ref(), limit).is_some() {
            return Some(made);
        }
        want = want.saturating_sub(step);
        step *= 2;
    }
    None
}

fn head(text: &str, limit: usize, encoding: Encoding) -> &str {
    let of = |want| until(text, encoding.reach(text, want));
    shrink(limit, limit, encoding, of).unwrap_or_default()
}

fn tail(text: &str, limit: usize, encoding: Encoding) -> &str {
    let total = encoding.count(text);
    let of = |want| from(text, encoding.reach(text, total.saturating_sub(want)));
    shrink(limit, limit, encoding, of).unwrap_or_default()
}

fn ends(text: &str, limit: usize, encoding: Encoding) -> String {
    let total = encoding.count(text);
    let of = |want: usize| {
        let (first, last) = (want.div_ceil(2), want / 2);
        let head = until(text, encoding.reach(text, first));
        let tail = from(text, encoding.reach(text, total.saturating_sub(last)));
        format!("{head}{GAP}{tail}")
    };
    let room = limit.saturating_sub(encoding.count(GAP));
    // Too little room for two ends and a mark.
    shrink(limit, room, encoding, of).unwrap_or_else(|| head(text, limit, encoding).to_string())
}

/// The longest run of whole sentences from the start that fits; nothing if the first does not.
fn sentences(text: &str, limit: usize, encoding: Encoding) -> &str {
    let reach = encoding.reach(text, limit);
    let mut bounds: Vec<usize> = text
        .split_sentence_bound_indices()
        .map(|(start, sentence)| start + sentence.trim_end().len())
        .take_while(|end| *end <= reach)
        .collect();
    while let Some(end) = bounds.pop() {
        let kept = text.get(..end).unwrap_or_default();
        if encoding.count_up_to(kept, limit).is_some() {
            return kept;
        }
    }
    ""
}

/// The text before the last boundary of a grapheme cluster at or before `byte`.
fn until(text: &str, byte: usize) -> &str {
    let byte = floor(text, byte);
    let mut cursor = GraphemeCursor::new(byte, text.len(), true);
    let at = match cursor.is_boundary(text, 0) {
        Ok(true) => byte,
        _ => cursor.prev_boundary(text, 0).ok().flatten().unwrap_or(0),
    };
    text.get(..at).unwrap_or_default()
}

/// The text from the first boundary of a grapheme cluster at or after `byte`.
fn from(text: &str, byte: usize) -> &str {
    let byte = (byte..=text.len()).find(|at| text.is_char_boundary(*at)).unwrap_or(text.len());
    let mut cursor = GraphemeCursor::new(byte, text.len(), true);
    let at = match cursor.is_boundary(text, 0) {
        Ok(true) => byte,
        _ => cursor.next_boundary(text, 0).ok().flatten().unwrap_or(text.len()),
    };
    text.get(at..).unwrap_or_default()
}

fn floor(text: &str, byte: usize) -> usize {
    (0..=byte.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0)
}
