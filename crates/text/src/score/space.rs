//! What other languages take for white space; each reference splits words by its own language's notion.

/// As Python's `str.split` and `str.rstrip`: Unicode's white space and the four ASCII separators.
pub(super) fn python(c: char) -> bool {
    c.is_whitespace() || matches!(c, '\u{1c}'..='\u{1f}')
}

/// As `\s` of JavaScript: without U+0085, with the byte order mark.
pub(super) fn javascript(c: char) -> bool {
    (c.is_whitespace() && c != '\u{85}') || c == '\u{feff}'
}
