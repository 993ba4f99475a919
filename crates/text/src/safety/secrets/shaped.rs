//! Secrets that are known by more than a prefix: keys between lines, JSON web tokens, and tokens whose mark
//! stands in their middle.

use super::chance::{entropy, is_example, is_mixed};
use super::vendors::Alphabet;

/// Bytes behind the first line of a private key within which its last is looked for.
const LONGEST_KEY: usize = 32_768;

/// The end of a private key whose first line begins at `at`: behind its last line, or as far as lines go on like
/// a key's where that is missing.
pub(super) fn private_key(text: &str, at: usize) -> Option<usize> {
    const MARK: usize = 5;
    let head = text.get(at + MARK..)?;
    let mut length = head.len().min(80);
    while !head.is_char_boundary(length) {
        length -= 1;
    }
    let label = head.get(..length)?.split_once("-----")?.0;
    if !label.ends_with("PRIVATE KEY") && !label.ends_with("PRIVATE KEY BLOCK") {
        return None;
    }
    let body = at + 2 * MARK + label.len();
    let rest = text.get(body..)?;
    let mut near = rest.len().min(LONGEST_KEY);
    while !rest.is_char_boundary(near) {
        near -= 1;
    }
    let rest = rest.get(..near)?;
    if let Some(close) = rest.find("-----END")
        && let Some(last) = rest.get(close + 8..).and_then(|tail| tail.find("-----"))
        && last < 80
    {
        return Some(body + close + 8 + last + 5);
    }
    let in_key =
        |byte: u8| Alphabet::Base64.has(byte) || matches!(byte, b'\\' | b'-' | b':' | b',');
    let mut end = body;
    for line in rest.split_inclusive('\n') {
        let bare = line.trim_end();
        let header = bare.starts_with("Proc-Type:") || bare.starts_with("DEK-Info:");
        if !header && !bare.bytes().all(in_key) {
            break;
        }
        end += line.len();
    }
    Some(body + rest.get(..end - body)?.trim_end().len())
}

/// The end of a JSON web token: three parts in base64url, of which the first two are JSON objects, or five of an
/// encrypted one.
pub(super) fn jwt(text: &str, at: usize) -> Option<usize> {
    /// Bytes of the longest token that is read.
    const LONGEST: usize = 16_384;
    let before = text.get(..at)?.bytes().next_back();
    if before.is_some_and(|byte| {
        byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'+' | b'/' | b'-')
    }) {
        return None;
    }
    let rest = text.as_bytes().get(at..)?;
    let length = rest.iter().take(LONGEST).take_while(|byte| Alphabet::Dotted.has(**byte)).count();
    let written = text.get(at..at + length)?.trim_end_matches('.');
    let parts: Vec<&str> = written.splitn(6, '.').collect();
    let signed = matches!(parts.as_slice(), [head, body, sign]
        if head.len() >= 11 && body.starts_with("eyJ") && body.len() >= 11 && sign.len() >= 8);
    let sealed = parts.len() == 5 && parts.first().is_some_and(|head| head.len() >= 11);
    (signed || sealed).then(|| at + written.len())
}

/// Marks in the middle of tokens: of Telegram's bots, Azure's client secrets, Mailchimp's keys.
pub(super) const MARKS: [&str; 3] = [":AA", "Q~", "-us"];

/// The token around a mark.
pub(super) fn around(text: &str, start: usize, end: usize) -> Option<(usize, usize)> {
    let (before, after) = match text.get(start..end)? {
        ":AA" => {
            let digits = run_before(text, start, 11, |byte| byte.is_ascii_digit());
            let rest = run_after(text, end, 36, |byte| Alphabet::Url.has(byte));
            (
                (8..=10).contains(&digits).then_some(digits)?,
                (32..=35).contains(&rest).then_some(rest)?,
            )
        }
        "Q~" => {
            let azure = |byte: u8| Alphabet::Dotted.has(byte) || byte == b'~';
            let head = run_before(text, start, 6, azure);
            let rest = run_after(text, end, 40, azure);
            let digit = text.as_bytes().get(start.checked_sub(1)?)?.is_ascii_digit();
            (
                (digit && (3..=5).contains(&head)).then_some(head)?,
                (28..=38).contains(&rest).then_some(rest)?,
            )
        }
        _ => {
            let head = run_before(text, start, 33, |byte| Alphabet::Hex.has(byte));
            let rest = run_after(text, end, 4, |byte| byte.is_ascii_digit());
            ((head == 32).then_some(head)?, (1..=3).contains(&rest).then_some(rest)?)
        }
    };
    let (start, end) = (start - before, end + after);
    drawn(text, start, end).then_some((start, end))
}

/// Tokens of Discord's bots: an id, six signs and a proof, with dots between.
pub(super) fn dotted(text: &str) -> impl Iterator<Item = (usize, usize)> + '_ {
    let url = |byte: u8| Alphabet::Url.has(byte);
    text.match_indices('.').filter_map(move |(at, _)| {
        (text.as_bytes().get(at + 7) == Some(&b'.')).then_some(())?;
        let middle = run_after(text, at + 1, 7, url);
        let (head, tail) = (run_before(text, at, 31, url), run_after(text, at + 8, 46, url));
        let first = text.as_bytes().get(at - head)?;
        let shaped = middle == 6 && (23..=30).contains(&head) && (27..=45).contains(&tail);
        let (start, end) = (at - head, at + 8 + tail);
        (shaped && b"MNO".contains(first) && drawn(text, start, end)).then_some((start, end))
    })
}

fn drawn(text: &str, start: usize, end: usize) -> bool {
    let written = text.get(start..end).unwrap_or_default();
    let apart =
        |byte: Option<u8>| byte.is_none_or(|byte| !byte.is_ascii_alphanumeric() && byte != b'_');
    let before = start.checked_sub(1).and_then(|at| text.as_bytes().get(at)).copied();
    let after = text.as_bytes().get(end).copied();
    apart(before)
        && apart(after)
        && entropy(written) >= super::TOKEN_BITS
        && is_mixed(written)
        && !is_example(written)
}

fn run_before(text: &str, at: usize, most: usize, belongs: impl Fn(u8) -> bool) -> usize {
    let head = text.as_bytes().get(..at).unwrap_or_default();
    head.iter().rev().take(most).take_while(|byte| belongs(**byte)).count()
}

fn run_after(text: &str, at: usize, most: usize, belongs: impl Fn(u8) -> bool) -> usize {
    let tail = text.as_bytes().get(at..).unwrap_or_default();
    tail.iter().take(most).take_while(|byte| belongs(**byte)).count()
}
