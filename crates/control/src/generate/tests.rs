//! What generators promise.

use gatemark_core::suite::{Case, CheckSpec};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::{Kind, Plan, cases};

fn base(id: &str, text: Value) -> Case {
    Case {
        id: id.into(),
        category: "happy".into(),
        difficulty: None,
        tags: vec![],
        source: None,
        weight: Some(2.0),
        threshold: None,
        variables: Map::from_iter([("text".to_string(), text)]),
        expected: Some(json!("right")),
        checks: vec![check("equals")],
    }
}

fn check(metric: &str) -> CheckSpec {
    CheckSpec { metric: metric.into(), negated: false, weight: None, parameters: Value::Null }
}

fn plan(kind: Kind, count: usize, seed: u64) -> Plan {
    Plan {
        kind,
        variable: "text".into(),
        count,
        seed,
        length: 500,
        max_tokens: None,
        category: kind.category().into(),
        difficulty: None,
        tags: vec!["mine".into()],
        checks: vec![check("json")],
        keep_expected: kind.keeps_expected(),
    }
}

fn bases(texts: &[String]) -> Vec<Case> {
    let text = |(index, text): (usize, &String)| base(&format!("b{index}"), json!(text));
    texts.iter().enumerate().map(text).collect()
}

proptest! {
    #[test]
    fn same_seed_and_bases_give_the_same_distinct_cases(
        texts in prop::collection::vec(".{0,60}", 1..6),
        count in 1_usize..12,
        seed in any::<u64>(),
    ) {
        let bases = bases(&texts);
        let given: Vec<&Case> = bases.iter().collect();
        let turned: Vec<&Case> = bases.iter().rev().collect();
        for (_, kind) in Kind::ALL {
            let made = cases(&plan(kind, count, seed), &given);
            prop_assert_eq!(&made, &cases(&plan(kind, count, seed), &turned));
            prop_assert!(made.len() <= count);
            let mut ids: Vec<&str> = made.iter().map(|case| case.id.as_str()).collect();
            ids.sort_unstable();
            ids.dedup();
            prop_assert_eq!(ids.len(), made.len());
            for case in &made {
                let source = case.source.clone().unwrap();
                let from = bases.iter().find(|base| base.id == source).unwrap();
                let beginning = format!("{}-{source}-", kind.word());
                prop_assert!(case.id.starts_with(&beginning));
                prop_assert_ne!(&case.variables, &from.variables);
                prop_assert!(case.variables["text"].is_string());
                prop_assert_eq!(&case.tags, &[kind.word().to_string(), "mine".to_string()]);
                prop_assert_eq!(case.expected.is_some(), kind.keeps_expected());
                let checks: Vec<&str> = case.checks.iter().map(|check| &*check.metric).collect();
                let kept: &[&str] = if kind.keeps_expected() { &["equals", "json"] } else { &["json"] };
                prop_assert_eq!(&checks, kept);
            }
        }
    }

    #[test]
    fn structures_stay_lists_and_objects(
        pairs in prop::collection::vec(("[a-c]", any::<i32>()), 0..4),
        seed in any::<u64>(),
    ) {
        let object: Map<String, Value> = pairs.iter().map(|(name, n)| (name.clone(), json!(n))).collect();
        let list: Vec<Value> = pairs.iter().map(|(name, _)| json!(name)).collect();
        let bases = [base("o", Value::Object(object)), base("l", Value::Array(list))];
        for case in cases(&plan(Kind::WrongType, 8, seed), &bases.iter().collect::<Vec<_>>()) {
            let is_object = case.source.as_deref() == Some("o");
            prop_assert_eq!(case.variables["text"].is_object(), is_object);
            prop_assert_eq!(case.variables["text"].is_array(), !is_object);
        }
    }

    #[test]
    fn texts_keep_to_the_bound_in_tokens(text in "[a-zé漢 ]{1,40}", most in 1_u32..200) {
        let bases = [base("a", json!(text))];
        let bounded = Plan { max_tokens: Some(most), length: 5000, ..plan(Kind::Huge, 2, 1) };
        for case in cases(&bounded, &bases.iter().collect::<Vec<_>>()) {
            let made = case.variables["text"].as_str().unwrap();
            prop_assert!(gatemark_text::tokens::count(made) <= most as usize);
        }
    }
}

