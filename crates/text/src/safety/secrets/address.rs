//! Passwords in addresses: `scheme://user:password@host`.

use super::chance::is_placeholder;

/// Bytes of a scheme, and of what stands before the host.
const SCHEME: usize = 31;
const ACCOUNT: usize = 300;
/// Bytes of the rest of an address.
const REST: usize = 2048;

/// The whole address around the `://` at `at`, if it holds a password that is none of a template.
pub(super) fn find(text: &str, at: usize) -> Option<(usize, usize)> {
    let bytes = text.as_bytes();
    let in_scheme = |byte: &&u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'.' | b'-');
    let scheme = bytes.get(..at)?.iter().rev().take(SCHEME).take_while(in_scheme).count();
    let start = at - scheme;
    if !bytes.get(start)?.is_ascii_alphabetic() {
        return None;
    }
    let from = at + 3;
    let stops = |byte: &u8| byte.is_ascii_whitespace() || matches!(byte, b'/' | b'"');
    let rest = bytes.get(from..)?;
    let length = rest.iter().take(ACCOUNT).take_while(|byte| !stops(byte)).count();
    let authority = rest.get(..length)?;
    let sign = authority.iter().rposition(|byte| *byte == b'@')?;
    let account = text.get(from..from + sign)?;
    let (_, password) = account.split_once(':')?;
    let host = text.get(from + sign + 1..)?.chars().next()?;
    let real = password.len() >= 3 && !is_placeholder(password);
    (real && (host.is_alphanumeric() || host == '[')).then(|| (start, end(text, from + sign + 1)))
}

/// Where the address ends: before a space or a bracket, and before the signs of the sentence.
fn end(text: &str, from: usize) -> usize {
    let rest = text.get(from..).unwrap_or_default();
    let stops = |(place, c): (usize, char)| {
        (place >= REST
            || c.is_whitespace()
            || matches!(c, '"' | '\'' | '<' | '>' | '`' | '|' | ')' | '}'))
        .then_some(place)
    };
    let length = rest.char_indices().find_map(stops).unwrap_or(rest.len());
    let written = rest.get(..length).unwrap_or_default();
    from + written.trim_end_matches(['.', ',', ';', ':', '!', '?']).len()
}
