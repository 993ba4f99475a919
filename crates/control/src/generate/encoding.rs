//! Ways to write an order so that it is not read at first sight.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

pub(super) fn base64(text: &str) -> String {
    STANDARD.encode(text)
}

/// Each Latin letter moved by half the alphabet; twice gives the text again.
pub(super) fn rot13(text: &str) -> String {
    let moved = |c: char, first: u8| {
        let place = u32::from(c) - u32::from(first);
        char::from_u32(u32::from(first) + (place + 13) % 26).unwrap_or(c)
    };
    text.chars()
        .map(|c| match c {
            'a'..='z' => moved(c, b'a'),
            'A'..='Z' => moved(c, b'A'),
            other => other,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_values() {
        assert_eq!(base64("Man"), "TWFu");
        assert_eq!(rot13("Hello, World 1"), "Uryyb, Jbeyq 1");
        assert_eq!(rot13(&rot13("Größe Zz")), "Größe Zz");
    }
}
