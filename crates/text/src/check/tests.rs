//! One line per observation: what is checked, what was answered, how it comes out.

mod scores;

use gatemark_core::report::{CheckResult, Verdict};
use serde_json::json;

use super::*;

mod answers;
mod forms;
mod safe;

fn spec(metric: &str, parameters: Value) -> CheckSpec {
    CheckSpec { metric: metric.into(), negated: false, weight: None, parameters }
}

static NOTHING: std::sync::LazyLock<Map<String, Value>> = std::sync::LazyLock::new(Map::new);

fn seen<'a>(answer: &'a str, expected: Option<&'a Value>) -> Observation<'a> {
    Observation { expected, cost: Some(NanoUsd::ZERO), ..Observation::of(answer, &NOTHING) }
}

fn verdict(metric: &str, parameters: Value, answer: &str, expected: Option<Value>) -> Verdict {
    let check = build(&spec(metric, parameters)).unwrap();
    check.evaluate(&seen(answer, expected.as_ref())).verdict
}

fn problem(metric: &str, parameters: Value) -> String {
    build(&spec(metric, parameters)).unwrap_err().to_string()
}

use Verdict::{Error, Fail, Pass};

#[test]
fn equals() {
    for (parameters, answer, expected, wanted) in [
        (json!("refund"), " refund\n", None, Pass),
        (json!("refund"), "Refund", None, Fail),
        (json!({"value": "refund", "ignore_case": true}), "Refund", None, Pass),
        (json!({"value": "refund", "trim": false}), "refund ", None, Fail),
        (json!(null), "yes", Some(json!("yes")), Pass),
        (json!(null), "yes", Some(json!("no")), Fail),
        (json!(null), "yes", None, Error),
        (json!(null), r#"{"b": 1.0, "a": [2]}"#, Some(json!({"a": [2], "b": 1})), Pass),
        (json!(null), "not json", Some(json!({"a": 2})), Fail),
        (json!(1), "1.0", None, Pass),
        (json!(1), "2", None, Fail),
        (json!({"value": null}), "null", None, Pass),
        (json!({"at": "/intent"}), r#"{"intent": "x"}"#, Some(json!("x")), Pass),
        (json!({"value": 5, "at": "/n/0"}), r#"{"n": [5.0]}"#, None, Pass),
        (json!({"value": "5", "at": "/n"}), r#"{"n": 5}"#, None, Fail),
        (json!({"value": "x", "at": "/y"}), r#"{"intent": "x"}"#, None, Fail),
        (json!({"value": "x", "at": "/y"}), "prose", None, Fail),
        (json!(9_007_199_254_740_993_u64), "9007199254740992", None, Fail),
    ] {
        let case = format!("{parameters} on {answer}");
        assert_eq!(verdict("equals", parameters, answer, expected), wanted, "{case}");
    }
}

#[test]
fn contains() {
    for (parameters, answer, expected, wanted) in [
        (json!("fund"), "a refund", None, Pass),
        (json!(["a", "fund"]), "a refund", None, Pass),
        (json!(["a", "x"]), "a refund", None, Fail),
        (json!({"values": ["FUND"], "ignore_case": true}), "a refund", None, Pass),
        (json!({"value": "FUND"}), "a refund", None, Fail),
        (json!(42), "it is 42.", None, Pass),
        (json!({"value": "b", "at": "/tags"}), r#"{"tags": ["abc", "b"]}"#, None, Pass),
        (json!({"value": "a", "at": "/tags"}), r#"{"tags": ["abc", "b"]}"#, None, Fail),
        (json!({"value": "b", "at": "/text"}), r#"{"text": "abc"}"#, None, Pass),
        (json!({"value": "b", "at": "/none"}), r#"{"text": "abc"}"#, None, Fail),
        (json!(null), "abc", Some(json!(["a", "b"])), Pass),
        (json!(null), "abc", None, Error),
        (json!(null), "abc", Some(json!("")), Error),
    ] {
        let case = format!("{parameters} on {answer}");
        assert_eq!(verdict("contains", parameters, answer, expected), wanted, "{case}");
    }
    assert!(problem("contains", json!([])).contains("empty list"));
    assert!(problem("contains", json!("")).contains("empty text"));
    assert!(problem("contains", json!({"value": "a", "values": ["b"]})).contains("both"));
}

#[test]
fn regex() {
    assert_eq!(verdict("regex", json!("^a+$"), "aaa", None), Pass);
    assert_eq!(verdict("regex", json!("^a+$"), "aab", None), Fail);
    let at = json!({"pattern": "^\\d+$", "at": "/n"});
    assert_eq!(verdict("regex", at, r#"{"n": 12}"#, None), Pass);
    assert_eq!(
        problem("regex", json!("a(b")),
        r#"the pattern "a(b" is wrong at column 2: unclosed group"#
    );
    assert!(problem("regex", json!("(?=a)")).contains("look-around"));
    assert!(problem("regex", json!("\\w{5000}{50}")).contains("too big"));
    assert!(problem("regex", json!(null)).contains("needs `pattern`"));
    assert!(problem("regex", json!({"pattern": "a", "at": "x.y"})).contains("write `/x/y`"));
}

#[test]
fn json_by_the_closest_schema() {
    let version = json!({"type": "object", "required": ["a"]});
    let verdict = |parameters: Value, answer: &str, schema: Option<&Value>| {
        let check = build(&spec("json", parameters)).unwrap();
        check.evaluate(&Observation { schema, ..seen(answer, None) }).verdict
    };
    assert_eq!(verdict(json!(null), "[1]", None), Pass);
    assert_eq!(verdict(json!(null), "prose", None), Fail);
    assert_eq!(verdict(json!(null), "{}", Some(&version)), Fail);
    assert_eq!(verdict(json!(null), r#"{"a": 1}"#, Some(&version)), Pass);
    let own = json!({"schema": {"type": "array"}});
    assert_eq!(verdict(own.clone(), "[]", Some(&version)), Pass);
    assert_eq!(verdict(own, "{}", Some(&version)), Fail);
    assert_eq!(verdict(json!(null), "{}", Some(&json!({"type": "objekt"}))), Error);
    let at = |schema: Value| json!({"at": "/a/0", "schema": schema});
    assert_eq!(verdict(at(json!({"type": "integer"})), r#"{"a": [1]}"#, Some(&version)), Pass);
    assert_eq!(verdict(at(json!({"minimum": 2})), r#"{"a": [1]}"#, None), Fail);
    assert_eq!(verdict(at(json!(true)), r#"{"a": []}"#, None), Fail);
    assert_eq!(verdict(json!({"at": "/b"}), r#"{"b": null}"#, Some(&version)), Pass);
    let mail = |formats: bool| json!({"schema": {"format": "email"}, "formats": formats});
    assert_eq!(verdict(mail(true), r#""nobody""#, None), Fail);
    assert_eq!(verdict(mail(false), r#""nobody""#, None), Pass);
    let list = |draft: Value| json!({"schema": {"items": [{"type": "null"}]}, "draft": draft});
    assert_eq!(verdict(list(json!(7)), "[1]", None), Fail);
    assert!(problem("json", list(json!("2020-12"))).contains("/items"));
    assert!(problem("json", list(json!(4))).contains("7 or 2020-12"));
    assert!(problem("json", json!({"schema": {"type": "objekt"}})).contains("/type"));
    assert!(problem("json", json!({"type": "object"})).contains("`type` is not a parameter"));
}

#[test]
fn latency_and_cost() {
    let verdict = |metric: &str, parameters: Value| {
        let observation = Observation {
            latency_us: 2_000_001,
            cost: Some(NanoUsd(50_000_000)),
            ..seen("", None)
        };
        build(&spec(metric, parameters)).unwrap().evaluate(&observation)
    };
    assert_eq!(verdict("latency", json!(2001)).verdict, Pass);
    let failed = verdict("latency", json!({"max_ms": 2000}));
    assert_eq!(failed.detail.unwrap(), "expected at most 2000 ms, found 2001 ms");
    assert_eq!(verdict("cost", json!(0.05)).verdict, Pass);
    assert_eq!(verdict("cost", json!("0.05")).verdict, Pass);
    assert_eq!(verdict("cost", json!(0.049_999_999)).verdict, Fail);
    assert_eq!(verdict("cost", json!(0.000_000_1)).verdict, Fail);
    let failed = verdict("cost", json!({"max_usd": "0.01"}));
    assert_eq!(failed.detail.unwrap(), "expected at most $0.01, found $0.05");
    assert!(problem("cost", json!("cheap")).contains("amount of dollars"));
    assert!(problem("latency", json!(0)).contains("above 0"));
    assert!(problem("latency", json!("fast")).contains("above 0"));
}

#[test]
fn negation_turns_everything_but_doubt() {
    let not = |parameters: Value, answer: &str, expected: Option<Value>| {
        let spec = CheckSpec { negated: true, ..spec("contains", parameters) };
        build(&spec).unwrap().evaluate(&seen(answer, expected.as_ref()))
    };
    assert_eq!(not(json!("sorry"), "hello", None).verdict, Pass);
    let failed = not(json!("sorry"), "so sorry", None);
    assert_eq!(failed.check, r#"not contains "sorry""#);
    assert_eq!(failed.detail.unwrap(), r#"expected not contains "sorry", found "so sorry""#);
    assert_eq!(not(json!(null), "hello", None).verdict, Error);
}

/// `not` asks for something else at the place, not for a broken answer.
#[test]
fn an_answer_without_the_place_fails_with_and_without_not() {
    let expected = json!({"r": "a"});
    for (metric, parameters) in [
        ("equals", json!({"value": "a", "at": "/r"})),
        ("one_of", json!({"values": ["a"], "at": "/r"})),
        ("contains", json!({"values": ["a"], "at": "/r"})),
        ("contains_any", json!({"values": ["a"], "at": "/r"})),
        ("starts_with", json!({"value": "a", "at": "/r"})),
        ("ends_with", json!({"value": "a", "at": "/r"})),
        ("keywords", json!({"values": ["a"], "at": "/r"})),
        ("regex", json!({"pattern": "a", "at": "/r"})),
        ("label", json!({"labels": ["a", "b"], "at": "/r"})),
        ("number", json!({"min": 1, "at": "/r"})),
        ("length", json!({"max": 3, "at": "/r"})),
        ("json", json!({"schema": {"type": "string"}, "at": "/r"})),
        ("xml", json!({"at": "/r"})),
        ("sql", json!({"at": "/r"})),
    ] {
        for (negated, answer) in
            [(false, "{\"r\": "), (true, "{\"r\": "), (false, "{\"s\": 1}"), (true, "{\"s\": 1}")]
        {
            let spec = CheckSpec { negated, ..spec(metric, parameters.clone()) };
            let found = build(&spec).unwrap().evaluate(&seen(answer, Some(&expected)));
            assert_eq!(found.verdict, Fail, "{negated} {metric} on {answer}: {:?}", found.detail);
            assert!(found.detail.unwrap().contains("/r"), "{metric}");
            assert_eq!(found.score.unwrap_or(0.0), 0.0, "{metric}");
            assert_eq!(found.label.is_some(), metric == "label");
        }
    }
    let not = |metric: &str, parameters: Value, answer: &str| {
        let spec = CheckSpec { negated: true, ..spec(metric, parameters) };
        build(&spec).unwrap().evaluate(&seen(answer, None)).verdict
    };
    let parsed = json!({"value": "output.a === 1", "parse": true});
    assert_eq!(not("javascript", parsed.clone(), "prose"), Fail);
    assert_eq!(not("javascript", parsed, "{\"a\": 2}"), Pass);
    assert_eq!(not("json", json!({"at": "/error"}), "{\"a\": 2}"), Pass);
    assert_eq!(not("json", json!({"at": "/error"}), "prose"), Fail);
    assert_eq!(not("json", json!(null), "prose"), Pass);
}

#[test]
fn mistakes_are_named() {
    assert_eq!(problem("equal", json!("x")), "`equal` is not a metric (did you mean `equals`?)");
    assert!(problem("sentiment", json!(null)).contains("known metrics: equals, contains"));
    assert_eq!(
        problem("equals", json!({"ignorecase": true})),
        "`ignorecase` is not a parameter of `equals` (did you mean `ignore_case`?)"
    );
    assert!(problem("equals", json!({"trim": "yes"})).contains("true or false"));
    assert!(build(&spec("equals", json!(null))).unwrap().needs_expected());
    assert!(!build(&spec("equals", json!("x"))).unwrap().needs_expected());
}

#[test]
fn descriptions_fit_a_table() {
    for (metric, parameters, wanted) in [
        ("equals", json!("x"), r#"equals "x""#),
        ("equals", json!({"at": "/a"}), "equals expected at /a"),
        ("contains", json!(["x", "y"]), r#"contains "x", "y""#),
        ("regex", json!("a"), "regex /a/"),
        ("json", json!(null), "json"),
        ("latency", json!(5), "latency at most 5 ms"),
        ("cost", json!(1), "cost at most $1"),
    ] {
        assert_eq!(build(&spec(metric, parameters)).unwrap().describe(), wanted);
    }
}
