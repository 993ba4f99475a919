//! Which schemas vendors' strict modes take.
//!
//! Both lists are of what is documented as supported, not of what is known to fail: a keyword that a vendor
//! learns to take later costs strictness, one that it does not take would cost the call.

use serde_json::Value;

/// Bounds of OpenAI's documentation when the mode appeared; later ones are wider.
const OPENAI_DEPTH: usize = 5;
const OPENAI_PROPERTIES: usize = 100;
const OPENAI_VALUES: usize = 500;

/// Most properties that may be left out, and most unions, that Anthropic takes in a schema.
const ANTHROPIC_OPTIONAL: usize = 24;
const ANTHROPIC_UNIONS: usize = 16;

const COMMON: [&str; 12] = [
    "$schema",
    "$defs",
    "definitions",
    "$ref",
    "title",
    "description",
    "type",
    "properties",
    "required",
    "additionalProperties",
    "items",
    "enum",
];

/// What was seen of a schema.
#[derive(Default)]
struct Seen {
    depth: usize,
    properties: usize,
    optional: usize,
    unions: usize,
    values: usize,
    refers: bool,
    /// A keyword outside of the list, or an object that is not closed.
    strange: bool,
}

/// Whether OpenAI's `strict: true` takes it: every object closed, every property required.
pub(super) fn openai(schema: &Value) -> bool {
    const MORE: [&str; 11] = [
        "const",
        "anyOf",
        "pattern",
        "format",
        "minimum",
        "maximum",
        "exclusiveMinimum",
        "exclusiveMaximum",
        "multipleOf",
        "minItems",
        "maxItems",
    ];
    let seen = look(schema, &MORE);
    let root_is_plain = schema.get("anyOf").is_none();
    root_is_plain
        && !seen.strange
        && seen.optional == 0
        && seen.depth <= OPENAI_DEPTH
        && seen.properties <= OPENAI_PROPERTIES
        && seen.values <= OPENAI_VALUES
}

/// Whether Anthropic's `output_config.format` takes it: every object closed, no bounds, no recursion. A
/// schema with references is not looked into for recursion but taken to have it.
pub(crate) fn anthropic(schema: &Value) -> bool {
    const MORE: [&str; 4] = ["const", "anyOf", "allOf", "default"];
    let seen = look(schema, &MORE);
    !seen.strange
        && !seen.refers
        && seen.optional <= ANTHROPIC_OPTIONAL
        && seen.unions <= ANTHROPIC_UNIONS
}

fn look(schema: &Value, more: &[&str]) -> Seen {
    let mut seen = Seen::default();
    part(schema, more, 0, &mut seen);
    seen
}

fn part(schema: &Value, more: &[&str], depth: usize, seen: &mut Seen) {
    let Value::Object(fields) = schema else {
        seen.strange = true;
        return;
    };
    let known = |key: &str| COMMON.contains(&key) || more.contains(&key);
    seen.strange |= fields.keys().any(|key| !known(key));
    seen.refers |= fields.contains_key("$ref");
    seen.unions += usize::from(fields.contains_key("anyOf"));
    seen.unions += usize::from(fields.get("type").is_some_and(Value::is_array));
    if let Some(values) = fields.get("enum").and_then(Value::as_array) {
        seen.values += values.len();
        seen.strange |= values.iter().any(|value| value.is_object() || value.is_array());
    }
    let typed = ["type", "$ref", "anyOf", "allOf", "enum", "const"];
    seen.strange |= !typed.iter().any(|key| fields.contains_key(*key));
    let object = fields.get("type").and_then(Value::as_str) == Some("object");
    let properties = fields.get("properties").and_then(Value::as_object);
    if object || properties.is_some() {
        seen.depth = seen.depth.max(depth + 1);
        seen.strange |= fields.get("additionalProperties") != Some(&Value::Bool(false));
        let required = fields.get("required").and_then(Value::as_array);
        for (name, property) in properties.into_iter().flatten() {
            let needed = required.is_some_and(|all| all.iter().any(|known| known == name));
            seen.optional += usize::from(!needed);
            seen.properties += 1;
            part(property, more, depth + 1, seen);
        }
    }
    for key in ["$defs", "definitions"] {
        for (_, inner) in fields.get(key).and_then(Value::as_object).into_iter().flatten() {
            part(inner, more, depth, seen);
        }
    }
    for key in ["anyOf", "allOf"] {
        for inner in fields.get(key).and_then(Value::as_array).into_iter().flatten() {
            part(inner, more, depth, seen);
        }
    }
    if let Some(items) = fields.get("items") {
        part(items, more, depth, seen);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn both(schema: &Value) -> (bool, bool) {
        (openai(schema), anthropic(schema))
    }

    fn object(properties: Value, required: Value) -> Value {
        json!({"type": "object", "properties": properties, "required": required,
            "additionalProperties": false})
    }

    #[test]
    fn what_strict_modes_take() {
        let plain = object(json!({"a": {"type": "string", "enum": ["x"]}}), json!(["a"]));
        assert_eq!(both(&plain), (true, true));
        let mut open = plain.clone();
        open["additionalProperties"] = json!(true);
        assert_eq!(both(&open), (false, false));
        let optional = object(json!({"a": {"type": "string"}}), json!([]));
        assert_eq!(both(&optional), (false, true));
        let bounded = object(json!({"a": {"type": "number", "minimum": 0}}), json!(["a"]));
        assert_eq!(both(&bounded), (true, false));
        let long = object(json!({"a": {"type": "string", "minLength": 1}}), json!(["a"]));
        assert_eq!(both(&long), (false, false));
        let tree =
            object(json!({"next": {"anyOf": [{"$ref": "#"}, {"type": "null"}]}}), json!(["next"]));
        assert_eq!(both(&tree), (true, false));
        let inner = object(json!({"a": {"type": "object", "properties": {}}}), json!(["a"]));
        assert_eq!(both(&inner), (false, false));
        let untyped = object(json!({"a": {}}), json!(["a"]));
        assert_eq!(both(&untyped), (false, false));
        let deep = (0..6)
            .fold(json!({"type": "null"}), |inner, _| object(json!({"a": inner}), json!(["a"])));
        assert_eq!(both(&deep), (false, true));
    }
}
