//! What coverage finds in small suites.

use gatemark_core::prompt::Content;
use gatemark_core::suite::Suite;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::{Coverage, of};

fn content(output: Value) -> Content {
    serde_json::from_value(json!({
        "variables": {
            "text": {"type": "string", "trust": "untrusted"},
            "tone": {"type": "enum", "values": ["calm", "sharp", "dry"], "trust": "trusted", "default": "calm"},
            "vip": {"type": "boolean", "trust": "trusted", "default": false},
            "shop": {"type": "string", "trust": "trusted"},
        },
        "messages": [{"role": "user", "text": "{{ text }}"}],
        "output": output,
        "models": [{"model": "sim/learner-2026-11-01"}],
        "limits": {},
    }))
    .unwrap()
}

fn coverage(cases: Value, checks: Value, output: Value) -> Coverage {
    let suite: Suite =
        serde_json::from_value(json!({"thresholds": {}, "checks": checks, "cases": cases}))
            .unwrap();
    of(&suite, &content(output), &["happy".into(), "edge".into()])
}

fn gaps<'c>(coverage: &'c Coverage, area: &str) -> Vec<(&'c str, &'c str)> {
    let of = coverage.gaps.iter().filter(|gap| gap.area == area);
    of.map(|gap| (gap.name.as_str(), gap.message.as_str())).collect()
}

fn some() -> Value {
    json!([
        {"id": "a", "category": "happy", "variables": {"text": "hello", "shop": "x", "vip": true}, "expected": "billing"},
        {"id": "b", "category": "happy", "variables": {"text": "привет", "shop": "x", "vip": false, "tone": "sharp"}, "expected": "billing"},
        {"id": "c", "category": "own", "source": "a", "variables": {"shop": "x", "text": "hello", "vip": true}, "expected": "returns"},
        {"id": "typos-a-1", "category": "happy", "tags": ["typos"], "source": "a", "variables": {"text": "helo", "shop": "x", "vip": true}, "expected": "billing"},
    ])
}

#[test]
fn variables_that_never_vary_or_are_never_left_out() {
    let coverage = coverage(some(), json!([]), json!({}));
    assert_eq!(
        gaps(&coverage, "variable"),
        [
            ("shop", "every case gives it the same value"),
            ("tone", "no case has the value `dry`"),
            ("vip", "it has a default, and no case leaves it out"),
        ]
    );
    let tone = coverage.variables.iter().find(|variable| variable.name == "tone").unwrap();
    let counts: Vec<usize> = tone.values.iter().map(|value| value.cases).collect();
    assert_eq!((tone.set, tone.omitted, counts), (1, 3, vec![3, 1, 0]));
}

#[test]
fn categories_scripts_duplicates_and_kinds() {
    let coverage = coverage(some(), json!([]), json!({}));
    assert_eq!(
        gaps(&coverage, "category"),
        [
            ("happy", "only 3 cases have it"),
            ("edge", "no case has it, and the policy asks for it"),
            ("own", "only one case has it"),
        ]
    );
    assert_eq!(gaps(&coverage, "difficulty"), [("none", "no case has a difficulty")]);
    assert_eq!(gaps(&coverage, "script"), []);
    let scripts: Vec<&str> = coverage.scripts.iter().map(|script| &*script.name).collect();
    assert_eq!(scripts, ["Cyrillic", "Latin"]);
    assert_eq!(
        gaps(&coverage, "duplicate"),
        [("a", "asks the same as c, and they expect different answers")]
    );
    assert_eq!(gaps(&coverage, "generator").len(), 9);
    assert!(
        gaps(&coverage, "generator")
            .iter()
            .all(|(name, _)| !["typos", "wrong_type"].contains(name))
    );
    assert_eq!(coverage.sources, 2);
    assert_eq!(
        gaps(&coverage, "label"),
        [("billing", "only 3 cases expect it"), ("returns", "only one case expects it")]
    );
}

#[test]
fn branches_of_the_schema_are_found_by_what_cases_expect() {
    let schema = json!({
        "type": "object", "required": ["queue"],
        "properties": {
            "queue": {"type": "string", "enum": ["billing", "returns", "other"]},
            "note": {"type": "string"},
            "urgent": {"type": "boolean"},
        },
    });
    let at = json!([{"metric": "equals", "parameters": {"at": "/queue"}}]);
    let by_label = coverage(some(), at, json!({"schema": schema}));
    let found = gaps(&by_label, "schema");
    assert!(found.contains(&("/queue", "no case expects \"other\"")), "{found:?}");
    assert!(found.contains(&("/note", "no case expects it")), "{found:?}");
    assert_eq!(found.len(), 3, "{found:?}");

    let cases = json!([
        {"id": "a", "category": "happy", "variables": {}, "expected": {"queue": "other", "urgent": true}},
        {"id": "b", "category": "happy", "variables": {"text": "x"}, "expected": "{\"queue\": \"billing\", \"note\": \"n\"}"},
    ]);
    let whole = coverage(cases, json!([{"metric": "equals"}]), json!({"schema": schema}));
    assert_eq!(
        gaps(&whole, "schema"),
        [("/queue", "no case expects \"returns\""), ("/urgent", "no case expects false")]
    );
}

#[test]
fn alternatives_and_references_are_followed() {
    let schema = json!({
        "$defs": {"refusal": {"type": "object", "required": ["no"], "properties": {"no": {"enum": ["late", "rude"]}}}},
        "oneOf": [{"$ref": "#/$defs/refusal"}, {"title": "a list", "type": "array", "items": {"type": "boolean"}}, {"type": "string"}],
    });
    let cases = json!([
        {"id": "a", "category": "happy", "variables": {}, "expected": {"no": "late"}},
        {"id": "b", "category": "happy", "variables": {"text": "y"}, "expected": [true]},
    ]);
    let found = coverage(cases, json!([{"metric": "equals"}]), json!({"schema": schema}));
    assert_eq!(
        gaps(&found, "schema"),
        [
            ("/no", "no case expects \"rude\""),
            ("/*", "no case expects false"),
            ("the answer", "no case expects alternative 3"),
        ]
    );
}

#[test]
fn a_schema_that_holds_itself_ends() {
    let schema = json!({"properties": {"next": {"$ref": "#"}, "v": {"enum": [1]}}});
    let mut deep = json!({"v": 1});
    for _ in 0..60 {
        deep = json!({"next": deep, "v": 1});
    }
    let cases = json!([{"id": "a", "category": "happy", "variables": {}, "expected": deep}]);
    assert!(coverage(cases, json!([]), json!({"schema": schema})).schema.len() <= 1002);
}

proptest! {
    #[test]
    fn counts_add_up(picks in prop::collection::vec((0..4_usize, any::<bool>()), 1..30)) {
        let tones = ["calm", "sharp", "dry"];
        let cases: Vec<Value> = picks.iter().enumerate().map(|(index, (tone, vip))| {
            let mut variables = json!({"text": index.to_string(), "vip": vip});
            if let Some(tone) = tones.get(*tone) {
                variables["tone"] = json!(tone);
            }
            json!({"id": index.to_string(), "category": "happy", "variables": variables})
        }).collect();
        let coverage = coverage(Value::Array(cases), json!([]), json!({}));
        for variable in &coverage.variables {
            prop_assert_eq!(variable.set + variable.omitted, picks.len());
            if !variable.values.is_empty() {
                prop_assert_eq!(variable.values.iter().map(|value| value.cases).sum::<usize>(), picks.len());
            }
        }
        prop_assert!(coverage.duplicates.is_empty());
    }
}
