//! Lists and objects whose parts are not what they were. The value itself stays a list or an object, since
//! the gateway refuses any other before a model sees it.

use serde_json::{Map, Value, json};

use super::dice::Dice;

/// `None` for what is no list or object.
pub(super) fn broken(value: &Value, dice: &mut Dice) -> Option<Value> {
    match value {
        Value::Object(fields) => Some(Value::Object(object(fields, dice))),
        Value::Array(items) => Some(Value::Array(list(items, dice))),
        _ => None,
    }
}

fn object(fields: &Map<String, Value>, dice: &mut Dice) -> Map<String, Value> {
    let names: Vec<&String> = fields.keys().collect();
    let Some(&name) = dice.choose(&names) else {
        return Map::from_iter([("unexpected".to_string(), Value::Null)]);
    };
    let mut fields = fields.clone();
    match dice.below(4) {
        0 => drop(fields.shift_remove(name)),
        1 => drop(fields.insert(name.clone(), Value::Null)),
        _ => {
            if let Some(part) = fields.get_mut(name) {
                *part = other_type(part);
            }
        }
    }
    fields
}

fn list(items: &[Value], dice: &mut Dice) -> Vec<Value> {
    let mut items = items.to_vec();
    let at = dice.below(items.len());
    match (items.get_mut(at), dice.below(4)) {
        (Some(_), 0) => items.clear(),
        (Some(item), 1) => *item = Value::Null,
        (Some(item), _) => *item = other_type(item),
        (None, _) => items.push(Value::Null),
    }
    items
}

fn other_type(value: &Value) -> Value {
    match value {
        Value::String(text) => json!([text]),
        Value::Number(number) => json!(number.to_string()),
        Value::Bool(truth) => json!(u8::from(*truth)),
        Value::Null => json!("null"),
        Value::Array(items) => items.first().cloned().unwrap_or_else(|| json!({})),
        Value::Object(_) => json!("[object Object]"),
    }
}
