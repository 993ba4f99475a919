//! Bytes as numbers with separators between them: `69 67`, `0x69,0x67`, `01101001 01100111`, `105 103`.

use super::super::trace::Traced;
use super::base::nibble;
use super::{Encoding, LEAST_UNITS, Output, Part, plausible};

/// Pairs of hexadecimal digits.
pub(super) fn hex(text: &str, parts: &mut Vec<Part>) {
    rows(text, Encoding::Hex, LEAST_UNITS, parts, |rest| {
        let skipped = if rest.starts_with(b"0x") || rest.starts_with(b"0X") { 2 } else { 0 };
        let high = nibble(*rest.get(skipped)?)?;
        let low = nibble(*rest.get(skipped + 1)?)?;
        Some((high << 4 | low, skipped + 2))
    });
}

/// Octets of binary digits.
pub(super) fn binary(text: &str, parts: &mut Vec<Part>) {
    rows(text, Encoding::Binary, 4, parts, |rest| {
        let digits = rest.get(..8)?;
        let mut byte = 0_u8;
        for digit in digits {
            byte = byte << 1 | digit.checked_sub(b'0').filter(|bit| *bit < 2)?;
        }
        Some((byte, 8))
    });
}

/// Decimal numbers of ASCII characters.
pub(super) fn decimal(text: &str, parts: &mut Vec<Part>) {
    rows(text, Encoding::Decimal, LEAST_UNITS, parts, |rest| {
        let length = rest.iter().take(4).take_while(|byte| byte.is_ascii_digit()).count();
        let digits = std::str::from_utf8(rest.get(..length)?).ok()?;
        let code = (2..=3).contains(&length).then(|| digits.parse::<u8>().ok()).flatten()?;
        matches!(code, 10 | 13 | 32..=126).then_some((code, length))
    });
}

/// Rows of units, each of which `unit` reads from the start of what it is given: its byte, and how many it took.
fn rows(
    text: &str,
    encoding: Encoding,
    least: usize,
    parts: &mut Vec<Part>,
    unit: impl Fn(&[u8]) -> Option<(u8, usize)>,
) {
    let bytes = text.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        let before = at.checked_sub(1).and_then(|at| bytes.get(at));
        let starts = bytes.get(at).is_some_and(u8::is_ascii_hexdigit);
        if !starts || before.is_some_and(u8::is_ascii_alphanumeric) {
            at += 1;
            continue;
        }
        let mut found = row(bytes, at, encoding, &unit);
        let mut says = found.says(least);
        // A word before the row may look like its first unit.
        if says.is_none() && found.second > at {
            at = found.second;
            found = row(bytes, at, encoding, &unit);
            says = found.says(least);
        }
        if let Some(says) = says {
            parts.push(Part { range: at..found.end, encoding, says });
        }
        at = found.end.max(at + 1);
    }
}

/// Units that follow each other.
struct Row {
    output: Output,
    /// Where the second unit starts, and where the last one ends.
    second: usize,
    end: usize,
}

impl Row {
    fn says(&mut self, least: usize) -> Option<Traced> {
        let count = self.output.bytes.len();
        (count >= least).then(|| plausible::text(std::mem::take(&mut self.output))).flatten()
    }
}

fn row(
    bytes: &[u8],
    at: usize,
    encoding: Encoding,
    unit: &impl Fn(&[u8]) -> Option<(u8, usize)>,
) -> Row {
    let mut row = Row { output: Output::default(), second: at, end: at };
    let mut next = at;
    while let Some((byte, length)) = unit(bytes.get(next..).unwrap_or_default()) {
        // A longer word or number is no unit; octets may follow each other without a gap.
        let follows = bytes.get(next + length).is_some_and(u8::is_ascii_alphanumeric);
        if follows && encoding != Encoding::Binary {
            break;
        }
        row.output.push(&[byte], next, next + length);
        row.end = next + length;
        next = row.end + gap(bytes.get(row.end..).unwrap_or_default());
        if row.second == at {
            row.second = next;
        }
    }
    row
}

/// Separators between two units.
fn gap(rest: &[u8]) -> usize {
    let between = |byte: &&u8| {
        matches!(
            byte,
            b' ' | b'\t' | b'\n' | b'\r' | b',' | b':' | b';' | b'-' | b'_' | b'|' | b'\'' | b'"'
        )
    };
    rest.iter().take(4).take_while(between).count()
}
