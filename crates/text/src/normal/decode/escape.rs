//! Single characters written as codes: percent, entities, backslashes, quoted-printable. Codes directly behind each
//! other are read together, since a character may take several bytes.

use std::ops::Range;

use super::base::nibble;
use super::{Encoding, Output, Part};

/// `%69`.
pub(super) fn percent(text: &str, parts: &mut Vec<Part>) {
    rows(text, Encoding::Percent, b'%', parts, |rest| match rest {
        [b'%', high, low, ..] => Some((Code::Byte(pair(*high, *low)?), 3)),
        _ => None,
    });
}

/// `=69`, and `=` at the end of a line that goes on. Only in texts that have codes which mail has: `a=10` is ordinary.
pub(super) fn quoted_printable(text: &str, parts: &mut Vec<Part>) {
    let telling = ["=20", "=3D", "=C3", "=E2", "=0A", "=\n", "=\r\n"];
    if telling.iter().map(|code| text.matches(code).take(2).count()).sum::<usize>() < 2 {
        return;
    }
    rows(text, Encoding::QuotedPrintable, b'=', parts, |rest| match rest {
        [b'=', b'\r', b'\n', ..] => Some((Code::Nothing, 3)),
        [b'=', b'\n', ..] => Some((Code::Nothing, 2)),
        [b'=', high, low, ..] => Some((Code::Byte(pair(*high, *low)?), 3)),
        _ => None,
    });
}

/// Named entities that attacks and pages use; the others name characters that no order needs.
const NAMED: [(&[u8], char); 20] = [
    (b"amp;", '&'),
    (b"lt;", '<'),
    (b"gt;", '>'),
    (b"quot;", '"'),
    (b"apos;", '\''),
    (b"nbsp;", ' '),
    (b"Tab;", '\t'),
    (b"NewLine;", '\n'),
    (b"colon;", ':'),
    (b"comma;", ','),
    (b"period;", '.'),
    (b"excl;", '!'),
    (b"quest;", '?'),
    (b"lpar;", '('),
    (b"rpar;", ')'),
    (b"lsqb;", '['),
    (b"rsqb;", ']'),
    (b"sol;", '/'),
    (b"shy;", '\u{ad}'),
    (b"zwnj;", '\u{200c}'),
];

/// `&#105;`, `&#x69;`, the end sign being optional, and `&lt;`.
pub(super) fn entities(text: &str, parts: &mut Vec<Part>) {
    rows(text, Encoding::Entity, b'&', parts, |rest| {
        let rest = rest.get(1..)?;
        let (digits, radix, skipped) = match rest {
            [b'#', b'x' | b'X', digits @ ..] => (digits, 16, 3),
            [b'#', digits @ ..] => (digits, 10, 2),
            _ => {
                let (name, c) = NAMED.iter().find(|(name, _)| rest.starts_with(name))?;
                return Some((Code::Char(*c), name.len() + 1));
            }
        };
        let (c, length) = number(digits, radix, 8)?;
        let closed = usize::from(digits.get(length) == Some(&b';'));
        Some((Code::Char(c), skipped + length + closed))
    });
}

/// `\u0069`, `\u{69}`, `\U00000069`, `\x69`, `\n`; and `U+0069`.
pub(super) fn backslashes(text: &str, parts: &mut Vec<Part>) {
    rows(text, Encoding::Escape, b'\\', parts, |rest| match rest {
        [b'\\', b'x', high, low, ..] => Some((Code::Byte(pair(*high, *low)?), 4)),
        [b'\\', b'u', b'{', digits @ ..] => {
            let (c, length) = number(digits, 16, 6)?;
            (digits.get(length) == Some(&b'}')).then_some((Code::Char(c), length + 4))
        }
        [b'\\', b'u', digits @ ..] => unit(digits),
        [b'\\', b'U', digits @ ..] => {
            let (c, length) = number(digits, 16, 8)?;
            (length == 8).then_some((Code::Char(c), 10))
        }
        [b'\\', b'n' | b'r', ..] => Some((Code::Char('\n'), 2)),
        [b'\\', b't', ..] => Some((Code::Char('\t'), 2)),
        [b'\\', b'"', ..] => Some((Code::Char('"'), 2)),
        _ => None,
    });
    if text.contains("U+") {
        rows(text, Encoding::Escape, b'U', parts, |rest| match rest {
            [b'U', b'+', digits @ ..] => {
                let (c, length) = number(digits, 16, 6)?;
                let spaced = usize::from(digits.get(length) == Some(&b' '));
                let more = digits.get(length + spaced..)?.starts_with(b"U+");
                (length >= 4).then_some((Code::Char(c), length + 2 + if more { spaced } else { 0 }))
            }
            _ => None,
        });
    }
}

/// What a code stands for.
enum Code {
    Byte(u8),
    Char(char),
    Nothing,
}

/// Rows of codes that begin with `sign`, each of which `read` reads: what it stands for, and its length.
fn rows(
    text: &str,
    encoding: Encoding,
    sign: u8,
    parts: &mut Vec<Part>,
    read: impl Fn(&[u8]) -> Option<(Code, usize)>,
) {
    let bytes = text.as_bytes();
    let mut at = 0;
    while let Some(offset) =
        bytes.get(at..).and_then(|rest| rest.iter().position(|byte| *byte == sign))
    {
        let start = at + offset;
        let mut end = start;
        let mut output = Output::default();
        while bytes.get(end) == Some(&sign)
            && let Some((code, length)) = read(bytes.get(end..).unwrap_or_default())
        {
            let place = end..end + length;
            match code {
                Code::Byte(byte) => output.push(&[byte], place.start, place.end),
                Code::Char(c) => output.push_char(c, place.start, place.end),
                Code::Nothing => {}
            }
            end = place.end;
        }
        if end > start
            && let Some(part) = part(output, start..end, encoding)
        {
            parts.push(part);
        }
        at = end.max(start + 1);
    }
}

fn part(output: Output, range: Range<usize>, encoding: Encoding) -> Option<Part> {
    let says = output.text()?;
    Some(Part { range, encoding, says })
}

fn pair(high: u8, low: u8) -> Option<u8> {
    Some(nibble(high)? << 4 | nibble(low)?)
}

/// A character from at most `most` digits, and how many it has.
fn number(digits: &[u8], radix: u32, most: usize) -> Option<(char, usize)> {
    let is_digit = |byte: &&u8| char::from(**byte).is_digit(radix);
    let length = digits.iter().take(most).take_while(is_digit).count();
    let written = std::str::from_utf8(digits.get(..length)?).ok()?;
    let code = u32::from_str_radix(written, radix).ok()?;
    Some((char::from_u32(code)?, length))
}

/// Four digits behind `\u`, or two such units that are one character.
fn unit(digits: &[u8]) -> Option<(Code, usize)> {
    let code = |digits: &[u8]| {
        let four = digits.get(..4).filter(|four| four.iter().all(u8::is_ascii_hexdigit))?;
        let written = std::str::from_utf8(four).ok()?;
        u16::from_str_radix(written, 16).ok()
    };
    let first = code(digits)?;
    if let Some(c) = char::from_u32(u32::from(first)) {
        return Some((Code::Char(c), 6));
    }
    let rest = digits.get(4..)?.strip_prefix(b"\\u")?;
    let c = char::decode_utf16([first, code(rest)?]).next()?.ok()?;
    Some((Code::Char(c), 12))
}
