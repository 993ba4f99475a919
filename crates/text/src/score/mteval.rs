//! The tokenizer that sacrebleu calls `13a`, after NIST's mteval-v13a script.
//!
//! The reference rewrites the line by one substitution after another, each of which only puts spaces in.
//! Here one pass finds where they would end up. ASCII punctuation stands alone, except that full stop and
//! comma stay inside numbers, and a hyphen or apostrophe stays inside words; a hyphen after a digit stands
//! alone. All else is split at white space.

use std::borrow::Cow;
use std::ops::Range;

use super::runs::Runs;
use super::space;

/// Calls `token` for each token of `text` with the line that it lies in and its place there.
pub(super) fn tokens(text: &str, runs: &mut Runs, mut token: impl FnMut(&str, Range<usize>)) {
    let line = prepared(text.trim_end_matches(space::python));
    let bytes = line.as_bytes();
    runs.read(bytes, |byte| !(byte.is_ascii_alphanumeric() | (byte == b'\'')));
    // Where the token under way begins, and up to where everything is decided.
    let (mut start, mut seen) = (0, 0);
    let mut used_stop = false;
    while let Some(at) = runs.start(seen) {
        let Some(c) = line.get(at..).and_then(|rest| rest.chars().next()) else { break };
        // Letters and digits in between leave nothing of a stop before them.
        used_stop &= at == seen;
        let after_digit = at > seen && bytes[at - 1].is_ascii_digit();
        seen = at + c.len_utf8();
        let kind = kind(c);
        let is_split = match kind {
            Kind::Letter => false,
            Kind::Space | Kind::Symbol => true,
            Kind::Hyphen => after_digit,
            Kind::Stop => {
                let number_goes_on = bytes.get(seen).is_some_and(u8::is_ascii_digit);
                !((after_digit || used_stop) && number_goes_on)
            }
        };
        // Substitutions do not overlap: a stop that was split off from what is before it cannot split off
        // the next one as well.
        used_stop = kind == Kind::Stop && !after_digit && !used_stop;
        if is_split {
            if start < at {
                token(&line, start..at);
            }
            if kind != Kind::Space {
                token(&line, at..seen);
            }
            start = seen;
        }
    }
    if start < line.len() {
        token(&line, start..line.len());
    }
}

/// What a character other than ASCII's letters, digits and apostrophe is.
#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Letter,
    Space,
    Symbol,
    Hyphen,
    /// Full stop or comma.
    Stop,
}

fn kind(c: char) -> Kind {
    match c {
        ' ' => Kind::Space,
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
    // Most lines have nothing of the kind, which one look without a branch can tell.
    let marks = |found, byte: &u8| found | matches!(byte, b'<' | b'&' | b'\n');
    if !line.as_bytes().iter().fold(false, marks) {
        return line;
    }
    for (from, to) in [
        ("<skipped>", ""),
        ("-\n", ""),
        ("&quot;", "\""),
        ("&amp;", "&"),
        ("&lt;", "<"),
        ("&gt;", ">"),
    ] {
        // Line ends are white space anyway, so their own step needs no doing.
        if line.contains(from) {
            line = Cow::Owned(line.replace(from, to));
        }
    }
    line
}

#[cfg(test)]
mod tests {
    fn tokens(text: &str) -> String {
        let mut all = vec![];
        super::tokens(text, &mut super::Runs::default(), |line, token| {
            all.push(line[token].to_string())
        });
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
