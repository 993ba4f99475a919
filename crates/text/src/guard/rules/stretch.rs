//! Long texts in stretches.
//!
//! Which rules are tried depends on the keywords that are there, and in a long text all are. So keywords are looked
//! for in a stretch at a time, and a rule reads only the stretches that have its keywords. Stretches overlap: a match
//! of up to [`OVERLAP`] bytes lies in one of them whole.

use std::ops::Range;

/// Bytes from the beginning of a stretch to that of the next.
const STEP: usize = 1024;
/// Bytes that a stretch shares with the next.
const OVERLAP: usize = 512;
/// How far the border of a word is looked for, in characters.
const WORD: usize = 64;

/// The stretches of a text, in its order; one if it is short. They begin and end between words, unless a word is very
/// long.
pub(super) fn stretches(text: &str) -> Vec<Range<usize>> {
    let mut all = vec![];
    let mut from = 0_usize;
    loop {
        let end = from.saturating_add(STEP + OVERLAP);
        let to = if end >= text.len() { text.len() } else { behind(text, end) };
        all.push(from..to);
        if to == text.len() {
            return all;
        }
        from = before(text, from + STEP);
    }
}

/// The first place at `at` or after it that lies behind white space.
fn behind(text: &str, at: usize) -> usize {
    let at = text.ceil_char_boundary(at);
    let near = text.get(at..).into_iter().flat_map(str::char_indices).take(WORD);
    let mut spaces = near.filter(|(_, c)| c.is_whitespace());
    spaces.next().map_or(at, |(place, space)| at + place + space.len_utf8())
}

/// The last place at `at` or before it that lies behind white space.
fn before(text: &str, at: usize) -> usize {
    let at = text.floor_char_boundary(at);
    let near = text.get(..at).into_iter().flat_map(|head| head.char_indices().rev()).take(WORD);
    let mut spaces = near.filter(|(_, c)| c.is_whitespace());
    spaces.next().map_or(at, |(place, space)| place + space.len_utf8())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_short_text_is_one() {
        let ends = |text: &str| stretches(text).iter().map(|one| one.end).collect::<Vec<_>>();
        assert_eq!(ends(""), [0]);
        assert_eq!(ends(&"word ".repeat(300)), [1500]);
    }

    proptest! {
        #[test]
        fn what_is_short_lies_in_one_whole(
            text in "([a-zé中 ]{1,90} ?){0,80}", at in 0.0..1.0_f64, long in 0_usize..=OVERLAP
        ) {
            let all = stretches(&text);
            prop_assert!(all.iter().all(|one| text.get(one.clone()).is_some()));
            prop_assert_eq!(all[0].start, 0);
            prop_assert_eq!(all[all.len() - 1].end, text.len());
            #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss)]
            let start = (at * text.len() as f64) as usize;
            let end = (start + long).min(text.len());
            prop_assert!(all.iter().any(|one| one.start <= start && end <= one.end));
            // Each byte is read twice at most.
            let read: usize = all.iter().map(ExactSizeIterator::len).sum();
            prop_assert!(read <= 2 * text.len());
        }
    }
}
