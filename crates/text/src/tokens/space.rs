//! Runs of white space and contractions, which both encodings cut almost alike.

use super::classes::{Classified, NEWLINE, SPACE};

/// A run of white space that begins where no other alternative of the pattern matches.
pub(super) struct Run {
    /// Behind its last line end.
    pub(super) after_newline: Option<usize>,
    /// `\s+(?!\S)`, or else `\s`: all of a run at the end of the text. Of a run before something else, all
    /// but the last character, which belongs to what follows; a single character stands for itself.
    pub(super) before_last: usize,
    /// Behind the run.
    pub(super) end: usize,
}

/// Looks at the run that begins at `start`.
pub(super) fn run(text: &Classified<'_>, start: usize) -> Run {
    let (mut after_newline, mut last, mut at) = (None, start, start);
    loop {
        let (class, next) = text.at(at);
        if class & (SPACE | NEWLINE) == 0 {
            break;
        }
        if class == NEWLINE {
            after_newline = Some(next);
        }
        (last, at) = (at, next);
    }
    let at_end_of_text = at == text.bytes().len();
    let before_last = if at_end_of_text || last == start { at } else { last };
    Run { after_newline, before_last, end: at }
}

/// `(?i:'s|'t|'re|'ve|'m|'ll|'d)` at `at`: how many bytes. Case folds as Unicode has it, so that the long
/// `ſ` (U+017F) is an `s` too; no other letter outside ASCII folds to one of these.
pub(super) fn contraction(text: &Classified<'_>, at: usize) -> usize {
    let Some([b'\'', rest @ ..]) = text.bytes().get(at..) else { return 0 };
    match rest {
        [b's' | b'S' | b't' | b'T' | b'm' | b'M' | b'd' | b'D', ..] => 2,
        [0xC5, 0xBF, ..] => 3,
        [b'r' | b'R' | b'v' | b'V', b'e' | b'E', ..] | [b'l' | b'L', b'l' | b'L', ..] => 3,
        _ => 0,
    }
}
