//! The marks that structure a prompt's lines: bullets, quotes, arrows, and words such as "Message:".

/// Which side of an example a word such as "message" or "intent" announces.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Side {
    /// The text.
    Asked,
    /// The answer.
    Answered,
}

const ASKED: [&str; 24] = [
    "message",
    "msg",
    "text",
    "input",
    "q",
    "question",
    "query",
    "ticket",
    "email",
    "mail",
    "utterance",
    "sentence",
    "review",
    "comment",
    "request",
    "customer",
    "user",
    "content",
    "body",
    "document",
    "post",
    "complaint",
    "inquiry",
    "enquiry",
];
const ANSWERED: [&str; 20] = [
    "intent",
    "label",
    "output",
    "category",
    "class",
    "classification",
    "answer",
    "a",
    "result",
    "topic",
    "tag",
    "response",
    "expected",
    "sentiment",
    "assistant",
    "prediction",
    "type",
    "queue",
    "verdict",
    "reply",
];
/// What points from a text to its answer.
pub(super) const ARROWS: [&str; 4] = ["->", "=>", "→", "⇒"];

/// Whether the line holds an arrow.
pub(super) fn arrow_like(line: &str) -> bool {
    ARROWS.iter().any(|sign| line.contains(sign))
}

/// What a key announces: its last word decides ("Customer message 2" asks, "Message intent" answers).
pub(super) fn side(key: &str) -> Option<Side> {
    let key = key.to_lowercase();
    let mut words = key.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    let last = words.rfind(|word| !word.bytes().all(|b| b.is_ascii_digit()))?;
    if words.count() > 3 {
        return None;
    }
    if ASKED.contains(&last) {
        return Some(Side::Asked);
    }
    ANSWERED.contains(&last).then_some(Side::Answered)
}

/// A line without its bullet, number or quote mark; `None` in the first place if it had none.
pub(super) fn bullet(line: &str) -> (Option<&str>, &str) {
    let line = line.trim();
    let digits = line.len() - line.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let rest = if digits > 0 && digits < 4 {
        line.get(digits..).and_then(|rest| rest.strip_prefix(['.', ')']))
    } else {
        line.strip_prefix(['-', '*', '•', '>', '+'])
    };
    match rest {
        Some(rest) if rest.starts_with([' ', '\t']) => (Some(rest.trim()), rest.trim()),
        _ => (None, line),
    }
}

/// Without the quotation marks, backticks and emphasis around it.
pub(super) fn bare(text: &str) -> &str {
    text.trim().trim_matches(['"', '\'', '`', '*', '“', '”', '„', '«', '»']).trim()
}

/// The side and value of a line such as `**Message:** text`.
pub(super) fn marker(line: &str) -> Option<(Side, &str)> {
    let line = bullet(line).1.trim_start_matches(['*', '#', ' ']);
    let (key, value) = line.split_once(':')?;
    if key.len() > 40
        || key.contains(['"', '{', '<', '\'', ',', '.', '_', '`'])
        || value.starts_with("//")
    {
        return None;
    }
    Some((side(key)?, value.trim_start_matches('*').trim()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_announce_a_side() {
        for key in ["Message", "customer message", "Input 3", "Q", "user_message"] {
            assert_eq!(side(key), Some(Side::Asked), "{key}");
        }
        for key in ["Intent", "Expected output", "A", "message intent"] {
            assert_eq!(side(key), Some(Side::Answered), "{key}");
        }
        for key in ["", "42", "Note", "the thing that is in the text"] {
            assert_eq!(side(key), None, "{key}");
        }
    }

    #[test]
    fn lines_lose_their_marks() {
        assert_eq!(bullet("  - a b"), (Some("a b"), "a b"));
        assert_eq!(bullet("12. a"), (Some("a"), "a"));
        assert_eq!(bullet("-5 degrees"), (None, "-5 degrees"));
        assert_eq!(bare(" **`a b`** "), "a b");
        assert_eq!(marker("- **Message:** hi: you"), Some((Side::Asked, "hi: you")));
        assert_eq!(marker("https://example.com"), None);
        assert_eq!(marker("feature_request: x"), None);
    }
}
