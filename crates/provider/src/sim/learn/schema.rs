//! Reads the JSON Schema that a request binds its answer to: the label's field, its choices, a value that fits.
//!
//! Only what common schemas for answers use is understood: properties, enum, const, arrays, local references.

use super::marks::{Side, side};
use super::shape::Shape;
use serde_json::{Value, json};

/// The shape that a JSON Schema binds the answer to.
pub(super) fn shape(schema: &Value) -> Option<Shape> {
    let root =
        schema.get("schema").filter(|_| schema.get("properties").is_none()).unwrap_or(schema);
    let fields = root.get("properties")?.as_object()?;
    let has_enum =
        |key: &&String| fields.get(*key).and_then(|field| choices(resolve(field, root))).is_some();
    let answered = |key: &&String| side(key) == Some(Side::Answered);
    let text = |key: &&String| {
        fields.get(*key).and_then(|field| resolve(field, root).get("type"))
            == Some(&json!("string"))
    };
    let key = fields
        .keys()
        .find(|key| has_enum(key) && answered(key))
        .or_else(|| fields.keys().find(has_enum))
        .or_else(|| fields.keys().find(answered))
        .or_else(|| fields.keys().find(text))?
        .clone();
    let allowed = fields.get(&key).and_then(|field| choices(resolve(field, root)));
    Some(Shape::Json { like: sample(root, root, 4), key, allowed: allowed.unwrap_or_default() })
}

fn choices(field: &Value) -> Option<Vec<String>> {
    let all = field.get("enum").or_else(|| field.get("items")?.get("enum"))?.as_array()?;
    Some(all.iter().filter_map(|value| value.as_str().map(str::to_owned)).collect())
}

fn resolve<'a>(field: &'a Value, root: &'a Value) -> &'a Value {
    let target = field.get("$ref").and_then(Value::as_str).and_then(|at| at.strip_prefix('#'));
    target.and_then(|at| root.pointer(at)).unwrap_or(field)
}

/// A value that fits the schema, as deep as `depth` levels.
fn sample(field: &Value, root: &Value, depth: usize) -> Value {
    let field = resolve(field, root);
    if let Some(fixed) = field.get("const").or_else(|| field.get("enum")?.get(0)) {
        return fixed.clone();
    }
    let kind = field.get("type").map(|kind| kind.get(0).unwrap_or(kind));
    match kind.and_then(Value::as_str).unwrap_or("object") {
        "string" => json!(""),
        "integer" => field.get("minimum").cloned().unwrap_or(json!(0)),
        "number" if field.get("maximum").and_then(Value::as_f64).is_some_and(|most| most > 1.0) => {
            json!(100)
        }
        "number" => json!(0.5),
        "boolean" => json!(true),
        "array" => match field.get("items").filter(|_| depth > 0) {
            Some(items) if field.get("minItems").is_some_and(|least| least != &json!(0)) => {
                json!([sample(items, root, depth - 1)])
            }
            _ => json!([]),
        },
        "null" => Value::Null,
        _ => {
            let fields = field.get("properties").and_then(Value::as_object).filter(|_| depth > 0);
            let inner = fields.into_iter().flatten();
            Value::Object(inner.map(|(k, v)| (k.clone(), sample(v, root, depth - 1))).collect())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::shape::find;
    use super::*;

    #[test]
    fn a_schema_binds() {
        let schema = json!({"type": "object", "$defs": {"l": {"type": "string", "enum": ["a", "b"]}},
        "properties": {
            "why": {"type": "string"},
            "intent": {"$ref": "#/$defs/l"},
            "confidence": {"type": "number", "minimum": 0, "maximum": 1},
            "tags": {"type": "array", "items": {"type": "string"}},
            "kind": {"const": "v1"}
        }});
        let Shape::Json { like, key, allowed } =
            find("Answer in prose.", &[], Some(&schema), false)
        else {
            unreachable!()
        };
        assert_eq!((key.as_str(), allowed), ("intent", vec!["a".to_owned(), "b".to_owned()]));
        assert_eq!((&like["kind"], &like["tags"]), (&json!("v1"), &json!([])));
        let wrapped = json!({"name": "x", "schema": schema});
        assert!(matches!(find("", &[], Some(&wrapped), false), Shape::Json { .. }));
        assert_eq!(find("", &[], Some(&json!({"type": "object"})), false), Shape::Prose);
    }
}
