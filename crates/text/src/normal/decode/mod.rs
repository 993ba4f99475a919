//! Encoded parts of a text, decoded in place.
//!
//! A part counts only if what comes out is text (see [`plausible`]): identifiers, digests, pictures and long words have
//! the alphabets of encodings too. Escapes of single characters (percent, entities, backslashes) always mean their
//! character and need no such test.
//!
//! The result is one text in which all decoded parts stand where they stood, with some of what is around them, since an
//! order may be half plain and half encoded. It can have encoded parts again: the caller decides how deep to look, and
//! each level costs in proportion to the one before.

mod base;
mod escape;
mod morse;
mod plausible;
mod units;

use std::ops::Range;

use super::trace::{Trace, Traced};

/// A way to write text in other characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Encoding {
    /// RFC 4648, either alphabet, with or without padding, on one line or wrapped.
    Base64,
    /// RFC 4648.
    Base32,
    /// Bytes as pairs of hexadecimal digits, with or without separators and `0x`.
    Hex,
    /// Bytes as octets of binary digits.
    Binary,
    /// Characters as decimal numbers.
    Decimal,
    /// `%69`.
    Percent,
    /// `&#105;`, `&#x69;` and named ones.
    Entity,
    /// `\u0069`, `\x69`, `\n`, `U+0069`.
    Escape,
    /// RFC 2045.
    QuotedPrintable,
    /// International Morse code.
    Morse,
}

impl Encoding {
    /// The word in reports.
    pub fn word(self) -> &'static str {
        match self {
            Self::Base64 => "base64",
            Self::Base32 => "base32",
            Self::Hex => "hex",
            Self::Binary => "binary",
            Self::Decimal => "decimal",
            Self::Percent => "percent",
            Self::Entity => "entity",
            Self::Escape => "escape",
            Self::QuotedPrintable => "quoted_printable",
            Self::Morse => "morse",
        }
    }
}

/// A part, and what it says.
struct Part {
    /// Its bytes in the source.
    range: Range<usize>,
    encoding: Encoding,
    /// What it says; positions are bytes of the source.
    says: Traced,
}

/// A text with its encoded parts decoded.
pub(crate) struct Decoded {
    pub(crate) view: Traced,
    /// Each once, in the order in which they were found.
    pub(crate) encodings: Vec<Encoding>,
}

/// Bytes of plain text on either side of a part that are kept in the view.
const CONTEXT: usize = 200;

/// The text with its encoded parts decoded, if it has any.
pub(crate) fn inner(source: &Traced) -> Option<Decoded> {
    let text = source.text.as_str();
    let hints = Hints::of(text);
    let mut parts = vec![];
    if hints.runs {
        base::hex_runs(text, &mut parts);
        base::base32(text, &mut parts);
        base::base64(text, &mut parts);
    }
    if hints.units {
        units::hex(text, &mut parts);
        units::decimal(text, &mut parts);
    }
    if hints.units || hints.runs {
        units::binary(text, &mut parts);
    }
    if hints.morse {
        morse::parts(text, &mut parts);
    }
    if text.contains('%') {
        escape::percent(text, &mut parts);
    }
    if text.contains('&') {
        escape::entities(text, &mut parts);
    }
    if text.contains('\\') || text.contains("U+") {
        escape::backslashes(text, &mut parts);
    }
    if text.contains('=') {
        escape::quoted_printable(text, &mut parts);
    }
    (!parts.is_empty()).then(|| splice(source, parts))
}

/// Puts parts in their places. Of two that overlap the first stays.
fn splice(source: &Traced, mut parts: Vec<Part>) -> Decoded {
    parts.sort_by_key(|part| part.range.start);
    let mut decoded = Decoded { view: Traced::default(), encodings: vec![] };
    let mut walk = source.trace.walk();
    let mut at = 0;
    for part in parts {
        if part.range.start < at {
            continue;
        }
        copy_near(source, &mut decoded.view, &mut walk, at..part.range.start, at > 0);
        for (bytes, from, to) in part.says.trace.units() {
            let (start, end) = source.trace.span(from..to);
            decoded.view.trace.push(bytes.len(), start, end);
        }
        decoded.view.text.push_str(&part.says.text);
        if !decoded.encodings.contains(&part.encoding) {
            decoded.encodings.push(part.encoding);
        }
        at = part.range.end;
    }
    copy_near(source, &mut decoded.view, &mut walk, at..source.text.len(), true);
    decoded
}