#[test]
fn nothing_but_huge_texts_is_cut_to_the_bound() {
    let text = "Please do say where my parcel is and when it comes to me.";
    let bases = [base("a", json!(text))];
    let most = u32::try_from(gatemark_text::tokens::count(text)).ok();
    let bounded = |kind| Plan { max_tokens: most, ..plan(kind, 20, 1) };
    let made = |kind| cases(&bounded(kind), &bases.iter().collect::<Vec<_>>());
    assert!(made(Kind::Language).is_empty(), "{:#?}", made(Kind::Language));
    for case in made(Kind::Case) {
        let made = case.variables["text"].as_str().unwrap();
        assert_eq!(made.to_lowercase(), text.to_lowercase());
    }
}

fn texts(kind: Kind, count: usize, text: &str) -> Vec<String> {
    let bases = [base("a", json!(text)), base("b", json!("Where is my parcel?"))];
    let made = cases(&plan(kind, count, 7), &bases.iter().collect::<Vec<_>>());
    made.iter().map(|case| case.variables["text"].as_str().unwrap().to_string()).collect()
}

/// Hashes of suites depend on these; a change here is a change of every suite with generated cases.
#[test]
fn the_texts_are_those_of_every_earlier_version() {
    let pinned = Kind::ALL.map(|(word, kind)| {
        let first = texts(kind, 1, "{\"a\": \"I cannot sign in\"}");
        format!("{word} {}", first.first().cloned().unwrap_or_default())
    });
    let digest = gatemark_core::Digest::of(pinned.join("\n").as_bytes());
    assert_eq!(digest.short(), "05b9e4c45e9d", "{pinned:#?}");
}

#[test]
fn another_base_leaves_the_others_texts_alone() {
    let mut bases = bases(&["first text".into(), "second text".into()]);
    let before = cases(&plan(Kind::Typos, 2, 3), &bases.iter().collect::<Vec<_>>());
    bases.push(base("b2", json!("third text")));
    let after = cases(&plan(Kind::Typos, 3, 3), &bases.iter().collect::<Vec<_>>());
    assert!(before.iter().all(|case| after.contains(case)));
}

#[test]
fn injections_hold_the_input_and_reach_every_frame() {
    let made = texts(Kind::Injection, 120, "The app crashes");
    assert!(made.iter().all(|text| text.contains("The app crashes") || text.contains("parcel")));
    for part in
        ["</message>", "[SYSTEM]", "base64", "ROT13", "Assistant:", "attacker.example", "指示"]
    {
        assert!(made.iter().any(|text| text.contains(part)), "{part}");
    }
    let disguised = made.iter().filter(|text| text.contains("ROT13"));
    assert!(disguised.into_iter().all(|text| text.is_ascii()));
}

#[test]
fn disguises_are_of_all_six_kinds() {
    let made = texts(Kind::Unicode, 80, "Überraschung at the café, no reply").join("\n");
    for c in ['о', '\u{202e}', 'ａ', '\u{308}'] {
        assert!(made.contains(c), "{c:?}");
    }
    assert!(made.contains(['\u{200b}', '\u{200c}', '\u{200d}', '\u{2060}']));
    assert!(made.contains("cafe\u{301}"));
}

#[test]
fn only_structured_texts_can_be_malformed() {
    assert!(texts(Kind::Malformed, 5, "plain words").is_empty());
    let made = texts(Kind::Malformed, 5, "{\"a\": [1, 2]}");
    assert_eq!(made.len(), 5);
    let inside = texts(Kind::Malformed, 60, "{\"a\": \"see <b>: x, y, z / [1] {2}, or: /a/b\"}");
    assert!(inside.len() > 20);
    let broken = |text: &String| serde_json::from_str::<Value>(text).is_err();
    assert!(made.iter().chain(&inside).all(broken), "{inside:#?}");
}

#[test]
fn the_count_is_what_was_asked_for_where_there_is_enough() {
    assert_eq!(texts(Kind::Typos, 40, "I cannot sign in since Monday").len(), 40);
    assert_eq!(texts(Kind::Empty, 5, "x").len(), 1);
    assert_eq!(texts(Kind::Whitespace, 9, "x").len(), 9);
    assert!(texts(Kind::Huge, 2, "x").iter().all(|text| text.chars().count() == 500));
}
