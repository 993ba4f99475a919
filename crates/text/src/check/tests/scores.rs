//! The checks that score: parameters, bounds, and what is told.

use gatemark_core::report::Verdict;
use serde_json::json;

use crate::check::*;

static NOTHING: std::sync::LazyLock<Map<String, Value>> = std::sync::LazyLock::new(Map::new);

fn built(metric: &str, parameters: Value) -> Result<BuiltCheck, CheckProblem> {
    build(&CheckSpec { metric: metric.into(), negated: false, weight: None, parameters })
}

fn result(metric: &str, parameters: Value, answer: &str, expected: Option<Value>) -> CheckResult {
    let check = built(metric, parameters).unwrap();
    check
        .evaluate(&Observation { expected: expected.as_ref(), ..Observation::of(answer, &NOTHING) })
}

#[test]
fn scores_are_measured_against_their_bounds() {
    use Verdict::{Error, Fail, Pass};
    for (metric, parameters, answer, expected, wanted) in [
        ("levenshtein", json!(3), "kitten", Some(json!("sitting")), Pass),
        ("levenshtein", json!(2), "kitten", Some(json!("sitting")), Fail),
        ("levenshtein", json!(2), "kitten", Some(json!(["sitting", "mitten"])), Pass),
        ("levenshtein", json!({"at_least": 0.8, "value": "mitten"}), "kitten", None, Pass),
        ("levenshtein", json!(2), "kitten", None, Error),
        ("bleu", json!(0.99), "the cat sat here", Some(json!(["x", "the cat sat here"])), Pass),
        ("bleu", json!({"at_least": 0.5, "values": ["a b"]}), "c d", None, Fail),
        ("bleu", json!(0.5), "42", Some(json!(42)), Pass),
        ("bleu", json!(0.5), "42", Some(json!({"a": 1})), Error),
        ("bleu", json!(0.5), "42", Some(json!([])), Error),
        ("rouge", json!({"type": 2, "at_least": 1}), "a b c", Some(json!("A, b; c!")), Pass),
        ("rouge", json!({"at_least": 0.9, "stem": true}), "jumping", Some(json!("jumped")), Pass),
        ("rouge", json!({"at_least": 0.9}), "jumping", Some(json!("jumped")), Fail),
        ("rouge", json!({"at_least": 1, "measure": "recall"}), "a b", Some(json!("a")), Pass),
        ("rouge", json!({"at_least": 1, "measure": "precision"}), "a b", Some(json!("a")), Fail),
        ("chrf", json!(1), "a b c", Some(json!("abc")), Pass),
        ("chrf", json!({"at_least": 1, "word_order": 2}), "a b c", Some(json!("abc")), Fail),
        ("bleu", json!({"at_least": 1, "flavour": "promptfoo"}), "A B", Some(json!("a b")), Pass),
        ("rouge", json!({"at_least": 1, "flavour": "promptfoo"}), "A B", Some(json!("b a")), Pass),
    ] {
        let found = result(metric, parameters.clone(), answer, expected);
        assert_eq!(found.verdict, wanted, "{metric} {parameters}: {found:?}");
        assert_eq!(found.score.is_some(), wanted != Error, "{metric} {parameters}");
    }
}

#[test]
fn what_was_found_is_told() {
    let told = |metric, parameters, answer, expected: &str| {
        result(metric, parameters, answer, Some(json!(expected))).detail.unwrap()
    };
    assert_eq!(
        told("levenshtein", json!(2), "kitten", "sitting"),
        "expected a Levenshtein distance of at most 2, found 3"
    );
    assert_eq!(
        told("rouge", json!({"type": 1, "at_least": 0.66667}), "a b", "a"),
        "expected rouge-1 f1 of at least 0.66667, found 0.6666666666666666"
    );
    let huge = "a".repeat(5 << 20);
    assert!(told("bleu", json!(0.5), &huge, &huge).contains("at most 8388608 are compared"));
}

#[test]
fn details_hold_what_a_score_is_made_of() {
    let details = |metric, parameters| {
        let check = built(metric, parameters).unwrap();
        let expected = json!("a b c d");
        let seen = Observation { expected: Some(&expected), ..Observation::of("a b", &NOTHING) };
        check.explain(&seen).1
    };
    assert_eq!(details("levenshtein", json!(0)), json!({"distance": 4, "longest": 7}));
    assert_eq!(details("bleu", json!(0))["precisions"], json!([1.0, 1.0, 0.0, 0.0]));
    assert_eq!(details("bleu", json!(0))["reference_length"], 4);
    assert_eq!(details("rouge", json!(0))["recall"], 0.5);
    assert_eq!(details("chrf", json!(0))["precision"], 1.0);
    assert_eq!(details("equals", json!("a b")), Value::Null);
}

#[test]
fn mistakes_in_parameters_are_named() {
    for (metric, parameters, part) in [
        ("bleu", json!(null), "needs `at_least`"),
        ("bleu", json!(40), "a number from 0 to 1, not 40"),
        ("bleu", json!({"at_least": 0.4, "flavour": "nltk"}), "`standard` or `promptfoo`"),
        ("bleu", json!({"at_least": 0.4, "value": "a", "values": ["b"]}), "both"),
        ("bleu", json!({"at_least": 0.4, "values": []}), "at least one text"),
        ("rouge", json!({"at_least": 0.4, "type": "W"}), "1 to 9 or L"),
        ("rouge", json!({"at_least": 0.4, "measure": "f2"}), "f1, precision or recall"),
        ("rouge", json!({"at_least": 0.4, "flavour": "promptfoo", "type": 2}), "only ROUGE-1"),
        ("chrf", json!({"at_least": 0.4, "word_order": 9}), "from 0 to 4"),
        ("levenshtein", json!(0.9), "write `at_least: 0.9`"),
        ("levenshtein", json!({"max": 1, "at_least": 1}), "both `max` and `at_least`"),
        ("levenshtein", json!(null), "needs `max` or `at_least`"),
    ] {
        let problem = built(metric, parameters.clone()).unwrap_err().to_string();
        assert!(problem.contains(part), "{metric} {parameters}: {problem}");
    }
}
