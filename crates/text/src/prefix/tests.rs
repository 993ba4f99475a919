use std::sync::Arc;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::{Outline, Prefix};
use crate::schema::Validator;

fn of(schema: &Value) -> Prefix {
    Prefix::new(Arc::new(Outline::of(schema)))
}

/// How many characters are read before the text is rejected, and why.
fn rejected(schema: &Value, text: &str) -> Option<(usize, String)> {
    let mut prefix = of(schema);
    for (rank, c) in text.chars().enumerate() {
        if let Err(why) = prefix.push(c.encode_utf8(&mut [0; 4])) {
            return Some((rank, why));
        }
    }
    None
}

fn why(schema: &Value, text: &str) -> String {
    rejected(schema, text).expect("rejected").1
}

fn ticket() -> Value {
    json!({
        "type": "object",
        "required": ["action", "n"],
        "additionalProperties": false,
        "properties": {
            "action": {"enum": ["skip", "send"]},
            "n": {"type": "integer"},
            "tags": {"type": "array", "items": {"type": "string"}},
            "next": {"anyOf": [{"$ref": "#"}, {"type": "null"}]},
        },
    })
}

#[test]
fn faults_are_seen_when_they_are_made() {
    let schema = ticket();
    let at = |text: &str| rejected(&schema, text).map(|(rank, _)| rank);
    assert_eq!(at("Sure, here it is"), Some(0));
    assert_eq!(at("```json"), Some(0));
    assert_eq!(at("[1]"), Some(0));
    assert_eq!(at(r#"{"action": "st"#), Some(13));
    assert_eq!(at(r#"{"action": "skip", "other"#), None);
    assert_eq!(at(r#"{"action": "skip", "other""#), Some(25));
    assert_eq!(at(r#"{"n": "1""#), Some(6));
    assert_eq!(at(r#"{"n": 1.5,"#), Some(9));
    assert_eq!(at(r#"{"n": 1.0, "action": "send"}"#), None);
    assert_eq!(at(r#"{"tags": ["a", 2"#), Some(15));
    assert_eq!(at(r#"{"n": 1}"#), Some(7));
    assert_eq!(at(r#"{"next": {"action": "x"#), None);
    assert_eq!(at(r#"{"next": 1"#), Some(9));
    let list = json!({"items": {"$ref": "#/$defs/t"}, "$defs": {"t": {"properties": {"action": {"enum": ["a"]}}}}});
    assert_eq!(rejected(&list, r#"[{"action": "x"#).map(|(rank, _)| rank), Some(13));
    assert_eq!(at(r#"{"action": "skip", "n": 1} and"#), Some(27));
}

#[test]
fn reasons_name_the_place() {
    let schema = ticket();
    assert_eq!(why(&schema, r#"{"action": "x"#), r#"/action: must be one of "skip", "send""#);
    assert_eq!(why(&schema, r#"{"tags": ["a", null"#), "/tags/1: must be a text");
    assert_eq!(why(&schema, r#"{"n": {"#), "/n: must be a whole number");
    assert!(why(&schema, r#"{"x":"#).contains("no property"));
    assert_eq!(why(&json!({"type": ["object", "null"]}), "1"), "/: must be null or an object");
}

#[test]
fn pieces_may_end_anywhere() {
    let schema = json!({"properties": {"ä\"": {"const": "né\n"}}});
    let text =
        r#" {"\u00e4\"" : "n\u00e9\n", "more": [1e-5, -0.5E+3, true, null, "\ud83d\ude00"]} "#;
    assert_eq!(rejected(&schema, text), None);
    assert!(rejected(&schema, r#"{"\u00e4\"" : "n\u00e9"}"#).is_some());
    let mut prefix = of(&schema);
    prefix.push(text).unwrap();
}

#[test]
fn what_is_not_understood_is_let_through() {
    for schema in [
        json!({"$schema": "http://json-schema.org/draft-07/schema#", "type": "object"}),
        json!({"$defs": {"a": {"$id": "other", "type": "string"}}, "type": "object"}),
        json!({"not": {"type": "array"}}),
        json!({"$ref": "#/$defs/no%20where"}),
        json!({"oneOf": [{"type": "array"}, {"type": "string"}]}),
    ] {
        assert_eq!(rejected(&schema, "[1, 2]"), None, "{schema}");
    }
    let tuple = json!({"prefixItems": [{"type": "string"}], "items": {"type": "integer"}});
    assert_eq!(rejected(&tuple, r#"["a", 1]"#), None);
    let patterned = json!({"patternProperties": {"^x": {}}, "additionalProperties": false});
    assert_eq!(rejected(&patterned, r#"{"x1": 1}"#), None);
}

#[test]
fn nesting_is_bounded_as_in_whole_answers() {
    let free = json!({});
    for (depth, right) in [(127, true), (128, false), (100_000, false)] {
        let text = format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        assert_eq!(rejected(&free, &text).is_none(), right, "{depth}");
        assert_eq!(serde_json::from_str::<Value>(&text).is_ok(), right, "{depth}");
    }
}

fn name() -> impl Strategy<Value = String> {
    prop_oneof![Just("a"), Just("b"), Just("ab")].prop_map(str::to_string)
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (-2i64..3).prop_map(Value::from),
        prop_oneof![Just(0.5), Just(1.0), Just(-1e9), Just(1e300)].prop_map(Value::from),
        prop_oneof![Just("a"), Just("ab"), Just("b\"\\\u{e9}\u{1f600}\n")].prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(name(), inner, 0..4)
                .prop_map(|map| map.into_iter().collect::<serde_json::Map<_, _>>().into()),
        ]
    })
}

fn schema() -> impl Strategy<Value = Value> {
    let kind = || {
        prop_oneof![
            Just("null"),
            Just("boolean"),
            Just("integer"),
            Just("number"),
            Just("string"),
            Just("array"),
            Just("object"),
        ]
    };
    let leaf = prop_oneof![
        any::<bool>().prop_map(Value::from),
        kind().prop_map(|kind| json!({"type": kind})),
        prop::collection::vec(kind(), 1..4).prop_map(|mut kinds| {
            kinds.sort_unstable();
            kinds.dedup();
            json!({"type": kinds})
        }),
        prop::collection::vec(value(), 1..4).prop_map(|values| json!({"enum": values})),
        value().prop_map(|value| json!({"const": value})),
        Just(json!({"$ref": "#"})),
        Just(json!({"$ref": "#/$defs/d"})),
    ];
    leaf.prop_recursive(3, 24, 4, |inner| {
        let map = prop::collection::btree_map(name(), inner.clone(), 0..3);
        prop_oneof![
            (map, prop::collection::btree_set(name(), 0..3), prop::option::of(inner.clone()))
                .prop_map(|(properties, required, additional)| {
                    let mut schema = json!({"properties": properties, "required": required});
                    if let Some(additional) = additional {
                        schema["additionalProperties"] = additional;
                    }
                    schema
                }),
            inner.clone().prop_map(|items| json!({"items": items})),
            (inner.clone(), inner.clone())
                .prop_map(|(a, b)| json!({"prefixItems": [a], "items": b})),
            prop::collection::vec(inner.clone(), 1..3).prop_map(|all| json!({"allOf": all})),
            prop::collection::vec(inner.clone(), 1..3).prop_map(|any| json!({"anyOf": any})),
            prop::collection::vec(inner.clone(), 1..3).prop_map(|one| json!({"oneOf": one})),
            inner.prop_map(|not| json!({"not": not})),
        ]
    })
}

fn written(value: &Value, pretty: bool) -> String {
    if pretty { serde_json::to_string_pretty(value) } else { serde_json::to_string(value) }.unwrap()
}

/// A schema that `value` fits, strict in what it can be.
fn strict(value: &Value) -> Value {
    match value {
        Value::Object(map) => {
            let properties: serde_json::Map<_, _> =
                map.iter().map(|(name, value)| (name.clone(), strict(value))).collect();
            let required: Vec<&String> = map.keys().collect();
            json!({"type": "object", "properties": properties, "required": required,
                "additionalProperties": false})
        }
        Value::Array(items) if !items.is_empty() => {
            let any: Vec<Value> = items.iter().map(strict).collect();
            json!({"type": "array", "items": {"anyOf": any}})
        }
        Value::Array(_) => json!({"type": "array"}),
        scalar => json!({"enum": ["other", scalar]}),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn the_beginning_of_a_right_answer_is_never_rejected(
        schema in schema(), definition in schema(), value in value(), pretty in any::<bool>(),
    ) {
        let schema = match schema {
            Value::Object(mut fields) => {
                fields.insert("$defs".into(), json!({"d": definition}));
                Value::Object(fields)
            }
            other => other,
        };
        // References in a circle, which say nothing, are refused by the validator.
        if let Ok(validator) = Validator::compile(&schema)
            && !circular(&schema)
            && validator.accepts(&value)
        {
            let text = written(&value, pretty);
            prop_assert_eq!(rejected(&schema, &text), None, "{} {}", schema, text);
        }
    }

    #[test]
    fn a_strict_schema_lets_its_value_through(value in value(), pretty in any::<bool>()) {
        let schema = strict(&value);
        prop_assert!(Validator::compile(&schema).unwrap().accepts(&value));
        prop_assert_eq!(rejected(&schema, &written(&value, pretty)), None);
    }

    #[test]
    fn a_value_of_another_kind_is_rejected_at_once(value in value()) {
        if !value.is_object() {
            let schema = json!({"type": "object"});
            prop_assert!(rejected(&schema, &value.to_string()).is_some());
        }
    }

    #[test]
    fn json_is_read_as_the_parser_reads_it(text in r#"[\[\]{}",:0-9eE.+\-a-cnrtuflse \\]{0,24}"#) {
        let whole = serde_json::from_str::<Value>(text.trim());
        let free = rejected(&json!({}), &text);
        prop_assert!(whole.is_err() || free.is_none(), "{:?} {:?}", text, free);
    }

    #[test]
    fn damage_is_found_where_it_is(value in value(), at in any::<prop::sample::Index>(), c in any::<char>()) {
        let mut chars: Vec<char> = written(&value, false).chars().collect();
        let at = at.index(chars.len());
        chars[at] = c;
        let text: String = chars.iter().collect();
        if serde_json::from_str::<Value>(text.trim()).is_ok() {
            prop_assert_eq!(rejected(&json!({}), &text), None);
        }
    }
}

/// Whether the root refers to itself without a value between.
fn circular(schema: &Value) -> bool {
    fn loops(root: &Value, node: &Value, depth: usize) -> bool {
        if depth > 8 {
            return true;
        }
        let list = |key: &str| node.get(key).and_then(Value::as_array).cloned().unwrap_or_default();
        let target = node.get("$ref").and_then(Value::as_str);
        let target = target.and_then(|target| root.pointer(target.trim_start_matches('#')));
        target.is_some_and(|target| loops(root, target, depth + 1))
            || ["allOf", "anyOf", "oneOf"]
                .iter()
                .any(|key| list(key).iter().any(|inner| loops(root, inner, depth + 1)))
            || node.get("not").is_some_and(|inner| loops(root, inner, depth + 1))
    }
    fn any(root: &Value, node: &Value) -> bool {
        loops(root, node, 0)
            || match node {
                Value::Object(map) => map.values().any(|inner| any(root, inner)),
                Value::Array(items) => items.iter().any(|inner| any(root, inner)),
                _ => false,
            }
    }
    any(schema, schema)
}
