//! Whether a text can be a generated secret, or is what authors write in its place.

/// Shannon entropy in bits per byte, over the frequencies of the bytes.
pub(super) fn entropy(text: &str) -> f64 {
    let mut counts = [0_u32; 256];
    for byte in text.bytes() {
        if let Some(count) = counts.get_mut(usize::from(byte)) {
            *count += 1;
        }
    }
    let all: f64 = counts.iter().map(|count| f64::from(*count)).sum();
    let shares = counts.iter().filter(|count| **count > 0).map(|count| f64::from(*count) / all);
    shares.map(|share| -share * share.log2()).sum()
}

/// Words of examples. None is likely to occur in a random text of a key's length.
const EXAMPLES: [&str; 27] = [
    "example",
    "xxxx",
    "your",
    "placeholder",
    "changeme",
    "change_me",
    "dummy",
    "sample",
    "redacted",
    "insert",
    "replace",
    "notreal",
    "not-real",
    "fake",
    "todo",
    "secret_key",
    "secretkey",
    "api_key",
    "apikey",
    "my-secret",
    "my_secret",
    "****",
    "....",
    "0000000",
    "1234567890",
    "password",
    "goes-here",
];

/// Whether it is made to be replaced: says so, repeats one sign, or counts up.
pub(super) fn is_example(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    let steps = lower.as_bytes().windows(2).filter(|pair| match pair {
        [a, b] => *b == a.wrapping_add(1) && a.is_ascii_alphanumeric(),
        _ => false,
    });
    let repeats = lower.as_bytes().windows(2).filter(|pair| pair.first() == pair.last()).count();
    let pairs = lower.len().saturating_sub(1).max(1);
    EXAMPLES.iter().any(|word| lower.contains(word))
        || steps.count() * 2 > pairs
        || repeats * 2 > pairs
}

/// Whether the bytes have been drawn: digits and letters, or letters of both cases.
pub(super) fn is_mixed(text: &str) -> bool {
    let has = |is: fn(&u8) -> bool| text.as_bytes().iter().any(is);
    let letters = has(u8::is_ascii_alphabetic);
    (has(u8::is_ascii_digit) && letters)
        || (has(u8::is_ascii_uppercase) && has(u8::is_ascii_lowercase))
}

/// Words joined by hyphens, underscores or dots, with plain numbers among them: a name, not a secret.
pub(super) fn is_name(text: &str) -> bool {
    let mut parts = text.split(['-', '_', '.', '/', ':']);
    let is_word = |part: &str| {
        let digits = part.bytes().all(|byte| byte.is_ascii_digit());
        let tail = part.get(1..).unwrap_or_default();
        let upper = part.bytes().all(|byte| byte.is_ascii_uppercase());
        let lower = tail.bytes().all(|byte| byte.is_ascii_lowercase());
        (digits && part.len() < 12)
            || ((upper || lower)
                && part.len() < 16
                && part.bytes().all(|byte| byte.is_ascii_alphabetic()))
    };
    parts.all(is_word)
}

/// What authors write in place of a password: a name in a template's signs, as a whole, since real passwords
/// begin with such signs too.
pub(super) fn is_placeholder(password: &str) -> bool {
    const FRAMES: [(&str, &str); 8] = [
        ("${", "}"),
        ("{{", "}}"),
        ("{", "}"),
        ("<", ">"),
        ("[", "]"),
        ("%", "%"),
        ("$(", ")"),
        ("%(", ")s"),
    ];
    let lower = password.to_lowercase();
    let first = lower.chars().next();
    let is_name = |inner: &str| {
        !inner.is_empty() && inner.chars().all(|c| c.is_alphanumeric() || " _-.:".contains(c))
    };
    let framed = |(open, close): &(&str, &str)| {
        lower.strip_prefix(open).and_then(|rest| rest.strip_suffix(close)).is_some_and(is_name)
    };
    let is_shell = |name: &str| {
        name.len() > 2 && name.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_')
    };
    FRAMES.iter().any(framed)
        || password.strip_prefix('$').is_some_and(is_shell)
        || ["password", "pass", "passwd", "pwd", "secret", "changeme", "example"].contains(&&*lower)
        || lower.chars().all(|c| Some(c) == first)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entropy_is_bits_per_byte() {
        assert!((entropy("aaaa") - 0.0).abs() < 1e-12);
        assert!((entropy("abab") - 1.0).abs() < 1e-12);
        assert!((entropy("abcdefgh") - 3.0).abs() < 1e-12);
    }

    #[test]
    fn examples_are_known() {
        for text in ["abcdefghijklmnop", "xxxxxxxx", "aaaaaaab", "IOSFODNN7EXAMPLE", "123456789a"] {
            assert!(is_example(text), "{text}");
        }
        assert!(!is_example("a8Zq3Lm0Xv7Rt2Pw9Yb4Nc6Kd1"));
        assert!(
            is_name("the-quick-brown-fox-7") && is_name("GPT_4_turbo") && !is_name("a8zq-3lm0")
        );
    }
}
