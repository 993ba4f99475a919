//! Cutting text into pieces as `cl100k_base` does. Its pattern, one alternative a line, the first that
//! matches wins:
//!
//! ```text
//! 1  '(?i:[sdmt]|ll|ve|re)
//! 2  [^\r\n\p{L}\p{N}]?+\p{L}++
//! 3  \p{N}{1,3}+
//! 4   ?[^\s\p{L}\p{N}]++[\r\n]*+
//! 5  \s++$
//! 6  \s*[\r\n]
//! 7  \s+(?!\S)
//! 8  \s
//! ```

use super::classes::{Classified, LETTER, MARK, NEWLINE, NUMBER, OTHER, SPACE};
use super::space;
use super::split_o200k::number;

/// Where the piece that begins at `start`, which must be inside the text, ends.
pub(super) fn end(text: &Classified<'_>, start: usize) -> usize {
    let (class, next) = text.at(start);
    if class & LETTER != 0 {
        return text.run(next, LETTER);
    }
    match class {
        NUMBER => return number(text, next),
        NEWLINE => return white(text, start),
        _ => {}
    }
    let contraction = space::contraction(text, start);
    if contraction > 0 {
        return start + contraction;
    }
    let (following, after) = text.at(next);
    if following & LETTER != 0 {
        return text.run(after, LETTER);
    }
    if class != SPACE {
        return symbols(text, next);
    }
    if following & (OTHER | MARK) != 0 && text.bytes().get(start) == Some(&b' ') {
        return symbols(text, after);
    }
    white(text, start)
}

/// Alternative 4, behind its first symbol.
fn symbols(text: &Classified<'_>, at: usize) -> usize {
    text.run(text.run(at, OTHER | MARK), NEWLINE)
}

/// Alternatives 5 to 8.
fn white(text: &Classified<'_>, start: usize) -> usize {
    let run = space::run(text, start);
    if run.end == text.bytes().len() {
        return run.end;
    }
    run.after_newline.unwrap_or(run.before_last)
}
