//! What in an answer a check is about: the text as it is, or a place in the answer read as JSON.

use std::borrow::Cow;

use serde_json::Value;

/// Longest quotation in a message, in characters.
const SHOWN: usize = 120;

/// The value at `pointer` in `answer` read as JSON, or why there is none (`expected ..., found ...`).
pub(super) fn at(answer: &str, pointer: &str) -> Result<Value, String> {
    let whole: Value = serde_json::from_str(answer.trim()).map_err(|_| {
        format!("expected JSON with a value at `{pointer}`, found {}", shown(answer))
    })?;
    let place = whole.pointer(pointer).cloned();
    place.ok_or_else(|| format!("expected a value at `{pointer}`, found {}", shown(answer)))
}

/// A value as text to search in: a string as it is, anything else as compact JSON.
pub(super) fn text(value: &Value) -> Cow<'_, str> {
    match value {
        Value::String(text) => Cow::Borrowed(text),
        other => Cow::Owned(other.to_string()),
    }
}

/// The text that a check with an optional pointer searches in.
pub(super) fn searched<'a>(answer: &'a str, at: Option<&str>) -> Result<Cow<'a, str>, String> {
    let Some(pointer) = at else { return Ok(Cow::Borrowed(answer)) };
    self::at(answer, pointer).map(|value| Cow::Owned(text(&value).into_owned()))
}

/// A text in quotes, cut to a readable length.
pub(super) fn shown(text: &str) -> String {
    let mut head: String = text.chars().take(SHOWN + 1).collect();
    if let Some((cut, _)) = head.char_indices().nth(SHOWN) {
        head.truncate(cut);
        return format!("{}...", Value::from(head));
    }
    Value::from(head).to_string()
}

/// The end of a text in quotes, cut to a readable length.
pub(super) fn shown_end(text: &str) -> String {
    match text.char_indices().rev().nth(SHOWN - 1) {
        Some((start, _)) if start > 0 => {
            format!("...{}", Value::from(text.get(start..).unwrap_or_default()))
        }
        _ => Value::from(text).to_string(),
    }
}

/// A value as JSON, cut to a readable length.
pub(super) fn shown_value(value: &Value) -> String {
    if let Value::String(text) = value {
        return shown(text);
    }
    cut(&value.to_string())
}

/// A text without quotes, cut to a readable length.
pub(super) fn cut(text: &str) -> String {
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}...", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

/// ` at /path`, or nothing.
pub(super) fn place(at: Option<&str>) -> String {
    at.map(|at| format!(" at {at}")).unwrap_or_default()
}

/// Equality of JSON values where `1` equals `1.0`, keys have no order, and strings may be compared
/// loosely.
pub(super) fn same(a: &Value, b: &Value, loosened: Loosened) -> bool {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => {
            let exact = |n: &serde_json::Number| {
                n.as_i64().map(i128::from).or_else(|| n.as_u64().map(i128::from))
            };
            match (exact(a), exact(b)) {
                (Some(a), Some(b)) => a == b,
                _ => a.as_f64() == b.as_f64(),
            }
        }
        (Value::String(a), Value::String(b)) => loosened.of(a) == loosened.of(b),
        (Value::Array(a), Value::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b, loosened))
        }
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len()
                && a.iter().all(|(key, a)| b.get(key).is_some_and(|b| same(a, b, loosened)))
        }
        _ => a == b,
    }
}

/// What does not matter when strings are compared.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Loosened {
    /// White space at both ends.
    pub(super) trim: bool,
    /// Upper and lower case (Unicode's simple lower-casing).
    pub(super) ignore_case: bool,
}

impl Loosened {
    /// The text with all that does not matter taken out.
    pub(super) fn of(self, text: &str) -> Cow<'_, str> {
        let text = if self.trim { text.trim() } else { text };
        if self.ignore_case { Cow::Owned(text.to_lowercase()) } else { Cow::Borrowed(text) }
    }
}