/// Copies what stands between two parts, or its ends if it is long. `behind` says whether a part stands before it.
fn copy_near(
    source: &Traced,
    view: &mut Traced,
    walk: &mut super::trace::Walk<'_>,
    gap: Range<usize>,
    behind: bool,
) {
    let last = gap.end == source.text.len();
    let head = if behind { CONTEXT } else { 0 };
    let tail = if last { 0 } else { CONTEXT };
    if gap.len() <= head + tail {
        return view.copy(source, walk, gap);
    }
    let cut = boundary(&source.text, gap.start + head);
    view.copy(source, walk, gap.start..cut);
    if head > 0 && tail > 0 {
        let place = source.trace.span(cut..cut + 1);
        view.push('\n', place);
    }
    view.copy(source, walk, boundary(&source.text, gap.end - tail).max(cut)..gap.end);
}

/// The next start of a character from `at` on.
fn boundary(text: &str, at: usize) -> usize {
    (at..=text.len()).find(|at| text.is_char_boundary(*at)).unwrap_or(text.len())
}

/// What one pass over the bytes sees.
#[derive(Debug, Default, PartialEq, Eq)]
struct Hints {
    /// A run of letters and digits that is longer than words, of mixed kinds.
    runs: bool,
    /// Short groups of digits in a row.
    units: bool,
    /// Groups of dots and dashes.
    morse: bool,
}

/// Letters and digits in a row that may be an encoded word.
const LEAST_RUN: usize = 12;
/// Groups of digits in a row that may be an encoded word.
const LEAST_UNITS: usize = 6;

impl Hints {
    fn of(text: &str) -> Self {
        let mut hints = Self::default();
        let (mut run, mut lower, mut upper, mut digits) = (0_usize, false, 0_usize, 0_usize);
        let (mut group, mut groups, mut signs, mut signals) = (0_usize, 0_usize, 0_usize, 0_usize);
        for byte in text.bytes().chain([b' ']) {
            let is_digit = byte.is_ascii_digit();
            let in_group = is_digit || matches!(byte, b'a'..=b'f' | b'A'..=b'F');
            let in_run =
                byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'-' | b'_' | b'=');
            if in_run {
                run += 1;
                lower |= byte.is_ascii_lowercase();
                upper += usize::from(byte.is_ascii_uppercase());
                digits += usize::from(is_digit);
            } else if run > 0 {
                hints.runs |= run >= LEAST_RUN && (digits > 0 || upper > 1 || upper > 0 && lower);
                (run, lower, upper, digits) = (0, false, 0, 0);
            }
            if in_group {
                group += 1;
            } else {
                if group > 0 {
                    groups = match group {
                        2..=3 | 8 => groups + 1,
                        1 => groups,
                        _ => 0,
                    };
                    hints.units |= groups >= LEAST_UNITS || groups >= 3 && group == 8;
                }
                // Another letter ends the row; `x` and signs may stand between groups.
                if byte.is_ascii_alphabetic() && byte != b'x' {
                    groups = 0;
                }
                group = 0;
            }
            if matches!(byte, b'.' | b'-') || byte >= 0x80 {
                signs += 1;
            } else {
                if signs > 0 {
                    signals = if signs <= 10 { signals + 1 } else { 0 };
                    hints.morse |= signals >= LEAST_UNITS;
                }
                if byte.is_ascii_alphanumeric() {
                    signals = 0;
                }
                signs = 0;
            }
        }
        hints
    }
}

/// Bytes that come out of a part, with their places in it.
#[derive(Default)]
struct Output {
    bytes: Vec<u8>,
    trace: Trace,
}

impl Output {
    /// Appends a group of bytes that comes from the bytes `from..to` of the source.
    fn push(&mut self, group: &[u8], from: usize, to: usize) {
        self.bytes.extend_from_slice(group);
        self.trace.push(group.len(), from, to);
    }

    fn push_char(&mut self, c: char, from: usize, to: usize) {
        self.push(c.encode_utf8(&mut [0; 4]).as_bytes(), from, to);
    }

    /// The bytes as text, if they are any.
    fn text(self) -> Option<Traced> {
        let text = String::from_utf8(self.bytes).ok()?;
        let shown = |c: char| !c.is_control() || c.is_whitespace();
        text.chars().all(shown).then_some(Traced { text, trace: self.trace })
    }
}

#[cfg(test)]
mod tests;
