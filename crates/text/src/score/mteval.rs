//! The tokenizer that sacrebleu calls `13a`, after NIST's mteval-v13a script.
//!
//! The reference rewrites the line by one substitution after another, each of which only puts spaces in.
//! Here one pass finds where they would end up. ASCII punctuation stands alone, except that full stop and
//! comma stay inside numbers, and a hyphen or apostrophe stays inside words; a hyphen after a digit stands
//! alone. All else is split at white space.

use std::borrow::Cow;

use super::space;

/// Calls `token` for each token of `text`.
pub(super) fn tokens(text: &str, mut token: impl FnMut(&str)) {
    let line = prepared(text.trim_end_matches(space::python));
    let bytes = line.as_bytes();
    let mut walk = Walk { start: 0, before: Before::Other };
    for (at, c) in line.char_indices() {
        let next = at + c.len_utf8();
        match kind(c) {
            Kind::Digit => walk.before = Before::Digit,
            Kind::Letter => walk.before = Before::Other,
            Kind::Space => {
                walk.cut(&line, at, next, &mut token);
                walk.before = Before::Other;
            }
            Kind::Symbol => {
                walk.cut(&line, at, next, &mut token);
                token(&line[at..next]);
                walk.before = Before::Other;
            }
            Kind::Hyphen if walk.before == Before::Digit => {
                walk.cut(&line, at, next, &mut token);
                token(&line[at..next]);
                walk.before = Before::Other;
            }
            Kind::Hyphen => walk.before = Before::Other,
            Kind::Stop => {
                let number_goes_on = bytes.get(next).is_some_and(u8::is_ascii_digit);
                let inside = walk.before != Before::Other && number_goes_on;
                if !inside {
                    walk.cut(&line, at, next, &mut token);
                    token(&line[at..next]);
                }
                // Substitutions do not overlap: a stop that was split off from what is before it cannot
                // split off the next one as well.
                walk.before = match walk.before {
                    Before::Other => Before::UsedStop,
                    _ => Before::Other,
                };
            }
        }
    }
    walk.cut(&line, line.len(), line.len(), &mut token);
}

struct Walk {
    /// Where the token under way begins.
    start: usize,
    before: Before,
}

/// What stands before a place, as far as full stops and hyphens care.
#[derive(PartialEq)]
enum Before {
    Digit,
    /// A full stop or comma that a substitution has consumed.
    UsedStop,
    Other,
}

impl Walk {
    /// Ends the token under way at `end`; the next one begins at `next`.
    fn cut(&mut self, line: &str, end: usize, next: usize, token: &mut impl FnMut(&str)) {
        if self.start < end {
            token(&line[self.start..end]);
        }
        self.start = next;
    }
}

enum Kind {
    Digit,
    Letter,
    Space,
    Symbol,
    Hyphen,
    /// Full stop or comma.
    Stop,
}

fn kind(c: char) -> Kind {
    match c {
        '0'..='9' => Kind::Digit,
        'a'..='z' | 'A'..='Z' | '\'' => Kind::Letter,
        '-' => Kind::Hyphen,
        '.' | ',' => Kind::Stop,
        '!'..='/' | ':'..='@' | '['..='`' | '{'..='~' => Kind::Symbol,
        other if space::python(other) => Kind::Space,
        _ => Kind::Letter,
    }
}

/// Without what the script takes out of SGML: a mark for skipped text, hyphenation at line ends, entities.
fn prepared(line: &str) -> Cow<'_, str> {
    let mut line = Cow::Borrowed(line);
    for (from, to) in [
        ("<skipped>", ""),
        ("-\n", ""),
        ("&quot;", "\""),
        ("&amp;", "&"),
        ("&lt;", "<"),
        ("&gt;", ">"),
    ] {
        // Line ends are white space anyway, so their own step needs no doing.
        let first = from.as_bytes().first().copied().unwrap_or_default();
        if line.as_bytes().contains(&first) && line.contains(from) {
            line = Cow::Owned(line.replace(from, to));
        }
    }
    line
}

#[cfg(test)]
mod tests {
    fn tokens(text: &str) -> String {
        let mut all = vec![];
        super::tokens(text, |token| all.push(token.to_string()));
        all.join(" ")
    }

    #[test]
    fn numbers_keep_their_stops_and_all_else_stands_alone() {
        for (text, wanted) in [
            ("Hello, world.", "Hello , world ."),
            ("1,000.50 and 3.", "1,000.50 and 3 ."),
            (".5 a.5 5.a", ". 5 a . 5 5 . a"),
            ("a...b a..5 5..5 5...5", "a . . . b a . .5 5 . . 5 5 . . .5"),
            ("1-2-x well-known 5--6", "1 - 2 - x well-known 5 - -6"),
            ("don't $5 (x)", "don't $ 5 ( x )"),
            ("a &amp;lt; b &quot;", "a < b \""),
            ("end-\nof <skipped>x\ny", "endof x y"),
            ("漢字。 a\u{3000}b\u{1c}c", "漢字。 a b c"),
            (" \n", ""),
        ] {
            assert_eq!(tokens(text), wanted, "{text:?}");
        }
    }
}
