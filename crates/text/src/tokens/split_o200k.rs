//! Cutting text into pieces as `o200k_base` does. Its pattern, one alternative a line, the first that
//! matches wins:
//!
//! ```text
//! 1  [^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?
//! 2  [^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?
//! 3  \p{N}{1,3}
//! 4   ?[^\s\p{L}\p{N}]+[\r\n/]*
//! 5  \s*[\r\n]+
//! 6  \s+(?!\S)
//! 7  \s+
//! ```
//!
//! A regular-expression engine tries and takes back; here the answer of the taking back is worked out
//! instead, so that every character is looked at three times at most, whatever the text.

use super::classes::{CASELESS, Classified, LOWER, MARK, NEWLINE, NUMBER, OTHER, UPPER};
use super::space;

/// `[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]`
const HEAD: u8 = UPPER | CASELESS | MARK;
/// `[\p{Ll}\p{Lm}\p{Lo}\p{M}]`
const TAIL: u8 = LOWER | CASELESS | MARK;

/// Where the piece that begins at `start`, which must be inside the text, ends.
pub(super) fn end(text: &Classified<'_>, start: usize) -> usize {
    let (class, next) = text.at(start);
    match class {
        UPPER | LOWER | CASELESS => match word(text, start) {
            Word::Tailed(end) | Word::Head(end) => with_contraction(text, end),
            Word::None => next,
        },
        MARK => match word(text, next) {
            Word::Tailed(end) => with_contraction(text, end),
            // Alternative 1 comes first, and matches the mark alone as a tail.
            Word::Head(_) | Word::None => with_contraction(text, next),
        },
        NUMBER => number(text, next),
        NEWLINE => white(text, start),
        _ => match word(text, next) {
            Word::Tailed(end) | Word::Head(end) => with_contraction(text, end),
            Word::None if class == OTHER => symbols(text, next),
            Word::None => match text.at(next) {
                (OTHER, next) if text.bytes().get(start) == Some(&b' ') => symbols(text, next),
                _ => white(text, start),
            },
        },
    }
}

enum Word {
    /// `HEAD*TAIL+` ends here.
    Tailed(usize),
    /// Only `HEAD+` matches, and ends here.
    Head(usize),
    None,
}

/// Alternatives 1 and 2 from `start` on, without what may stand before and behind.
#[inline]
fn word(text: &Classified<'_>, start: usize) -> Word {
    let (mut at, mut after_last_tail) = (start, None);
    loop {
        let (class, next) = text.at(at);
        if class == LOWER {
            return Word::Tailed(text.run(next, TAIL));
        }
        if class & HEAD == 0 {
            break;
        }
        at = next;
        if class != UPPER {
            after_last_tail = Some(next);
        }
    }
    // No lower case follows: the head gives back up to its last character that can be a tail.
    match after_last_tail {
        Some(end) => Word::Tailed(end),
        None if at > start => Word::Head(at),
        None => Word::None,
    }
}

#[inline]
fn with_contraction(text: &Classified<'_>, end: usize) -> usize {
    end + space::contraction(text, end)
}

/// Alternative 3, behind its first number. `cl100k_base` has the same.
pub(super) fn number(text: &Classified<'_>, second: usize) -> usize {
    match text.at(second) {
        (NUMBER, third) => match text.at(third) {
            (NUMBER, end) => end,
            _ => third,
        },
        _ => second,
    }
}

/// Alternative 4, behind its first symbol.
fn symbols(text: &Classified<'_>, at: usize) -> usize {
    let mut at = text.run(at, OTHER | MARK);
    while let Some(b'\r' | b'\n' | b'/') = text.bytes().get(at) {
        at += 1;
    }
    at
}

/// Alternatives 5 to 7.
fn white(text: &Classified<'_>, start: usize) -> usize {
    let run = space::run(text, start);
    run.after_newline.unwrap_or(run.before_last)
}
