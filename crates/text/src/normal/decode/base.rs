//! Runs of one alphabet: base64, base32, and hexadecimal digits without separators.

use std::ops::Range;

use super::{Encoding, LEAST_RUN, Output, Part, plausible};

/// Lines of wrapped base64 are at least as long.
const LEAST_LINE: usize = 32;

/// Base64 of either alphabet. Runs go on behind a line's end if the line was long.
pub(super) fn base64(text: &str, parts: &mut Vec<Part>) {
    runs(
        text,
        true,
        |byte| sextet(byte).is_some(),
        |range| {
            let bytes = text.as_bytes().get(range.clone())?;
            let mixed = bytes.iter().any(u8::is_ascii_uppercase)
                && bytes.iter().any(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
            let says = if mixed {
                plausible::text(groups(bytes, range.start, 6, sextet))?
            } else {
                return None;
            };
            Some(Part { range, encoding: Encoding::Base64, says })
        },
    )
    .for_each(|part| parts.push(part));
}

/// Base32 in capital letters.
pub(super) fn base32(text: &str, parts: &mut Vec<Part>) {
    runs(
        text,
        false,
        |byte| quintet(byte).is_some(),
        |range| {
            let bytes = text.as_bytes().get(range.clone())?;
            let says = plausible::text(groups(bytes, range.start, 5, quintet))?;
            Some(Part { range, encoding: Encoding::Base32, says })
        },
    )
    .for_each(|part| parts.push(part));
}

/// Pairs of hexadecimal digits without separators.
pub(super) fn hex_runs(text: &str, parts: &mut Vec<Part>) {
    runs(
        text,
        true,
        |byte| byte.is_ascii_hexdigit(),
        |range| {
            let bytes = text.as_bytes().get(range.clone())?;
            let says = plausible::text(groups(bytes, range.start, 4, nibble))?;
            Some(Part { range, encoding: Encoding::Hex, says })
        },
    )
    .for_each(|part| parts.push(part));
}

/// The parts that `read` makes of the longest runs of bytes that belong to an alphabet, with padding behind them.
/// Within words no run begins or ends.
fn runs<'t>(
    text: &'t str,
    wrapped: bool,
    belongs: impl Fn(u8) -> bool + 't,
    read: impl Fn(Range<usize>) -> Option<Part> + 't,
) -> impl Iterator<Item = Part> + 't {
    let bytes = text.as_bytes();
    let mut at = 0;
    std::iter::from_fn(move || {
        while at < bytes.len() {
            let start = at + bytes.get(at..)?.iter().position(|byte| belongs(*byte))?;
            let end = run_end(bytes, start, wrapped, &belongs);
            at = end + 1;
            let before = start.checked_sub(1).and_then(|at| bytes.get(at));
            let inside = before.is_some_and(u8::is_ascii_alphanumeric)
                || bytes.get(end).is_some_and(u8::is_ascii_alphanumeric);
            if end - start >= LEAST_RUN && !inside {
                let padding =
                    bytes.get(end..)?.iter().take(6).take_while(|byte| **byte == b'=').count();
                if let Some(part) = read(start..end + padding) {
                    return Some(part);
                }
            }
        }
        None
    })
}

fn run_end(bytes: &[u8], start: usize, wrapped: bool, belongs: &impl Fn(u8) -> bool) -> usize {
    let (mut end, mut line) = (start, start);
    loop {
        let rest = bytes.get(end..).unwrap_or_default();
        end += rest.iter().position(|byte| !belongs(*byte)).unwrap_or(rest.len());
        let rest = bytes.get(end..).unwrap_or_default();
        let broken = match rest {
            [b'\r', b'\n', ..] => 2,
            [b'\n', ..] => 1,
            _ => return end,
        };
        let goes_on = rest.get(broken).is_some_and(|byte| belongs(*byte));
        if !wrapped || !goes_on || end - line < LEAST_LINE {
            return end;
        }
        end += broken;
        line = end;
    }
}

/// Puts digits of `bits` bits together, in the smallest groups that are whole bytes.
fn groups(bytes: &[u8], start: usize, bits: u32, digit: fn(u8) -> Option<u8>) -> Output {
    let mut output = Output::default();
    let (mut value, mut have, mut from) = (0_u64, 0_u32, start);
    let whole = if bits == 4 { 8 } else { bits * 8 / if bits == 6 { 2 } else { 1 } };
    for (offset, byte) in bytes.iter().enumerate() {
        let Some(digit) = digit(*byte) else { continue };
        if have == 0 {
            from = start + offset;
        }
        value = value << bits | u64::from(digit);
        have += bits;
        if have == whole {
            let group = value.to_be_bytes();
            let count = usize::try_from(whole / 8).unwrap_or(0);
            output.push(group.get(8 - count..).unwrap_or_default(), from, start + offset + 1);
            (value, have) = (0, 0);
        }
    }
    // Without padding, bits that fill no byte are left over.
    let count = usize::try_from(have / 8).unwrap_or(0);
    let group = (value >> (have % 8)).to_be_bytes();
    if count > 0 {
        output.push(group.get(8 - count..).unwrap_or_default(), from, start + bytes.len());
    }
    output
}

fn sextet(byte: u8) -> Option<u8> {
    Some(match byte {
        b'A'..=b'Z' => byte - b'A',
        b'a'..=b'z' => byte - b'a' + 26,
        b'0'..=b'9' => byte - b'0' + 52,
        b'+' | b'-' => 62,
        b'/' | b'_' => 63,
        _ => return None,
    })
}

fn quintet(byte: u8) -> Option<u8> {
    Some(match byte {
        b'A'..=b'Z' => byte - b'A',
        b'2'..=b'7' => byte - b'2' + 26,
        _ => return None,
    })
}

/// The value of a hexadecimal digit.
pub(super) fn nibble(byte: u8) -> Option<u8> {
    Some(match byte {
        b'0'..=b'9' => byte - b'0',
        b'a'..=b'f' => byte - b'a' + 10,
        b'A'..=b'F' => byte - b'A' + 10,
        _ => return None,
    })
}
