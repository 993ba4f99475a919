//! The difference of two JSON values, by the smallest parts that differ.

use serde_json::{Map, Value};

use super::Change;

/// Longest value that is shown whole, in characters.
const SHOWN: usize = 2000;

/// Appends what differs between `old` and `new` under `field`; `join` makes a child's name.
pub(super) fn changes(
    field: &str,
    old: Option<&Value>,
    new: Option<&Value>,
    join: fn(&str, &str) -> String,
    found: &mut Vec<Change>,
) {
    match (old, new) {
        (Some(Value::Object(old)), Some(Value::Object(new))) => {
            objects(field, old, new, join, found);
        }
        (old, new) if old == new => {}
        (old, new) => {
            found.push(value(field, old.map(shown), new.map(shown)));
        }
    }
}

fn objects(
    field: &str,
    old: &Map<String, Value>,
    new: &Map<String, Value>,
    join: fn(&str, &str) -> String,
    found: &mut Vec<Change>,
) {
    let before = found.len();
    let added = new.keys().filter(|key| !old.contains_key(*key));
    for key in old.keys().chain(added) {
        changes(&join(field, key), old.get(key), new.get(key), join, found);
    }
    // The order of a schema's properties is the order in which a model writes them, and part of a
    // version's identity, so it is a change even though JSON does not count it as one.
    if found.len() == before && !old.keys().eq(new.keys()) {
        let order = |map: &Map<String, Value>| {
            Some(map.keys().map(String::as_str).collect::<Vec<_>>().join(", "))
        };
        found.push(value(&format!("{field} (order)"), order(old), order(new)));
    }
}

/// A child's name by JSON pointer: `output.schema/properties/action`.
pub(super) fn by_pointer(field: &str, key: &str) -> String {
    format!("{field}/{}", key.replace('~', "~0").replace('/', "~1"))
}

/// A child's name by dot: `variables.tone`.
pub(super) fn by_dot(field: &str, key: &str) -> String {
    format!("{field}.{key}")
}

/// A changed field.
pub(super) fn value(field: &str, old: Option<String>, new: Option<String>) -> Change {
    Change::Value { field: field.to_owned(), old, new }
}

/// A value for people: a string as it is, anything else as compact JSON; cut when very long.
pub(super) fn shown(value: &Value) -> String {
    let mut text = match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    if let Some((cut, _)) = text.char_indices().nth(SHOWN) {
        text.truncate(cut);
        text.push_str("...");
    }
    text
}
