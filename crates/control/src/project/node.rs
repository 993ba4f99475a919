//! A parsed document in which every part knows where it was written.

use serde_json::{Map, Number, Value as Json};

use super::problems::Problems;
use super::source::Spot;

/// What was written. Numbers keep their source text: money is read from it exactly.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value {
    Null,
    Bool(bool),
    Int(String),
    Float(String),
    Text(String),
    List(Vec<Node>),
    Map(Vec<(Key, Node)>),
    /// Something that has been reported already; readers pass over it in silence.
    Broken,
}

/// A value and its place.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Node {
    pub(super) value: Value,
    pub(super) spot: Spot,
    /// For texts: line and column (from 1) of their first character, if the file holds them character by
    /// character from there on, each line at the same column. `None` where escapes or folding intervene.
    pub(super) origin: Option<(usize, usize)>,
}

/// A mapping's key and its place.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Key {
    pub(super) name: String,
    pub(super) spot: Spot,
}

impl Node {
    pub(super) fn new(value: Value, spot: Spot) -> Self {
        Self { value, spot, origin: None }
    }

    /// What it is, for "must be text, not …". Never the content: it may be a secret in a wrong place.
    pub(super) fn kind(&self) -> &'static str {
        match self.value {
            Value::Null => "nothing",
            Value::Bool(_) => "true or false",
            Value::Int(_) | Value::Float(_) => "a number",
            Value::Text(_) => "text",
            Value::List(_) => "a list",
            Value::Map(_) => "a mapping",
            Value::Broken => "unreadable",
        }
    }

    /// The value under `name`, if this is a mapping that has it.
    pub(super) fn field(&self, name: &str) -> Option<(&Key, &Node)> {
        match &self.value {
            Value::Map(entries) => {
                entries.iter().find(|(key, _)| key.name == name).map(|(key, node)| (key, node))
            }
            _ => None,
        }
    }

    /// The part that a JSON pointer leads to, or the nearest part around it.
    pub(super) fn at(&self, pointer: &str) -> &Self {
        let mut node = self;
        for step in pointer.split('/').skip(1) {
            let step = step.replace("~1", "/").replace("~0", "~");
            let next = match &node.value {
                Value::List(items) => step.parse::<usize>().ok().and_then(|i| items.get(i)),
                _ => node.field(&step).map(|(_, node)| node),
            };
            let Some(next) = next else { break };
            node = next;
        }
        node
    }

    /// The same as JSON, in the author's order. Reports numbers that JSON cannot hold exactly.
    pub(super) fn to_json(&self, problems: &mut Problems) -> Option<Json> {
        Some(match &self.value {
            Value::Null => Json::Null,
            Value::Bool(value) => Json::Bool(*value),
            Value::Int(text) | Value::Float(text) => match number(text) {
                Some(number) => Json::Number(number),
                None => {
                    let message = "JSON cannot hold this number exactly";
                    problems.error(&self.spot, message, "write it as text, in quotes");
                    return None;
                }
            },
            Value::Text(text) => Json::String(text.clone()),
            Value::List(items) => {
                let values: Vec<Option<Json>> =
                    items.iter().map(|item| item.to_json(problems)).collect();
                Json::Array(values.into_iter().collect::<Option<_>>()?)
            }
            Value::Map(entries) => {
                let values: Vec<(String, Option<Json>)> = entries
                    .iter()
                    .map(|(key, node)| (key.name.clone(), node.to_json(problems)))
                    .collect();
                let pairs = values.into_iter().map(|(key, value)| value.map(|value| (key, value)));
                Json::Object(pairs.collect::<Option<Map<_, _>>>()?)
            }
            Value::Broken => {
                problems.missing();
                return None;
            }
        })
    }
}

/// A scalar's source text as a JSON number.
fn number(text: &str) -> Option<Number> {
    let plain = text.strip_prefix('+').unwrap_or(text);
    if let Some(value) = integer(text) {
        return u64::try_from(value)
            .map(Number::from)
            .or_else(|_| i64::try_from(value).map(Number::from))
            .ok();
    }
    let is_whole = plain.trim_start_matches('-').bytes().all(|c| c.is_ascii_digit());
    if is_whole || plain.contains(['n', 'N']) {
        return None;
    }
    plain.parse::<f64>().ok().and_then(Number::from_f64)
}

/// A scalar's source text as a whole number: decimal, `0x…` or `0o…`.
pub(super) fn integer(text: &str) -> Option<i128> {
    if let Some(digits) = text.strip_prefix("0x") {
        return i128::from_str_radix(digits, 16).ok();
    }
    match text.strip_prefix("0o") {
        Some(digits) => i128::from_str_radix(digits, 8).ok(),
        None => text.parse().ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_exact_or_refused() {
        let show = |text| number(text).map(|n| n.to_string());
        assert_eq!(show("18446744073709551615").as_deref(), Some("18446744073709551615"));
        assert_eq!(show("-3").as_deref(), Some("-3"));
        assert_eq!(show("+0.5").as_deref(), Some("0.5"));
        assert_eq!(show("0x1F").as_deref(), Some("31"));
        assert_eq!(show("1e3").as_deref(), Some("1000.0"));
        for bad in [
            "18446744073709551616",
            "1e999",
            ".nan",
            "-.inf",
            "99999999999999999999999999999999999999999999",
        ] {
            assert_eq!(show(bad), None, "{bad}");
        }
    }
}
